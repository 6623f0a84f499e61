"""What both engines agree on: lanes, which deliveries an operator means, what a redriven one looks like. No I/O."""

from router.deliveries import Delivery, Selection

Lane = tuple[str, str, str, str]

CARRIED = (
    *("trigger", "route", "function", "qualifier", "payload", "trace_id"),
    *("deduplication_id", "group", "hops", "attributes", "attempts"),
)
"""What a redriven delivery has of the dead letter that it was; the rest of it begins again."""

FULL_RETRY_AFTER = 10
"""Seconds that a sender is asked to wait when the journal is full: room is made by deliveries, not by waiting alone."""


def lane_of(delivery: Delivery) -> Lane | None:
    """Deliveries of one lane are worked on one at a time; one trigger's groups are not another's, nor one function's."""
    if delivery.group is None:
        return None
    return (delivery.trigger, delivery.route, delivery.function, delivery.group)


def redriven(dead: Delivery, new_id: str, now: float) -> Delivery:
    """A dead letter as a new delivery: its age and counters begin again, its attempts stay for whoever reads them."""
    carried = {name: getattr(dead, name) for name in CARRIED}
    return Delivery(**carried, id=new_id, parent_id=dead.id, accepted_at=now, due_at=now)


def selected(selection: Selection, delivery: Delivery, dead: bool, now: float) -> bool:
    """Whether the operator means this one."""
    return (
        selection.dead in (None, dead)
        and selection.trigger in (None, delivery.trigger)
        and selection.function in (None, delivery.function)
        and selection.condition in (None, delivery.condition)
        and (selection.older_than is None or now - delivery.accepted_at > selection.older_than)
        and (selection.ids is None or delivery.id in selection.ids)
        and (selection.kind is None or (bool(delivery.attempts) and delivery.attempts[-1].kind == selection.kind))
    )
