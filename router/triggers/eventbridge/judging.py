"""Which rules of a bus want an event: the field of a pattern that failed first, with what the event has there.

Every target of a rule is a route of its own. An event may fit any number of rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from router.batches import Batch
from router.deliveries import MAX_EVENT
from router.errors import RequestError
from router.model import DeclaredRoute, Predicate, Request, RouteVerdict
from router.patterns.wording import predicates_of, shown
from router.triggers._judging import judged, named_routes, nobody, references, refused, subjects, the_body
from router.triggers.eventbridge import api
from router.triggers.eventbridge.answers import Refused
from router.triggers.eventbridge.bus import Bus
from router.triggers.eventbridge.entries import EntryError, read_entry
from router.triggers.eventbridge.event import Event, from_document, from_entry


def routes(settings: Mapping[str, Any]) -> Sequence[DeclaredRoute]:
    """The rules, or the targets of those that name theirs."""
    return [route for name, rule in settings["rules"].items() for route in _routes(name, rule)]


def _routes(name: str, rule: Mapping[str, Any]) -> Iterator[DeclaredRoute]:
    if rule.get("targets") is None:
        yield DeclaredRoute(name, ("rules", name), references(rule))
        return
    for target in named_routes(rule, "targets"):
        yield DeclaredRoute(f"{name}/{target.name}", ("rules", name, *target.path), target.functions)


def judge(bus: Bus, given: Request | Batch) -> Sequence[RouteVerdict]:
    """A verdict on each route for each event."""
    return [verdict for group in _verdicts(bus, given) for verdict in group]


def _verdicts(bus: Bus, given: Request | Batch) -> Iterator[list[RouteVerdict]]:
    if isinstance(given, Batch):
        for subject, message in subjects("messages", given.messages):
            yield _of_document(bus, message.body.encode("utf-8", "surrogatepass"), given.received_at, subject)
    elif bus.path is not None:
        yield _posted(bus, given)
    else:
        yield from _put(bus, given)


def _names(bus: Bus) -> list[str]:
    return [target.route for targets in bus.rules.targets for target in targets]


def _posted(bus: Bus, request: Request) -> list[RouteVerdict]:
    try:
        body = the_body(request, MAX_EVENT)
    except RequestError as error:
        return refused(_names(bus), error)
    return _of_document(bus, body, request.received_at)


def _of_document(bus: Bus, body: bytes, received_at: float, subject: str = "") -> list[RouteVerdict]:
    try:
        event = from_document(body, received_at)
    except ValueError as error:
        return refused(_names(bus), error, subject, "event")
    return _of_event(bus, event, subject)


def _put(bus: Bus, request: Request) -> Iterator[list[RouteVerdict]]:
    operation = (request.header("x-amz-target") or "").partition(".")[2]
    if operation != "PutEvents":
        yield nobody(_names(bus), Predicate("operation", "PutEvents", operation, False))
        return
    try:
        body = the_body(request, api.body_limit(max(each.max_bytes for each in bus.all)))
        entries = api.identified(request, body, bus)
    except (RequestError, Refused) as error:
        yield refused(_names(bus), error)
        return
    for subject, (id, written) in subjects("Entries", entries):
        yield _of_entry(bus, written, id, request.received_at, subject)


def _of_entry(bus: Bus, written: Mapping[str, Any], id: str, received_at: float, subject: str) -> list[RouteVerdict]:
    entry = read_entry(written)
    if isinstance(entry, EntryError):
        return nobody(_names(bus), Predicate("entry", "one that is taken", f"{entry.code}: {entry.message}", False), subject)
    asked = api.asked_bus(written)
    if not bus.name.is_meant(asked):
        return nobody(_names(bus), Predicate("bus", bus.name.name, shown(asked), False), subject)
    return _of_event(bus, from_entry(entry, id, bus.name.account, bus.name.region, received_at), subject)


def _of_event(bus: Bus, event: Event, subject: str) -> list[RouteVerdict]:
    asked = [predicates_of(pattern.explain(event.fields)) for pattern in bus.rules.index.patterns]
    return [
        judged(target.route, predicates, subject)
        for predicates, targets in zip(asked, bus.rules.targets, strict=True)
        for target in targets
    ]
