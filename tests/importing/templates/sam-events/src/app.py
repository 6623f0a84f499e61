"""One handler for every event of the template."""


def handler(event, context):
    return event
