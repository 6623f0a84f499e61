"""Schedules: what is planned, what a function gets when it is due, and what the validator says (async.md §D.1, §D.9)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aws_lambda_powertools.utilities.parser.models import EventBridgeModel

from router.arn import FunctionArn
from router.batches import Batch, Completed, Message, Missed, Settlement
from router.config import Problem, load
from router.deliveries import Acceptance
from router.errors import Unmatched
from router.fakes import FakeFiles, request
from router.model import Accept, Function, Target
from router.triggers import TYPES

TYPE = TYPES["schedule"]
EVENTS = Path(__file__).parent.parent / "events" / "schedule"
CASES = sorted(path.name.removesuffix(".firing.json") for path in EVENTS.glob("*.firing.json"))
NIGHTLY = "cron(0 2 ? * MON-FRI *)"
FIRST, SECOND = "2026-03-02T01:00:00Z", "2026-03-03T01:00:00Z"

Doors = Callable[..., Any]


def schedules(**entries: Any) -> dict[str, Any]:
    return {"type": "schedule", "invocation": "async", "schedules": entries}


def batch(name: str, *planned: str) -> Batch:
    messages = tuple(Message(time, time, group=name) for time in planned)
    return Batch(messages, "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10", "Root=1-6a514b28-0123456789abcdef01234567", 1_783_711_144.0)


def fire(trigger: Any, name: str, *planned: str) -> tuple[Acceptance, ...]:
    """What is accepted when a schedule is due; the whole conversation is checked."""
    assert TYPE.handle_batch is not None
    conversation = TYPE.handle_batch(batch(name, *planned), trigger.built)
    step = next(conversation)
    assert isinstance(step, Accept)
    with pytest.raises(StopIteration) as stop:
        conversation.send([None] * len(planned))
    assert stop.value.value == Settlement(tuple(Completed(time) for time in planned))
    return step.acceptances


# --- what is planned -------------------------------------------------------------------------------------------------


def test_what_is_planned(door: Doors) -> None:
    report = {"expression": NIGHTLY, "function": "report"}
    beat = {"expression": "rate(5 minutes)", "function": "beat"}
    trigger = door(schedules(report=report, beat=beat) | {"timezone": "Europe/Berlin", "missed": "all"})

    assert TYPE.timetable is not None
    berlin, planned = ZoneInfo("Europe/Berlin"), TYPE.timetable(trigger.built)
    assert [(each.name, each.zone, each.identity, each.missed) for each in planned] == [
        ("report", berlin, f"{NIGHTLY} Europe/Berlin", Missed.ALL),
        ("beat", berlin, "rate(5 minutes) Europe/Berlin", Missed.ALL),
    ]
    monday = 1_772_413_200.0
    assert [each.plan.next_after(monday - 1.0, each.zone) for each in planned] == [monday, monday]


def test_defaults_are_utc_and_one_firing_for_all_that_was_missed(door: Doors) -> None:
    trigger = door(schedules(report={"expression": NIGHTLY, "function": "report"}))
    assert TYPE.timetable is not None
    (planned,) = TYPE.timetable(trigger.built)
    assert (planned.zone, planned.missed) == (ZoneInfo("UTC"), Missed.ONCE)


def test_a_schedule_takes_no_requests(door: Doors) -> None:
    trigger = door(schedules(report={"expression": NIGHTLY, "function": "report"}))
    assert TYPE.claims(trigger.settings) == ()
    with pytest.raises(Unmatched):
        next(TYPE.handle(request("GET", "/"), trigger.built))


# --- what the function gets ------------------------------------------------------------------------------------------


def test_the_event_is_eventbridges_scheduled_event(door: Doors) -> None:
    trigger = door(schedules(report={"expression": NIGHTLY, "function": "report"}), name="nightly")

    (acceptance,) = fire(trigger, "report", FIRST)

    event = json.loads(acceptance.payload)
    assert list(event) == ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"]
    assert event == {
        "version": "0",
        "id": "fd79d014-0034-412d-84a7-5afc55a81c7d",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "111122223333",
        "time": "2026-03-02T01:00:00Z",
        "region": "eu-west-1",
        "resources": ["arn:aws:events:eu-west-1:111122223333:rule/nightly.report"],
        "detail": {},
    }
    function = Function("report", FunctionArn("eu-west-1", "111122223333", "report"), 900.0)
    attributes = {"source": "aws.events", "detail-type": "Scheduled Event", "time": FIRST}
    assert acceptance == Acceptance(Target(function), acceptance.payload, "report", FIRST, attributes=attributes)


@pytest.mark.parametrize("case", CASES)
def test_golden_case(case: str, door: Doors) -> None:
    """`firing.json`: settings, the schedule and its planned times; `accepted.json`: the commit, keys of events in order."""
    given = json.loads((EVENTS / f"{case}.firing.json").read_text(encoding="utf-8"))
    trigger = door(given["settings"], name="nightly")

    accepted = [in_words(each) for each in fire(trigger, given["schedule"], *given["planned"])]

    assert json.dumps([accepted]) == json.dumps(json.loads((EVENTS / f"{case}.accepted.json").read_text(encoding="utf-8")))


def in_words(acceptance: Acceptance) -> dict[str, Any]:
    return {
        "function": acceptance.target.function.name,
        "route": acceptance.route,
        "deduplication_id": acceptance.deduplication_id,
        "event": json.loads(acceptance.payload),
    }


def test_powertools_reads_the_event(door: Doors) -> None:
    trigger = door(schedules(report={"expression": NIGHTLY, "function": "report"}))
    (acceptance,) = fire(trigger, "report", FIRST)
    event = EventBridgeModel.model_validate_json(acceptance.payload)
    assert (event.source, event.detail_type, event.time.isoformat()) == (
        "aws.events",
        "Scheduled Event",
        "2026-03-02T01:00:00+00:00",
    )


def test_several_planned_times_are_accepted_in_one_commit_and_differ(door: Doors) -> None:
    trigger = door(schedules(report={"expression": NIGHTLY, "function": "report"}))

    first, second = fire(trigger, "report", FIRST, SECOND)

    assert [first.deduplication_id, second.deduplication_id] == [FIRST, SECOND]
    assert [json.loads(each.payload)["time"] for each in (first, second)] == [FIRST, SECOND]
    assert json.loads(first.payload)["id"] != json.loads(second.payload)["id"]
    assert fire(trigger, "report", FIRST) == (first,)


def test_an_input_replaces_the_event(door: Doors) -> None:
    written = {"kind": "daily", "ü": [1, 2.5, None, True], "big": 12345678901234567890123}
    entries = {
        "report": {"expression": NIGHTLY, "function": "report:live", "input": written},
        "text": {"expression": NIGHTLY, "function": "report", "input": "now"},
        "zero": {"expression": NIGHTLY, "function": "report", "input": 0, "weights": {"1": 1, "2": 3}},
    }
    trigger = door(schedules(**entries))

    (report,), (text,), (zero,) = (fire(trigger, name, FIRST) for name in entries)

    assert report.payload == '{"kind":"daily","ü":[1,2.5,null,true],"big":12345678901234567890123}'.encode()
    assert report.target.qualifier == "live"
    assert (text.payload, zero.payload, zero.target.weights) == (b'"now"', b"0", (("1", 1), ("2", 3)))


def test_an_input_knows_what_schedulers_input_knows(door: Doors) -> None:
    names = ("scheduled-time", "schedule-arn", "execution-id")
    written = {name: f"<aws.scheduler.{name}>" for name in names} | {"both": "<aws.scheduler.scheduled-time> <other>"}
    trigger = door(schedules(report={"expression": NIGHTLY, "function": "report", "input": written}), name="nightly")

    (acceptance,) = fire(trigger, "report", FIRST)

    assert json.loads(acceptance.payload) == {
        "scheduled-time": FIRST,
        "schedule-arn": "arn:aws:events:eu-west-1:111122223333:rule/nightly.report",
        "execution-id": "fd79d014-0034-412d-84a7-5afc55a81c7d",
        "both": f"{FIRST} <other>",
    }


# --- what the validator says -----------------------------------------------------------------------------------------


def problems(text: str, now: float | None = None) -> list[Problem]:
    """Of a file with one trigger, whose own settings `text` are."""
    lines = "\n".join(f"    {line}" for line in text.strip().splitlines())
    head = "functions:\n  f: arn:aws:lambda:eu-west-1:111122223333:function:f\ntriggers:\n  nightly:\n    type: schedule\n"
    files = FakeFiles({"router.yaml": f"version: 1\n{head}    invocation: async\n{lines}\n"})
    return load(["router.yaml"], files=files, env={}, now=now, types={"schedule": TYPE}).problems


def told(text: str, now: float | None = None) -> list[tuple[str, int, int, str]]:
    return [(found.code, found.line, found.column, found.message) for found in problems(text, now)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("schedules:\n  a: {expression: rate(5 minutes), function: f}", []),
        (
            "schedules:\n  a: {expression: rate(5 minute), function: f}",
            [("bad-expression", 9, 23, "Parameter ScheduleExpression is not valid. It is `1 minute`, and `minutes` for more.")],
        ),
        (
            "schedules:\n  a: {expression: cron(0 0 31 2 ? *), function: f}",
            [("never-fires", 9, 23, "`cron(0 0 31 2 ? *)` is never due: no calendar has such a time")],
        ),
        (
            "timezone: Europe/Berlin\nschedules:\n  a: {expression: 'at(2026-03-29T02:30:00)', function: f}",
            [("never-fires", 10, 23, "`at(2026-03-29T02:30:00)` is never due: no calendar has such a time")],
        ),
        (
            "timezone: Europe/Bielefeld\nschedules:\n  a: {expression: cron(0 2 ? * * *), function: f}",
            [("unknown-time-zone", 8, 15, "there is no time zone `Europe/Bielefeld`")],
        ),
        (
            "timezone: Europe/Berlin\nschedules:\n  a: {expression: rate(5 minutes), function: f}",
            [("without-effect", 8, 5, "`timezone` has no effect: a rate counts from the epoch, in every zone")],
        ),
        (
            "schedules:\n  a: {expression: rate(5 minutes), function: f, input: [<aws.scheduler.attempt-number>]}",
            [("unknown-attribute", 9, 53, "`<aws.scheduler.attempt-number>` is not known here")],
        ),
        (
            "missed: twice\nschedules:\n  a: {expression: rate(5 minutes), function: f}",
            [("unknown-value", 8, 13, "`twice` is not `skip`, `once` or `all`")],
        ),
        (
            "listener: main\nschedules:\n  a: {expression: rate(5 minutes), function: f}",
            [("without-effect", 8, 5, "`listener` has no effect: this trigger takes no requests")],
        ),
    ],
)
def test_findings(text: str, expected: Any) -> None:
    assert told(text) == expected


def test_what_is_wrong_is_told_once_whatever_the_time() -> None:
    text = "schedules:\n  a: {expression: rate(5 minute), function: f}"
    assert told(text, 1_782_885_600.0) == told(text)


def test_an_input_that_lambda_would_not_take_is_refused() -> None:
    text = f"schedules:\n  a:\n    expression: rate(5 minutes)\n    function: f\n    input: {'x' * 1_048_576}"
    assert [(found.code, found.line) for found in problems(text)] == [("event-too-large", 12)]


@pytest.mark.parametrize(
    ("expression", "now", "warned"),
    [
        ("at(2026-07-01T08:00:00)", 1_782_885_599.0, False),
        ("at(2026-07-01T08:00:00)", 1_782_885_600.0, True),
        ("cron(15 10 ? * 6L 2002-2005)", 1_782_885_600.0, True),
        ("cron(15 10 ? * 6L 2002-2005)", None, False),
        ("cron(0 4 ? * * *)", 1_782_885_600.0, False),
    ],
)
def test_what_lies_in_the_past_is_a_warning(expression: str, now: float | None, warned: bool) -> None:
    """2026-07-01T08:00:00 in Berlin is the second 1782885600."""
    found = problems(f"timezone: Europe/Berlin\nschedules:\n  a: {{expression: '{expression}', function: f}}", now)
    expected = [("in-the-past", "warning", f"`{expression}` lies in the past: it will not be due any more")] if warned else []
    assert [(each.code, str(each.severity), each.message) for each in found] == expected
