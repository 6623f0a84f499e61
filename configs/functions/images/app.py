"""Takes a picture and gives one back: base64 both ways, which the front door turns into bytes."""

import base64
import json

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def upload(event, context):
    """PUT: how many bytes arrived."""
    body = event.get("body") or ""
    size = len(base64.b64decode(body)) if event["isBase64Encoded"] else len(body)
    return {"statusCode": 201, "body": json.dumps({"bytes": size})}


def download(event, context):
    """GET: a picture of one pixel."""
    return {
        "statusCode": 200,
        "headers": {"content-type": "image/gif"},
        "body": base64.b64encode(PIXEL).decode(),
        "isBase64Encoded": True,
    }
