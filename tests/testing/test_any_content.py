"""Whatever stands under `tests:` gives findings or results, never an exception."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.config.case_files import load_case_file
from router.config.catalogue import BY_CODE
from router.fakes import FakeFiles
from router.testing.configurations import Configurations, inline, of_file
from router.testing.coverage import Coverage
from router.testing.runner import Runner
from router.testing.snapshots import Snapshots
from router.testing.words import Result

F = "arn:aws:lambda:eu-west-1:111122223333:function:f"
CONFIG = f"""\
version: 1
functions: {{f: {{arn: "{F}", async: {{delivery: managed, on_failure: sqs:failed}}}}}}
triggers:
  bus:
    {{type: eventbridge, invocation: async, bus: default, auth: none, rules: {{r: {{pattern: {{source: [s]}}, function: f}}}}}}
  url: {{type: function_url, invocation: sync, auth: none, function: f}}
  jobs: {{type: sqs, invocation: async, queue: jobs, function: f}}
  work: {{type: step_functions, invocation: sync, activity: "arn:aws:states:eu-west-1:111122223333:activity:w", function: f}}
  night: {{type: schedule, invocation: async, schedules: {{s: {{expression: rate(5 minutes), function: f}}}}}}
"""
NAMES = st.sampled_from(
    ["bus", "url", "jobs", "work", "night", "f", "r", "s", "nobody", "", "$.a", "$[", "on_failure", "\ud7ff\x07"]
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NAMES | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def maybe(value: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what is meant there."""
    return st.integers(0, 29).flatmap(lambda number: value if number else ANY)


def some(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return maybe(st.fixed_dictionaries({}, optional={name.rstrip("_"): maybe(value) for name, value in keys.items()}))


TIMES = st.sampled_from(["0s", "1m", "60s", "2026-03-01T02:00:00Z", "soon", "1000000000d"])
MATCHER = st.one_of(ANY, some(equals=ANY, contains=ANY, jsonpath=st.dictionaries(NAMES, ANY, max_size=2)))
HEADERS = st.dictionaries(
    st.sampled_from(["host", "x-a", "content-type", "Transfer-Encoding", "a b", ""]), st.text(max_size=4), max_size=2
)
REQUEST = some(
    method=st.sampled_from(["GET", "POST", "post", "G T"]),
    target=st.sampled_from(["/", "/a?b=%zz", "*", "/ü", "//"]),
    headers=HEADERS,
    body=ANY,
    body_base64=st.text(max_size=4),
    client_ip=NAMES,
    scheme=NAMES,
    listener=NAMES,
)
OPTIONS = st.dictionaries(st.sampled_from(["source", "detail", "kind", "path", "body", "schedule"]), ANY, max_size=2)
GIVEN = some(
    trigger=NAMES,
    sample=OPTIONS,
    event=ANY,
    request=REQUEST,
    messages=st.lists(ANY, max_size=2),
    task=ANY,
    schedule=NAMES,
    at=TIMES,
    queue_arn=NAMES,
    identity=st.sampled_from(["trusted", "as_sent"]),
)
ONE_GIVEN = st.one_of(
    st.fixed_dictionaries({"trigger": NAMES, "sample": st.just({})}),
    st.fixed_dictionaries({"request": REQUEST}),
    st.fixed_dictionaries({"trigger": NAMES, "event": ANY}),
    st.fixed_dictionaries({"trigger": st.just("jobs"), "messages": st.lists(ANY, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"trigger": st.just("work"), "task": ANY}),
    st.fixed_dictionaries({"trigger": st.just("night"), "schedule": st.just("s")}),
    GIVEN,
)
ANSWER = some(
    returns=ANY,
    outcome=st.sampled_from(["ok", "function_error", "timeout", "throttled", "client_error", "transport"]),
    error=some(errorType=NAMES, errorMessage=NAMES),
    after=TIMES,
)
CALL = {
    "trigger": NAMES,
    "route": NAMES,
    "function": NAMES,
    "qualifier": NAMES,
    "invocation": st.sampled_from(["sync", "async"]),
    "payload": MATCHER,
    "attempts": st.lists(TIMES, max_size=3),
    "condition": st.sampled_from(["Success", "Refused"]),
    "destinations": st.lists(NAMES, max_size=2),
}
EXPECTED = some(
    **CALL,
    response=some(status=st.integers(100, 599), headers=HEADERS, body=MATCHER),
    deliveries=st.lists(some(**CALL), max_size=2),
    settlement=some(deleted=st.lists(st.integers(-1, 3)), kept=st.lists(NAMES), output=MATCHER, error=NAMES, cause=NAMES),
    calls=st.integers(0, 3),
    origin=some(method=NAMES, body=MATCHER),
    snapshot=st.booleans(),
    not_=some(**CALL),
)
CASE = maybe(
    st.fixed_dictionaries(
        {"given": maybe(ONE_GIVEN), "expect": maybe(st.one_of(st.just("unmatched"), EXPECTED))},
        optional={
            "mock": maybe(st.dictionaries(NAMES, st.one_of(ANSWER, st.lists(ANSWER, max_size=2)), max_size=2)),
            "origin": some(status=st.integers(), headers=HEADERS, body=ANY),
            "now": maybe(TIMES),
            "env": maybe(st.dictionaries(NAMES, NAMES, max_size=1)),
        },
    )
)
TESTS = maybe(st.dictionaries(st.sampled_from(["one", "two", ""]), CASE, max_size=2))


async def run(cases: list[Any], known: Configurations) -> list[Result]:
    return await Runner(known, Snapshots(known.files), Coverage()).run(cases)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TESTS)
async def test_inside_a_configuration(tests: Any) -> None:
    text = f"{CONFIG}tests: {json.dumps(tests)}\n"
    known = Configurations(FakeFiles({"router.yaml": text}), {})
    loaded = known.loaded("router.yaml")
    assert {problem.code for problem in loaded.problems} <= BY_CODE.keys()
    for result in await run(inline("router.yaml", loaded), known):
        assert all(result.span(wrong).line > 0 for wrong in result.mismatches)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TESTS, some(given=GIVEN, mock=st.dictionaries(NAMES, ANSWER, max_size=1)), maybe(TIMES))
async def test_in_a_file_of_their_own(tests: Any, defaults: Any, now: Any) -> None:
    text = json.dumps({"tests": tests, "defaults": defaults, "now": now})
    known = Configurations(FakeFiles({"router.yaml": CONFIG, "a.test.yaml": text}), {})
    file = load_case_file("a.test.yaml", files=known.files, env={})
    assert {problem.code for problem in file.problems} <= BY_CODE.keys()
    for result in await run(of_file(file, "router.yaml", known.loaded("router.yaml")), known):
        assert all(result.span(wrong).line > 0 for wrong in result.mismatches)
