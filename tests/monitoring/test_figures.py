"""Figures as CloudWatch gets them: gathered by minute, as EMF and as requests of PutMetricData."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest

from router.arn import FunctionArn
from router.batches import EventCount
from router.deliveries import Condition, Fate
from router.fakes import FakeClock, succeeded
from router.model import Function, Invocation
from router.monitoring import datums, emf
from router.monitoring.cloudwatch_figures import CloudWatchFigures
from router.monitoring.figures import MOST_SERIES, UNITS, Figures, Series, rolled_up
from router.outcome import Outcome, function_error, refused, throttled, timed_out, transport

MINUTE = 1_767_225_600
ORDERS = Function("orders", FunctionArn("eu-west-1", "111122223333", "shop-orders"), 3.0)


def sums(figures: Figures) -> dict[Series, dict[str, int]]:
    return {series: dict(measured.sums) for series, measured in figures.take()}


def test_minutes_are_handed_over_when_they_are_over() -> None:
    figures = Figures()
    figures.count("Errors", MINUTE + 59.9, "t", "f")
    figures.count("Errors", MINUTE + 60, "t", "f", 2)
    assert figures.take(MINUTE + 59) == []
    [(series, measured)] = figures.take(MINUTE + 60)
    assert (series, measured.sums) == (Series(MINUTE, "t", "f"), Counter({"Errors": 1}))
    assert sums(figures) == {Series(MINUTE + 60, "t", "f"): {"Errors": 2}}
    assert figures.take() == []


def test_what_finds_no_room_is_counted() -> None:
    figures = Figures()
    for number in range(MOST_SERIES + 3):
        figures.count("Errors", MINUTE, f"t{number}")
        figures.observe("Duration", 1.0, MINUTE, f"t{number}")
    assert (len(figures.take()), figures.dropped) == (MOST_SERIES, 6)


def test_measurements_keep_three_digits() -> None:
    figures = Figures()
    for value in (12.3456, 12.349, 0.0012349, 98765.4, 0):
        figures.observe("Duration", value, MINUTE, "t", "f")
    [(_, measured)] = figures.take()
    assert measured.values["Duration"] == Counter({12.3: 2, 0.00123: 1, 98800.0: 1, 0.0: 1})


def test_every_combination_of_dimensions_adds_up() -> None:
    figures = Figures()
    for trigger in ("a", "b"):
        figures.count("Invocations", MINUTE, trigger, "f", 2)
        figures.observe("Duration", 5, MINUTE, trigger, "f")
    figures.count("PolledEventCount", MINUTE, "a", number=7)
    figures.observe("ConcurrentExecutions", 3, MINUTE, function="f")
    name, queue = ("FunctionName", "f"), ("TriggerName", "a")
    found = {
        key: (dict(one.sums), {k: dict(v) for k, v in one.values.items()}) for key, one in rolled_up(figures.take()).items()
    }
    assert found == {
        (MINUTE, (name, queue)): ({"Invocations": 2}, {"Duration": {5.0: 1}}),
        (MINUTE, (name, ("TriggerName", "b"))): ({"Invocations": 2}, {"Duration": {5.0: 1}}),
        (MINUTE, (name,)): ({"Invocations": 4}, {"Duration": {5.0: 2}, "ConcurrentExecutions": {3.0: 1}}),
        (MINUTE, ()): ({"Invocations": 4}, {"Duration": {5.0: 2}}),
        (MINUTE, (queue,)): ({"PolledEventCount": 7}, {}),
    }


def test_emf_documents() -> None:
    figures = Figures()
    figures.count("Errors", MINUTE + 1, "shop", "orders")
    for value in (14, 12.5, 14):
        figures.observe("Duration", value, MINUTE + 2, "shop", "orders")
    figures.count("Heartbeat", MINUTE + 1)
    heartbeat, orders = [json.loads(line) for line in emf.lines(figures.take(), "LambdaRouter")]
    assert heartbeat == {
        "_aws": {
            "Timestamp": MINUTE * 1000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "LambdaRouter",
                    "Dimensions": [[]],
                    "Metrics": [{"Name": "Heartbeat", "Unit": "Count", "StorageResolution": 60}],
                }
            ],
        },
        "Heartbeat": 1,
    }
    assert orders == {
        "_aws": {
            "Timestamp": MINUTE * 1000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "LambdaRouter",
                    "Dimensions": [["FunctionName", "TriggerName"], ["FunctionName"], []],
                    "Metrics": [
                        {"Name": "Errors", "Unit": "Count", "StorageResolution": 60},
                        {"Name": "Duration", "Unit": "Milliseconds", "StorageResolution": 60},
                    ],
                }
            ],
        },
        "FunctionName": "orders",
        "TriggerName": "shop",
        "Errors": 1,
        "Duration": [14.0, 14.0, 12.5],
    }


def test_emf_never_has_more_than_a_hundred_values() -> None:
    figures = Figures()
    figures.count("Invocations", MINUTE, "t", "f", 250)
    for number in range(250):
        figures.observe("Duration", number, MINUTE, "t", "f")
    lines = [*emf.lines(figures.take(), "X")]
    documents = [json.loads(line) for line in lines]
    assert [line.count(b"\n") for line in lines] == [1, 1, 1]
    assert [len(document["Duration"]) for document in documents] == [100, 100, 50]
    assert [document.get("Invocations") for document in documents] == [250, None, None]
    assert [value for document in documents for value in document["Duration"]] == [float(number) for number in range(250)]


def test_requests_of_put_metric_data() -> None:
    figures = Figures()
    figures.count("PolledEventCount", MINUTE, "jobs", number=3)
    for number in range(151):
        figures.observe("AsyncEventAge", number, MINUTE, "jobs")
    [request] = datums.requests(figures.take(), "LambdaRouter")
    common = {
        "Dimensions": [{"Name": "TriggerName", "Value": "jobs"}],
        "Timestamp": datetime.fromtimestamp(MINUTE, UTC),
        "StorageResolution": 60,
    }
    age = {"MetricName": "AsyncEventAge", "Unit": "Milliseconds", **common}
    assert request == {
        "Namespace": "LambdaRouter",
        "MetricData": [
            {"MetricName": "PolledEventCount", "Unit": "Count", "Value": 3.0, **common},
            {**age, "Values": [float(number) for number in range(150)], "Counts": [1.0] * 150},
            {**age, "Values": [150.0], "Counts": [1.0]},
        ],
    }


def test_requests_stay_within_their_limits() -> None:
    figures = Figures()
    for number in range(1001):
        figures.count("PolledEventCount", MINUTE, f"t{number}")
    assert [len(one["MetricData"]) for one in datums.requests(figures.take(), "X")] == [1000, 1]
    for number in range(300):
        for value in range(150):
            figures.observe("AsyncEventAge", value, MINUTE, f"t{number}")
    sizes = [len(one["MetricData"]) for one in datums.requests(figures.take(), "X")]
    assert (sum(sizes), max(sizes) * (150 * 40 + 400) <= 900_000, len(sizes)) == (300, True, 3)


def invocation(kind: str = "RequestResponse") -> Invocation:
    return Invocation(ORDERS, None, b"{}", "id", "Root=1", kind, trigger="shop")


RAN = {"Throttles": 0, "SystemErrors": 0, "Invocations": 1}


@pytest.mark.parametrize(
    ("outcome", "counted"),
    [
        (succeeded(b"1"), {**RAN, "Errors": 0}),
        (function_error(b"{}", "r"), {**RAN, "Errors": 1}),
        (timed_out(3), {**RAN, "Errors": 1}),
        (throttled("CallerRateLimitExceeded"), {"Throttles": 1, "SystemErrors": 0}),
        (refused(404, "ResourceNotFoundException", "no"), {"Throttles": 0, "SystemErrors": 1}),
        (refused(500, "ServiceException", "no"), {"Throttles": 0, "SystemErrors": 1}),
        (transport("gone", sent=True), {"Throttles": 0, "SystemErrors": 1}),
    ],
)
def test_what_an_outcome_counts_as(outcome: Outcome, counted: dict[str, int]) -> None:
    figures, clock = Figures(), FakeClock(MINUTE)
    watcher = CloudWatchFigures(figures, clock)
    watcher.invocation_started(invocation())
    watcher.invocation_ended(invocation(), outcome, 0.0125)
    taken = dict(figures.take())
    measured = taken[Series(MINUTE, "shop", "orders")]
    assert dict(measured.sums) == counted
    assert dict(measured.values) == ({"Duration": {12.5: 1}} if "Invocations" in counted else {})
    assert taken[Series(MINUTE, "", "orders")].values == {"ConcurrentExecutions": {1.0: 1}}


def test_what_runs_at_the_same_time() -> None:
    figures = Figures()
    watcher = CloudWatchFigures(figures, FakeClock(MINUTE))
    watcher.invocation_started(invocation())
    watcher.invocation_started(invocation())
    watcher.invocation_ended(invocation(), None, 1.0)
    watcher.invocation_started(invocation())
    assert [(s, dict(one.values)) for s, one in figures.take()] == [
        (Series(MINUTE, "", "orders"), {"ConcurrentExecutions": {1.0: 1, 2.0: 2}})
    ]


def test_hand_overs_are_no_invocations() -> None:
    figures = Figures()
    watcher = CloudWatchFigures(figures, FakeClock(MINUTE))
    for kind in ("Event", "DryRun"):
        watcher.invocation_started(invocation(kind))
        watcher.invocation_ended(invocation(kind), succeeded(b""), 0.01)
    counted = {"Throttles": 0, "SystemErrors": 0, "InvocationAttempts": 1, "SuccessfulInvocationAttempts": 1}
    assert sums(figures) == {Series(MINUTE, "shop", "orders"): counted}


def test_deliveries_and_queues() -> None:
    figures = Figures()
    watcher = CloudWatchFigures(figures, FakeClock(MINUTE))
    watcher.event_accepted("t", "f")
    watcher.attempt_started("t", "f", 61.5)
    watcher.event_dropped("t", "f", Condition.RETRIES_EXHAUSTED)
    watcher.event_dropped("t", "f", Condition.LOOP)
    watcher.send_failed("t", "f", "dead_letter")
    watcher.send_failed("t", "f", "on_failure")
    watcher.event_settled("t", "f", Fate.DONE)
    watcher.events_counted("q", EventCount.POLLED, 10)
    queue, function = figures.take()
    assert (queue[0], dict(queue[1].sums)) == (Series(MINUTE, "q"), {"PolledEventCount": 10})
    assert (dict(function[1].sums), dict(function[1].values)) == (
        {
            "AsyncEventsReceived": 1,
            "AsyncEventsDropped": 2,
            "RecursiveInvocationsDropped": 1,
            "DeadLetterErrors": 1,
            "DestinationDeliveryFailures": 1,
        },
        {"AsyncEventAge": {61500.0: 1}},
    )


def test_every_name_has_its_unit() -> None:
    named: Any = {count.value for count in EventCount}
    assert named <= set(UNITS)
    assert set(UNITS.values()) == {"Count", "Milliseconds"}
