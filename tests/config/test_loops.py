"""What a destination sends in circles: over functions, queues, topics, buses and buckets, and what does not come back."""

from typing import Any

import pytest

from router.config import load
from router.fakes import FakeFiles

HEAD = """\
version: 1
aws: {region: eu-west-1, account_id: 111122223333}
functions:
"""
Finding = tuple[str, int, int, list[int]]


def local(name: str, *settings: str) -> str:
    """One line: a function that the router manages."""
    block = f", async: {{{', '.join(settings)}}}" if settings else ""
    return f"  {name}: {{local: {{command: x, code: .}}{block}}}\n"


def problems(text: str, **options: Any) -> list[Any]:
    files = FakeFiles({"router.yaml": HEAD + text, "/etc/router/app.py": ""})
    found = load(["router.yaml"], files=files, env={}, require_env=False, **options).problems
    assert [problem for problem in found if problem.severity.value == "error"] == []
    return [problem for problem in found if problem.code in ("loop", "fed-back")]


def findings(text: str) -> list[Finding]:
    """Code, line, column, lines of related places; the functions begin on line 4."""
    return [
        (problem.code, problem.line, problem.column, [other.span.line for other in problem.related])
        for problem in problems(text)
    ]


URL = "  url: {type: function_url, invocation: async, function: f}\n"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"


def sns(subscription: str, *, more: str = "") -> str:
    head = f"  alerts: {{type: sns, invocation: async, source: {{http: /hooks/sns}}, topics: ['{TOPIC}']"
    return f"{head}, subscriptions: {{s: {subscription}}}{more}}}\n"


# --- over functions --------------------------------------------------------------------------------------------------


def test_a_function_that_gets_its_own_records() -> None:
    text = local("f", "on_failure: 'function:f'") + "triggers:\n" + URL
    assert findings(text) == [("loop", 4, 57, [6, 4])]
    (found,) = problems(text)
    assert found.message == "what is sent here can go in circles: `f` –(on_failure)→ `f`"
    assert found.severity.value == "warning"
    assert [other.message for other in found.related] == [
        "the trigger `url` calls `f` here",
        "from here it reaches `f`",
    ]


def test_several_functions_in_a_circle_are_told_once() -> None:
    functions = (
        local("f", "on_success: 'function:g'") + local("g", "on_failure: 'function:h'") + local("h", "on_success: 'function:f'")
    )
    assert findings(functions + "triggers:\n" + URL + URL.replace("url: {", "other: {hosts: x.example.com, ")) == [
        ("loop", 4, 57, [8, 5, 6, 4])
    ]


def test_two_circles_through_one_function_are_two_findings() -> None:
    functions = (
        local("f", "on_success: 'function:g'", "on_failure: 'function:h'")
        + local("g", "on_success: 'function:f'")
        + local("h", "on_success: 'function:f'")
    )
    assert findings(functions + "triggers:\n" + URL) == [("loop", 4, 57, [8, 5, 4]), ("loop", 4, 83, [8, 6, 4])]


def test_shared_defaults_that_name_a_function_reach_that_function_too() -> None:
    text = local("f") + local("alarm") + "defaults: {async: {on_failure: 'function:alarm'}}\ntriggers:\n" + URL
    assert findings(text) == [("loop", 6, 32, [5])]
    assert findings(text.replace(local("alarm"), local("alarm", "on_failure: 'sqs:alarms'"))) == []


def test_a_trigger_s_own_destinations_go_before_those_of_the_function() -> None:
    text = local("f", "on_failure: 'function:f'") + local("g") + "triggers:\n" + URL.replace("function: f}", "function: f, %s}")
    assert findings(text % "async: {on_failure: 'sqs:failed'}") == []
    assert findings(text % "async: {on_failure: 'function:f'}") == [("loop", 7, 81, [7, 4])]
    # They are those of the trigger's deliveries to `g`, too.
    assert findings(text % "async: {on_failure: 'function:g'}") == [("loop", 7, 81, [5])]


@pytest.mark.parametrize(
    "text",
    [
        local("f", "on_failure: 'function:g'") + local("g") + "triggers:\n" + URL,
        local("f", "on_failure: 'function:f'") + "triggers:\n" + URL.replace("async,", "sync,"),
        local("f", "on_failure: 'function:f'") + "triggers:\n" + URL.replace("async,", "async, enabled: false,"),
        local("f", 'on_failure: "${WHERE}"') + "triggers:\n" + URL,
        "  f: {arn: 'arn:aws:lambda:eu-west-1:111122223333:function:f'}\n"
        "defaults: {async: {delivery: delegated}}\ntriggers:\n" + URL,
    ],
)
def test_what_ends(text: str) -> None:
    assert findings(text) == []


def test_only_what_is_invoked_later_counts() -> None:
    text = local("f", "on_failure: 'function:f'") + local("g", "on_failure: 'function:g'") + "triggers:\n"
    api = "  api: {type: api_gateway, api: http, invocation: sync, routes: {GET /f: f, POST /g: {function: g, %s}}}\n"
    assert findings(text + api % "invocation: async") == [("loop", 5, 57, [7, 5])]
    pool = "  pool: {type: cognito, invocation: sync, path: /p, user_pool: eu-west-1_A, auth: none"
    assert findings(f"{text}{pool}, operations: {{PreSignUp: f, CustomEmailSender: g}}}}\n") == [("loop", 5, 57, [7, 5])]
    both = "  api: {type: lambda_api, invocation: [sync, async], functions: all}\n"
    assert findings(text + both) == [("loop", 4, 57, [7, 4]), ("loop", 5, 57, [7, 5])]


# --- over topics -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("destination", "subscription", "expected"),
    [
        ("on_failure: 'sns:alerts'", "f", True),
        (f"on_failure: '{TOPIC}'", "f", True),
        ("dead_letter: 'sns:alerts'", "f", True),
        ("on_failure: 'sns:others'", "f", False),
        ("on_failure: 'arn:aws:sns:us-east-1:111122223333:alerts'", "f", False),
        ("on_failure: 'sns:alerts'", "{function: f, filter_policy: {severity: [high]}}", False),
        ("on_failure: 'sns:alerts'", "{function: f, filter_policy: {severity: [{exists: false}]}}", True),
        ("dead_letter: 'sns:alerts'", "{function: f, filter_policy: {ErrorCode: [200]}}", True),
        ("dead_letter: 'sns:alerts'", "{function: f, filter_policy: {ErrorCode: ['200']}}", False),
        (
            "on_failure: 'sns:alerts'",
            "{function: f, filter_policy_scope: MessageBody, filter_policy: {requestContext: {condition: [{suffix: d}]}}}",
            True,
        ),
        (
            "on_failure: 'sns:alerts'",
            "{function: f, filter_policy_scope: MessageBody, filter_policy: {detail: {x: [1]}}}",
            False,
        ),
    ],
)
def test_over_a_topic(destination: str, subscription: str, expected: bool) -> None:
    text = local("f", destination) + "triggers:\n" + sns(subscription)
    assert [(code, line) for code, line, _, _ in findings(text)] == ([("loop", 4)] if expected else [])
    if expected:
        (found,) = problems(text)
        kind = destination.partition(":")[0]
        way = f"`f` –({kind}: the topic `alerts` and the subscription `s` of `alerts`)→ `f`"
        assert found.message == f"what is sent here can go in circles: {way}"


def test_a_trigger_with_a_filter_is_not_followed() -> None:
    text = local("f", "on_failure: 'sns:alerts'") + "triggers:\n" + sns("f", more=", filter: {Records: {Sns: {Subject: [x]}}}")
    assert findings(text) == []


# --- over queues -----------------------------------------------------------------------------------------------------

SQS = "  jobs: {type: sqs, invocation: async, queue: %s, function: %s}\n"


def test_a_queue_that_the_function_reads_itself_ends_there() -> None:
    text = local("f", "on_failure: 'sqs:jobs'") + "triggers:\n" + URL + SQS
    assert findings(text % ("jobs", "f")) == [("fed-back", 4, 57, [6, 7])]
    assert [problem.severity.value for problem in problems(text % ("jobs", "f"))] == ["info"]
    assert findings(text % ("arn:aws:sqs:eu-west-1:111122223333:jobs", "f")) == [("fed-back", 4, 57, [6, 7])]
    assert findings(text % ("others", "f")) == []


def test_another_function_may_read_the_queue() -> None:
    assert findings(local("f", "on_failure: 'sqs:jobs'") + local("g") + "triggers:\n" + URL + SQS % ("jobs", "g")) == []


@pytest.mark.parametrize(
    ("kind", "rule", "expected"),
    [
        ("on_failure", "function: f", True),
        ("on_failure", "function: f, pattern: {requestContext: {condition: [RetriesExhausted]}}", True),
        ("on_failure", "function: f, pattern: {source: [shop]}", False),
        ("dead_letter", "function: f, pattern: {source: [shop]}", True),
    ],
)
def test_a_queue_whose_documents_rules_take(kind: str, rule: str, expected: bool) -> None:
    bus = f"  bus: {{type: eventbridge, invocation: async, source: {{sqs: jobs}}, rules: {{r: {{{rule}}}}}}}\n"
    text = local("f", f"{kind}: 'sqs:jobs'") + "triggers:\n" + bus
    assert [(code, line) for code, line, _, _ in findings(text)] == ([("loop", 4)] if expected else [])


# --- over buses ------------------------------------------------------------------------------------------------------

RESULTS = "pattern: {source: [lambda], detail-type: [Lambda Function Invocation Result - Failure]}"


def test_a_bus_of_the_router_behind_its_own_endpoint() -> None:
    bus = "  bus: {type: eventbridge, invocation: async, auth: none, rules: {r: {function: f, %s}}}\n"
    text = local("f", "on_failure: 'events:default'") + "triggers:\n" + bus
    head = HEAD.replace("111122223333}", "111122223333, endpoints: {events: 'http://localhost:8080'}}")

    def found(pattern: str, head: str = head) -> list[str]:
        files = FakeFiles({"router.yaml": head + text % pattern})
        loaded = load(["router.yaml"], files=files, env={}, require_env=False)
        return [problem.code for problem in loaded.problems if problem.code == "loop"]

    assert found(RESULTS) == ["loop"]
    assert found("pattern: {source: [{prefix: ''}]}") == ["loop"]
    assert found("pattern: {source: [shop]}") == []
    assert found("pattern: {detail-type: [{suffix: Success}]}") == []
    assert found(RESULTS, HEAD) == []
    assert found(RESULTS, head.replace("8080", "4566")) == []


@pytest.mark.parametrize(
    ("bus", "pattern", "expected"),
    [
        ("results", RESULTS, True),
        ("results", "pattern: {source: [lambda, shop]}", True),
        ("results", "pattern: {source: [{prefix: ''}]}", False),
        ("others", RESULTS, False),
    ],
)
def test_a_bus_in_aws_that_is_asked_for_result_events(bus: str, pattern: str, expected: bool) -> None:
    rules = f"rules: {{r: {{function: f, {pattern}}}}}"
    trigger = f"  bus: {{type: eventbridge, invocation: async, bus: {bus}, source: {{sqs: q}}, {rules}}}\n"
    text = local("f", "on_failure: 'events:results'") + "triggers:\n" + trigger
    assert [(code, line) for code, line, _, _ in findings(text)] == ([("loop", 4)] if expected else [])


# --- over buckets ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notification", "expected"),
    [
        ("events: 's3:ObjectCreated:*'", True),
        ("events: 's3:ObjectCreated:Put', prefix: aws/lambda/", True),
        ("events: 's3:ObjectCreated:*', prefix: aws/lambda/async/f/", True),
        ("events: 's3:ObjectCreated:*', prefix: aws/lambda/async/g/", False),
        ("events: 's3:ObjectCreated:*', prefix: images/", False),
        ("events: 's3:ObjectCreated:*', suffix: .jpg", False),
        ("events: 's3:ObjectRemoved:*'", False),
    ],
)
def test_over_a_bucket(notification: str, expected: bool) -> None:
    text = local("f", "on_failure: 's3:photos'") + "triggers:\n"
    head = "  s: {type: s3, invocation: async, source: {sqs: q}, buckets: photos, notifications"
    trigger = f"{head}: {{n: {{function: f, {notification}}}}}}}\n"
    assert [(code, line) for code, line, _, _ in findings(text + trigger)] == ([("loop", 4)] if expected else [])
    assert findings(text + trigger.replace("buckets: photos, ", "")) == []


def test_many_triggers_and_functions_are_searched_in_bounds() -> None:
    """Every function reaches every other one over the topic: more circles than anybody would read."""
    functions = "".join(local(f"f{number}", "on_failure: 'sns:alerts'") for number in range(40))
    subscriptions = ", ".join(f"s{number}: f{number}" for number in range(40))
    head = f"  alerts: {{type: sns, invocation: async, source: {{sqs: q}}, topics: ['{TOPIC}']"
    trigger = f"{head}, subscriptions: {{{subscriptions}}}}}\n"
    found = findings(functions + "triggers:\n" + trigger)
    assert [code for code, *_ in found] == ["loop"] * 50
