"""A task of a state machine: its input is the event, what it returns is the task's output."""


def resize(event, context):
    """The size that a picture has after it was made `to` pixels wide."""
    if event["to"] <= 0:
        raise ValueError("a picture is at least one pixel wide")
    return {"width": event["to"], "height": round(event["height"] * event["to"] / event["width"])}
