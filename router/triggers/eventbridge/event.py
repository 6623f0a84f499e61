"""An event on its way to rules: what patterns see, and the bytes that functions get.

`detail` is carried as its source text: neither its numbers nor its spaces change. Of a received event (an API destination, a
queue) the whole document is carried as it came.

Source: semantics/async.md §D.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from router import jsontext
from router.patterns.numbers import read_json
from router.patterns.paths import ABSENT, JsonPath
from router.patterns.templates import Text

_SUMMARY = (
    ("id", "id"),
    ("account", "account"),
    ("detailType", "detail-type"),
    ("time", "time"),
    ("source", "source"),
    ("region", "region"),
    ("resources", "resources"),
    ("version", "version"),
)
"""`<aws.events.event>`: names there and in the envelope, in AWS's order; its time is the time of ingestion (recorded)."""


@dataclass(slots=True, frozen=True)
class Event:
    """`fields`: the document as patterns see it. `payload`: the document in UTF-8. `detail`: its text, where it is known.

    `id`: what it is accepted once by; None where it has none. `ingested`: ISO 8601. `group`, `trace_id`: its carrier's.
    """

    fields: Mapping[str, Any]
    payload: bytes
    ingested: str
    id: str | None = None
    detail: str | None = None
    group: str | None = None
    trace_id: str = ""

    def read(self, path: JsonPath) -> Any:
        """What a path leads to: as it is written, where that is known, else as Python values; ABSENT."""
        if not path.steps:
            return Text(self.payload.decode("utf-8", "replace"))
        if path.steps == ("detail",) and self.detail is not None:
            return Text(self.detail)
        return path.read(self.fields)

    def summary(self) -> dict[str, Any]:
        """The value of `<aws.events.event>`."""
        known = {name: self.fields.get(field, ABSENT) for name, field in _SUMMARY} | {"time": self.ingested}
        return {name: value for name, value in known.items() if value is not ABSENT}

    @property
    def attributes(self) -> dict[str, str]:
        """What logs and filters are told."""
        named = {f"eventbridge.{name.replace('-', '_')}": self.fields.get(name) for name in ("id", "source", "detail-type")}
        return {name: value for name, value in named.items() if isinstance(value, str)}


@dataclass(slots=True, frozen=True)
class Entry:
    """One entry of PutEvents that is in order. `detail`: an object, as text."""

    source: str
    detail_type: str
    detail: str
    resources: tuple[str, ...] = ()
    time: float | None = None
    trace_id: str = ""
    parsed: Mapping[str, Any] = field(default_factory=dict)


def from_entry(entry: Entry, id: str, account: str, region: str, received_at: float) -> Event:
    """The envelope around an entry's detail."""
    envelope: dict[str, Any] = {
        "version": "0",
        "id": id,
        "detail-type": entry.detail_type,
        "source": entry.source,
        "account": account,
        "time": iso(entry.time if entry.time is not None else received_at),
        "region": region,
        "resources": [*entry.resources],
    }
    detail = entry.detail.encode("utf-8", "backslashreplace")
    payload = b'%b,"detail":%b}' % (jsontext.dumps(envelope)[:-1], detail)
    return Event(
        envelope | {"detail": entry.parsed},
        payload,
        iso(received_at),
        id,
        detail.decode(),
        trace_id=entry.trace_id,
    )


def from_document(body: bytes, received_at: float, group: str | None = None) -> Event:
    """An event that another event bus sent, whole or transformed. Raises ValueError where it is no JSON object."""
    jsontext.check(body)
    fields = read_json(body.decode())
    if not isinstance(fields, dict):
        raise ValueError("the event is not a JSON object")
    id = fields.get("id")
    return Event(fields, body, iso(received_at), id if isinstance(id, str) and id else None, group=group)


def iso(seconds: float) -> str:
    """Whole seconds, as events have them: `2026-12-22T18:43:48Z`. Raises ValueError, OverflowError beyond the calendar."""
    return datetime.fromtimestamp(seconds // 1, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
