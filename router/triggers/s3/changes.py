"""One change of an object: AWS's own record of it, and what notifications decide by.

Senders other than AWS are made over into AWS's record, key by key in AWS's order; what AWS does not have is left out, so that a
function cannot come to depend on the store behind it. Source: semantics/async.md §E.1, §E.6.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from router.arn import partition_of
from router.errors import BadRequest

AWS_SOURCE = "aws:s3"
UNKNOWN_ADDRESS = "0.0.0.0"
"""Where the sender does not say from where the object was changed: AWS always names an address."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_SURROGATE = re.compile("[\ud800-\udfff]")
_OMITTED: tuple[tuple[str, frozenset[str]], ...] = (
    ("ObjectRemoved:DeleteMarkerCreated", frozenset({"size"})),
    ("ObjectRemoved:", frozenset({"size", "eTag"})),
    ("ObjectTagging:", frozenset({"size", "sequencer"})),
    ("ObjectAcl:", frozenset({"size", "sequencer"})),
)
"""What AWS does not say of the object, by the beginning of the event's name (semantics/async.md §E.1)."""
_CREATED = "ObjectCreated:"
"""Functions rely on an `eTag` there, be it empty where the sender knows none."""
_VERSIONS: tuple[tuple[str, str], ...] = (
    ("Replication:", "2.2"),
    ("Lifecycle", "2.3"),
    ("IntelligentTiering", "2.3"),
    ("ObjectTagging:", "2.3"),
    ("ObjectAcl:", "2.3"),
    ("ObjectRestore:Delete", "2.3"),
)


@dataclass(slots=True, frozen=True)
class Change:
    """`name`: as AWS writes it (`ObjectCreated:Put`). `key`: decoded. `record`: AWS's, one element of `Records`.

    `identity`: the same when the sender repeats itself; None where that cannot be told from another change like it.
    """

    name: str
    bucket: str
    key: str
    record: Mapping[str, Any]
    identity: str | None


@dataclass(slots=True, frozen=True)
class ObjectFacts:
    """What a sender says of the object. `key`: decoded. Empty: it does not say."""

    bucket: str
    key: str
    size: int | None = None
    etag: str = ""
    version_id: str = ""
    sequencer: str = ""


@dataclass(slots=True, frozen=True)
class EventFacts:
    """What a sender says of the event. `time`: RFC 3339 in UTC. `more`: AWS's blocks beside `s3`, such as glacierEventData."""

    name: str
    time: str
    region: str
    source: str = AWS_SOURCE
    principal: str = ""
    address: str = ""
    request_id: str = ""
    host_id: str = ""
    configuration: str = ""
    owner: str = ""
    more: Mapping[str, Any] | None = None


def make_change(event: EventFacts, about: ObjectFacts) -> Change:
    """AWS's record of a change. An empty `configurationId` is the notification's own name."""
    record = {
        "eventVersion": _first_of(_VERSIONS, event.name, "2.1"),
        "eventSource": event.source,
        "awsRegion": event.region,
        "eventTime": in_milliseconds(event.time),
        "eventName": event.name,
        "userIdentity": {"principalId": event.principal},
        "requestParameters": {"sourceIPAddress": event.address or UNKNOWN_ADDRESS},
        "responseElements": {"x-amz-request-id": event.request_id, "x-amz-id-2": event.host_id},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": event.configuration,
            "bucket": {
                "name": about.bucket,
                "ownerIdentity": {"principalId": event.owner},
                "arn": f"arn:{partition_of(event.region)}:s3:::{about.bucket}",
            },
            "object": _object(event.name, about),
        },
        **(event.more or {}),
    }
    moment = about.sequencer or f"{event.time} {event.request_id}"
    identity = identity_of(about.bucket, about.key, about.version_id, moment, event.name)
    return Change(event.name, about.bucket, about.key, record, identity)


def _object(name: str, about: ObjectFacts) -> dict[str, Any]:
    known = {
        "key": encode_key(about.key),
        "size": about.size,
        "eTag": about.etag.strip('"') or ("" if name.startswith(_CREATED) else None),
        "versionId": about.version_id or None,
        "sequencer": about.sequencer or None,
    }
    omitted = _first_of(_OMITTED, name, frozenset())
    return {key: value for key, value in known.items() if value is not None and key not in omitted}


def _first_of(table: Any, name: str, otherwise: Any) -> Any:
    return next((value for beginning, value in table if name.startswith(beginning)), otherwise)


def identity_of(*parts: str) -> str:
    """Short, however long a key is."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def encode_key(key: str) -> str:
    """As AWS writes keys in records: a space is `+`, `/` stays, everything else special is percent-encoded."""
    return quote_plus(key, safe="/")


def decode_key(key: str) -> str:
    """The key of an object."""
    return unquote_plus(key)


def in_milliseconds(time: str) -> str:
    """`2026-01-01T00:00:00.000Z`; a text that is no such time stays as it is."""
    match = _TIME.fullmatch(time)
    return f"{match[1]}.{(match[2] or '')[:3]:0<3}Z" if match is not None else time


def time_of(seconds: float) -> str:
    """RFC 3339 in UTC with milliseconds, of epoch seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


# --- reading what strangers send -------------------------------------------------------------------------------------


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """A JSON object. Raises BadRequest."""
    if not isinstance(value, dict):
        raise BadRequest(f"{what} is no JSON object")
    return value


def part(value: Any, *path: str) -> Any:
    """What lies at a path of keys; None where nothing does."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: Any, *path: str) -> str:
    """The text at a path; empty where there is none, and where it is none that UTF-8 can hold."""
    found = part(value, *path)
    return found if isinstance(found, str) and _SURROGATE.search(found) is None else ""


def required_text(value: Any, *path: str) -> str:
    """The text at a path. Raises BadRequest."""
    found = part(value, *path)
    if not isinstance(found, str) or _SURROGATE.search(found) is not None:
        raise BadRequest(f"{'.'.join(path)} is no text")
    return found


def whole_number(value: Any) -> int | None:
    """An integer that is not negative, as a number or as text; None for everything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
