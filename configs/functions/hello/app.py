"""Greets whoever the event names, and says which request it was; what the examples call."""

from typing import Any


def handler(event: Any, context: Any) -> dict[str, str]:
    """`{"name": "Ada"}` gives `{"message": "Hello, Ada!", "request_id": …}`; anything else greets the world."""
    name = event.get("name") if isinstance(event, dict) else None
    return {"message": f"Hello, {name or 'world'}!", "request_id": context.aws_request_id}
