"""A target of a load balancer: says what it was asked for, and that it is healthy."""


def page(event, context):
    """Any path; `/healthz` is what the health checks ask for."""
    if event["path"] == "/healthz":
        return {"statusCode": 200}
    greeting = event["queryStringParameters"].get("greeting", "Hello")
    return {
        "statusCode": 200,
        "statusDescription": "200 OK",
        "headers": {"Content-Type": "text/plain; charset=utf-8"},
        "body": f"{greeting} from {event['httpMethod']} {event['path']}\n",
    }


def lists(event, context):
    """Behind `multi_value_headers: true`: lists in, lists out."""
    names = event["multiValueQueryStringParameters"].get("name", [])
    cookies = [f"name{number}={name}" for number, name in enumerate(names)]
    return {
        "statusCode": 200,
        "multiValueHeaders": {"Content-Type": ["text/plain"], "Set-Cookie": cookies},
        "body": ", ".join(names),
    }
