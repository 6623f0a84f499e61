"""The functions of the service."""


def handle(event, context):
    return {"statusCode": 200, "body": "{}"}
