"""Every way in: requests at their listeners, messages of queues, tasks, planned times; and what cannot come in."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from router.batches import Completed, Rejected
from router.envelopes import Addressed, HttpEnvelope
from router.outcome import OutcomeKind
from router.simulation import Forwarded, MockAnswer, MockOrigin, SimulationError

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:"
FUNCTIONS = f'functions: {{f: "{ARN}f", g: "{ARN}g"}}\n'
BOOM = MockAnswer(outcome=OutcomeKind.FUNCTION_ERROR)
THROTTLED = MockAnswer(outcome=OutcomeKind.THROTTLED)
SHOP = (
    FUNCTIONS
    + """
listeners: {public: "127.0.0.1:8080", internal: "127.0.0.1:8081"}
triggers:
  shop: {type: api_gateway, api: http, invocation: sync, listener: public, hosts: [shop.example.com], auth: none,
         routes: {"GET /orders/{id}": f, POST /imports: {function: g, invocation: async}}}
  back: {type: function_url, invocation: sync, listener: internal, function: g, auth: none}
"""
)


async def test_a_request_is_answered_as_the_front_door_does(play: Any, make_http: Any) -> None:
    mocks = {"f": [MockAnswer({"statusCode": 201, "headers": {"x-a": "1"}, "body": "made"}, after=0.5)]}
    trace = await play(SHOP, make_http("GET", "/orders/7?q=1", Host="shop.example.com"), mocks=mocks)
    assert (trace.trigger.name, trace.reply.status, trace.reply.body) == ("shop", 201, b"made")
    (call,) = trace.calls
    assert (call.function, call.invocation, call.at, call.outcome, trace.ended) == ("f", "sync", 0.0, "ok", 0.5)
    event = json.loads(call.payload)
    assert event["routeKey"] == "GET /orders/{id}"
    assert event["requestContext"]["http"]["sourceIp"] == "203.0.113.7"
    assert event["headers"]["x-forwarded-proto"] == "https"
    assert [(miss.trigger, miss.predicate) for miss in trace.misses] == []
    assert [(verdict.route, verdict.matched) for verdict in trace.verdicts] == [
        ("GET /orders/{id}", True),
        ("POST /imports", False),
    ]
    assert call.route == "GET /orders/{id}"


async def test_a_deadline_of_the_front_door_passes_in_virtual_time(play: Any, make_http: Any) -> None:
    request = make_http("GET", "/orders/7", Host="shop.example.com")
    trace = await play(SHOP, request, mocks={"f": [MockAnswer(after=31.0)]})
    assert (trace.reply.status, trace.calls[0].outcome, trace.ended) == (503, "timeout", 30.0)


async def test_a_route_may_accept(play: Any, make_http: Any) -> None:
    trace = await play(SHOP, make_http("POST", "/imports", {"n": 1}, Host="shop.example.com"))
    assert (trace.reply.status, len(trace.deliveries), trace.calls[0].invocation) == (202, 1, "async")


async def test_the_listener_is_found_and_the_misses_say_why_not_the_others(play: Any, make_http: Any) -> None:
    trace = await play(SHOP, make_http("GET", "/orders/7", Host="other.example.com"))
    assert trace.trigger.name == "back"
    assert [(miss.trigger, miss.predicate, miss.got) for miss in trace.misses] == [("shop", "host", "other.example.com")]


async def test_nobody_claims_the_request(play: Any, make_http: Any) -> None:
    trace = await play(SHOP, make_http("GET", "/orders/7", Host="other.example.com", trigger="shop"))
    assert (trace.trigger, trace.reply.status, trace.reply.error.name) == (None, 404, "unmatched")
    assert [miss.trigger for miss in trace.misses] == ["shop"]


async def test_a_body_beyond_the_listeners_own_limit(play: Any, make_http: Any) -> None:
    text = SHOP.replace('public: "127.0.0.1:8080"', 'public: {address: "127.0.0.1:8080", max_body: 4KiB}')
    trace = await play(text, make_http("POST", "/imports", b"x" * 5000, Host="shop.example.com"))
    assert (trace.reply.status, trace.calls) == (413, [])


async def test_a_proxy_is_believed_where_it_is_trusted(play: Any, make_http: Any) -> None:
    text = SHOP.replace('public: "127.0.0.1:8080"', 'public: {address: "0.0.0.0:8080", trusted_proxies: [203.0.113.0/24]}')
    headers = {"Host": "shop.example.com", "X_Forwarded_For": "198.51.100.9", "X_Forwarded_Proto": "http"}
    trace = await play(text, make_http("GET", "/orders/7", **headers))
    event = json.loads(trace.calls[0].payload)
    assert event["requestContext"]["http"]["sourceIp"] == "198.51.100.9"
    assert event["headers"]["x-forwarded-proto"] == "http"


async def test_an_origin_answers_as_it_is_told(play: Any, make_http: Any) -> None:
    text = (
        FUNCTIONS
        + """
triggers:
  edge:
    type: lambda_edge
    invocation: sync
    hosts: [www.example.com]
    distribution_id: EDFDVBD6EXAMPLE
    auth: none
    behaviors:
      "*": {origin: {url: "http://origin.internal:8000"}, viewer_response: "f:2"}
"""
    )
    event_response = {"status": "200", "headers": {"x-edge": [{"key": "X-Edge", "value": "yes"}]}}
    trace = await play(
        text,
        make_http("GET", "/a.jpg", Host="www.example.com"),
        mocks={"f": [MockAnswer(event_response)]},
        origin=MockOrigin(200, (("Content-Type", "image/jpeg"),), b"jpeg"),
    )
    assert (trace.reply.status, trace.reply.body, dict(trace.reply.headers)["X-Edge"]) == (200, b"jpeg", "yes")
    (sent,) = trace.forwards
    assert isinstance(sent, Forwarded)
    assert (sent.origin, sent.method, sent.target, sent.body) == ("http://origin.internal:8000", "GET", "/a.jpg", b"")


SNS = (
    FUNCTIONS
    + """
triggers:
  alerts:
    type: sns
    invocation: async
    source: {http: /hooks/sns}
    auth: none
    topics: ["arn:aws:sns:eu-west-1:111122223333:alerts"]
    subscriptions: {page: f}
"""
)


async def test_a_subscription_is_confirmed(play: Any, make_http: Any) -> None:
    topic = "arn:aws:sns:eu-west-1:111122223333:alerts"
    message = {
        "Type": "SubscriptionConfirmation",
        "MessageId": "7b1a6a5e-0000-4000-8000-000000000001",
        "Token": "t" * 64,
        "TopicArn": topic,
        "Message": "You have chosen to subscribe.",
        "SubscribeURL": f"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={topic}&Token={'t' * 64}",
        "Timestamp": "2026-03-02T01:30:00.000Z",
    }
    headers = {"x_amz_sns_message_type": "SubscriptionConfirmation", "x_amz_sns_topic_arn": topic}
    trace = await play(SNS, make_http("POST", "/hooks/sns", message, **headers))
    assert (trace.reply.status, [remark.name for remark in trace.remarks]) == (200, ["subscription_confirmed"])


# --- queues ----------------------------------------------------------------------------------------------------------

JOBS = (
    FUNCTIONS
    + """
triggers:
  jobs: {type: sqs, invocation: async, queue: "arn:aws:sqs:eu-west-1:111122223333:jobs", function: f,
         filters: [{body: {kind: [resize]}}], report_batch_item_failures: true, batch_size: 2}
  line: {type: sqs, invocation: async, queue: "arn:aws:sqs:eu-west-1:111122223333:line.fifo", function: g, batch_size: 1}
"""
)
RESIZE = '{"kind":"resize"}'


async def test_messages_come_in_batches_and_what_no_filter_wants_is_deleted(play: Any, make_queue: Any) -> None:
    trace = await play(JOBS, make_queue("jobs", RESIZE, '{"kind":"other"}', RESIZE))
    assert trace.settlement.results == (Completed("m-1"), Completed("m-0"), Completed("m-2"))
    assert [call.invocation for call in trace.calls] == ["async", "async"]
    records = [json.loads(call.payload)["Records"] for call in trace.calls]
    assert [[record["messageId"] for record in each] for each in records] == [["m-0"], ["m-2"]]
    assert records[0][0]["eventSourceARN"] == "arn:aws:sqs:eu-west-1:111122223333:jobs"


async def test_failed_items_are_kept(play: Any, make_queue: Any) -> None:
    answer = MockAnswer({"batchItemFailures": [{"itemIdentifier": "m-1"}]})
    trace = await play(JOBS, make_queue("jobs", RESIZE, RESIZE), mocks={"f": [answer]})
    first, second = trace.settlement.results
    assert (first, type(second), second.handle) == (Completed("m-0"), Rejected, "m-1")
    assert trace.settlement.error == "batch_item_failures"


async def test_a_throttled_batch_is_tried_again_until_its_visibility_timeout_ends(play: Any, make_queue: Any) -> None:
    trace = await play(JOBS, make_queue("jobs", RESIZE), mocks={"f": [THROTTLED, THROTTLED, MockAnswer()]})
    assert [call.at for call in trace.calls] == [0.0, 0.5, 1.5]
    assert trace.settlement.results == (Completed("m-0"),)
    trace = await play(JOBS, make_queue("jobs", RESIZE), mocks={"f": [THROTTLED]})
    assert [call.at for call in trace.calls] == [0.0, 0.5, 1.5, 3.5, 7.5, 15.5]
    assert [type(result) for result in trace.settlement.results] == [Rejected]


async def test_a_failure_holds_its_group_back_and_no_other(play: Any, make_queue: Any) -> None:
    messages = make_queue("line", "1", "2", "3", groups=("a", "b", "a"))
    trace = await play(JOBS, messages, mocks={"g": [BOOM, MockAnswer()]})
    bodies = [json.loads(call.payload)["Records"][0]["body"] for call in trace.calls]
    assert bodies == ["1", "2"]
    assert [(type(result), result.handle) for result in trace.settlement.results] == [(Rejected, "m-0"), (Completed, "m-1")]


# --- tasks and planned times -----------------------------------------------------------------------------------------

PLANNED = (
    FUNCTIONS
    + """
triggers:
  worker:
    type: step_functions
    invocation: sync
    activity: arn:aws:states:eu-west-1:111122223333:activity:resize
    function: f
  nightly:
    type: schedule
    invocation: async
    schedules:
      report: {expression: cron(0 2 ? * MON-FRI *), function: f, input: {kind: daily}}
"""
)


async def test_a_task_is_worked_on(play: Any, make_task: Any) -> None:
    trace = await play(PLANNED, make_task("worker", {"n": 1}), mocks={"f": [MockAnswer({"m": 2})]})
    assert [result.output for result in trace.settlement.results] == ['{"m":2}']
    assert (trace.calls[0].invocation, trace.calls[0].payload) == ("sync", b'{"n": 1}')
    trace = await play(PLANNED, make_task("worker", {"n": 1}), mocks={"f": [MockAnswer(None, BOOM.outcome, "Bad", "so")]})
    assert [(result.error, json.loads(result.cause)["errorMessage"]) for result in trace.settlement.results] == [("Bad", "so")]


async def test_a_schedule_fires_at_its_next_time(play: Any, make_tick: Any) -> None:
    trace = await play(PLANNED, make_tick("nightly", "report"))
    (delivery,) = trace.deliveries
    assert (delivery.route, delivery.payload, delivery.at, delivery.attempts) == ("report", b'{"kind":"daily"}', 1800.0, [0.0])


async def test_a_schedule_fires_at_its_times_alone(play: Any, make_tick: Any) -> None:
    monday, sunday = (datetime(2026, 3, day, 2, tzinfo=UTC).timestamp() for day in (2, 8))
    assert len((await play(PLANNED, make_tick("nightly", "report", monday))).deliveries) == 1
    trace = await play(PLANNED, make_tick("nightly", "report", sunday))
    assert trace.deliveries == []
    assert [remark.message for remark in trace.remarks] == [
        "The schedule `report` is not due: it is due next at 2026-03-09T02:00:00Z."
    ]


# --- what cannot come in ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("addressed", "said"),
    [
        (Addressed(HttpEnvelope("GET", "/"), "nobody"), "there is no trigger `nobody`"),
        (Addressed(HttpEnvelope("GET", "/", listener="cellar")), "there is no listener `cellar`"),
    ],
)
async def test_envelopes_for_nobody(play: Any, addressed: Addressed, said: str) -> None:
    with pytest.raises(SimulationError, match=said):
        await play(SHOP, addressed)


async def test_envelopes_of_another_kind(play: Any, make_queue: Any, make_task: Any, make_tick: Any) -> None:
    wrong = [
        (make_queue("worker", "x"), "the trigger `worker` polls no queue"),
        (make_queue(None, "x"), "the envelope does not say which trigger it is for"),
        (make_task("nightly", 1), "the trigger `nightly` is no worker of an activity"),
        (make_tick("nightly", "weekly"), "the trigger `nightly` has no schedule `weekly`"),
        (make_tick("worker", "weekly"), "the trigger `worker` has no schedule `weekly`"),
    ]
    for addressed, said in wrong:
        with pytest.raises(SimulationError, match=said):
            await play(PLANNED, addressed)
