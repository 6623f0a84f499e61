"""A service's own document comes the way by which a trigger gets it: what a function got once, it gets again."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.envelopes import Addressed, HttpEnvelope, QueueEnvelope, TaskEnvelope, TickEnvelope
from router.samples import KINDS, Context, SampleError, from_event, make
from router.settings import Config

Configured = Callable[..., Config]
Taking = Callable[[str], Config]
Play = Callable[..., Any]

FUNCTIONS = "functions: {f: {arn: 'arn:aws:lambda:eu-west-1:111122223333:function:f'}}\n"
POLLED = {
    "step_functions/task": "worker",
    "sns/sqs": "inbox",
    "sns/sqs-raw": "inbox",
    "eventbridge/sqs": "inbox",
    **{kind.name: "ordered" if kind.variant == "fifo" else "jobs" for kind in KINDS.values() if kind.type == "sqs"},
}
NO_EVENT = {
    "api_gateway/cors-preflight",
    "lambda_api/dry-run",
    "s3/test-event",
    "sns/subscription-confirmation",
    "sns/unsubscribe",
}
ANEW = {
    "sns/raw",  # its event holds empty texts instead of a signature, so that it comes back in an envelope
    "sns/sqs-raw",
    "lambda_api/event",  # where both may be asked for it is waited for
    *(f"s3/seaweedfs-{variant}" for variant in ("put", "update", "delete", "rename")),  # a filer has no records
}


def wrapped(config: Config, name: str, document: Any, context: Context) -> Addressed:
    trigger = next(each for each in config.triggers if each.name == name)
    return from_event(trigger, config.raw["triggers"][name], document, context)


def without_id(payload: bytes) -> Any:
    """PutEvents gives every event an id of its own."""
    event = json.loads(payload)
    return {name: value for name, value in event.items() if name != "id"} if "detail-type" in event else event


@pytest.mark.parametrize("name", [name for name in KINDS if name not in NO_EVENT | ANEW])
def test_the_event_of_every_sample_brings_the_same_event_again(name: str, taking: Taking, context: Context, play: Play) -> None:
    config = taking(name)
    first = play(config, Addressed(make(name, {}, context).envelope, POLLED.get(name)))
    (payload,) = first.payloads

    made = wrapped(config, first.trigger.name, json.loads(payload), context)
    again = play(config, made)

    assert again.trigger.name == first.trigger.name == made.trigger
    assert [without_id(each) for each in again.payloads] == [without_id(payload)]


# --- by trigger type -------------------------------------------------------------------------------------------------


def request_for(configured: Configured, context: Context, settings: str, document: Any) -> HttpEnvelope:
    envelope = wrapped(configured(f"{FUNCTIONS}triggers: {{t: {settings}}}"), "t", document, context).envelope
    assert isinstance(envelope, HttpEnvelope)
    return envelope


HTTP = (
    "{type: api_gateway, api: http, invocation: sync, auth: none, routes: {$default: f},"
    " hosts: [shop.example.com], base_path: /v1}"
)
REST = "{type: api_gateway, api: rest, invocation: sync, auth: none, stage: prod, routes: {'ANY /{proxy+}': f}}"
EVENT_2 = {
    "version": "2.0",
    "rawPath": "/a b/ü",
    "rawQueryString": "x=1",
    "cookies": ["a=1", "b=2"],
    "headers": {
        "accept": "*/*",
        "host": "abc.execute-api.eu-west-1.amazonaws.com",
        "x-forwarded-for": "10.0.0.1, 198.51.100.1",
        "x-forwarded-proto": "https",
        "x-forwarded-port": "443",
        "content-length": "2",
    },
    "requestContext": {"http": {"method": "PUT", "sourceIp": "198.51.100.1"}},
    "body": "AP8=",
    "isBase64Encoded": True,
}


def test_an_event_from_somewhere_else_comes_to_the_host_and_base_path_of_the_api(
    configured: Configured, context: Context
) -> None:
    assert request_for(configured, context, HTTP, EVENT_2) == HttpEnvelope(
        "PUT",
        "/v1/a%20b/%C3%BC?x=1",
        (("Host", "shop.example.com"), ("accept", "*/*"), ("cookie", "a=1; b=2"), ("X-Forwarded-For", "10.0.0.1")),
        b"\x00\xff",
        client_ip="198.51.100.1",
        listener="main",
    )


def test_an_event_1_0_holds_repeated_headers_and_gets_its_stage(configured: Configured, context: Context) -> None:
    event = {
        "httpMethod": "GET",
        "path": "/a%20b",
        "multiValueHeaders": {"Host": ["h"], "X-A": ["1", "2"]},
        "headers": {"Host": "h", "X-A": "2"},
        "multiValueQueryStringParameters": {"q": ["a b", "ü"]},
        "requestContext": {"identity": {"sourceIp": "198.51.100.1"}},
        "body": None,
    }
    sent = request_for(configured, context, REST, event)
    assert (sent.target, sent.headers) == ("/prod/a%20b?q=a+b&q=%C3%BC", (("Host", "h"), ("X-A", "1"), ("X-A", "2")))


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"a": 1}, "this is no event of an HTTP front door: known are payload 1.0 (`httpMethod`), payload 2.0 (`rawPath`),"
         " the event of a load balancer (`requestContext.elb`) and of an edge (`Records[0].cf`)"),
        ({"rawPath": "/"}, "the event of a front door lacks something: KeyError 'requestContext'"),
        ({**EVENT_2, "body": "?"}, "the event says that its body is base64, and it is not"),
    ],
)  # fmt: skip
def test_what_is_no_event_of_a_front_door_is_refused(
    document: Any, text: str, configured: Configured, context: Context
) -> None:
    with pytest.raises(SampleError) as raised:
        request_for(configured, context, HTTP, document)
    assert str(raised.value) == text


S3 = (
    "{type: s3, invocation: async, auth: none, source: {http: /h, sender: %s},"
    " notifications: {all: {events: ['s3:ObjectCreated:Put'], function: f}}}"
)
RECORD = {
    "eventSource": "aws:s3",
    "eventName": "ObjectCreated:Put",
    "s3": {"bucket": {"name": "b"}, "object": {"key": "a+b%2Fc"}},
}


def test_ceph_writes_keys_as_they_are(configured: Configured, context: Context) -> None:
    def key(sender: str) -> str:
        sent = request_for(configured, context, S3 % sender, {"Records": [RECORD]})
        return str(json.loads(sent.body)["Records"][0]["s3"]["object"]["key"])

    assert {sender: key(sender) for sender in ("aws", "minio", "ceph")} == {
        "aws": "a+b%2Fc",
        "minio": "a+b%2Fc",
        "ceph": "a b/c",
    }


def test_a_filer_says_nothing_in_records(configured: Configured, context: Context) -> None:
    with pytest.raises(SampleError, match="its sender seaweedfs: that is"):
        request_for(configured, context, S3 % "seaweedfs", {"Records": [RECORD]})


SNS = (
    "{type: sns, invocation: async, auth: none, source: {http: /h},"
    " topics: ['arn:aws:sns:eu-west-1:111122223333:alerts'], subscriptions: {all: f}}"
)


def test_anything_can_be_published(configured: Configured, context: Context) -> None:
    sent = json.loads(request_for(configured, context, SNS, {"a": 1}).body)
    assert (sent["Type"], sent["TopicArn"], sent["Message"]) == (
        "Notification",
        "arn:aws:sns:eu-west-1:111122223333:alerts",
        '{"a":1}',
    )
    with pytest.raises(SampleError, match="SNS puts one record into an event"):
        request_for(configured, context, SNS, {"Records": [{"Sns": {}}, {"Sns": {}}]})


BUS = (
    "{type: eventbridge, invocation: async, auth: none, bus: orders,"
    " rules: {all: {pattern: {source: [{prefix: ''}]}, function: f}}}"
)


def test_events_become_entries_for_the_bus_of_the_trigger(configured: Configured, context: Context) -> None:
    event = {"source": "shop", "detail-type": "Paid", "detail": {"a": 1}, "time": "2026-03-01T02:00:00Z", "resources": ["r"]}
    entry = {
        "Time": 1772330400.0,
        "Source": "shop",
        "DetailType": "Paid",
        "Detail": '{"a":1}',
        "EventBusName": "orders",
        "Resources": ["r"],
    }
    assert json.loads(request_for(configured, context, BUS, event).body) == {"Entries": [entry]}
    assert json.loads(request_for(configured, context, BUS, [event, event]).body) == {"Entries": [entry, entry]}
    assert json.loads(request_for(configured, context, BUS, {"Entries": [1]}).body) == {"Entries": [1]}
    with pytest.raises(SampleError, match="the trigger t takes events with `source`, `detail-type` and `detail`"):
        request_for(configured, context, BUS, {"a": 1})


def test_any_document_is_a_message_a_task_or_a_payload(taking: Taking, context: Context) -> None:
    queued = wrapped(taking("sqs/standard"), "jobs", {"a": 1}, context).envelope
    assert isinstance(queued, QueueEnvelope)
    assert [message.body for message in queued.messages] == ['{"a":1}']
    assert wrapped(taking("step_functions/task"), "worker", [1], context).envelope == TaskEnvelope("[1]")
    invoked = wrapped(taking("lambda_api/sync"), "api", "text", context).envelope
    assert isinstance(invoked, HttpEnvelope)
    assert (invoked.target, invoked.body) == ("/2015-03-31/functions/orders/invocations", b'"text"')


def test_a_scheduled_event_names_its_schedule(configured: Configured, context: Context) -> None:
    schedules = "{a: {expression: rate(1 hour), function: f}, b: {expression: rate(2 hours), function: f}}"
    config = configured(f"{FUNCTIONS}triggers: {{t: {{type: schedule, invocation: async, schedules: {schedules}}}}}")
    event = {"time": "2026-03-01T02:00:00Z", "resources": ["arn:aws:events:eu-west-1:111122223333:rule/t.b"]}

    assert wrapped(config, "t", event, context).envelope == TickEnvelope("b", 1772330400.0)
    with pytest.raises(SampleError, match="the event names no schedule of t in `resources`; known are `a`, `b`"):
        wrapped(config, "t", event | {"resources": []}, context)
    with pytest.raises(SampleError, match="this is no scheduled event: it has no `time`"):
        wrapped(config, "t", {}, context)
