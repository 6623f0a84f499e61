"""The entries of PutEvents: what is wrong with one of them, and what is wrong with all together.

Source: semantics/async.md §D.2 (recorded) and
https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.patterns.numbers import is_number, read_json
from router.triggers.eventbridge.answers import VALIDATION, Refused
from router.triggers.eventbridge.event import Entry, iso

MAX_ENTRIES = 10
_TIME_BYTES = 14
_MEMBERS = ("Time", "Source", "Resources", "DetailType", "Detail", "EventBusName", "TraceHeader")
_STRINGS = ("Source", "DetailType", "Detail", "EventBusName", "TraceHeader")
_LONGEST = {"DetailType": 128, "TraceHeader": 500}
_REQUIRED = ("Source", "DetailType", "Detail")


@dataclass(slots=True, frozen=True)
class EntryError:
    """Why one entry is not taken; the others are."""

    code: str
    message: str

    def document(self) -> dict[str, str]:
        """Its form in the answer."""
        return {"ErrorCode": self.code, "ErrorMessage": self.message}


def entries_of(call: Mapping[str, Any], max_bytes: int) -> Sequence[Mapping[str, Any]]:
    """The entries of a request, each with members of the right types. Raises Refused."""
    entries = call.get("Entries")
    if entries is not None and not isinstance(entries, list):
        raise Refused("SerializationException", "Entries is not a list.")
    for entry in entries or ():
        _check_types(entry)
    if entries is None:
        raise _violated("null", "entries", "Member must not be null")
    if not 1 <= len(entries) <= MAX_ENTRIES:
        bound = f"less than or equal to {MAX_ENTRIES}" if entries else "greater than or equal to 1"
        raise _violated(_shown(entries), "entries", f"Member must have length {bound}")
    for position, entry in enumerate(entries, 1):
        _check_lengths(entry, position)
    if sum(map(_size, entries)) > max_bytes:
        raise Refused(VALIDATION, "Total size of the entries in the request is over the limit.")
    return entries


def _check_types(entry: Any) -> None:
    if not isinstance(entry, dict):
        raise Refused("SerializationException", "An entry is not a structure.")
    for name in _STRINGS:
        if entry.get(name) is not None and not isinstance(entry[name], str):
            raise Refused("SerializationException", f"{name} is not a string.")
    resources = entry.get("Resources")
    if resources is not None and not (isinstance(resources, list) and all(isinstance(each, str) for each in resources)):
        raise Refused("SerializationException", "Resources is not a list of strings.")
    if entry.get("Time") is not None and not _is_time(entry["Time"]):
        raise Refused("SerializationException", "Time is not a timestamp in seconds since the epoch.")


def _is_time(value: Any) -> bool:
    try:
        return is_number(value) and math.isfinite(value) and bool(iso(value))
    except (ValueError, OverflowError, OSError):
        return False


def _check_lengths(entry: Mapping[str, Any], position: int) -> None:
    for name, longest in _LONGEST.items():
        value = entry.get(name) or ""
        if len(value) > longest:
            member = f"entries.{position}.member.{name[0].lower()}{name[1:]}"
            raise _violated(value, member, f"Member must have length less than or equal to {longest}")


def _size(entry: Mapping[str, Any]) -> int:
    texts = [*(entry.get(name) or "" for name in _REQUIRED), *(entry.get("Resources") or ())]
    bytes = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts)
    return bytes + (_TIME_BYTES if entry.get("Time") is not None else 0)


def read_entry(entry: Mapping[str, Any]) -> Entry | EntryError:
    """One entry, in order or not."""
    for name in _REQUIRED:
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return EntryError("InvalidArgument", reason)
    if entry["Source"].startswith("aws."):
        return EntryError("NotAuthorizedForSourceException", "Not authorized for the source.")
    detail = entry["Detail"]
    try:
        parsed = read_json(detail)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        return EntryError("MalformedDetail", "Detail is malformed.")
    resources = tuple(entry.get("Resources") or ())
    trace_id = entry.get("TraceHeader") or ""
    return Entry(entry["Source"], entry["DetailType"], detail, resources, entry.get("Time"), trace_id, parsed)


def _violated(value: str, member: str, constraint: str) -> Refused:
    quoted = value if value == "null" else f"'{value}'"
    return Refused(
        VALIDATION, f"1 validation error detected: Value {quoted} at '{member}' failed to satisfy constraint: {constraint}"
    )


def _shown(entries: Sequence[Mapping[str, Any]]) -> str:
    """As AWS's services print them."""
    return f"[{', '.join(map(_shown_entry, entries))}]"


def _shown_entry(entry: Mapping[str, Any]) -> str:
    members = (f"{name[0].lower()}{name[1:]}={_shown_member(entry.get(name))}" for name in _MEMBERS)
    return f"PutEventsRequestEntry({', '.join(members)})"


def _shown_member(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(value)}]"
    return "null" if value is None else str(value)
