"""Deliveries as JSON, and what an operator asks of them as a query: what the admin listener and the commands exchange.

A payload travels as text, byte for byte, or as base64 where it is no UTF-8. A list leaves payloads out unless they are asked
for: a page of them may have a hundred megabytes.
"""

from base64 import b64encode
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

from router.deliveries import Condition, Delivery, Selection
from router.outcome import OutcomeKind

PAGE = 100
"""Deliveries that one answer holds at most."""
PAGE_BYTES = 8 * 1024 * 1024
"""Bytes of payloads after which a page ends, with one delivery at least."""
MOST_IDS = 1000
"""Ids that one change names at most."""
MOST_QUERY_IDS = 100
"""Ids that one query names at most: they travel in the URL."""

_STATES = {"dead": True, "waiting": False, "all": None}
STATES = tuple(_STATES)


def document(delivery: Delivery, *, payload: bool) -> dict[str, Any]:
    """Every field under its own name; `payload` or `payload_base64`, and `payload_size` in bytes."""
    made = asdict(delivery)
    raw: bytes = made.pop("payload")
    made["payload_size"] = len(raw)
    if payload:
        made |= _payload(raw)
    else:
        made["response"] = None
    return made


def query(selection: Selection) -> list[tuple[str, str]]:
    """A selection as query parameters."""
    pairs: list[tuple[str, str | None]] = [
        ("state", next(name for name, dead in _STATES.items() if dead is selection.dead)),
        ("trigger", selection.trigger),
        ("function", selection.function),
        ("condition", selection.condition),
        ("older_than", None if selection.older_than is None else repr(selection.older_than)),
        ("class", selection.kind),
        *(("id", id) for id in sorted(selection.ids or ())),
    ]
    return [(name, value) for name, value in pairs if value is not None]


def selection(pairs: Sequence[tuple[str, str]]) -> Selection:
    """The selection that query parameters ask for. Raises ValueError, with the reason, where one of them is not understood."""
    single = dict(pairs)
    unknown = sorted(set(single) - {"state", "trigger", "function", "condition", "class", "older_than", "id"})
    if unknown:
        raise ValueError(f"there is no filter {unknown[0]!r}")
    if single.get("state", "all") not in _STATES:
        raise ValueError(f"state is one of {', '.join(_STATES)}")
    ids = frozenset(value for name, value in pairs if name == "id")
    if len(ids) > MOST_QUERY_IDS:
        raise ValueError(f"at most {MOST_QUERY_IDS} ids")
    return Selection(
        dead=_STATES[single.get("state", "all")],
        trigger=single.get("trigger"),
        function=single.get("function"),
        condition=_condition(single["condition"]) if "condition" in single else None,
        older_than=_seconds(single["older_than"]) if "older_than" in single else None,
        ids=ids or None,
        kind=_kind(single["class"]) if "class" in single else None,
    )


def page(deliveries: Sequence[Delivery], dead: Collection[str], *, payloads: bool) -> list[dict[str, Any]]:
    """Documents with the `state` of each, as many as a page's bytes allow; `dead`: ids of dead letters."""
    documents: list[dict[str, Any]] = []
    size = 0
    for delivery in deliveries:
        size += len(delivery.payload) if payloads else 0
        if documents and size > PAGE_BYTES:
            break
        state = "dead" if delivery.id in dead else "waiting"
        documents.append({"state": state, **document(delivery, payload=payloads)})
    return documents


def _payload(raw: bytes) -> dict[str, str]:
    try:
        return {"payload": raw.decode()}
    except UnicodeDecodeError:
        return {"payload_base64": b64encode(raw).decode()}


def _condition(text: str) -> Condition:
    try:
        return Condition(text)
    except ValueError:
        raise ValueError(f"condition is one of {', '.join(Condition)}") from None


def _kind(text: str) -> str:
    try:
        return OutcomeKind(text).value
    except ValueError:
        raise ValueError(f"class is one of {', '.join(OutcomeKind)}") from None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e12:
        raise ValueError("older_than is a number of seconds")
    return seconds
