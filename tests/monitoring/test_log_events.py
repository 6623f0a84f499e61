"""What goes to CloudWatch Logs, in which batches, and what happens where the group is missing."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from router.arn import FunctionArn
from router.errors import SourceError, SourceRefused
from router.fakes import FakeClock, succeeded
from router.model import Function, Invocation
from router.monitoring.cloudwatch import MOST_WAITING_EVENTS, LogShipper
from router.monitoring.log_batches import LONGEST_SPAN, LogEvent, batches, shortened
from router.monitoring.log_events import InvocationLog, WarningsHandler, group_of
from router.outcome import Outcome, function_error, throttled
from router.settings import CloudWatchLogs

NOW = 1_767_225_600.5
ORDERS = Function("orders", FunctionArn("eu-west-1", "111122223333", "shop-orders"), 3.0)
INVOCATION = Invocation(ORDERS, "live", b'{"a": 1}', "id-1", "Root=1", trigger="shop")
FAILED = function_error(b'{"errorMessage": "boom"}', "req-1")


def written(settings: CloudWatchLogs, outcome: Outcome | None, draw: float = 0.0) -> list[tuple[str, dict[str, Any]]]:
    lines: list[tuple[str, dict[str, Any]]] = []
    log = InvocationLog(settings, lambda group, text: lines.append((group, json.loads(text))), FakeClock(NOW), lambda: draw)
    log.invocation_started(INVOCATION)
    log.invocation_ended(INVOCATION, outcome, 0.1234567)
    return lines


LINE = {
    "time": "2026-01-01T00:00:00.500Z",
    "level": "warning",
    "message": "An invocation failed.",
    "trigger": "shop",
    "function": "orders",
    "qualifier": "live",
    "invocation_type": "RequestResponse",
    "outcome": "function_error",
    "request_id": "id-1",
    "lambda_request_id": "req-1",
    "trace_id": "Root=1",
    "status": 200,
    "seconds": 0.123457,
}


def test_a_failure_is_written_without_its_event() -> None:
    assert written(CloudWatchLogs("/x/{trigger}"), FAILED) == [("/x/shop", LINE)]


def test_events_only_where_they_are_asked_for() -> None:
    [(_, line)] = written(CloudWatchLogs("/x", payloads=True), FAILED)
    assert line == {**LINE, "payload": '{"a": 1}', "response": '{"errorMessage": "boom"}'}


@pytest.mark.parametrize(
    ("what", "draw", "successes"), [("failures", 0.0, 0), ("sampled", 0.009, 1), ("sampled", 0.01, 0), ("all", 0.99, 1)]
)
def test_which_invocations_are_meant(what: str, draw: float, successes: int) -> None:
    settings = CloudWatchLogs("/x", what)
    assert [line["level"] for _, line in written(settings, succeeded(b"1"), draw)] == ["info"] * successes
    assert len(written(settings, throttled("CallerRateLimitExceeded"), draw)) == 1
    assert written(settings, None, draw) == []


def test_group_names() -> None:
    assert group_of(CloudWatchLogs("/r/{trigger}/{trigger}"), "a:b c") == "/r/a_b_c/a_b_c"


def test_the_daemons_own_warnings() -> None:
    lines: list[tuple[str, str]] = []
    handler = WarningsHandler(CloudWatchLogs("/x/{trigger}"), lambda *line: lines.append(line))
    log = logging.Logger("router.test")
    log.addHandler(handler)
    log.warning("A send failed.", extra={"trigger": "shop", "destination": "on_failure"})
    log.warning("An invocation failed.", extra={"trigger": "shop", "outcome": "timeout"})
    log.warning("Nobody's.")
    log.info("No warning.", extra={"trigger": "shop"})
    [(group, text)] = lines
    line = json.loads(text)
    assert (group, line.pop("time")[-1]) == ("/x/shop", "Z")
    assert line == {
        "level": "warning",
        "logger": "router.test",
        "message": "A send failed.",
        "trigger": "shop",
        "destination": "on_failure",
    }


def event(timestamp: int, size: int = 1) -> LogEvent:
    return LogEvent(timestamp, "x" * size)


@pytest.mark.parametrize(
    ("events", "sizes"),
    [
        ([], []),
        ([event(0)] * 10_001, [10_000, 1]),
        ([event(0, 249_974)] * 5, [4, 1]),
        ([event(0, 262_118)] * 5, [4, 1]),
        ([event(0), event(LONGEST_SPAN - 1), event(LONGEST_SPAN)], [2, 1]),
    ],
)
def test_batches_within_their_limits(events: list[LogEvent], sizes: list[int]) -> None:
    assert [len(batch) for batch in batches(events)] == sizes


def test_batches_are_in_order_of_time() -> None:
    assert [*batches([event(3), event(1), event(2)])] == [[event(1), event(2), event(3)]]


def test_long_messages_are_cut_between_characters() -> None:
    assert shortened("é" * 10, 20) == "é" * 10
    assert shortened("é" * 11, 20) == "ééééé… (cut)"


class Logs:
    """CloudWatch Logs with nothing in it. `errors` by operation are raised once."""

    def __init__(self, **errors: SourceError) -> None:
        self.errors = errors
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.streams: set[tuple[str, str]] = set()
        self.rejected: dict[str, int] = {}

    async def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        self.calls.append((operation, parameters))
        if operation in self.errors:
            raise self.errors.pop(operation)
        group, stream = parameters["logGroupName"], parameters.get("logStreamName", "")
        if operation == "create_log_stream":
            self.streams.add((group, stream))
        if operation == "put_log_events" and (group, stream) not in self.streams:
            raise SourceError("ResourceNotFoundException", "The specified log group does not exist.")
        return {"rejectedLogEventsInfo": self.rejected} if self.rejected else {}


class Shipping:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, int]] = []

    def sent(self, what: str, number: int) -> None:
        self.counted.append((f"{what} sent", number))

    def dropped(self, what: str, number: int) -> None:
        self.counted.append((f"{what} dropped", number))


def shipper(logs: Logs, retention: int | None = 30) -> tuple[LogShipper, Shipping]:
    shipping = Shipping()
    return LogShipper(logs, "host/1", retention, shipping, FakeClock(NOW)), shipping


PUT = {
    "logGroupName": "/x",
    "logStreamName": "host/1",
    "logEvents": [{"timestamp": 1_767_225_600_500, "message": "a"}, {"timestamp": 1_767_225_600_500, "message": "b"}],
}


async def test_a_missing_group_is_made() -> None:
    logs = Logs()
    sender, shipping = shipper(logs)
    sender.add("/x", "a")
    sender.add("/x", "b")
    await sender.outbox.turn()
    assert logs.calls == [
        ("put_log_events", PUT),
        ("create_log_group", {"logGroupName": "/x"}),
        ("put_retention_policy", {"logGroupName": "/x", "retentionInDays": 30}),
        ("create_log_stream", {"logGroupName": "/x", "logStreamName": "host/1"}),
        ("put_log_events", PUT),
    ]
    assert shipping.counted == [("logs sent", 2)]


@pytest.mark.parametrize(
    "error",
    [SourceError("ResourceAlreadyExistsException", "there"), SourceRefused("AccessDeniedException", "no rights")],
)
async def test_a_group_of_somebody_else_keeps_its_retention(error: SourceError) -> None:
    logs = Logs(create_log_group=error)
    sender, shipping = shipper(logs)
    sender.add("/x", "a")
    await sender.outbox.turn()
    operations = [operation for operation, _ in logs.calls]
    assert operations == ["put_log_events", "create_log_group", "create_log_stream", "put_log_events"]
    assert shipping.counted == [("logs sent", 1)]


async def test_a_group_for_ever() -> None:
    logs = Logs()
    sender, _ = shipper(logs, retention=None)
    sender.add("/x", "a")
    await sender.outbox.turn()
    assert "put_retention_policy" not in [operation for operation, _ in logs.calls]


async def test_what_cloudwatch_skips_is_counted() -> None:
    logs = Logs()
    logs.rejected = {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2, "tooNewLogEventStartIndex": 4}
    sender, shipping = shipper(logs)
    for text in "abcde":
        sender.add("/x", text)
    await sender.outbox.turn()
    assert shipping.counted == [("logs dropped", 3), ("logs sent", 5)]


async def test_too_many_events_push_the_oldest_out() -> None:
    logs = Logs()
    sender, shipping = shipper(logs)
    for number in range(MOST_WAITING_EVENTS + 2):
        sender.add("/x", str(number))
    assert shipping.counted == [("logs dropped", 1)] * 2
    await sender.outbox.turn()
    first = next(parameters for operation, parameters in logs.calls if operation == "put_log_events")
    assert first["logEvents"][0]["message"] == "2"
