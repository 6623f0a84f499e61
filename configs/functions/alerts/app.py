"""What reads a topic: each message comes alone, in the record that SNS hands to a function."""


def page(event, context):
    """Wake somebody up."""
    message = event["Records"][0]["Sns"]
    print(f"PAGE: {message['Subject']}: {message['Message']}")


def audit(event, context):
    """Write everything down."""
    message = event["Records"][0]["Sns"]
    print(f"{message['Timestamp']} {message['MessageId']} {message['Message']}")
