"""EventBridge's API, as far as events go through it: PutEvents and TestEventPattern, in AWS JSON 1.1.

An event has its id from the SDK's own id of the call, which is the same for every repetition: a call that is repeated because
its answer was lost is accepted once. Signatures are not checked.

Source: semantics/async.md §D.2, https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html.
"""

import hashlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from router import jsontext
from router.deliveries import Acceptance
from router.errors import RequestError
from router.model import Accept, Conversation, Remark, Request, Step
from router.patterns.events import InvalidPattern, compile_pattern
from router.patterns.locate import located, unreadable
from router.patterns.numbers import read_json
from router.triggers.eventbridge.answers import VALIDATION, Refused, answer, not_served, refusal, request_error
from router.triggers.eventbridge.bus import Bus, Caller, acceptances, admit
from router.triggers.eventbridge.entries import EntryError, entries_of, read_entry
from router.triggers.eventbridge.event import from_entry

TARGET_PREFIX = "AWSEvents"
DEFAULT_MAX_BYTES = 1024 * 1024
"""Of the entries of one PutEvents; older pages say 256 KiB (semantics/async.md §D.2)."""
_DEFAULT_BUS = "default"
_WANTED_OF_A_TEST = ("id", "account", "source", "time", "region", "detail-type")


def body_limit(max_bytes: int) -> int:
    """Bytes of a request whose entries have so many: a detail with every character escaped, and the names around it."""
    return 2 * max_bytes + 1024 * 1024


def converse(request: Request, bus: Bus) -> Conversation:
    """One call of the API."""
    operation = (request.header("x-amz-target") or "").partition(".")[2]
    try:
        perform = _OPERATIONS.get(operation)
        if perform is None:
            raise not_served(operation)
        limit = body_limit(max(each.max_bytes for each in bus.all))
        caller = yield from admit(request, bus.all, limit)
        document = yield from perform(request, bus, caller)
    except Refused as refused:
        return refusal(request, refused)
    except RequestError as error:
        return request_error(request, error)
    return answer(request, document, bus.durability if operation == "PutEvents" else None)


def _call(body: bytes) -> Mapping[str, Any]:
    try:
        call = jsontext.loads(body or b"{}", constants=False)
    except ValueError as error:
        raise Refused("SerializationException", f"The request is not JSON: {error}") from None
    if not isinstance(call, dict):
        raise Refused("SerializationException", "The request is not a structure.")
    return call


# --- PutEvents -------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Put:
    """One PutEvents, as it goes."""

    results: list[dict[str, str]] = field(default_factory=list)
    accepted: list[Acceptance] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    unwanted: int = 0


def _put_events(request: Request, bus: Bus, caller: Caller) -> Generator[Step, Any, Any]:
    """Everything that rules want of all entries is accepted in one commit."""
    put = _Put()
    for id, entry in identified(request, caller.body, bus):
        put.results.append(_put(entry, id, request, bus, caller, put))
    if put.accepted:
        yield Accept(tuple(put.accepted))
    yield from _remarks(put)
    failed = sum("ErrorCode" in result for result in put.results)
    return {"FailedEntryCount": failed, "Entries": put.results}


def identified(request: Request, body: bytes, bus: Bus) -> list[tuple[str, Mapping[str, Any]]]:
    """The entries of a PutEvents, as they are written, each with the id of its event. Raises Refused."""
    entries = entries_of(_call(body), max(each.max_bytes for each in bus.all))
    seed = _seed(request, body)
    return [(_event_id(seed, position), entry) for position, entry in enumerate(entries)]


def asked_bus(written: Mapping[str, Any]) -> str:
    """The bus that an entry is for: a name or an ARN."""
    return written.get("EventBusName") or _DEFAULT_BUS


def _put(written: Mapping[str, Any], id: str, request: Request, bus: Bus, caller: Caller, put: _Put) -> dict[str, str]:
    entry = read_entry(written)
    if isinstance(entry, EntryError):
        return entry.document()
    asked = asked_bus(written)
    meant = [each for each in bus.all if each.name.is_meant(asked)]
    if not meant:
        return _unknown(asked, id, bus, put)
    if any(each not in caller.admitted for each in meant):
        reason = f"The caller is not authorized to perform: events:PutEvents on resource: {meant[0].name.arn}"
        return EntryError("AccessDeniedException", reason).document()
    name = meant[0].name
    before = len(put.accepted)
    put.accepted.extend(acceptances(from_entry(entry, id, name.account, name.region, request.received_at), meant))
    put.unwanted += len(put.accepted) == before
    return {"EventId": id}


def _unknown(asked: str, id: str, bus: Bus, put: _Put) -> dict[str, str]:
    """AWS answers with an id, and the event is gone (recorded)."""
    if any(each.rejects_unknown for each in bus.all):
        return EntryError("ResourceNotFoundException", f"Event bus {asked} does not exist.").document()
    put.unknown.add(asked)
    return {"EventId": id}


def _remarks(put: _Put) -> Generator[Step, Any, None]:
    for name in sorted(put.unknown):
        yield Remark("unknown_bus", "Events were sent to a bus that is not declared.", {"bus": name})
    if put.unwanted:
        yield Remark("filtered", "No rule wants some events.", {"events": str(put.unwanted)})


def _seed(request: Request, body: bytes) -> bytes:
    """The same for every repetition of a call by its SDK; the body guards against clients that send the same id for ever."""
    repeated = request.header("amz-sdk-invocation-id")
    return f"{repeated}/".encode() + body if repeated else request.id.encode()


def _event_id(seed: bytes, position: int) -> str:
    digits = hashlib.sha256(b"%d/%b" % (position, seed)).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


# --- TestEventPattern ------------------------------------------------------------------------------------------------


def _test_event_pattern(request: Request, bus: Bus, caller: Caller) -> Generator[Step, Any, Any]:
    yield from ()
    call = _call(caller.body)
    texts = {name: call.get(name) for name in ("EventPattern", "Event")}
    for name, text in texts.items():
        if not isinstance(text, str):
            member = f"{name[0].lower()}{name[1:]}"
            message = (
                f"1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
            )
            raise Refused(VALIDATION, message)
    event = _tested_event(str(texts["Event"]))
    pattern = str(texts["EventPattern"])
    try:
        return {"Result": compile_pattern(read_json(pattern)).matches(event)}
    except InvalidPattern as error:
        reason = located(pattern, error)
    except ValueError:
        reason = unreadable(pattern)
    raise Refused("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


def _tested_event(text: str) -> Mapping[str, Any]:
    try:
        event = read_json(text)
    except ValueError:
        event = None
    if not isinstance(event, dict) or any(name not in event for name in _WANTED_OF_A_TEST):
        raise Refused(VALIDATION, "Parameter Event is not valid.")
    return event


_OPERATIONS = {"PutEvents": _put_events, "TestEventPattern": _test_event_pattern}
