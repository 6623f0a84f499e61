"""Settings that do nothing in the company that they keep, and why a type knows one invocation alone."""

from typing import Any

import pytest

from router.config import Problem, load
from router.fakes import FakeFiles
from router.triggers import TYPES

HOME = "arn:aws:lambda:eu-west-1:111122223333:function:f"
Finding = tuple[str, str, int, int]


def problems(text: str, **options: Any) -> list[Problem]:
    files = FakeFiles({"router.yaml": f"version: 1\n{text}", "run": ""})
    return load(["router.yaml"], files=files, **{"env": {}, "require_env": False, **options}).problems


def findings(text: str, **options: Any) -> list[Finding]:
    """Code, severity, line and column. The text begins on line 2."""
    return [(each.code, each.severity.value, each.line, each.column) for each in problems(text, **options)]


# --- aws -------------------------------------------------------------------------------------------------------------

HERE = "functions: {f: {local: {command: run}}}\ntriggers: {t: {type: function_url, invocation: sync, function: f}}\n"
LATER = HERE.replace("sync", "async").replace("command: run", "command: run}, async: {on_failure: 'TO'")
THERE = HERE.replace("{local: {command: run}}", HOME)
URL = "'http://127.0.0.1:4566'"


def used(service: str) -> str:
    """A configuration that calls one service of AWS."""
    polled = "functions: {f: {local: {command: run}}}\ntriggers: {t: {SOURCE, function: f}}\n"
    activity = "type: step_functions, invocation: sync, activity: 'arn:aws:states:eu-west-1:111122223333:activity:a'"
    role = "role_arn: 'arn:aws:iam::111122223333:role/r'"
    return {
        "lambda": THERE,
        "sts": polled.replace("SOURCE", f"{activity}, {role}"),
        "states": polled.replace("SOURCE", activity),
        "sqs": polled.replace("SOURCE", "type: sqs, invocation: async, queue: q, batch_size: 1"),
        "sns": LATER.replace("TO", "arn:aws:sns:eu-west-1:111122223333:t"),
        "events": LATER.replace("TO", "events:bus"),
        "s3": LATER.replace("TO", "s3:bucket"),
        "cloudwatch": HERE + "monitoring: {cloudwatch: {metrics: api}}\n",
        "logs": HERE + "monitoring: {cloudwatch: {logs: {}}}\n",
    }[service]


SERVICES = ("lambda", "sts", "states", "sqs", "sns", "events", "s3", "cloudwatch", "logs")


@pytest.mark.parametrize("service", SERVICES)
def test_an_endpoint_matters_where_its_service_is_called(service: str) -> None:
    endpoint = f"aws: {{endpoints: {{{service}: {URL}}}}}\n"
    assert findings(endpoint + used(service)) == []
    assert findings(endpoint + HERE) == [("idle-setting", "warning", 2, 19)]
    assert findings(endpoint.replace(service, "sts") + used(service)) == []


def test_a_function_with_the_routers_credentials_may_call_anything() -> None:
    text = HERE.replace("command: run", "command: run, credentials: router")
    assert findings(f"aws: {{endpoints: {{sqs: {URL}}}, profile: p}}\n{text}") == []


@pytest.mark.parametrize("setting", ["profile: p", f"endpoint_url: {URL}", "max_connections: 4"])
def test_how_aws_is_reached_matters_where_it_is(setting: str) -> None:
    assert findings(f"aws: {{{setting}}}\n{HERE}") == [("idle-setting", "warning", 2, 7)]
    assert findings(f"aws: {{{setting}}}\n{THERE}") == []


def test_the_place_that_events_name_always_matters() -> None:
    assert findings("aws: {region: eu-west-1, account_id: 111122223333}\n" + HERE) == []


def test_who_sends_result_events_matters_where_a_bus_gets_them() -> None:
    source = "aws: {destination_event_source: aws.lambda}\n"
    assert findings(source + used("events")) == []
    assert findings(source + used("s3")) == [("idle-setting", "warning", 2, 7)]


def test_nothing_is_said_while_something_is_not_known() -> None:
    broken = THERE.replace("function: f", "functon: f")
    assert [each[0] for each in findings(f"aws: {{profile: p}}\n{broken}")] == ["unknown-key"]
    assert findings(f"aws: {{endpoints: {{sqs: {URL}}}}}\n" + LATER.replace("TO", "${TO}")) == []


# --- triggers --------------------------------------------------------------------------------------------------------

EAST = HOME.replace("eu-west-1", "us-east-1")
POOL = "type: cognito, path: /p, user_pool: us-east-1_a"
EDGE = "type: lambda_edge"
PLAIN = "behaviors: {'*': {origin: 'http://o'}}"
VIEWER = "behaviors: {'*': {origin: 'http://o', viewer_request: 'f:1'}}"
BODIES = "behaviors: {'*': {origin: 'http://o', origin_request: {function: 'f:1', include_body: true}}}"
IDLE = [
    (f"{POOL}, operations: {{CustomSMSSender: f}}, attempts: 2", ["`attempts`: nobody waits for custom senders"]),
    (f"{POOL}, operations: {{CustomSMSSender: f}}, timeout: 4s", ["`timeout`: nobody waits for custom senders"]),
    (f"{POOL}, operations: {{CustomSMSSender: f, PreSignUp: f}}, timeout: 4s, attempts: 2", []),
    ("type: alb, default: {status: 404}, x_forwarded_for: remove", ["`x_forwarded_for`: no function gets an event"]),
    ("type: alb, default: {status: 404}, multi_value_headers: true", ["`multi_value_headers`: no function gets an event"]),
    ("type: alb, default: f, multi_value_headers: true, x_forwarded_for: remove", []),
    (
        "type: alb, default: {function: f, multi_value_headers: false}, multi_value_headers: true",
        ["`multi_value_headers`: every function has its own"],
    ),
    (f"{EDGE}, {PLAIN}, distribution_id: E1", ["`distribution_id`: no function gets an event that says it"]),
    (f"{EDGE}, {PLAIN}, domain_name: a.b", ["`domain_name`: no function gets an event that says it"]),
    (f"{EDGE}, {PLAIN}, timeouts: {{origin: 9s}}", ["`origin`: there is no function for origin events"]),
    (f"{EDGE}, {VIEWER}, timeouts: {{origin: 9s}}", ["`origin`: there is no function for origin events"]),
    (f"{EDGE}, {VIEWER}, timeouts: {{viewer: 9s}}, distribution_id: E1", []),
    (f"{EDGE}, {VIEWER}, limits: {{viewer: {{generated_response: 1KiB}}}}", []),
    (
        f"{EDGE}, {VIEWER}, limits: {{viewer: {{replaced_text: 1KiB}}}}",
        ["`replaced_text`: no function of that side has `include_body`"],
    ),
    (f"{EDGE}, {BODIES}, limits: {{origin: {{include_body: 1KiB, replaced_text: 1KiB}}}}", []),
]


@pytest.mark.parametrize(("trigger", "expected"), IDLE)
def test_settings_that_need_another_one(trigger: str, expected: list[str]) -> None:
    text = f"functions: {{f: '{EAST}'}}\ntriggers: {{t: {{invocation: sync, {trigger}}}}}\nmonitoring: {{cloudwatch: {{}}}}\n"
    found = [each for each in problems(text) if each.code not in ("unused-function", "managed-only")]
    assert [each.message for each in found] == [each.replace(": ", " has no effect: ", 1) for each in expected]
    assert {(each.code, each.severity.value, each.line) for each in found} <= {("without-effect", "error", 3)}


def test_what_comes_from_defaults_may_matter_to_another_trigger() -> None:
    text = (
        "defaults: {alb: {x_forwarded_for: remove}}\n"
        "triggers:\n"
        "  a: {type: alb, invocation: sync, hosts: a.example.com, default: {status: 404}}\n"
        f"  b: {{type: alb, invocation: sync, hosts: b.example.com, default: '{EAST}'}}\n"
    )
    assert findings(text) == []


# --- invocations -----------------------------------------------------------------------------------------------------

WHOLE = {
    "alb": "default: f",
    "cognito": "path: /p, user_pool: us-east-1_a, operations: {PreSignUp: f}",
    "lambda_edge": VIEWER,
    "step_functions": "path: /t, function: f",
    "eventbridge": "rules: {r: {pattern: {source: [a]}, function: f}}",
    "s3": "source: {http: /h}, notifications: {n: {events: 's3:ObjectCreated:*', function: f}}",
    "schedule": "schedules: {s: {expression: rate(1 hour), function: f}}",
    "sns": "source: {http: /h}, topics: 'arn:aws:sns:us-east-1:111122223333:t', subscriptions: {s: f}",
    "sqs": "queue: q, function: f, batch_size: 1",
}
"""Every type that knows one invocation alone."""


def test_every_such_type_is_here() -> None:
    assert {name for name in TYPES if len(TYPES[name].invocations) == 1} == {*WHOLE}


@pytest.mark.parametrize("kind", WHOLE)
def test_each_type_says_why_it_cannot_be_invoked_otherwise(kind: str) -> None:
    (known,) = TYPES[kind].invocations
    other = "async" if known == "sync" else "sync"
    text = f"functions: {{f: '{EAST}'}}\ntriggers: {{t: {{invocation: {other}, type: {kind}, {WHOLE[kind]}}}}}\n"
    (found,) = [each for each in problems(text) if each.code == "bad-invocation"]
    start = f"`{kind}` cannot be invoked `{other}`: "
    assert found.message.startswith(start)
    assert found.message[len(start) :] not in ("its callers wait for the answer", "nobody waits for its answer")
    assert (found.help, found.line, found.column) == (f"write `invocation: {known}`", 3, 28)
