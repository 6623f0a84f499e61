"""What CDK put into the asset of the function."""


def handler(event, context):
    return None
