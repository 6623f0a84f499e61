"""What AWS would make of a configuration: partitions, regions, accounts, qualifiers, the patience of callers, quotas."""

from datetime import date
from typing import Any

import pytest

from router.config import Problem, load
from router.config.rules import bodies
from router.config.rules.limits import DEPRECATED
from router.fakes import FakeFiles
from router.triggers import TYPES, alb, cognito, eventbridge, function_url, lambda_api, s3, sns
from router.triggers.api_gateway import http, rest
from router.triggers.step_functions import http_task

HOME = "arn:aws:lambda:eu-west-1:111122223333:function:f"
CHINA = "arn:aws-cn:lambda:cn-north-1:111122223333:function:f"
LOCAL = "local: {command: run}"
FILES = {"run": "", "app.py": ""}
Finding = tuple[str, str, int, int]


def problems(text: str, **options: Any) -> list[Problem]:
    files = FakeFiles({"router.yaml": f"version: 1\n{text}", **FILES})
    return load(["router.yaml"], files=files, **{"env": {}, "require_env": False, **options}).problems


def findings(text: str, **options: Any) -> list[Finding]:
    """Code, severity, line and column. The text begins on line 2."""
    return [(each.code, each.severity.value, each.line, each.column) for each in problems(text, **options)]


def url(function: str = HOME, more: str = "") -> str:
    """The function `f` in line 2, from column 16 on; a trigger in line 3 that calls it from column 64 on."""
    trigger = f"{{type: function_url, invocation: sync, function: f{more}}}"
    return f"functions: {{f: {function}}}\ntriggers: {{t: {trigger}}}\n"


def queue(queue: str, function: str = HOME, more: str = "") -> str:
    """The queue stands in line 4 from column 12 on, what is `more` begins on line 7."""
    return f"""triggers:
  t:
    queue: {queue}
    function: {function}
    report_batch_item_failures: true
    {more or "labels: {}"}
    type: sqs
    invocation: async
"""


# --- partitions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (url(CHINA), []),
        (url(CHINA.replace("aws-cn", "aws")), [("partition-region", "error", 2, 16)]),
        (url(HOME.replace("arn:aws:", "arn:aws-us-gov:")), [("partition-region", "error", 2, 16)]),
        (url(HOME.replace("arn:aws:", "arn:aws-us-gov:").replace("eu-west-1", "us-gov-west-1")), []),
        (
            queue("arn:aws:sqs:cn-north-1:111122223333:q"),
            [("partition-region", "error", 4, 12), ("other-region", "info", 5, 15)],
        ),
        (queue("jobs", CHINA.replace("aws-cn", "aws")), [("partition-region", "error", 5, 15)]),
        (queue("arn:aws-cn:sqs:cn-north-1:111122223333:q", CHINA), []),
        (
            f"functions: {{f: {HOME}, g: {CHINA}}}\ntriggers: {{t: {{type: lambda_api, invocation: sync, functions: all}}}}\n",
            [("mixed-partitions", "warning", 2, 69)],
        ),
        (
            f"functions: {{f: {HOME}, g: {{arn: '{CHINA}', invoke_role_arn: 'arn:aws-cn:iam::111122223333:role/r'}}}}\n"
            "triggers: {t: {type: lambda_api, invocation: sync, functions: all}}\n",
            [("mixed-partitions", "warning", 2, 148)],
        ),
        (
            "triggers:\n  t:\n    source: {http: /a}\n    topics: ['arn:aws:sns:cn-north-1:111122223333:t']\n"
            f"    subscriptions: {{a: {HOME}}}\n    type: sns\n    invocation: async\n",
            [("partition-region", "error", 5, 14)],
        ),
    ],
)
def test_partitions(text: str, expected: list[Finding]) -> None:
    seen = "monitoring: {cloudwatch: {}}\n"
    assert findings(text + seen) == expected


def test_what_is_mixed_says_with_what() -> None:
    (found,) = problems(
        f"functions: {{f: {HOME}, g: {CHINA}}}\ntriggers: {{t: {{type: lambda_api, invocation: sync, functions: all}}}}\n"
    )
    assert [(other.span.line, other.span.column, other.message) for other in found.related] == [(2, 13, "this lies in `aws`")]


# --- regions, accounts, roles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (queue("jobs", more="region: us-east-1"), []),
        (queue("arn:aws:sqs:eu-west-1:111122223333:jobs", more="region: eu-west-1"), []),
        (queue("arn:aws:sqs:eu-west-1:111122223333:jobs", more="region: us-east-1"), [("region-mismatch", "error", 7, 13)]),
        (queue("https://sqs.eu-west-1.amazonaws.com/1/jobs", more="region: us-east-1"), [("region-mismatch", "error", 7, 13)]),
        (queue("http://127.0.0.1:4566/1/jobs", more="region: us-east-1"), []),
        (queue("http://[/1/jobs"), [("bad-url", "error", 4, 12)]),
        (queue("http://127.0.0.1:0/1/jobs"), [("bad-url", "error", 4, 12)]),
        (queue("'http://[::1]:4566/1/jobs'"), []),
        (queue("arn:aws:sqs:us-east-1:111122223333:jobs"), [("other-region", "info", 5, 15)]),
        (queue('"${QUEUE}"'), []),
        (
            "triggers:\n  t:\n    activity: 'arn:aws:states:eu-west-1:111122223333:activity:a'\n    region: us-east-1\n"
            f"    function: {HOME}\n    type: step_functions\n    invocation: sync\n",
            [("region-mismatch", "error", 5, 13)],
        ),
        (
            queue("arn:aws:sqs:eu-west-1:111122223333:jobs", more="role_arn: arn:aws:iam::444455556666:role/r"),
            [("cross-account-role", "info", 7, 15)],
        ),
    ],
)
def test_regions(text: str, expected: list[Finding]) -> None:
    assert findings(text) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("type: cognito, path: /p, user_pool: us-east-1_a, operations: {PreSignUp: f}", ["other-region"]),
        ("type: cognito, path: /p, user_pool: eu-west-1_a, operations: {PreSignUp: f}", []),
        ("type: alb, default: f", ["other-region"]),
        ("type: function_url, function: f", []),
        ("type: api_gateway, api: http, routes: {GET /a: f}", []),
    ],
)
def test_what_aws_connects_within_a_region(kind: str, expected: list[str]) -> None:
    text = f"functions: {{f: {HOME}}}\naws: {{region: us-east-1}}\ntriggers: {{t: {{invocation: sync, {kind}}}}}\n"
    assert [found[0] for found in findings(text)] == expected


ACCOUNTS = [
    ("sns:t", "", ["no-account"]),
    ("sns:t", "aws: {account_id: 111122223333}\n", []),
    ("sns:t", "aws: {endpoints: {sns: 'http://127.0.0.1:4566'}}\n", []),
    ("sns:t", "aws: {endpoint_url: 'http://127.0.0.1:4566'}\n", []),
    ("sqs:q", "", []),
    ("events:bus", "", []),
    ("arn:aws:sns:eu-west-1:111122223333:t", "", []),
    ("arn:aws:sns:us-east-1:111122223333:t", "", ["other-region"]),
    ("s3:bucket", "", []),
]


@pytest.mark.parametrize(("destination", "aws", "expected"), ACCOUNTS)
def test_a_topic_needs_an_account(destination: str, aws: str, expected: list[str]) -> None:
    """Queues and buses are looked for in the account of the credentials (`router.backends.aws.destinations`)."""
    function = f"{{arn: '{HOME}', async: {{delivery: managed, on_failure: '{destination}'}}}}"
    text = f"functions: {{f: {function}}}\n{aws}triggers: {{t: {{type: function_url, invocation: async, function: f}}}}\n"
    assert [found[0] for found in findings(text)] == expected


# --- qualifiers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (url(f"{HOME}:1"), []),
        (url(f"{HOME}:0"), [("bad-qualifier", "error", 2, 16)]),
        (url(f"{HOME}:LATEST"), [("looks-like-latest", "warning", 2, 16)]),
        (url(f"'{HOME}:$LATEST'"), []),
        (url().replace("function: f", "function: 'f:08'"), [("bad-qualifier", "error", 3, 64)]),
        (url().replace("function: f", "function: 'f:v08'"), []),
        (url(more=", weights: {'01': 1, live: 9}"), [("bad-qualifier", "error", 3, 77)]),
        (url(f"{{{LOCAL}}}").replace("function: f", "function: 'f:0'"), []),
        (url(f"{{{LOCAL}}}", ", weights: {a: 1, b: 9}"), [("local-weights", "info", 3, 67)]),
        (url(f"{{{LOCAL}}}", ", weights: {a: 1}"), []),
        (url(more=", weights: {a: 1, b: 9}"), []),
    ],
)
def test_qualifiers(text: str, expected: list[Finding]) -> None:
    assert findings(text) == expected


# --- the patience of callers -----------------------------------------------------------------------------------------

API = "type: api_gateway, api: http, routes: {GET /a: f, GET /b: f}"
REST = "type: api_gateway, api: rest, stage: p, routes: {GET /a: f}"
REST_ROUTE = "type: api_gateway, api: rest, stage: p, routes: {GET /a: {function: f, response_transfer_mode: %s}}"
EDGE = "type: lambda_edge, behaviors: {'*': {origin: 'http://o', viewer_request: 'f:1'}}"
POOL = "type: cognito, path: /p, user_pool: eu-west-1_a, operations: {PreSignUp: f}"
TASK = "type: step_functions, path: /t, function: f"


@pytest.mark.parametrize(
    ("timeout", "trigger", "expected"),
    [
        ("30s", API, 0),
        ("31s", API, 1),
        ("29s", REST, 0),
        ("30s", REST, 1),
        ("20s", f"{API}, timeout: 10s", 1),
        ("15m", f"{REST}, response_transfer_mode: stream", 0),
        ("20s", f"{REST}, response_transfer_mode: stream, timeout: 10s", 1),
        ("15m", REST_ROUTE % "stream", 0),
        ("15m", f"{REST_ROUTE % 'buffered'}, response_transfer_mode: stream", 1),
        ("60s", "type: api_gateway, api: http, routes: {GET /a: {function: f, invocation: async}}", 0),
        ("5s", POOL, 0),
        ("6s", POOL, 1),
        ("10m", POOL.replace("PreSignUp", "CustomSMSSender"), 0),
        ("60s", TASK, 0),
        ("61s", TASK, 1),
        ("15m", "type: step_functions, activity: 'arn:aws:states:eu-west-1:111122223333:activity:a', function: f", 0),
        ("31s", EDGE, 1),
        ("20s", f"{EDGE}, timeouts: {{viewer: 10s}}", 1),
        ("20s", f"{EDGE}, timeouts: {{viewer: 25s}}", 0),
        ("15m", "type: function_url, function: f", 0),
        ("15m", "type: alb, default: f", 0),
        ('"${T}"', API, 0),
        ("31s", f'{API}, timeout: "${{T}}"', 0),
    ],
)
def test_callers_that_give_up(timeout: str, trigger: str, expected: int) -> None:
    text = f"functions: {{f: {{timeout: {timeout}, {LOCAL}}}}}\ntriggers: {{t: {{invocation: sync, {trigger}}}}}\n"
    assert [found[0] for found in findings(text)].count("caller-gives-up") == expected


def test_of_an_arn_nothing_is_known_unless_it_is_written() -> None:
    text = f"functions: {{f: {HOME}}}\ntriggers: {{t: {{invocation: sync, {API}}}}}\n"
    assert findings(text) == []
    (found,) = problems(text.replace(f"f: {HOME}", f"f: {{arn: '{HOME}', timeout: 1m}}"))
    assert found.message == (
        "`f` may run for 1m, and `t` waits for 30s: then the API answers its caller with an error while the function goes on"
    )
    assert [(each.span.line, each.span.column) for each in found.related] == [(2, 74)]


# --- quotas and limits -----------------------------------------------------------------------------------------------


def routes(number: int, api: str = "http") -> str:
    names = ", ".join(f"GET /r{each}/a: f" for each in range(number))
    trigger = f"{{type: api_gateway, api: {api}, stage: s, invocation: sync, routes: {{{names}}}}}"
    return f"functions: {{f: {HOME}}}\ntriggers: {{t: {trigger}}}\n"


def bus(number: int, more: str = "function: f") -> str:
    rules = ", ".join(f"r{each}: {{pattern: {{source: [s{each}]}}, {more}}}" for each in range(number))
    return f"functions: {{f: {HOME}}}\ntriggers: {{t: {{type: eventbridge, invocation: async, rules: {{{rules}}}}}}}\n"


def balancer(number: int, condition: str) -> str:
    rules = ", ".join(f"r{each}: {{{condition.replace('N', str(each))}, function: f}}" for each in range(number))
    return f"functions: {{f: {HOME}}}\ntriggers: {{t: {{type: alb, invocation: sync, rules: {{{rules}}}}}}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (routes(300), []),
        (routes(301), ["301 routes of an HTTP API: this works here, AWS has 300 by default"]),
        (routes(150, "rest"), []),
        (routes(151, "rest"), ["302 resources of a REST API: this works here, AWS has 300 by default"]),
        (bus(300), []),
        (bus(301), ["301 rules of the bus `default`: this works here, AWS has 300 by default"]),
        (bus(1, "targets: {a: f, b: f:1, c: f:2, d: f:3, e: f:4}"), []),
        (
            bus(1, "targets: {a: f, b: f:1, c: f:2, d: f:3, e: f:4, g: f:5}"),
            ["6 targets of a rule: this works here, AWS has 5 by default"],
        ),
        (balancer(100, "path: /N/*"), []),
        (balancer(101, "path: /N/*"), ["101 rules of a load balancer: this works here, AWS has 100 by default"]),
        (balancer(1, "path: [/a, /b, /c], methods: [GET, PUT]"), []),
        (
            balancer(1, "path: [/a, /b, /c], headers: {x: [a, b], y: [c]}"),
            ["6 values in the conditions of one rule; AWS takes 5"],
        ),
        (
            queue("jobs", more=f"filters: [{', '.join(f'{{body: {{a: [{each}]}}}}' for each in range(6))}]"),
            ["6 filters of an event source mapping: this works here, AWS has 5 by default"],
        ),
    ],
)
def test_numbers_of_aws(text: str, expected: list[str]) -> None:
    said = [each.message for each in problems(text) if each.code in ("aws-quota", "beyond-aws")]
    assert said == expected


def test_pattern_lengths() -> None:
    long = f"{{source: [{', '.join(f'source-number-{each}' for each in range(120))}]}}"
    text = bus(1).replace("{source: [s0]}", long)
    assert [each.code for each in problems(text)] == ["aws-quota"]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        ("{command: run, memory: 128MiB}", []),
        ("{command: run, memory: 127MiB}", ["beyond-aws"]),
        ("{command: run, memory: 11GiB}", ["beyond-aws"]),
    ],
)
def test_memory_of_local_functions(function: str, expected: list[str]) -> None:
    assert [each.code for each in problems(url(f"{{local: {function}}}"))] == expected
    assert problems(url(f"{{arn: '{HOME}', local: {function}}}")) == []


def test_runtimes_are_deprecated_at_their_date() -> None:
    text = url("{local: {runtime: python3.10, handler: app.h, code: .}}")
    assert [each.code for each in problems(text, now=1_793_404_799.0)] == []
    assert [(each.code, each.message) for each in problems(text, now=1_793_404_800.0)] == [
        ("deprecated-runtime", "AWS has deprecated the runtime `python3.10` on 2026-10-31")
    ]
    assert problems(text) == []
    assert [*DEPRECATED.values()] == [str(date.fromisoformat(each)) for each in DEPRECATED.values()]


# --- bodies ----------------------------------------------------------------------------------------------------------


def test_the_limits_of_types_are_what_they_read() -> None:
    longest = max(eventbridge.api.body_limit(eventbridge.api.DEFAULT_MAX_BYTES), 1)
    known = dict(bodies.OWN)
    assert known == {
        "alb": alb.BODY_LIMIT,
        "api_gateway": max(http.BODY_LIMIT, rest.BODY_LIMIT),
        "cognito": cognito.LAMBDA_PAYLOAD_LIMIT,
        "eventbridge": longest,
        "function_url": function_url.LAMBDA_PAYLOAD_LIMIT,
        "lambda_api": lambda_api.MAX_PAYLOAD,
        "s3": s3.BODY_LIMIT,
        "sns": sns.BODY_LIMIT,
        "step_functions": max(http_task.MAX_FORM, http_task.MAX_OUTPUT),
    }
    assert {*TYPES} - {*known} == {"lambda_edge", "schedule", "sqs"}


@pytest.mark.parametrize(
    ("trigger", "bound", "expected"),
    [
        ("type: function_url, invocation: sync, function: f", "6MiB", []),
        ("type: function_url, invocation: sync, function: f", "7MiB", ["idle-limit"]),
        ("type: function_url, invocation: sync, function: f", "1KiB", []),
        ("type: lambda_edge, invocation: sync, behaviors: {'*': {origin: 'http://o'}}", "1GiB", []),
        ("type: eventbridge, invocation: async, source: {http: /e}, rules: {a: {function: f}}", "1MiB", []),
        ("type: eventbridge, invocation: async, source: {http: /e}, rules: {a: {function: f}}", "512KiB", ["refuses-messages"]),
        ("type: eventbridge, invocation: async, rules: {a: {pattern: {source: [a]}, function: f}}", "512KiB", []),
    ],
)
def test_bounds_of_bodies(trigger: str, bound: str, expected: list[str]) -> None:
    listeners = f"listeners: {{main: {{address: '127.0.0.1:8080', max_body: {bound}}}}}\n"
    text = f"functions: {{f: {HOME}}}\n{listeners}triggers: {{t: {{{trigger}}}}}\n"
    assert [each.code for each in problems(text) if each.code != "unused-function"] == expected
