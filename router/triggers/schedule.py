"""Schedules: what EventBridge's scheduled rules and EventBridge Scheduler do, as a trigger.

When a schedule is due its function gets EventBridge's scheduled event, or the constant `input`. The planned time is the id of a
firing: it is accepted once, whoever finds that it is due, and the event of one planned time has the same `id` everywhere.

Source: semantics/async.md §D.1, §D.9; https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from router import jsontext
from router.arn import partition_of
from router.batches import Batch, Message, Missed, Planned
from router.deliveries import MAX_EVENT, Acceptance
from router.errors import Unmatched
from router.model import (
    Accept,
    BatchConversation,
    Conversation,
    DeclaredRoute,
    Predicate,
    Report,
    Request,
    RouteVerdict,
    Scope,
    Target,
    TriggerType,
)
from router.patterns.clock_changes import MONTHS, short_months, skipped_day
from router.patterns.schedules import Schedule, ScheduleError, find_zone, never_fires, parse_schedule
from router.triggers._judging import judged, named_routes, subjects, the_batch
from router.triggers._queue_source import all_completed

DETAIL_TYPE, SOURCE = "Scheduled Event", "aws.events"
CONTEXT = ("schedule-arn", "scheduled-time", "execution-id")
"""What `<aws.scheduler.…>` in an input may name. AWS's `attempt-number` is not known when an event is accepted."""

_YEAR = 366 * 86_400.0
_CONTEXT = re.compile(r"<aws\.scheduler\.([a-z-]*)>")


@dataclass(slots=True, frozen=True)
class Entry:
    """One compiled schedule. `arn`: of the rule that it would be in AWS. `input`: JSON text; None: the scheduled event."""

    name: str
    schedule: Schedule
    target: Target
    arn: str
    input: str | None


@dataclass(slots=True, frozen=True)
class Timetable:
    """A compiled trigger. `entries`: by name."""

    account_id: str
    region: str
    zone: ZoneInfo
    missed: Missed
    entries: Mapping[str, Entry]


def build(settings: Mapping[str, Any], scope: Scope) -> Timetable:
    """The compiled form."""
    zone = find_zone(settings["timezone"])
    assert zone is not None, "the rules have looked at it"
    entries = {name: _entry(name, each, scope) for name, each in settings["schedules"].items()}
    return Timetable(scope.account_id, scope.region, zone, Missed(settings["missed"]), entries)


def _entry(name: str, settings: Mapping[str, Any], scope: Scope) -> Entry:
    reference = {key: settings[key] for key in ("function", "weights") if settings.get(key) is not None}
    written = settings.get("input")
    return Entry(
        name,
        parse_schedule(settings["expression"]),
        scope.target(reference),
        f"arn:{partition_of(scope.region)}:events:{scope.region}:{scope.account_id}:rule/{scope.name}.{name}",
        jsontext.dumps(written).decode() if written is not None else None,
    )


def timetable(built: Timetable) -> Sequence[Planned]:
    """What is planned."""
    return [
        Planned(entry.name, entry.schedule, built.zone, f"{entry.schedule.text} {built.zone.key}", built.missed)
        for entry in built.entries.values()
    ]


# --- firing ----------------------------------------------------------------------------------------------------------


def handle_batch(batch: Batch, built: Timetable) -> BatchConversation:
    """The conversation about planned times that have come: each is accepted, all in one commit."""
    yield Accept(tuple(_acceptance(message, built) for message in batch.messages))
    return all_completed(batch.messages)


def _acceptance(message: Message, built: Timetable) -> Acceptance:
    entry, planned = built.entries[message.group or ""], message.body
    event_id = _event_id(entry.arn, planned)
    if entry.input is None:
        payload = jsontext.dumps(_scheduled_event(entry, built, planned, event_id))
    else:
        payload = _filled(entry.input, entry, planned, event_id).encode("utf-8", "surrogatepass")
    attributes = {"source": SOURCE, "detail-type": DETAIL_TYPE, "time": planned}
    return Acceptance(entry.target, payload, entry.name, planned, attributes=attributes)


def _scheduled_event(entry: Entry, built: Timetable, planned: str, event_id: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": event_id,
        "detail-type": DETAIL_TYPE,
        "source": SOURCE,
        "account": built.account_id,
        "time": planned,
        "region": built.region,
        "resources": [entry.arn],
        "detail": {},
    }


def _filled(text: str, entry: Entry, planned: str, event_id: str) -> str:
    """The input with what EventBridge Scheduler puts in the place of its context attributes."""
    values = {"schedule-arn": entry.arn, "scheduled-time": planned, "execution-id": event_id}
    return _CONTEXT.sub(lambda match: values[match[1]], text)


def _event_id(arn: str, planned: str) -> str:
    """In the form of a random UUID, and the same wherever and however often a planned time is found to be due."""
    digest = bytearray(hashlib.sha256(f"{arn} {planned}".encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x40
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def handle(request: Request, built: Timetable) -> Conversation:
    """Nothing can be asked over HTTP."""
    yield from ()
    raise Unmatched("a schedule takes no requests")


# --- judging ---------------------------------------------------------------------------------------------------------


def routes(settings: Mapping[str, Any]) -> Sequence[DeclaredRoute]:
    """The schedules."""
    return named_routes(settings, "schedules")


def judge(built: Timetable, given: Request | Batch) -> Sequence[RouteVerdict]:
    """A verdict on each schedule for each planned time."""
    messages = subjects("messages", the_batch(given).messages)
    return [_judged(name, message.group or "", subject) for subject, message in messages for name in built.entries]


def matches(built: Timetable, given: Request | Batch) -> Sequence[RouteVerdict]:
    """That on the schedule which each planned time belongs to."""
    messages = subjects("messages", the_batch(given).messages)
    return [_judged(name, name, subject) for subject, message in messages if (name := message.group or "") in built.entries]


def _judged(name: str, due: str, subject: str) -> RouteVerdict:
    return judged(name, [Predicate("schedule", name, due, due == name)], subject)


# --- rules -----------------------------------------------------------------------------------------------------------


def check(settings: Mapping[str, Any], report: Report) -> None:
    """Every expression can be read and is due some time, and the time zone exists and has an effect."""
    zone = find_zone(settings["timezone"])
    if zone is None:
        message = f"there is no time zone `{settings['timezone']}`"
        report(("timezone",), "unknown-time-zone", message, help="write an IANA name such as `Europe/Berlin`")
    read = [_check_entry(("schedules", name), each, zone, report) for name, each in settings["schedules"].items()]
    if settings["timezone"] != "UTC" and not any(schedule is None or schedule.has_zone for schedule in read):
        message = "`timezone` has no effect: a rate counts from the epoch, in every zone"
        report(("timezone",), "without-effect", message, help="remove it", on="key")


def _check_entry(path: tuple[str, ...], settings: Mapping[str, Any], zone: ZoneInfo | None, report: Report) -> Schedule | None:
    _check_input((*path, "input"), settings.get("input"), report)
    where = (*path, "expression")
    try:
        schedule = parse_schedule(settings["expression"])
    except ScheduleError as error:
        report(where, "bad-expression", f"{error} {error.reason[0].upper()}{error.reason[1:]}.")
        return None
    if never_fires(schedule, zone or UTC):
        report(where, "never-fires", f"`{schedule.text}` is never due: no calendar has such a time")
    missing = [MONTHS[month - 1] for month in short_months(schedule)]
    if missing:
        listed = " and ".join((", ".join(missing[:-1]), missing[-1])) if len(missing) > 1 else missing[0]
        message = f"`{schedule.text}` is left out in {listed}: there is no such day"
        report(where, "short-months", message, help="write `L` for the last day of every month", severity="info")
    return schedule


def _check_input(path: tuple[str, ...], written: Any, report: Report) -> None:
    text = jsontext.dumps(written)
    if len(text) > MAX_EVENT:
        report(path, "event-too-large", f"the input has {len(text)} bytes; Lambda takes {MAX_EVENT} of an asynchronous event")
    for name in dict.fromkeys(_CONTEXT.findall(text.decode("utf-8", "surrogatepass"))):
        if name not in CONTEXT:
            known = ", ".join(f"`<aws.scheduler.{each}>`" for each in CONTEXT)
            report(
                path, "unknown-attribute", f"`<aws.scheduler.{name}>` is not known here", help=f"there are {known}", on="key"
            )


def check_at(settings: Mapping[str, Any], now: float, report: Report) -> None:
    """Warns of what will not be due any more, and tells what is left out when clocks are put forward, within a year."""
    known = find_zone(settings["timezone"])
    zone = known or UTC
    for name, each in settings["schedules"].items():
        try:
            schedule = parse_schedule(each["expression"])
        except ScheduleError:
            continue
        if schedule.next_after(now, zone) is None and not never_fires(schedule, zone):
            message = f"`{schedule.text}` lies in the past: it will not be due any more"
            report(("schedules", name, "expression"), "in-the-past", message, help="remove it", severity="warning")
        skipped = skipped_day(schedule, known, now, now + _YEAR) if known is not None else None
        if skipped is not None:
            place = f"no {skipped:%H:%M} in {known} on that day"
            message = f"`{schedule.text}` is left out on {skipped:%Y-%m-%d}: there is {place}"
            help_text = "choose an hour that every day has, or `timezone: UTC`"
            report(("schedules", name, "expression"), "skipped-hour", message, help=help_text, severity="info")


TYPE = TriggerType(
    name="schedule",
    invocations=frozenset({"async"}),
    build=build,
    claims=lambda settings: (),
    handle=handle,
    check=check,
    handle_batch=handle_batch,
    timetable=timetable,
    check_at=check_at,
    routes=routes,
    judge=judge,
    matches=matches,
)
