"""Targets of the example for EventBridge: what they return goes to the log only, nobody waits for it."""

from typing import Any


def billing(event: dict[str, Any], context: object) -> None:
    """Gets the whole event."""
    print(f"order {event['detail']['order']} was paid: {event['detail']['total']}")


def audit(event: dict[str, Any], context: object) -> None:
    """Gets what the input transformer makes of it."""
    print(f"{event['source']} said {event['what']}")
