"""Orders of the shop."""


def list_orders(event, context):
    return {"statusCode": 200, "body": "[]"}


def create_order(event, context):
    return {"statusCode": 201, "body": "{}"}
