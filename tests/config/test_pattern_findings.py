"""Patterns in a configuration: what can never fit, what has no effect, what leaves nothing out, each at its line and column."""

from typing import Any

import pytest

from router.config import load
from router.fakes import FakeFiles

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:f"
Finding = tuple[str, str, int, int]


def findings(text: str, **options: Any) -> list[Finding]:
    """Code, severity, line and column of all that is said of a configuration with the function `f`."""
    head = f"version: 1\nfunctions: {{f: '{ARN}'}}\naws: {{account_id: 111122223333, region: eu-west-1}}\n"
    files = FakeFiles({"router.yaml": head + text})
    loaded = load(["router.yaml"], files=files, env={}, **{"require_env": False, **options})
    return [(problem.code, problem.severity.value, problem.line, problem.column) for problem in loaded.problems]


def bus(pattern: str, more: str = "auth: none") -> str:
    """The pattern stands at line 8 from column 12 on."""
    head = "triggers:\n  bus:\n    type: eventbridge\n    invocation: async\n"
    return f"{head}    {more}\n    rules:\n      r: {{function: f, pattern:\n            {pattern}}}\n"


NEVER = [
    "{Source: [shop]}",
    "{source: [1]}",
    "{source: [aws.s3]}",
    "{source: [{prefix: aws.}]}",
    "{source: [{wildcard: 'aws.*'}]}",
    "{source: ['']}",
    "{time: [{numeric: ['>', 1]}]}",
    "{time: [yesterday]}",
    "{detail: [x]}",
    "{detail-type: [{exists: false}]}",
    "{account: ['999988887777']}",
    "{account: [{anything-but: '111122223333'}]}",
    "{region: [us-east-1, eu-west-2]}",
    "{version: ['1']}",
    "{id: [{prefix: 'x-'}, short]}",
    "{resources: {arn: [x]}}",
    "{source: {name: [x]}}",
    "{replay-name: [{exists: true}]}",
    "{$or: [{source: [aws.s3]}, {account: ['1']}]}",
]

POSSIBLE = [
    "{source: [shop]}",
    "{source: [{equals-ignore-case: 'aws.s3'}]}",
    "{source: [{suffix: .s3}]}",
    "{source: [{anything-but: [aws.s3]}]}",
    "{source: [{prefix: aws}]}",
    "{detail.id: [x], replay-name: [{exists: false}], x: [{exists: false}]}",
    "{detail: {a.b: [1, null, true], c: {d: [{numeric: ['>', 1]}]}}}",
    "{detail: {a: [{exists: false}], a.b: [x]}}",
    "{account: ['111122223333'], region: [eu-west-1], time: [{prefix: '2026-'}]}",
    "{resources: ['arn:aws:s3:::photos', {wildcard: 'arn:*:films'}]}",
    "{detail: {k: [{anything-but: x}, {exists: false}]}}",
]


@pytest.mark.parametrize("pattern", NEVER)
def test_what_no_event_of_the_routers_own_bus_fits(pattern: str) -> None:
    found = findings(bus(pattern))
    assert [(code, severity, line) for code, severity, line, _ in found] == [("never-matches", "warning", 11)]
    assert findings(bus(pattern, "auth: none\n    source: {http: /hooks/events}")) == []


@pytest.mark.parametrize("pattern", POSSIBLE)
def test_what_some_event_fits(pattern: str) -> None:
    found = findings(bus(pattern))
    assert {code for code, *_ in found if code != "never-matches"} == set()
    assert [finding for finding in found if finding[3] < 40] == []


PLACES = [
    ("{source: [shop, aws.s3]}", [("never-matches", "warning", 11, 29)]),
    ("{detail: {a: [1]}, source: [aws.s3]}", [("never-matches", "warning", 11, 32)]),
    ("{$or: [{source: [a]}, {x: [b]}]}", [("never-matches", "warning", 11, 36)]),
    ("{detail: {a: {b: [x]}, a.b: [y]}}", [("replaced-field", "warning", 11, 27)]),
    ("{source: [a], $or: [{source: [b]}, {detail-type: [c]}]}", [("replaced-field", "warning", 11, 14)]),
    ("{$or: [{source: [a]}, {source: [a, b]}]}", [("repeated-value", "info", 11, 20)]),
    ("{$or: [{source: [a, b]}, {source: [b, a]}]}", [("repeated-value", "info", 11, 38)]),
    ("{detail: {k: [ab, {prefix: a}]}}", [("repeated-value", "info", 11, 27)]),
    ("{detail: {k: [{anything-but: a}, {anything-but: b}]}}", [("matches-everything", "warning", 11, 23)]),
    ("{detail: {k: [{anything-but: {prefix: a}}, {prefix: a}]}}", [("matches-everything", "warning", 11, 23)]),
    ("{detail: {k: [{numeric: ['>', 5]}, {numeric: ['<', 10]}]}}", [("matches-everything", "warning", 11, 23)]),
    ("{detail: {k: [{numeric: ['>', 10]}, {numeric: ['<', 5]}]}}", []),
    ("{detail: {k: [{numeric: ['>', 5]}, {numeric: ['<', 5]}]}}", []),
    ('{source: ["${UNSET}", aws.s3]}', []),
]


@pytest.mark.parametrize(("pattern", "expected"), PLACES)
def test_where_a_finding_stands(pattern: str, expected: list[Finding]) -> None:
    assert findings(bus(pattern)) == expected


def test_the_bus_says_its_account_and_region() -> None:
    arn = "bus: 'arn:aws:events:us-east-1:999988887777:event-bus/orders'\n    auth: none"
    assert findings(bus("{account: ['999988887777'], region: [us-east-1]}", arn)) == [("other-region", "info", 11, 21)]
    codes = [found[0] for found in findings(bus("{account: ['111122223333']}", arn))]
    assert codes == ["other-region", "never-matches"]
    assert [found[0] for found in findings(bus("{region: [eu-west-1]}", arn))] == ["other-region", "never-matches"]


def test_an_account_or_region_that_is_not_known_says_nothing() -> None:
    for name in ("account_id", "region"):
        text = bus("{account: ['999988887777'], region: [mars-1]}").replace("auth: none", "auth: none")
        files = FakeFiles({"router.yaml": f'version: 1\nfunctions: {{f: "{ARN}"}}\naws: {{{name}: "${{X}}"}}\n' + text})
        loaded = load(["router.yaml"], files=files, env={}, require_env=False)
        wanted = ["account"] if name == "region" else []
        assert [problem.path[-1] for problem in loaded.problems] == wanted


SQS = """\
triggers:
  jobs:
    type: sqs
    invocation: async
    queue: arn:aws:sqs:eu-west-1:111122223333:jobs
    function: f
    filters:
"""


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["{body: {kind: [resize]}}", "{body: [stop]}"], []),
        (["{messageAttributes: {kind: {stringValue: [x]}}}", "{body.kind: [x]}"], []),
        (["{eventSource: ['aws:sns']}", "{body: [x]}"], [("never-matches", "warning", 11, 10)]),
        (["{kind: [x]}"], [("loses-messages", "error", 10, 5), ("never-matches", "warning", 11, 10)]),
        (["{body: {kind: [a]}}", "{body: {kind: [a, b]}}"], [("repeated-value", "info", 11, 9)]),
        (["{body: [{prefix: a}]}", "{body: [ab]}", "{body: [ab]}"], [("repeated-value", "info", line, 9) for line in (12, 13)]),
        (
            ["{eventSourceARN: [other]}", "{attributes: {SentTimestamp: [{numeric: ['>', 0]}]}}"],
            [("loses-messages", "error", 10, 5), ("never-matches", "warning", 11, 10), ("never-matches", "warning", 12, 23)],
        ),
    ],
)
def test_filters_of_a_queue(filters: list[str], expected: list[Finding]) -> None:
    found = findings(SQS + "".join(f"      - {each}\n" for each in filters))
    assert [finding for finding in found if finding[0] != "whole-batch-again"] == expected


SNS = """\
admin: {listen: 127.0.0.1:9901}
triggers:
  alerts:
    type: sns
    invocation: async
    source: {http: /hooks/sns}
    topics: [arn:aws:sns:eu-west-1:111122223333:alerts]
    auth: none
"""


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("filter_policy: {severity: [high, {prefix: crit}], a.b: [{exists: false}, 1, true]}", []),
        ("filter_policy: {'my severity': [high]}", [("never-matches", "warning", 13, 40)]),
        ("filter_policy: {AWS.SNS.X: [high]}", [("never-matches", "warning", 13, 40)]),
        ("filter_policy_scope: MessageBody, filter_policy: {'my severity': {x: [high]}}", []),
        ("filter_policy: {a: [{anything-but: x}, {anything-but: y}]}", [("matches-everything", "warning", 13, 40)]),
    ],
)
def test_filter_policies(policy: str, expected: list[Finding]) -> None:
    assert findings(f"{SNS}    subscriptions:\n      s: {{function: f, {policy}}}\n") == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{Records: {Sns: {TopicArn: [{suffix: alerts}], Subject: [null, x]}}}", []),
        ("{Records: {Sns: {Message: {severity: [high]}}}}", [("never-matches", "warning", 12, 40)]),
        ("{Records: {Sns: {TopicArn: [other]}}}", [("never-matches", "warning", 12, 30)]),
        ("{detail: {x: [1]}}", [("never-matches", "warning", 12, 23)]),
        ("{Records: {EventSource: ['aws:s3']}}", [("never-matches", "warning", 12, 24)]),
    ],
)
def test_filters_see_the_event_that_the_function_gets(pattern: str, expected: list[Finding]) -> None:
    assert findings(f"{SNS}    filter: {pattern}\n    subscriptions: {{s: f}}\n") == expected


S3 = """\
admin: {listen: 127.0.0.1:9901}
triggers:
  uploads:
    type: s3
    invocation: async
    source: {http: /hooks/s3}
    buckets: photos
    auth: none
    notifications: {n: {events: 's3:ObjectCreated:*', function: f}}
"""


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{Records: {eventName: [{prefix: 'ObjectCreated:'}], s3: {object: {size: [{numeric: ['>', 0]}]}}}}", []),
        ("{Records: {eventName: ['s3:ObjectCreated:Put']}}", [("never-matches", "warning", 13, 24)]),
        ("{Records: {s3: {bucket: {name: [other]}}}}", [("never-matches", "warning", 13, 38)]),
    ],
)
def test_filters_of_s3(pattern: str, expected: list[Finding]) -> None:
    assert findings(f"{S3}    filter: {pattern}\n") == expected


API = """\
admin: {listen: 127.0.0.1:9901}
triggers:
  api:
    type: api_gateway
    api: http
    invocation: async
    auth: none
    routes: {POST /hooks: f}
"""


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{headers: {x-event: [push]}, body: [{exists: true}], isBase64Encoded: [false]}", []),
        ("{headers: {X-Event: [push]}}", [("never-matches", "warning", 12, 24)]),
        ("{body: {kind: [x]}}", [("never-matches", "warning", 12, 21)]),
        ("{httpMethod: [POST]}", [("never-matches", "warning", 12, 14)]),
    ],
)
def test_filters_of_http(pattern: str, expected: list[Finding]) -> None:
    assert findings(f"{API}    filter: {pattern}\n") == expected
    assert findings(f"{API}    payload: 1.0\n    filter: {{headers: {{X-Event: [push]}}, pathParameters: [null]}}\n") == []


SCHEDULE = """\
admin: {listen: 127.0.0.1:9901}
triggers:
  nightly:
    type: schedule
    invocation: async
"""


@pytest.mark.parametrize(
    ("schedules", "pattern", "expected"),
    [
        ("a: {expression: rate(1 day), function: f}", "{source: [aws.events]}", []),
        ("a: {expression: rate(1 day), function: f}", "{detail: {x: [1]}}", [("never-matches", "warning", 10, 23)]),
        ("a: {expression: rate(1 day), function: f, input: {kind: daily}}", "{kind: [daily]}", []),
        (
            "a: {expression: rate(1 day), function: f, input: {kind: daily}}",
            "{kind: [nightly]}",
            [("never-matches", "warning", 10, 14)],
        ),
        (
            "a: {expression: rate(1 day), function: f, input: {at: <aws.scheduler.scheduled-time>, list: [1, {a: null}]}}",
            "{at: [{prefix: '2026'}], list: {a: [null]}}",
            [],
        ),
        ('a: {expression: rate(1 day), function: f, input: {kind: "${KIND}"}}', "{kind: [nightly]}", []),
    ],
)
def test_filters_of_schedules(schedules: str, pattern: str, expected: list[Finding]) -> None:
    assert findings(f"{SCHEDULE}    schedules: {{{schedules}}}\n    filter: {pattern}\n") == expected
