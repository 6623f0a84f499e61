"""Makes pictures smaller."""


def handler(event, context):
    return {"width": event["to"]}
