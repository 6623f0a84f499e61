"""The demo's functions. Nothing here knows the router: they would run on AWS as they are."""

import json
import time

ORDERS = {"7": {"id": "7", "item": "teapot", "quantity": 1}}


def answer(status, value):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(value)}


def hello(event, context):
    """GET /hello?name=… through an HTTP API (payload 2.0)."""
    name = (event.get("queryStringParameters") or {}).get("name", "world")
    return answer(200, {"message": f"Hello, {name}!", "request": context.aws_request_id})


def orders(event, context):
    """Orders, kept in memory for as long as this process is warm."""
    method = event["requestContext"]["http"]["method"]
    order_id = (event.get("pathParameters") or {}).get("id")
    if method == "POST":
        order = json.loads(event["body"]) | {"id": str(len(ORDERS) + 7)}
        ORDERS[order["id"]] = order
        return answer(201, order)
    if order_id is None:
        return answer(200, sorted(ORDERS.values(), key=lambda order: int(order["id"])))
    return answer(200, ORDERS[order_id]) if order_id in ORDERS else answer(404, {"message": "no such order"})


def describe(event, context):
    """What a REST API (payload 1.0) tells its function."""
    print("described", event["path"])
    return answer(200, {"resource": event["resource"], "path": event["path"], "parameters": event["pathParameters"]})


def page(event, context):
    """A web page behind a function URL: a plain string is an answer, too."""
    return {
        "statusCode": 200,
        "headers": {"content-type": "text/html; charset=utf-8"},
        "body": f"<h1>{event['rawPath']}</h1>\n",
        "cookies": ["seen=yes; Path=/"],
    }


def crash(event, context):
    """A bug. Lambda calls it a success (HTTP 200); the front door answers 500 or 502, as AWS does."""
    raise ValueError("this order does not add up")


def imports(event, context):
    """Work that nobody waits for: accepted, then delivered in the background."""
    print("imported", event["body"], "as", context.aws_request_id)


def slow(event, context):
    """Sleeps longer than its timeout of one second."""
    time.sleep(60)
