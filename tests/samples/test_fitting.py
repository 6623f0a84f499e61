"""A sample for a declared trigger is one that it takes, whatever it declares; every chosen option replaces one fact."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router.envelopes import Addressed, HttpEnvelope, QueueEnvelope, TickEnvelope
from router.samples import Context, SampleError, for_trigger
from router.settings import Config

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "configs" / "examples").glob("*.yaml"))
FUNCTIONS = "functions: {f: {arn: 'arn:aws:lambda:eu-west-1:111122223333:function:f'}}\n"

Configured = Callable[..., Config]
Play = Callable[..., Any]


def sample(config: Config, context: Context, name: str | None = None, **options: Any) -> Addressed:
    """Of the trigger with this name, or of the only one."""
    trigger = next(each for each in config.triggers if name in (None, each.name))
    return for_trigger(trigger, config.raw["triggers"][trigger.name], options, context)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_takes_the_sample_for_each_of_its_triggers(
    path: Path, configured: Configured, context: Context, play: Play
) -> None:
    config = configured(path.read_text(encoding="utf-8").replace("enabled: false", "enabled: true"))
    assert config.triggers
    for trigger in config.triggers:
        made = for_trigger(trigger, config.raw["triggers"][trigger.name], {}, context)
        played = play(config, made)
        assert (played.trigger.name, made.trigger) == (trigger.name, trigger.name)
        assert played.payloads, f"{trigger.name} invokes nothing for {made}"
        assert played.reply is None or played.reply.status < 400


# --- front doors -----------------------------------------------------------------------------------------------------


def request(configured: Configured, context: Context, settings: str, **options: Any) -> HttpEnvelope:
    """Of a trigger `t` with these settings."""
    envelope = sample(configured(f"{FUNCTIONS}triggers: {{t: {settings}}}"), context, **options).envelope
    assert isinstance(envelope, HttpEnvelope)
    return envelope


def line(envelope: HttpEnvelope) -> str:
    """Method, host and target."""
    return f"{envelope.method} {dict(envelope.headers)['Host']}{envelope.target}"


API = (
    "{type: api_gateway, api: %s, invocation: sync, auth: none, %s, routes:"
    " {'GET /orders/{id}': f, 'POST /orders': f, 'ANY /files/{proxy+}': f}}"
)


@pytest.mark.parametrize(
    ("api", "site", "options", "expected"),
    [
        ("http", "hosts: [shop.example.com]", {}, "GET shop.example.com/orders/7?expand=lines&expand=customer&page=2"),
        ("http", "hosts: ['*.example.com'], base_path: /v1", {"query": ""}, "GET www.example.com/v1/orders/7"),
        ("rest", "stage: prod, api_id: abc", {"query": ""}, "GET abc.execute-api.eu-west-1.amazonaws.com/prod/orders/7"),
        ("http", "hosts: [h]", {"route": "ANY /files/{proxy+}", "query": ""}, "GET h/files/a/b"),
        ("http", "hosts: [h]", {"method": "POST"}, "POST h/orders"),
        ("http", "hosts: [h]", {"method": "DELETE"}, "DELETE h/files/a/b"),
        ("http", "hosts: [h], base_path: /v1", {"path": "/orders", "query": ""}, "POST h/v1/orders"),
        ("http", "hosts: [h]", {"path": "/orders/9", "query": "a=b"}, "GET h/orders/9?a=b"),
        ("http", "hosts: [h]", {"path": "/files/x/y", "method": "PUT"}, "PUT h/files/x/y"),
        ("http", "hosts: [h]", {"path": "/nowhere", "query": ""}, "GET h/nowhere"),
        ("http", "hosts: [h]", {"kind": "cors-preflight", "route": "POST /orders"}, "POST h/orders"),
    ],
)
def test_an_api_gets_what_a_route_of_it_takes(
    api: str, site: str, options: dict[str, Any], expected: str, configured: Configured, context: Context
) -> None:
    assert line(request(configured, context, API % (api, site), **options)) == expected


def test_a_path_begins_with_a_slash_whatever_stands_before_it(configured: Configured, context: Context) -> None:
    with pytest.raises(SampleError, match="option `path`: a path that begins with `/`"):
        request(configured, context, API % ("http", "hosts: [h], base_path: /v1"), path="orders")


def test_a_body_makes_a_post_of_json(configured: Configured, context: Context) -> None:
    sent = request(configured, context, API % ("http", "hosts: [h]"), body={"a": 1}, route="POST /orders")
    assert (sent.method, sent.body, sent.headers[-1]) == ("POST", b'{"a":1}', ("Content-Type", "application/json"))


ALB = "{type: alb, invocation: sync, auth: none, %s}"


@pytest.mark.parametrize(
    ("settings", "expected", "headers", "client_ip"),
    [
        ("default: f, hosts: [h]", "GET h/orders/7?expand=lines&expand=customer&page=2", {}, "203.0.113.7"),
        (
            "rules: {no: {path: /x, status: 404}, api: {host: ['*.example.com'], path: [/api/*], methods: [PUT],"
            " query: {debug: [1]}, headers: {x-beta: ['y?s\\*']}, source_ip: [10.0.0.0/8], function: f}}",
            "PUT www.example.com/api/sample?debug=1",
            {"x-beta": "yxs*"},
            "10.0.0.0",
        ),
    ],
)
def test_a_load_balancer_gets_what_its_first_rule_with_a_function_wants(
    settings: str, expected: str, headers: dict[str, str], client_ip: str, configured: Configured, context: Context, play: Play
) -> None:
    sent = request(configured, context, ALB % settings)
    assert line(sent) == expected
    assert headers.items() <= dict(sent.headers).items()
    assert sent.client_ip == client_ip
    config = configured(f"{FUNCTIONS}triggers: {{t: {ALB % settings}}}")
    assert len(play(config, Addressed(sent)).invoked) == 1


def test_an_edge_gets_a_path_of_its_first_behavior_with_a_function(configured: Configured, context: Context) -> None:
    behaviors = "{/assets/*: {origin: 'http://o'}, 'img/?.jpg': {origin: 'http://o', viewer_request: 'f:1'}}"
    settings = f"{{type: lambda_edge, invocation: sync, auth: none, hosts: [w], behaviors: {behaviors}}}"
    assert line(request(configured, context, settings)) == "GET w/img/x.jpg"
    assert line(request(configured, context, settings, behavior="/assets/*")) == "GET w/assets/sample"


# --- sources ---------------------------------------------------------------------------------------------------------

S3 = (
    "{type: s3, invocation: async, %s, notifications:"
    " {jpg: {events: ['s3:ObjectCreated:*'], prefix: images/a+b/, suffix: .jpg, function: f},"
    " gone: {events: ['s3:ObjectRemoved:*'], function: f}}}"
)
POSTED = "auth: none, source: {http: /h, sender: %s}, buckets: [photos, films]"


@pytest.mark.parametrize("sender", ["aws", "minio", "ceph", "seaweedfs"])
def test_a_bucket_tells_what_a_notification_wants(sender: str, configured: Configured, context: Context, play: Play) -> None:
    config = configured(f"{FUNCTIONS}triggers: {{t: {S3 % (POSTED % sender)}}}")
    for options, routes in (
        ({}, ["jpg"]),
        ({"bucket": "films"}, ["jpg"]),
        ({"key": "images/a b/c.jpg"}, ["jpg"]),
        ({"key": "notes.txt"}, []),
        ({"notification": "gone"}, ["gone"]),
        ({"event": "s3:ObjectRemoved:Delete"}, ["gone"]) if sender != "seaweedfs" else ({}, ["jpg"]),
        ({"kind": "delete"}, ["gone"]),
        ({"kind": f"s3/{'' if sender == 'aws' else f'{sender}-'}delete"}, ["gone"]),
        ({"bucket": "other"}, []),
    ):
        assert play(config, sample(config, context, **options)).routes == routes, options


@pytest.mark.parametrize(
    ("options", "carriers"),
    [({}, []), ({"via": "sns,sqs"}, ["TopicArn"]), ({"via": "sns"}, ["TopicArn"]), ({"via": "eventbridge"}, ["detail-type"])],
)
def test_a_queue_of_a_bucket_gets_it_in_whatever_carries_it(
    options: dict[str, Any], carriers: list[str], configured: Configured, context: Context, play: Play
) -> None:
    config = configured(f"{FUNCTIONS}triggers: {{t: {S3 % 'source: {sqs: uploads}'}}}")
    made = sample(config, context, **options)
    assert isinstance(made.envelope, QueueEnvelope)
    assert made.envelope.queue_arn == "arn:aws:sqs:eu-west-1:111122223333:uploads"
    body = json.loads(made.envelope.messages[0].body)
    assert [name for name in ("TopicArn", "detail-type") if name in body] == carriers
    assert play(config, made).routes == ["jpg"]


@pytest.mark.parametrize("source", ["http: /h", "sqs: inbox", "sqs: inbox.fifo"])
def test_a_subscription_gets_what_its_policy_lets_pass(
    source: str, configured: Configured, context: Context, play: Play
) -> None:
    auth = "auth: none, " if "http" in source else ""
    subscriptions = (
        "{high: {function: f, filter_policy: {severity: [high, {prefix: crit}], code: [{numeric: ['>', 4, '<', 5]}]}},"
        " body: {function: f, filter_policy: {order: {total: [{numeric: ['>=', 100]}]}}, filter_policy_scope: MessageBody},"
        " all: f}"
    )
    topics = "['arn:aws:sns:eu-west-1:111122223333:alerts%s']" % (".fifo" if "fifo" in source else "")
    config = configured(
        f"{FUNCTIONS}triggers: {{t: {{type: sns, invocation: async, {auth}source: {{{source}}}, topics: {topics},"
        f" subscriptions: {subscriptions}}}}}"
    )
    for options, routes in (
        ({}, ["high", "all"]),
        ({"subscription": "body"}, ["body", "all"]),
        ({"attributes": {"severity": "low"}}, ["body", "all"]),
        ({"attributes": {"severity": "low"}, "subscription": "high"}, ["all"]),
        ({"message": {"order": {"total": 150}}, "attributes": {}}, ["body", "all"]),
        ({"kind": "s3/put"}, ["all"]),
    ):
        assert play(config, sample(config, context, **options)).routes == routes, options


PATTERNS = (
    "{paid: {function: f, pattern: {source: [shop], detail-type: [OrderPaid],"
    " detail: {total: [{numeric: ['>', 0]}], 'a.b': [x]}}},"
    " big: {function: f, pattern: {source: [{prefix: ware}], resources: [{suffix: /x}],"
    " $or: [{detail: {size: [big]}}, {detail: {weight: [{numeric: ['>', 9]}]}}]}},"
    " gone: {function: f, pattern: {detail: {gone: [{exists: false}]}, source: [{wildcard: 's*p'}]}}}"
)


@pytest.mark.parametrize("source", ["bus: orders", "source: {http: /h}", "source: {sqs: inbox}"])
def test_a_bus_gets_what_a_rule_wants(source: str, configured: Configured, context: Context, play: Play) -> None:
    auth = "" if "sqs" in source else "auth: none, "
    config = configured(
        f"{FUNCTIONS}triggers: {{t: {{type: eventbridge, invocation: async, {auth}{source}, rules: {PATTERNS}}}}}"
    )
    for options, routes in (
        ({}, ["paid", "gone"]),
        ({"rule": "big"}, ["big"]),
        ({"source": "warehouse"}, ["big"]),
        ({"detail": {"size": "big"}, "source": "warehouse"}, ["big"]),
        ({"detail": {"total": 5, "a": {"b": "x"}}}, ["paid", "gone"]),
        ({"detail": {"total": -1, "a": {"b": "x"}}}, ["gone"]),
        ({"source": "nobody", "detail": {"gone": 1}}, []),
    ):
        assert play(config, sample(config, context, **options)).routes == routes, options


def test_aws_services_do_not_put_events(configured: Configured, context: Context) -> None:
    config = configured(f"{FUNCTIONS}triggers: {{t: {{type: eventbridge, invocation: async, auth: none, rules: {PATTERNS}}}}}")
    with pytest.raises(SampleError, match="the trigger t takes PutEvents, and AWS's services do not send those"):
        sample(config, context, kind="ec2-state-change")


@pytest.mark.parametrize(
    ("filters", "options", "invoked"),
    [
        ("", {}, 1),
        (", filters: [{body: {kind: [resize, crop], size: [{numeric: ['<', 10]}]}}]", {}, 1),
        (", filters: [{body: [{prefix: job}]}]", {}, 1),
        (", filters: [{body: {kind: [resize]}}]", {"body": {"kind": "crop"}}, 0),
        ("", {"kind": "s3/put"}, 1),
        ("", {"kind": "s3/put", "via": "sns"}, 1),
        ("", {"kind": "eventbridge/ec2-state-change"}, 1),
        ("", {"kind": "sns/sqs-raw"}, 1),
        ("", {"kind": "attributes"}, 1),
    ],
)
def test_a_queue_gets_what_its_filters_let_pass(
    filters: str, options: dict[str, Any], invoked: int, configured: Configured, context: Context, play: Play
) -> None:
    config = configured(f"{FUNCTIONS}triggers: {{t: {{type: sqs, invocation: async, queue: jobs, function: f{filters}}}}}")
    made = sample(config, context, **options)
    assert isinstance(made.envelope, QueueEnvelope)
    assert len(play(config, made).invoked) == invoked


# --- services --------------------------------------------------------------------------------------------------------


def test_a_user_pool_gets_an_event_of_an_operation_that_has_a_function(
    configured: Configured, context: Context, play: Play
) -> None:
    operations = "{PreTokenGeneration: {function: f, version: V3_0}, CustomEmailSender: f}"
    settings = f"{{type: cognito, invocation: sync, auth: none, path: /c, user_pool: us-east-1_Abc, operations: {operations}}}"
    config = configured(f"{FUNCTIONS}triggers: {{t: {settings}}}")
    for options, source in (
        ({}, "TokenGeneration_HostedAuth"),
        ({"operation": "CustomEmailSender"}, "CustomEmailSender_SignUp"),
        ({"kind": "TokenGeneration_ClientCredentials"}, "TokenGeneration_ClientCredentials"),
        ({"kind": "cognito/CustomEmailSender"}, "CustomEmailSender_SignUp"),
    ):
        (payload,) = play(config, sample(config, context, **options)).payloads
        assert json.loads(payload)["triggerSource"] == source
    with pytest.raises(SampleError, match="the trigger t has no operation `PreSignUp`; known are"):
        sample(config, context, operation="PreSignUp")


def test_an_invoke_api_gets_what_callers_may_ask_for(configured: Configured, context: Context, play: Play) -> None:
    for invocation, type in (("[sync, async]", None), ("async", "Event")):
        settings = f"{{type: lambda_api, invocation: {invocation}, auth: none, functions: all}}"
        sent = request(configured, context, settings)
        assert dict(sent.headers).get("X-Amz-Invocation-Type") == type
        assert sent.target == "/2015-03-31/functions/f/invocations"


def test_a_schedule_is_picked_by_name(configured: Configured, context: Context) -> None:
    schedules = "{a: {expression: rate(1 hour), function: f}, b: {expression: rate(2 hours), function: f}}"
    config = configured(f"{FUNCTIONS}triggers: {{t: {{type: schedule, invocation: async, schedules: {schedules}}}}}")
    assert sample(config, context) == Addressed(TickEnvelope("a"), "t")
    assert sample(config, context, schedule="b", at="2026-03-01T02:00:00Z") == Addressed(TickEnvelope("b", 1772330400.0), "t")
    with pytest.raises(SampleError, match="the trigger t has no schedule `c`; known are `a`, `b`"):
        sample(config, context, schedule="c")
    with pytest.raises(SampleError, match="`kind` is the name of a sample"):
        sample(config, context, kind=1)
