"""What a declared bus must not say: every finding at its place."""

from collections.abc import Callable
from typing import Any

import pytest

from router.config.load import Loaded, load
from router.fakes import FakeFiles

PATTERN = {"source": ["shop"]}
RULE = {"pattern": PATTERN, "function": "f"}
Findings = list[tuple[tuple[Any, ...], str]]


@pytest.fixture
def found(findings: Callable[[dict[str, Any]], Findings]) -> Callable[..., Findings]:
    return lambda **settings: findings({"type": "eventbridge", "auth": "none", "rules": {"r": RULE}} | settings)


def rule(**changes: Any) -> dict[str, Any]:
    return {"rules": {"r": {**RULE, **changes}}}


def target(**form: Any) -> dict[str, Any]:
    return {"rules": {"r": {"pattern": PATTERN, "targets": {"t": {"function": "f", **form}}}}}


def transformed(template: str, **paths: str) -> dict[str, Any]:
    return rule(input_transformer={"template": template, "paths": paths})


AT = ("rules", "r")
INPUT = (*AT, "input_transformer")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (rule(), []),
        (target(input={"a": 1}), []),
        (transformed('{"a": <v>, <v>: "<aws.events.rule-name>"}', v="$.detail.x"), []),
        (rule(pattern={"a.b": [{"numeric": [">", "x"]}]}), [((*AT, "pattern", "a.b", 0, "numeric"), "bad-pattern")]),
        (rule(pattern={"$or": [{"a": [1]}, {"b": []}]}), [((*AT, "pattern", "$or", 1, "b"), "bad-pattern")]),
        (rule(pattern={"detail.id": ["x"], "replay-name": [{"exists": False}], "x": [{"exists": False}]}), []),
        (rule(pattern={"$or": [{"source": ["a"]}, {"x": ["b"]}]}), []),
        (rule(pattern={"source": [{"anything-but": "x"}]}), []),
        ({"rules": {"r": {"function": "f"}}}, [(AT, "no-pattern")]),
        ({"source": {"http": "/h"}, "rules": {"r": {"function": "f"}}}, []),
        ({"source": {"http": "/h"}, "rules": {"r": {"function": "f", "pattern": {"order": ["x"]}}}}, []),
        ({"rules": {"r": {"pattern": PATTERN}}}, [(AT, "one-form")]),
        (rule(targets={"t": "f"}), [(AT, "one-form")]),
        (
            {"rules": {"r": {"pattern": PATTERN, "targets": {"t": "f"}, "input_path": "$"}}},
            [((*AT, "input_path"), "without-effect")],
        ),
        (target(input=1, input_path="$.a"), [((*AT, "targets", "t", "input_path"), "one-input")]),
        (rule(input_path="detail"), [((*AT, "input_path"), "bad-path")]),
        (rule(input_path="$.detail[x]"), [((*AT, "input_path"), "bad-path")]),
        (rule(input_path="$detail"), [((*AT, "input_path"), "bad-path")]),
        (transformed('{"a": <v>}', v="$..x"), [((*INPUT, "paths", "v"), "bad-path")]),
        (transformed('{"a": <w>}', v="$.x"), [((*INPUT, "template"), "bad-template")]),
        (transformed('{"a": 1}', v="$.x"), [((*INPUT, "paths", "v"), "unused-variable")]),
        (transformed("order <v>", v="$.x"), [((*INPUT, "template"), "bad-template")]),
        (transformed('"one <v>"\n"two"', v="$.x"), [((*INPUT, "template"), "bad-template")]),
        ({"source": {"http": "/h"}, "unknown_bus": "reject"}, [(("unknown_bus",), "without-effect")]),
        (
            {"source": {"sqs": "q"}, "max_request_size": "1KiB"},
            [(("auth",), "without-effect"), (("max_request_size",), "without-effect")],
        ),
        ({"max_request_size": "2MiB"}, [(("max_request_size",), "bad-size")]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_findings(found: Callable[..., Findings], settings: dict[str, Any], expected: Findings) -> None:
    assert sorted(found(**settings), key=str) == sorted(expected, key=str)


FUNCTION = "functions: {f: arn:aws:lambda:eu-west-1:111122223333:function:f}"


def loaded(*triggers: str) -> Loaded:
    text = "\n  ".join((f"version: 1\n{FUNCTION}\ntriggers:", *triggers))
    return load(["router.yaml"], files=FakeFiles({"router.yaml": text}), env={})


def declared(name: str, rule: str, more: str = "") -> str:
    rules = f"{{{rule}: {{pattern: {{source: [{{prefix: ''}}]}}, function: f}}}}"
    return f"{name}: {{type: eventbridge, invocation: async, auth: none, rules: {rules}{more}}}"


def messages(*triggers: str) -> list[tuple[str, str]]:
    return [(f"{each.line}:{each.column}", each.message) for each in loaded(*triggers).problems if each.severity == "error"]


def test_a_finding_stands_at_its_place_in_the_pattern() -> None:
    rules = 'rules: {r: {pattern: {detail: {total: [5, {numeric: [">", x]}]}}, function: f}}'
    assert messages(f"bus: {{type: eventbridge, invocation: async, auth: none, {rules}}}") == [
        ("4:111", "Event pattern is not valid. Reason: Value of > must be numeric")
    ]


@pytest.mark.parametrize(
    "triggers",
    [
        (declared("a", "r"), declared("b", "r", ", bus: other")),
        (declared("a", "r"), declared("b", "s")),
        (declared("a", "r", ", source: {http: /a}"), declared("b", "r", ", source: {http: /b}")),
        (declared("a", "r"), declared("b", "r", ", source: {http: /b}")),
    ],
)
def test_triggers_that_may_share(triggers: tuple[str, ...]) -> None:
    assert messages(*triggers) == []


@pytest.mark.parametrize("bus", ["", ", bus: default", ", bus: 'arn:aws:events:eu-west-1:111122223333:event-bus/default'"])
def test_one_bus_has_no_rule_twice(bus: str) -> None:
    found = messages(declared("a", "r"), declared("b", "r", bus))
    assert [message for _, message in found] == ["the triggers `a` and `b` share a site, and both have the route `default r`"]


def test_a_bus_is_asynchronous() -> None:
    found = messages(declared("a", "r").replace("async", "sync"))
    assert [message for _, message in found] == [
        "`eventbridge` cannot be invoked `sync`: a bus hands its events over, and waits for no function"
    ]
