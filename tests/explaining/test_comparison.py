"""Two configurations side by side, where no route is looked at but the one that takes a sample."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from router.config import Loaded, load
from router.explaining import one
from router.explaining.comparison import Compared, compare
from router.explaining.one import prepare
from router.fakes import FakeFiles
from router.model import TriggerType
from router.outcome import OutcomeKind
from router.simulation import simulate
from router.triggers import TYPES

NOW = 1772330400.0
ARN = "arn:aws:lambda:eu-west-1:111122223333:function:{}"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:alerts"
API = {"type": "api_gateway", "invocation": "sync", "auth": "none"}
BUS = {"type": "eventbridge", "invocation": "async", "auth": "none"}
SHAPES: Mapping[str, Any] = {
    "http": API | {"api": "http", "routes": {"GET /{at}": "f{at}", "$default": "f0"}},
    "rest": API | {"api": "rest", "stage": "prod", "routes": {"GET /{at}": "f{at}"}},
    "alb": {"type": "alb", "invocation": "sync", "auth": "none", "rules": {"r{at}": {"path": "/{at}/*", "function": "f{at}"}}},
    "eventbridge": BUS | {"rules": {"r{at}": {"pattern": {"source": ["s{at}"]}, "function": "f{at}"}}},
    "lambda_api": {"type": "lambda_api", "invocation": ["sync"], "auth": "none", "functions": ["f{at}"]},
    "s3": {
        "type": "s3",
        "invocation": "async",
        "auth": "none",
        "source": {"http": "/s3"},
        "notifications": {"r{at}": {"events": "s3:ObjectCreated:*", "prefix": "{at}/", "function": "f{at}"}},
    },
    "schedule": {
        "type": "schedule",
        "invocation": "async",
        "schedules": {"r{at}": {"expression": "rate(1 hour)", "function": "f{at}"}},
    },
    "sns": {
        "type": "sns",
        "invocation": "async",
        "source": {"http": "/sns"},
        "topics": TOPIC,
        "subscriptions": {"r{at}": {"filter_policy": {"severity": ["s{at}"]}, "function": "f{at}"}},
    },
}
"""A trigger of each type that finds a route without a look at all; what holds `{at}` is there once for each function."""


def repeated(shape: Any, numbers: range) -> Any:
    """The shape with every entry of a map or list that holds `{at}` once for each number."""
    if isinstance(shape, dict):
        pairs = ((key, value, at) for key, value in shape.items() for at in (numbers if "{at}" in key else range(1)))
        return {
            key.replace("{at}", str(at)): filled(value, at) if "{at}" in key else repeated(value, numbers)
            for key, value, at in pairs
        }
    if isinstance(shape, list):
        return [filled(each, at) for each in shape for at in (numbers if "{at}" in str(each) else range(1))]
    return shape


def filled(shape: Any, at: int) -> Any:
    if isinstance(shape, dict):
        return {key: filled(value, at) for key, value in shape.items()}
    if isinstance(shape, list):
        return [filled(each, at) for each in shape]
    return shape.replace("{at}", str(at)) if isinstance(shape, str) else shape


def loaded(triggers: Mapping[str, Any], types: Mapping[str, TriggerType] = TYPES, functions: int = 8) -> Loaded:
    text = yaml.safe_dump(
        {
            "version": 1,
            "functions": {f"f{at}": ARN.format(f"f{at}") for at in range(functions)},
            "triggers": dict(triggers),
        },
        sort_keys=False,
    )
    found = load(["router.yaml"], files=FakeFiles({"router.yaml": text}), env={}, types=types, trust_callers=True)
    assert found.config is not None, found.problems
    return found


def compared(before: Loaded, after: Loaded) -> Compared:
    return asyncio.run(compare(prepare(before), prepare(after), [], NOW, str))


def never(name: str) -> Any:
    def judge(built: Any, given: Any) -> Any:
        pytest.fail(f"every route of {name} was looked at")

    return judge


@pytest.mark.parametrize("kind", SHAPES)
def test_no_route_is_judged_that_does_not_take_the_sample(kind: str) -> None:
    trigger = repeated(SHAPES[kind], range(4))
    type = TYPES[trigger["type"]]
    blind = {**TYPES, type.name: replace(type, judge=never(type.name))}
    before = loaded({"door": trigger}, blind)
    assert compared(before, loaded({"door": trigger}, blind)).behaviours == []
    other = repeated(SHAPES[kind], range(1, 5))
    told = compared(before, loaded({"door": other}, blind)).behaviours
    assert {fact.what for each in told for fact in each.facts} >= {"route", "function"}
    judged = compared(loaded({"door": trigger}), loaded({"door": other}))
    assert judged.behaviours == told


RULES = [("first", "f0"), ("second", "f1"), ("second", "f2")]


def test_triggers_that_share_an_endpoint_speak_for_each_other() -> None:
    one, other, more = ({"rules": {rule: {"pattern": {"source": ["s"]}, "function": name}}} for rule, name in RULES)
    before = loaded({"a": BUS | one, "b": BUS | other})
    told = compared(before, loaded({"a": BUS | one, "b": BUS | more})).behaviours
    facts = {fact.what: (fact.before, fact.after) for each in told for fact in each.facts}
    assert facts["function"] == tuple(f"f0, {ARN.format('f0')}; f{at}, {ARN.format(f'f{at}')}" for at in (1, 2))


def test_triggers_that_share_a_site_are_missed_silently() -> None:
    apis = {f"api{at}": API | {"api": "http", "routes": {f"GET /{at}": f"f{at}"}} for at in range(3)}
    told = compared(loaded(apis), loaded({**apis, "api0": API | {"api": "http", "routes": {"GET /0": "f3"}}})).behaviours
    assert [[fact.what for fact in each.facts] for each in told] == [["function"]]


@pytest.mark.parametrize(("age", "plays"), [("6h", 0), ("1h", 2)])
def test_hours_of_throttling_are_played_only_where_they_may_differ(
    age: str, plays: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    throttled = []

    async def simulated(*args: Any, mocks: Mapping[str, Any], **options: Any) -> Any:
        throttled.extend(answers for answers in mocks.values() if answers[0].outcome is OutcomeKind.THROTTLED)
        return await simulate(*args, mocks=mocks, **options)

    monkeypatch.setattr(one, "simulate", simulated)
    rules = {"rules": {"r": {"pattern": {"source": ["s"]}, "function": "f0"}}}
    sides = [loaded({"bus": BUS | rules | {"async": {"delivery": "managed", "max_event_age": each}}}) for each in ("6h", age)]
    told = compared(*sides).behaviours
    assert len(throttled) // len(sides[0].config.functions if sides[0].config else ()) == plays
    assert [any(fact.what == "if Lambda throttles every call" for fact in each.facts) for each in told] == [True] * (plays > 0)
