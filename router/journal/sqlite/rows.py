"""Deliveries as rows and back. What cannot be read back whole is a `Defect`, never a guess.

`facts` and `progress` are JSON objects that leave out what has its default, so that a new field of `Delivery` needs no new
version of the tables.
"""

import zlib
from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from router import jsontext
from router.deliveries import Attempt, Condition, Delivery
from router.journal.rules import lane_of

COLUMNS = {"id", "trigger", "route", "function", "accepted_at", "due_at", "payload", "starts", "condition"}
FACTS = ("qualifier", "trace_id", "deduplication_id", "group", "hops", "parent_id", "attributes")
PROGRESS = tuple(item.name for item in fields(Delivery) if item.name not in COLUMNS and item.name not in FACTS)
DEFAULTS: dict[str, Any] = {
    item.name: item.default_factory() if item.default_factory is not MISSING else item.default for item in fields(Delivery)
}
TUPLES = {name for name, default in DEFAULTS.items() if isinstance(default, tuple)}

SELECT = """
    SELECT number, delivery.id, source, route, function, accepted_at, due_at, condition, facts, progress, body, checksum,
        coalesce(starts, 0)
    FROM delivery LEFT JOIN payload USING (number) LEFT JOIN started USING (number)
"""
"""What `read` takes, with a WHERE added."""


class Defect(Exception):
    """A record that is not what was written."""


@dataclass(slots=True)
class Row:
    """A delivery on its way into the tables. `key`: of the deduplication index."""

    id: str
    trigger: str
    route: str
    function: str
    lane: str | None
    key: str | None
    accepted_at: float
    due_at: float
    condition: str | None
    facts: bytes
    progress: bytes
    payload: bytes
    checksum: int

    @property
    def size(self) -> int:
        """Bytes that it will take, about: pages are not filled to the last byte, and there are indexes."""
        return 512 + len(self.facts) + len(self.progress) + len(self.payload)


def write(delivery: Delivery) -> Row:
    """The row of a delivery."""
    known = delivery.deduplication_id
    facts = _packed(delivery, FACTS)
    return Row(
        id=delivery.id,
        trigger=delivery.trigger,
        route=delivery.route,
        function=delivery.function,
        lane=lane_text(delivery),
        key=None if known is None else _key(delivery.trigger, delivery.route, known),
        accepted_at=delivery.accepted_at,
        due_at=delivery.due_at,
        condition=delivery.condition,
        facts=facts,
        progress=progress_of(delivery),
        payload=delivery.payload,
        checksum=_checksum(delivery.id, facts, delivery.payload),
    )


def lane_text(delivery: Delivery) -> str | None:
    """The lane in the column's form."""
    lane = lane_of(delivery)
    return None if lane is None else _key(*lane)


def progress_of(delivery: Delivery) -> bytes:
    """What changes while a delivery is worked on, but for what has a column."""
    return _packed(delivery, PROGRESS)


def read(row: Sequence[Any]) -> Delivery:
    """The delivery. Raises Defect."""
    _, id, trigger, route, function, accepted_at, due_at, condition, facts, progress, payload, checksum, starts = row
    if payload is None:
        raise Defect("its payload is missing")
    if checksum != _checksum(id, facts, payload):
        raise Defect("its checksum is wrong")
    try:
        return Delivery(
            id=id,
            trigger=trigger,
            route=route,
            function=function,
            accepted_at=accepted_at,
            due_at=due_at,
            payload=payload,
            starts=starts,
            condition=None if condition is None else Condition(condition),
            **_unpacked(facts),
            **_unpacked(progress),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise Defect(f"it cannot be read: {error}") from error


def _packed(delivery: Delivery, names: Sequence[str]) -> bytes:
    values = {name: getattr(delivery, name) for name in names}
    kept = {name: value for name, value in values.items() if value != DEFAULTS[name]}
    if "attempts" in kept:
        kept["attempts"] = [asdict(attempt) for attempt in kept["attempts"]]
    return jsontext.dumps(kept)


def _unpacked(data: bytes) -> dict[str, Any]:
    values: dict[str, Any] = jsontext.loads(data)
    if "attempts" in values:
        values["attempts"] = [Attempt(**attempt) for attempt in values["attempts"]]
    return {name: tuple(value) if name in TUPLES else value for name, value in values.items()}


def _key(*parts: str) -> str:
    """Parts as one text that no other parts make, and that SQLite takes whatever they hold."""
    return jsontext.dumps(parts).decode()


def _checksum(id: str, facts: bytes, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(facts, zlib.crc32(id.encode())))
