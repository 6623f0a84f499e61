"""Asynchronous invocation in virtual time: attempts, their times, conditions, letters, groups and permits."""

import json
from typing import Any

from router.deliveries import Condition
from router.outcome import OutcomeKind
from router.simulation import MockAnswer

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:"
BOOM = MockAnswer(outcome=OutcomeKind.FUNCTION_ERROR, error_type="Boom", error_message="no")
THROTTLED = MockAnswer(outcome=OutcomeKind.THROTTLED)


def bus(function: str, *rules: str) -> str:
    """An event bus with rules `a`, `b`, … for the function `f`, whose settings are given; and a function `g`."""
    names = rules or ("a",)
    targets = "\n".join(f"      {name}: {{pattern: {{source: [shop]}}, function: f}}" for name in names)
    return f"""
functions:
  f: {{arn: "{ARN}f", {function}}}
  g: {{arn: "{ARN}g", async: {{delivery: managed}}}}
triggers:
  bus:
    type: eventbridge
    invocation: async
    bus: default
    auth: none
    rules:
{targets}
"""


def put(make_http: Any, **entry: Any) -> Any:
    entries = [{"Source": "shop", "DetailType": "Paid", "Detail": '{"total":1}', **entry}]
    return make_http(
        "POST", "/", {"Entries": entries}, X_Amz_Target="AWSEvents.PutEvents", Content_Type="application/x-amz-json-1.1"
    )


MANAGED = "async: {delivery: managed, on_failure: sqs:failed, dead_letter: sqs:dlq, on_success: function:g}"


async def test_a_crash_is_retried_twice_then_told_and_dead_lettered(play: Any, make_http: Any) -> None:
    trace = await play(bus(MANAGED), put(make_http), mocks={"f": [BOOM]})
    (delivery,) = trace.deliveries
    assert (trace.trigger.name, trace.reply.status) == ("bus", 200)
    assert [(call.function, call.invocation, call.route, call.at, call.outcome) for call in trace.calls] == [
        ("f", "async", "a", 0.0, "function_error"),
        ("f", "async", "a", 60.0, "function_error"),
        ("f", "async", "a", 180.0, "function_error"),
    ]
    assert (delivery.attempts, delivery.condition) == ([0.0, 60.0, 180.0], Condition.RETRIES_EXHAUSTED)
    assert [(letter.destination, letter.address.rpartition(":")[2], letter.at) for letter in delivery.letters] == [
        ("on_failure", "failed", 180.0),
        ("dead_letter", "dlq", 180.0),
    ]
    record = json.loads(delivery.letters[0].body)
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["responsePayload"] == {"errorMessage": "no", "errorType": "Boom"}
    assert delivery.letters[1].body == delivery.payload


async def test_a_success_calls_the_function_that_is_its_destination(play: Any, make_http: Any) -> None:
    trace = await play(bus(MANAGED), put(make_http), mocks={"f": [BOOM, MockAnswer({"done": True})]})
    first, second = trace.deliveries
    assert (first.function, first.attempts, first.condition) == ("f", [0.0, 60.0], "Success")
    assert (second.function, second.route, second.parent, second.at) == ("g", "on_success", first.id, 60.0)
    assert (second.attempts, second.condition, second.letters) == ([0.0], "Success", [])
    assert json.loads(second.payload)["responsePayload"] == {"done": True}
    assert [(letter.destination, letter.address) for letter in first.letters] == [("on_success", f"{ARN}g")]
    assert first.letters[0].body == second.payload


async def test_throttles_use_up_no_retry_and_end_with_the_age(play: Any, make_http: Any) -> None:
    trace = await play(bus("async: {delivery: managed, max_event_age: 10m}"), put(make_http), mocks={"f": [THROTTLED]})
    (delivery,) = trace.deliveries
    assert delivery.attempts == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0, 63.0, 127.0, 255.0, 511.0]
    assert delivery.condition == "EventAgeExceeded"


async def test_a_horizon_cuts_what_comes_after_it(play: Any, make_http: Any) -> None:
    trace = await play(bus(MANAGED), put(make_http), mocks={"f": [BOOM]}, horizon=60.0)
    (delivery,) = trace.deliveries
    assert (delivery.attempts, delivery.condition, trace.ended) == ([0.0, 60.0], None, 60.0)


async def test_what_is_delegated_is_lambdas_to_retry(play: Any, make_http: Any) -> None:
    trace = await play(bus("timeout: 3s"), put(make_http), mocks={"f": [BOOM]})
    (delivery,) = trace.deliveries
    assert (delivery.delegated, delivery.attempts, delivery.condition) == (True, [0.0], "Success")
    assert trace.calls[0].type == "Event"


async def test_time_that_a_function_takes_counts(play: Any, make_http: Any) -> None:
    slow = MockAnswer(outcome=OutcomeKind.FUNCTION_ERROR, after=2.5)
    trace = await play(bus(MANAGED), put(make_http), mocks={"f": [slow]})
    assert trace.deliveries[0].attempts == [0.0, 62.5, 185.0]
    assert trace.ended == 187.5


async def test_a_function_that_takes_longer_than_its_timeout_fails(play: Any, make_http: Any) -> None:
    trace = await play(
        bus("timeout: 3s, async: {delivery: managed, max_retries: 0, on_failure: sqs:failed}"),
        put(make_http),
        mocks={"f": [MockAnswer("late", after=5.0)]},
    )
    body = json.loads(trace.deliveries[0].letters[0].body)
    assert body["responsePayload"]["errorType"] == "Sandbox.Timedout"
    assert body["responsePayload"]["errorMessage"].endswith("Task timed out after 3.00 seconds")
    assert trace.ended == 3.0


async def test_deliveries_run_side_by_side(play: Any, make_http: Any) -> None:
    trace = await play(bus("async: {delivery: managed}", "a", "b"), put(make_http), mocks={"f": [MockAnswer(after=5.0)]})
    assert [(delivery.route, delivery.attempts) for delivery in trace.deliveries] == [("a", [0.0]), ("b", [0.0])]
    assert trace.ended == 5.0


async def test_a_permit_is_waited_for(play: Any, make_http: Any) -> None:
    settings = bus("max_concurrency: 1, async: {delivery: managed}", "a", "b", "c")
    trace = await play(settings, put(make_http), mocks={"f": [MockAnswer(after=5.0)]})
    assert [(delivery.route, delivery.attempts) for delivery in trace.deliveries] == [("a", [0.0]), ("b", [5.0]), ("c", [10.0])]


async def test_reserved_concurrency_zero(play: Any, make_http: Any) -> None:
    trace = await play(bus("max_concurrency: 0, async: {delivery: managed}"), put(make_http))
    assert (trace.deliveries[0].attempts, trace.deliveries[0].condition) == ([], "ZeroReservedConcurrency")


async def test_functions_that_feed_themselves_stop(play: Any, make_http: Any) -> None:
    trace = await play(bus("async: {delivery: managed, on_success: function:f}"), put(make_http))
    assert len(trace.calls) == 16
    assert trace.deliveries[-1].condition == "RecursiveLoopDetected"


async def test_every_delivery_counts_its_own_attempts(play: Any, make_http: Any) -> None:
    mocks = {"f": [BOOM, MockAnswer()]}
    trace = await play(bus("async: {delivery: managed}", "a", "b"), put(make_http), mocks=mocks)
    assert [delivery.attempts for delivery in trace.deliveries] == [[0.0, 60.0], [0.0, 60.0]]


async def test_no_rule_wants_the_event(play: Any, make_http: Any) -> None:
    trace = await play(bus(MANAGED), put(make_http, Source="other"))
    assert (trace.calls, trace.deliveries, trace.reply.status) == ([], [], 200)
    assert [remark.name for remark in trace.remarks] == ["filtered"]


async def test_the_same_comes_out_twice(play: Any, make_http: Any) -> None:
    one, other = [await play(bus(MANAGED), put(make_http), mocks={"f": [BOOM]}) for _ in range(2)]
    assert (one.calls, one.deliveries) == (other.calls, other.deliveries)
