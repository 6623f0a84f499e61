"""What comes twice, what stands behind something else, and what nothing stands on: each finding at its place, and no others."""

import subprocess
import sys
from typing import Any

import pytest

from router.config import Loaded, load
from router.fakes import FakeFiles

ARN = "arn:aws:lambda:eu-west-1:111122223333:function"
HEAD = f"""\
version: 1
admin: {{listen: 127.0.0.1:9901}}
functions: {{f: '{ARN}:f', g: '{ARN}:g'}}
"""
"""Three lines; failures are seen on the admin listener."""
OURS = frozenset(
    {"same-source", "same-operation", "delivered-twice", "overlapping-notifications"}
    | {"hidden-route", "unused-listener", "idle-defaults", "never-matches"}
)
Finding = tuple[str, int, int, list[int]]


def loaded(text: str, **options: Any) -> Loaded:
    return load(["router.yaml"], files=FakeFiles({"router.yaml": HEAD + text}), env={}, require_env=False, **options)


def findings(text: str) -> list[Finding]:
    """Code, line, column and the lines of related places; the text begins on line 4."""
    problems = loaded(text).problems
    assert [problem for problem in problems if problem.severity.value == "error"] == []
    return [
        (problem.code, problem.line, problem.column, [other.span.line for other in problem.related])
        for problem in problems
        if problem.code in OURS
    ]


# --- one source ------------------------------------------------------------------------------------------------------

JOBS = "https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"
JOBS_ARN = "arn:aws:sqs:eu-west-1:111122223333:jobs"
LOCAL = "http://127.0.0.1:4566/000000000000/jobs"
KNOWN = "aws: {region: eu-west-1, account_id: 111122223333}\n"
SAME = [("same-source", 7, 57, [6])]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("jobs", "jobs", SAME),
        ("jobs", "jobs, region: eu-west-1", SAME),
        ("jobs", "jobs, region: us-east-1", []),
        ("jobs", JOBS_ARN, SAME),
        (JOBS, JOBS_ARN, SAME),
        (JOBS, "jobs", SAME),
        (LOCAL, LOCAL, SAME),
        (LOCAL, "jobs", []),
        ("jobs", "more", []),
        ("jobs", "jobs, enabled: false", []),
        ("jobs", '"${QUEUE}"', []),
    ],
)
def test_one_queue_is_polled_once(first: str, second: str, expected: list[Finding]) -> None:
    triggers = f"triggers:\n  a: {{type: sqs, invocation: async, queue: {first}, function: f}}\n"
    assert findings(KNOWN + triggers + f"  b: {{type: sqs, function: g, invocation: async, queue: {second}}}\n") == expected


def test_a_name_and_an_arn_are_compared_where_region_and_account_are_known() -> None:
    triggers = f"""triggers:
  a: {{type: sqs, invocation: async, queue: {JOBS_ARN}, function: f}}
  b: {{type: sqs, invocation: async, queue: jobs, function: g}}
"""
    assert findings(triggers) == []
    assert findings("aws: {region: eu-west-1}\n" + triggers) == []
    assert findings('aws: {region: "${R}", account_id: 111122223333}\n' + triggers) == []


def test_sources_of_other_types_are_polled_once_too() -> None:
    text = """\
triggers:
  a: {type: sqs, invocation: async, queue: inbox, function: f, filters: {body: {k: [x]}}}
  b: {type: s3, invocation: async, source: {sqs: inbox}, notifications: {n: {events: 's3:ObjectCreated:*', function: f}}}
  c: {type: eventbridge, invocation: async, source: {sqs: {queue: inbox}}, rules: {r: {function: f}}}
"""
    assert findings(text) == [("same-source", 6, 50, [5]), ("same-source", 7, 67, [5])]
    messages = [problem.message for problem in loaded(text).problems if problem.code == "same-source"]
    assert messages == [
        f"the triggers `a` and `{name}` both poll the queue `inbox`: what is in it goes to either, by chance,"
        " and what the filters of the one do not want is deleted"
        for name in "bc"
    ]


def test_one_activity_is_polled_once() -> None:
    arn = "arn:aws:states:eu-west-1:111122223333:activity"
    text = "".join(
        f"  {name}: {{type: step_functions, invocation: sync, activity: '{arn}:{activity}', function: {function}}}\n"
        for name, activity, function in (("a", "x", "f"), ("b", "y", "f"), ("c", "x", "g"))
    )
    assert findings(f"triggers:\n{text}") == [("same-source", 7, 57, [5])]


def test_a_pool_has_one_function_for_each_of_its_triggers() -> None:
    pool = "type: cognito, invocation: sync, auth: none, user_pool: {}, path: {}, operations"
    text = f"""\
triggers:
  a: {{{pool.format("eu-west-1_A", "/a")}: {{PreSignUp: f, PostConfirmation: f}}}}
  b: {{{pool.format("eu-west-1_A", "/b")}: {{PreSignUp: g, PreAuthentication: f}}}}
  c: {{{pool.format("eu-west-1_C", "/c")}: {{PreSignUp: g}}}}
"""
    assert findings(text) == [("same-operation", 6, 99, [5])]


# --- one event -------------------------------------------------------------------------------------------------------


def bus(*rules: str, more: str = "") -> str:
    lines = "".join(f"      {rule}\n" for rule in rules)
    return f"triggers:\n  bus:\n    type: eventbridge\n    invocation: async\n    auth: none\n    rules:\n{lines}{more}"


A = "{source: [shop], detail: {kind: [a, b]}}"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (f"pattern: {A}, function: f", "pattern: {detail.kind: [b, a], source: [shop]}, function: f", [(11, [10])]),
        (f"pattern: {A}, function: f", "pattern: {source: [shop], detail: {kind: [a]}}, function: f", [(11, [10])]),
        ("pattern: {source: [shop], detail: {kind: [a]}}, function: f", f"pattern: {A}, function: f", [(10, [11])]),
        (f"pattern: {A}, function: f", f"pattern: {A}, function: g", []),
        (f"pattern: {A}, function: f", f"pattern: {A}, function: 'f:live'", []),
        (f"pattern: {A}, function: f", f"pattern: {A}, function: f, weights: {{live: 1}}", []),
        (f"pattern: {A}, function: f", f"pattern: {A}, function: f, input_path: $.detail", []),
        (f"pattern: {A}, function: f", f"pattern: {A}, function: '{ARN}:f'", [(11, [10])]),
        (f"pattern: {A}, function: f", f"pattern: {A}, targets: {{x: g, y: f}}", [(11, [10])]),
        (f"pattern: {A}, function: f", "pattern: {source: [shop], detail: {kind: [c]}}, function: f", []),
        (f"pattern: {A}, function: f", 'pattern: {source: ["${SOURCE}"]}, function: f', []),
    ],
)
def test_rules_that_hand_one_event_to_one_function(one: str, other: str, expected: list[tuple[int, list[int]]]) -> None:
    found = findings(bus(f"a: {{{one}}}", f"b: {{{other}}}"))
    assert [(code, line, related) for code, line, _, related in found] == [
        ("delivered-twice", line, related) for line, related in expected
    ]


def test_triggers_of_one_bus_are_one_world_and_those_of_a_source_are_not() -> None:
    rule = f"x: {{function: f, pattern: {A}}}"
    second = "  two: {type: eventbridge, invocation: async, %s, rules: {y: {function: f, pattern: {source: [shop]}}}}\n"
    assert findings(bus(rule, more=second % "auth: none, bus: default")) == [("delivered-twice", 10, 7, [11])]
    assert findings(bus(rule, more=second % "auth: none, bus: orders")) == []
    assert findings(bus(rule, more=second % "source: {sqs: q}")) == []
    assert findings(bus(rule, more=second % "auth: none, enabled: false")) == []


def test_of_very_many_rules_for_one_target_only_equal_ones_are_seen() -> None:
    rules = [f"r{number}: {{function: f, pattern: {{detail: {{k: [v{number}]}}}}}}" for number in range(51)]
    more = ["all: {function: f, pattern: {detail: {k: [{exists: true}]}}}", "same: {function: f, pattern: {detail.k: [v3]}}"]
    assert findings(bus(*rules, *more)) == [("delivered-twice", 62, 7, [13])]


SNS = """\
triggers:
  alerts:
    type: sns
    invocation: async
    source: {sqs: inbox}
    topics: [arn:aws:sns:eu-west-1:111122223333:alerts]
    subscriptions:
"""


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("f", "{function: f, filter_policy: {k: [x]}}", [("delivered-twice", 12, 7, [11])]),
        ("f", "g", []),
        (
            "{function: f, filter_policy: {k: [x, y]}}",
            "{function: f, filter_policy: {k: [y]}}",
            [("delivered-twice", 12, 7, [11])],
        ),
        ("{function: f, filter_policy: {k: [x]}}", "{function: f, filter_policy: {k: [y]}}", []),
        (
            "{function: f, filter_policy: {k: [x]}}",
            "{function: f, filter_policy: {k: [x]}, filter_policy_scope: MessageBody}",
            [],
        ),
    ],
)
def test_subscriptions(one: str, other: str, expected: list[Finding]) -> None:
    assert findings(f"{SNS}      a: {one}\n      b: {other}\n") == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("expression: rate(60 minutes)", "expression: rate(1 hour)", True),
        ("expression: 'cron(0 2 * * ? *)'", "expression: 'cron(0 2  * * ? *)'", True),
        ("expression: 'cron(0 2 * * ? *)'", "expression: 'cron(0 3 * * ? *)'", False),
        ("expression: rate(1 hour), input: {a: 1}", "expression: rate(1 hour), input: {a: 1}", True),
        ("expression: rate(1 hour), input: {a: 1}", "expression: rate(1 hour), input: {a: 2}", False),
    ],
)
def test_schedules(one: str, other: str, expected: bool) -> None:
    head = "triggers:\n  nightly:\n    type: schedule\n    invocation: async\n    schedules:\n"
    found = findings(f"{head}      a: {{function: f, {one}}}\n      b: {{function: f, {other}}}\n")
    assert found == ([("delivered-twice", 10, 7, [9])] if expected else [])


# --- one object ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "one", "other", "expected"),
    [
        ("{sqs: q}", "events: 's3:ObjectCreated:*', prefix: a/", "events: 's3:ObjectCreated:Put', prefix: a/b", (11, [10])),
        ("{sqs: q}", "events: 's3:ObjectCreated:Put', prefix: a/b", "events: 's3:ObjectCreated:*', prefix: a/", (10, [11])),
        ("{sqs: q}", "events: 's3:ObjectCreated:*', suffix: .jpg", "events: 's3:ObjectCreated:*'", (11, [10])),
        ("{sqs: q}", "events: 's3:ObjectCreated:*', suffix: .jpg", "events: 's3:ObjectCreated:*', suffix: .png", None),
        ("{sqs: q}", "events: 's3:ObjectCreated:*', prefix: a", "events: 's3:ObjectCreated:*', prefix: b", None),
        ("{sqs: q}", "events: 's3:ObjectCreated:*'", "events: ['s3:ObjectRemoved:*', 's3:LifecycleTransition']", None),
        ("{http: /s3, sender: minio}", "events: 's3:ObjectCreated:*'", "events: 's3:ObjectCreated:*'", None),
    ],
)
def test_notifications_that_s3_would_refuse(source: str, one: str, other: str, expected: tuple[int, list[int]] | None) -> None:
    text = f"triggers:\n  s:\n    type: s3\n    invocation: async\n    source: {source}\n    notifications:\n"
    found = findings(f"{text}      a: {{function: f, {one}}}\n      b: {{function: g, {other}}}\n")
    assert found == ([("overlapping-notifications", expected[0], 7, expected[1])] if expected else [])
    twice = findings(f"{text}      a: {{function: f, {one}}}\n      b: {{function: f, {other}}}\n")
    assert [code for code, *_ in twice] == (["delivered-twice"] if expected or "minio" in source else [])


# --- what stands behind something ------------------------------------------------------------------------------------

HOOK = "  hook: {type: step_functions, invocation: sync, auth: none, path: /hooks/x, function: f}\n"
LAMBDA = "  invoke: {type: lambda_api, invocation: sync, functions: [g]}\n"


@pytest.mark.parametrize(
    ("front", "trigger", "expected"),
    [
        (HOOK, "{type: api_gateway, api: http, routes: {POST /hooks/x: f, 'GET /hooks/{x}': f}}", [(6, 67)]),
        (HOOK, "{type: api_gateway, api: http, base_path: /hooks, routes: {ANY /x: f, ANY /y: f}}", [(6, 86)]),
        (HOOK, "{type: api_gateway, api: rest, stage: hooks, routes: {ANY /x: f}}", [(6, 81)]),
        (HOOK, "{type: api_gateway, api: http, routes: {ANY /hooks/x/y: f, ANY /hooks: f, $default: f}}", []),
        (HOOK, "{type: alb, rules: {a: {path: /hooks/x, function: f}, b: {path: [/hooks/x, /y], function: f}}}", [(6, 47)]),
        (HOOK, "{type: function_url, function: f}", []),
        (
            LAMBDA,
            "{type: api_gateway, api: http, routes: {'ANY /2015-03-31/functions/{name}': f, ANY /2015-03-31: f}}",
            [(6, 67)],
        ),
        (LAMBDA, "{type: api_gateway, api: http, base_path: /2014-11-13/functions/v1, routes: {'$default': f}}", [(6, 104)]),
        (
            LAMBDA,
            "{type: api_gateway, api: http, base_path: /2014-11-13/functions, routes: {ANY /a: f, $default: f}}",
            [(6, 3)],
        ),
        (LAMBDA, "{type: alb, rules: {a: {path: /2015-03-31/functions/*, function: f}}}", [(6, 47)]),
        (LAMBDA, "{type: alb, rules: {a: {path: /2015-03-31/functions*, function: f}}}", []),
        (LAMBDA, "{type: step_functions, path: /2015-03-31/functions/x, function: f}", []),
        (HOOK.replace("sync,", "sync, enabled: false,"), "{type: api_gateway, api: http, routes: {POST /hooks/x: f}}", []),
    ],
)
def test_routes_behind_a_webhook_or_an_api(front: str, trigger: str, expected: list[tuple[int, int]]) -> None:
    found = findings(f"triggers:\n{front}  site: {trigger.replace('{type', '{invocation: sync, type', 1)}\n")
    assert found == [("hidden-route", line, column, [5]) for line, column in expected]


def test_another_listener_hides_nothing() -> None:
    text = "listeners: {a: 127.0.0.1:1, b: 127.0.0.1:2}\ntriggers:\n" + HOOK.replace("sync,", "sync, listener: a,")
    api = "  api: {type: api_gateway, api: http, invocation: sync, listener: b, routes: {POST /hooks/x: f}}\n"
    assert findings(text + api) == []
    assert findings(text + api.replace("listener: b", "listener: a")) == [
        ("unused-listener", 4, 29, []),
        ("hidden-route", 7, 79, [6]),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("listeners: {main: 127.0.0.1:1}\ntriggers: {a: {type: sqs, invocation: async, queue: q, function: f}}", [(4, 13)]),
        ("triggers: {a: {type: sqs, invocation: async, queue: q, function: f}}", []),
        (
            "listeners: {m: 127.0.0.1:1}\ntriggers: {a: {type: function_url, invocation: sync, function: f, enabled: false}}",
            [],
        ),
        (
            "listeners: {a: 127.0.0.1:1, b: 127.0.0.1:2}\n"
            'triggers: {a: {type: function_url, invocation: sync, function: f, listener: "${L}"}}',
            [],
        ),
    ],
)
def test_listeners_that_nothing_stands_on(text: str, expected: list[tuple[int, int]]) -> None:
    assert findings(text + "\n") == [("unused-listener", line, column, []) for line, column in expected]


@pytest.mark.parametrize(
    ("states", "expected"),
    [(["false"], True), (["false", "false"], True), (["false", "true"], False), (['"${ON}"'], False)],
)
def test_defaults_of_triggers_that_are_off(states: list[str], expected: bool) -> None:
    triggers = "".join(
        f"  t{index}: {{type: sqs, invocation: async, queue: q{index}, function: f, enabled: {state}}}\n"
        for index, state in enumerate(states)
    )
    found = findings(f"defaults: {{sqs: {{batch_size: 5}}}}\ntriggers:\n{triggers}")
    assert found == ([("idle-defaults", 4, 12, [])] if expected else [])


# --- what can never be, or not on every day --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prefix", "suffix", "expected"),
    [
        ("a" * 512, "b" * 512, False),
        ("a" * 512, "b" * 513, True),
        ("a" * 600, "a" * 600, False),
        ("%C3%A4" * 170, "b" * 685, True),
    ],
    ids=["fits", "too long", "overlaps", "bytes count"],
)
def test_keys_have_a_greatest_length(prefix: str, suffix: str, expected: bool) -> None:
    text = f"""\
triggers:
  s:
    type: s3
    invocation: async
    source: {{sqs: q}}
    notifications: {{n: {{events: 's3:ObjectCreated:*', function: f, prefix: '{prefix}', suffix: {suffix}}}}}
"""
    assert findings(text) == ([("never-matches", 9, 88 + len(prefix), [])] if expected else [])


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [(None, "Europe/Berlin", 0), (1_790_000_000.0, "Europe/Berlin", 1), (1_790_000_000.0, '"${ZONE}"', 0)],
)
def test_what_daylight_saving_takes_away_is_told_where_time_and_zone_are_known(
    now: float | None, zone: str, expected: int
) -> None:
    schedules = "schedules: {a: {expression: 'cron(30 2 * * ? *)', function: f}}"
    text = f"triggers:\n  s: {{type: schedule, invocation: async, timezone: {zone}, {schedules}}}\n"
    found = [problem.message for problem in loaded(text, now=now).problems if problem.code == "skipped-hour"]
    assert (
        found == ["`cron(30 2 * * ? *)` is left out on 2027-03-28: there is no 02:30 in Europe/Berlin on that day"] * expected
    )


def test_an_event_type_beside_its_family() -> None:
    events = "['s3:ObjectCreated:*', 's3:ObjectCreated:Put', 's3:ObjectRemoved:Delete']"
    notifications = f"notifications: {{n: {{function: f, events: {events}}}}}"
    found = loaded(f"triggers:\n  s: {{type: s3, invocation: async, source: {{sqs: q}}, {notifications}}}\n").problems
    assert [(each.code, each.message) for each in found if each.code != "unused-function"] == [
        ("repeated-value", "`s3:ObjectCreated:Put` is one of `s3:ObjectCreated:*`, which stands beside it")
    ]


def test_short_months_are_named() -> None:
    schedules = "a: {expression: 'cron(0 2 30 1-3,6 ? *)', function: f}, b: {expression: 'cron(0 2 31 * ? *)', function: g}"
    found = loaded(f"triggers:\n  s: {{type: schedule, invocation: async, schedules: {{{schedules}}}}}\n").problems
    assert [problem.message for problem in found if problem.code == "short-months"] == [
        "`cron(0 2 30 1-3,6 ? *)` is left out in February: there is no such day",
        "`cron(0 2 31 * ? *)` is left out in February, April, June, September and November: there is no such day",
    ]


def test_rules_that_compare_are_loaded_where_there_is_something_to_compare() -> None:
    """A small file is checked as fast as if they were not there."""
    program = f"""
import sys
from router.config import load
from router.fakes import FakeFiles
text = {HEAD!r} + "triggers: {{a: {{type: lambda_api, invocation: sync, functions: [f, g]}}}}\\n"
assert load(["router.yaml"], files=FakeFiles({{"router.yaml": text}}), env={{}}).config is not None
print(*sorted(sys.modules))
"""
    loaded_modules = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    rules = {f"router.config.rules.{name}" for name in ("patterns", "twice", "loops", "flows", "event_shapes")}
    other = {
        "router.patterns.pieces",
        "router.patterns.inclusion",
        "router.triggers.api_gateway",
        "router.triggers.s3",
        "zoneinfo",
    }
    assert "router.config.rules.reachability" in loaded_modules
    assert (rules | other) & set(loaded_modules) == set()
