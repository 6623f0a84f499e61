"""SeaweedFS: what its filer's webhook says of files, made over into records of S3.

A bucket is a folder below `/buckets`. Folders are no objects, and what lies in `.uploads` are pieces of an upload that is not
complete. Notifications have no id: one is known by the file's time, size, digest and pieces. A file that is renamed keeps all
of these, so a rename that is told twice is accepted twice. Source: semantics/async.md §E.6.
"""

from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from router.errors import BadRequest
from router.triggers.s3.changes import (
    Change,
    EventFacts,
    ObjectFacts,
    identity_of,
    make_change,
    mapping,
    part,
    required_text,
    text,
    time_of,
    whole_number,
)
from router.triggers.s3.records import Reading

_FOLDER = "/buckets/"
_UPLOADS = ".uploads/"
_CREATED, _REMOVED = "ObjectCreated:Put", "ObjectRemoved:Delete"
SOURCE = "seaweedfs:s3"
"""It has no name of its own for this."""


def read_notification(body: Any, reading: Reading) -> list[Change]:
    """The changes of one notification: none, one, or of a rename two. Raises BadRequest."""
    path, kind = required_text(mapping(body, "the body"), "key"), required_text(body, "event_type")
    message = mapping(body.get("message"), "message")
    old, new = part(message, "old_entry"), part(message, "new_entry")
    match kind:
        case "create" | "update":
            changes = [_change(_CREATED, path, new, reading)]
        case "delete":
            changes = [_change(_REMOVED, path, old, reading)]
        case "rename":
            there = f"{text(message, 'new_parent_path').rstrip('/')}/{text(new, 'name')}"
            changes = [_change(_REMOVED, path, old, reading, False), _change(_CREATED, there, new, reading, False)]
        case _:
            raise BadRequest("its event_type is none of SeaweedFS's")
    return [change for change in changes if change is not None]


def _change(name: str, path: str, entry: Any, reading: Reading, is_known_again: bool = True) -> Change | None:
    written, _, rest = path.removeprefix(_FOLDER).partition("/")
    if not path.startswith(_FOLDER) or not written or not rest or rest.startswith(_UPLOADS):
        return None
    if part(entry, "is_directory"):
        return None
    nanoseconds = _modified(entry)
    time = nanoseconds / 1e9 if nanoseconds and name == _CREATED else reading.received_at
    event = EventFacts(name, time_of(time), reading.region, reading.source(SOURCE), owner=reading.account_id)
    facts = ObjectFacts(
        bucket=written,
        key=reading.key(rest, raw=True),
        size=whole_number(part(entry, "attributes", "file_size")) or 0,
        etag=_etag(text(entry, "attributes", "md5")),
        sequencer=f"{nanoseconds:016X}" if nanoseconds else "",
    )
    made = make_change(event, facts)
    pieces = [text(chunk, "file_id") for chunk in _chunks(entry)]
    about = (facts.bucket, facts.key, name, facts.sequencer, str(facts.size), facts.etag, *pieces)
    return replace(made, identity=identity_of(*about) if is_known_again else None)


def _chunks(entry: Any) -> list[Any]:
    chunks = part(entry, "chunks")
    return chunks if isinstance(chunks, list) else []


def _modified(entry: Any) -> int:
    attributes: Mapping[str, Any] = part(entry, "attributes") or {}
    seconds = whole_number(part(attributes, "mtime")) or 0
    return min(seconds, 253_402_300_799) * 1_000_000_000 + (whole_number(part(attributes, "mtime_ns")) or 0)


def _etag(md5: str) -> str:
    try:
        return b64decode(md5, validate=True).hex()
    except (Error, ValueError):
        return ""
