"""Which rules of a bus want an event: the field of a pattern that failed first, with what the event has there.

Every target of a rule is a route of its own. An event may fit any number of rules.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from router.batches import Batch
from router.deliveries import MAX_EVENT
from router.errors import RequestError
from router.model import DeclaredRoute, Predicate, Request, RouteVerdict
from router.patterns.wording import predicates_of, shown
from router.triggers._judging import judged, named_routes, nobody, references, refusal, subjects, the_body
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
    return [verdict for subject, came in _came(bus, given) for verdict in _of_all(bus, came, subject)]


def matches(bus: Bus, given: Request | Batch) -> Sequence[RouteVerdict]:
    """Those on the targets of the rules that the bus finds for each event."""
    return [
        verdict
        for subject, came in _came(bus, given)
        if isinstance(came, Event)
        for position in bus.rules.index.matching(came.fields)
        for verdict in _of_rule(bus, position, came, subject)
    ]


def _of_all(bus: Bus, came: Event | Predicate, subject: str) -> Iterable[RouteVerdict]:
    if isinstance(came, Predicate):
        return nobody((target.route for targets in bus.rules.targets for target in targets), came, subject)
    return (verdict for position in range(len(bus.rules.targets)) for verdict in _of_rule(bus, position, came, subject))


def _of_rule(bus: Bus, position: int, event: Event, subject: str) -> Iterator[RouteVerdict]:
    asked = predicates_of(bus.rules.index.patterns[position].explain(event.fields))
    return (judged(target.route, asked, subject) for target in bus.rules.targets[position])


# --- what came -------------------------------------------------------------------------------------------------------


def _came(bus: Bus, given: Request | Batch) -> Iterator[tuple[str, Event | Predicate]]:
    """Each event, or what kept it from every rule, with its name among several."""
    if isinstance(given, Batch):
        for subject, message in subjects("messages", given.messages):
            yield subject, _of_document(message.body.encode("utf-8", "surrogatepass"), given.received_at)
    elif bus.path is not None:
        yield "", _posted(given)
    else:
        yield from _put(bus, given)


def _posted(request: Request) -> Event | Predicate:
    try:
        body = the_body(request, MAX_EVENT)
    except RequestError as error:
        return refusal(error)
    return _of_document(body, request.received_at)


def _of_document(body: bytes, received_at: float) -> Event | Predicate:
    try:
        return from_document(body, received_at)
    except ValueError as error:
        return refusal(error, "event")


def _put(bus: Bus, request: Request) -> Iterator[tuple[str, Event | Predicate]]:
    operation = (request.header("x-amz-target") or "").partition(".")[2]
    if operation != "PutEvents":
        yield "", Predicate("operation", "PutEvents", operation, False)
        return
    try:
        body = the_body(request, api.body_limit(max(each.max_bytes for each in bus.all)))
        entries = api.identified(request, body, bus)
    except (RequestError, Refused) as error:
        yield "", refusal(error)
        return
    for subject, (id, written) in subjects("Entries", entries):
        yield subject, _of_entry(bus, written, id, request.received_at)


def _of_entry(bus: Bus, written: Mapping[str, Any], id: str, received_at: float) -> Event | Predicate:
    entry = read_entry(written)
    if isinstance(entry, EntryError):
        return Predicate("entry", "one that is taken", f"{entry.code}: {entry.message}", False)
    asked = api.asked_bus(written)
    if not bus.name.is_meant(asked):
        return Predicate("bus", bus.name.name, shown(asked), False)
    return from_entry(entry, id, bus.name.account, bus.name.region, received_at)
