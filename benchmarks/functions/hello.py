"""What the benchmark of local functions calls."""

import json


def handler(event, context):
    body = json.dumps({"hello": event["pathParameters"]["name"]})
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": body}
