"""Deliveries as rows and back. What cannot be read back whole is a `Defect`, never a guess.

`facts` and `progress` are JSON objects that leave out what has its default, so that a new field of `Delivery` needs no new
version of the tables.
"""

import zlib
from collections.abc import Sequence
from dataclasses import MISSING, asdict, fields
from operator import attrgetter
from typing import Any, NamedTuple

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
INLINE = 2048
"""Bytes of a payload up to which it stands in the delivery's own row. A larger one has a row of its own, which is not written
again when the delivery changes."""

SELECT = """
    SELECT number, delivery.id, source, route, function, accepted_at, due_at, condition, facts, progress,
        coalesce(delivery.body, payload.body), coalesce(delivery.checksum, payload.checksum), coalesce(starts, 0)
    FROM delivery LEFT JOIN payload USING (number) LEFT JOIN started USING (number)
"""
"""What `read` takes, with a WHERE added."""


class Defect(Exception):
    """A record that is not what was written."""


class Row(NamedTuple):
    """A delivery on its way into the tables: the columns of `WRITTEN` in their order; then what has tables of its own.

    `key`: of the deduplication index. `large`: a payload of more than `INLINE` bytes, with its checksum.
    """

    id: str
    trigger: str
    route: str
    function: str
    lane: str | None
    accepted_at: float
    due_at: float
    condition: str | None
    facts: bytes
    progress: bytes
    checksum: int | None
    body: bytes | None
    key: str | None
    large: tuple[bytes, int] | None

    @property
    def size(self) -> int:
        """Bytes that it will take, about: pages are not filled to the last byte, and there are indexes."""
        payload = self.body if self.large is None else self.large[0]
        return 512 + len(self.facts) + len(self.progress) + len(payload or b"")


WRITTEN = (
    *("id", "source", "route", "function", "lane", "accepted_at", "due_at", "condition"),
    *("facts", "progress", "checksum", "body"),
)


def write(delivery: Delivery) -> Row:
    """The row of a delivery."""
    known, condition, payload = delivery.deduplication_id, delivery.condition, delivery.payload
    facts = _facts(delivery)
    checksum = _checksum(delivery.id, facts, payload)
    inline = len(payload) <= INLINE
    return Row(
        delivery.id,
        delivery.trigger,
        delivery.route,
        delivery.function,
        None if delivery.group is None else lane_text(delivery),
        delivery.accepted_at,
        delivery.due_at,
        None if condition is None else condition.value,
        facts,
        progress_of(delivery),
        checksum if inline else None,
        payload if inline else None,
        None if known is None else _key(delivery.trigger, delivery.route, known),
        None if inline else (payload, checksum),
    )


def lane_text(delivery: Delivery) -> str | None:
    """The lane in the column's form."""
    lane = lane_of(delivery)
    return None if lane is None else _key(*lane)


def progress_of(delivery: Delivery) -> bytes:
    """What changes while a delivery is worked on, but for what has a column."""
    values = _progress_of(delivery)
    return b"{}" if values == _NO_PROGRESS else _packed(PROGRESS, values, _NO_PROGRESS)


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
            **jsontext.loads(facts),
            **({} if progress == b"{}" else _unpacked(progress)),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise Defect(f"it cannot be read: {error}") from error


_facts_of, _progress_of = attrgetter(*FACTS), attrgetter(*PROGRESS)
_NO_FACTS, _NO_PROGRESS = (tuple(DEFAULTS[name] for name in names) for names in (FACTS, PROGRESS))
_ALWAYS = _NO_FACTS.count(MISSING)
"""How many facts have no default; they are the first ones."""


def _facts(delivery: Delivery) -> bytes:
    values = _facts_of(delivery)
    if values[_ALWAYS:] == _NO_FACTS[_ALWAYS:]:
        return jsontext.dumps(dict(zip(FACTS[:_ALWAYS], values, strict=False)))
    return _packed(FACTS, values, _NO_FACTS)


def _packed(names: Sequence[str], values: Sequence[Any], defaults: Sequence[Any]) -> bytes:
    kept = {name: value for name, value, default in zip(names, values, defaults, strict=True) if value != default}
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
    return zlib.crc32(payload, zlib.crc32(id.encode() + facts))
