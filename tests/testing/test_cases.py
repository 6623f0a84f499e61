"""Where tests stand and what they begin with: files and configurations, defaults, variables, namespaces, forms of events."""

import json
from typing import Any

import pytest

from router.testing import configurations
from router.testing.words import Status

F = "arn:aws:lambda:eu-west-1:111122223333:function:f"


def statuses(results: list[Any]) -> list[str]:
    return [f"{each.case.name}: {each.status}" for each in results]


async def test_tests_inside_the_configuration(play: Any) -> None:
    config = f"""\
version: 1
functions: {{f: "{F}"}}
triggers: {{url: {{type: function_url, invocation: sync, auth: none, function: f}}}}
tests:
  one:
    given: {{request: {{target: /}}}}
    expect: {{function: f}}
  two:
    given: {{sample: {{path: /a}}}}
    expect: {{payload: {{jsonpath: {{$.rawPath: /b}}}}}}
"""
    results = await play("", config)
    assert statuses(results) == ["one: passed", "two: failed"]
    span = results[1].span(results[1].mismatches[0])
    assert (span.file, span.line, span.column) == ("router.yaml", 10, 14)


async def test_a_file_with_a_namespace_names_its_own_things_without_it(play: Any) -> None:
    config = "version: 1\ninclude: [team.yaml]\n"
    team = f"""\
namespace: pay
functions: {{f: "{F}"}}
triggers: {{url: {{type: function_url, invocation: sync, auth: none, function: f}}}}
tests:
  one:
    given: {{trigger: url, request: {{target: /}}}}
    mock: {{f: {{returns: hello}}}}
    expect: {{trigger: url, function: f, response: {{body: hello}}}}
"""
    results = await play("", config, **{"team.yaml": team})
    assert statuses(results) == ["pay.one: passed"]
    assert results[0].case.file == "team.yaml"


async def test_defaults_of_a_file(play: Any) -> None:
    text = """\
defaults:
  given: {trigger: bus, sample: {source: shop}}
  mock: {f: {returns: 1}}
now: "2026-05-01T00:00:00Z"
tests:
  its own sample:
    given: {sample: {source: stock}}
    expect: {function: [g]}
  another form:
    given: {trigger: shop, request: {target: /orders/7}}
    expect: {response: {body: "1"}}
  a mock in its place:
    given: {sample: {source: shop, detail-type: x}}
    mock: {f: {outcome: throttled}, g: {returns: 2}}
    expect: {function: f, condition: EventAgeExceeded}
  the time:
    given: {}
    expect: {payload: {contains: {time: "2026-05-01T00:00:00Z"}}}
"""
    with pytest.raises(AssertionError):
        await play(text)  # an empty map gives nothing
    results = await play(text.replace("given: {}", "given: {trigger: bus}"))
    assert statuses(results) == [
        "its own sample: passed",
        "another form: passed",
        "a mock in its place: passed",
        "the time: passed",
    ]


async def test_variables_of_a_file_and_of_a_test(play: Any) -> None:
    text = """\
env: {TOKEN: theirs}
tests:
  believed:
    given: {request: {target: /orders/7}}
    expect: {function: f}
  refused:
    given: {request: {target: /orders/7}, identity: as_sent}
    expect: {calls: 0, response: {status: 401}}
  taken:
    given: {request: {target: /orders/7, headers: {authorization: "Bearer ${TOKEN}"}}, identity: as_sent}
    expect: {function: f}
  another:
    given: {request: {target: /orders/7, headers: {authorization: "Bearer ${TOKEN}"}}, identity: as_sent}
    env: {TOKEN: ours}
    expect: {response: {status: 401}}
"""
    assert statuses(await play(text)) == ["believed: passed", "refused: passed", "taken: passed", "another: passed"]


async def test_nothing_from_a_variable_is_told(play: Any) -> None:
    text = """\
env: {TOKEN: very-secret-indeed}
tests:
  one:
    given: {request: {target: /orders/7, headers: {authorization: "Bearer ${TOKEN}"}}, identity: as_sent}
    expect: {payload: {contains: {headers: {authorization: another}}}}
"""
    (result,) = await play(text)
    assert result.status is Status.FAILED
    told = json.dumps([result.mismatches[0].lines, result.happened])
    assert "very-secret-indeed" not in told
    assert "${TOKEN}" in told


async def test_an_event_from_a_file_and_one_that_is_written_here(play: Any) -> None:
    event = {"version": "0", "id": "1", "source": "shop", "detail-type": "Paid", "detail": {"total": 3}}
    text = f"""\
tests:
  file:
    given: {{trigger: bus, event: events/paid.json}}
    expect: {{function: f, payload: {{jsonpath: {{$.detail.total: 3}}}}}}
  here:
    given: {{trigger: bus, event: {json.dumps(event)}}}
    expect: {{function: f, payload: {{jsonpath: {{$.detail.total: 3}}}}}}
  broken:
    given: {{trigger: bus, event: events/broken.json}}
    expect: unmatched
"""
    files = {"events/paid.json": json.dumps(event), "events/broken.json": "{"}
    results = await play(text, **files)
    assert statuses(results) == ["file: passed", "here: passed", "broken: broken"]
    assert results[2].mismatches[0].message.startswith("`events/broken.json` is no JSON")


async def test_a_trigger_that_depends_on_a_variable_that_is_not_set(play: Any) -> None:
    config = f"""\
version: 1
functions: {{f: "{F}"}}
triggers:
  url: {{type: function_url, invocation: "${{HOW}}", auth: none, function: f}}
"""
    text = "tests:\n  one:\n    given: {trigger: url, sample: {}}\n    expect: {function: f}\n"
    (result,) = await play(text, config)
    assert (result.status, result.mismatches[0].path) == (Status.BROKEN, ("given", "trigger"))
    assert statuses(await play(f"{text}    env: {{HOW: sync}}\n", config)) == ["one: passed"]


async def test_a_configuration_is_compiled_once_for_each_set_of_variables(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[object] = []
    real = configurations.load
    monkeypatch.setattr(
        configurations, "load", lambda *args, **more: loads.append(more["trust_callers"]) or real(*args, **more)
    )
    test = "given: {request: {target: /orders/7}%s}\n    expect: {calls: %s}\n"
    text = "tests:\n" + "".join(f"  t{number}:\n    {test % ('', 1)}" for number in range(5))
    text += "".join(f"  s{number}:\n    {test % (', identity: as_sent', 0)}    env: {{TOKEN: a}}\n" for number in range(5))
    assert len(await play(text)) == 10
    assert loads == [True, False]
