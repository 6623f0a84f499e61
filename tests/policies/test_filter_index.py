"""Many filter policies at once: an index finds what asking each of them finds, in their order."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.patterns.events import Pattern, Seen
from router.policies.filter_index import FilterIndex
from router.policies.filter_policies import (
    MESSAGE_ATTRIBUTES,
    MESSAGE_BODY,
    FilterPolicy,
    InvalidPolicy,
    compile_policy,
    seen_attributes,
    seen_body,
)

Policies = list[FilterPolicy | None]
Attributes = dict[str, dict[str, str]]
SCOPES = (MESSAGE_ATTRIBUTES, MESSAGE_BODY)

TEXTS = st.sampled_from(["", "a", "A", "ab", "bc", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "1", "é"])
NUMBERS = st.sampled_from([0, 1, 1.0, -2, 1.5, 1e9])
OPERATORS = st.sampled_from(
    [
        {"prefix": "a"},
        {"prefix": ""},
        {"suffix": "c"},
        {"equals-ignore-case": "AB"},
        {"anything-but": "a"},
        {"anything-but": ["a", "ab"]},
        {"anything-but": [0, 1]},
        {"anything-but": {"prefix": "a"}},
        {"numeric": ["=", 1]},
        {"numeric": [">", 0, "<=", 2]},
        {"numeric": ["<", 1]},
        {"numeric": [">=", 1.5]},
        {"cidr": "10.0.0.0/8"},
        {"cidr": "10.0.0.2/31"},
        {"cidr": "2001:db8::/32"},
        {"exists": True},
        {"exists": False},
    ]
)
NAMES = st.sampled_from(["source", "detail-type", "a", "b", "a.b"])
VALUES = st.lists(TEXTS | NUMBERS | OPERATORS | st.none() | st.booleans(), min_size=1, max_size=2)
FLAT = st.dictionaries(NAMES, VALUES, min_size=1, max_size=2)


def either(policies: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """One of them, or one with branches."""
    branches = st.lists(policies, min_size=2, max_size=2)
    return policies | st.builds(lambda inner, more: {**more, "$or": inner}, branches, st.just({}) | FLAT)


NESTED = st.dictionaries(NAMES, VALUES | FLAT, min_size=1, max_size=2)


def compiled(policies: st.SearchStrategy[dict[str, Any]], scope: str) -> st.SearchStrategy[FilterPolicy]:
    """Those that SNS takes."""

    def taken(policy: dict[str, Any]) -> FilterPolicy | None:
        with suppress(InvalidPolicy):
            return compile_policy(policy, scope)
        return None

    return policies.map(taken).filter(bool)  # type: ignore[return-value]


COMPILED = st.none() | compiled(either(FLAT), MESSAGE_ATTRIBUTES) | compiled(either(NESTED), MESSAGE_BODY)

SCALARS = TEXTS | NUMBERS | st.none() | st.booleans()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
BODIES = st.dictionaries(NAMES, JSON, max_size=4).map(json.dumps) | JSON.map(json.dumps) | st.sampled_from(["no JSON", "{", ""])
ATTRIBUTES = st.dictionaries(
    NAMES,
    st.builds(lambda text: {"Type": "String", "Value": text}, TEXTS)
    | st.builds(
        lambda number: {"Type": "Number", "Value": number},
        st.sampled_from(["1", "1.0", "-2", "1e0", "0.1", "1" * 30, "one", "{}"]),
    )
    | st.builds(lambda listed: {"Type": "String.Array", "Value": json.dumps(listed)}, st.lists(JSON, max_size=3))
    | st.sampled_from(
        [{"Type": "String.Array", "Value": "a"}, {"Type": "Binary", "Value": "YQ=="}, {"Type": "x", "Value": "a"}]
    ),
    max_size=4,
)


def asked_one_by_one(policies: Policies, attributes: Attributes, text: str) -> list[int]:
    def passes(policy: FilterPolicy | None) -> bool:
        if policy is None:
            return True
        seen = seen_attributes(attributes) if policy.scope == MESSAGE_ATTRIBUTES else seen_body(text)
        return seen is not None and policy.pattern.matches(seen)

    return [position for position, policy in enumerate(policies) if passes(policy)]


@settings(max_examples=500, deadline=None)
@given(st.lists(COMPILED, max_size=10), ATTRIBUTES, BODIES, st.booleans())
def test_it_finds_what_asking_each_policy_finds(policies: Policies, attributes: Attributes, text: str, many: bool) -> None:
    """With many names it walks through the message instead of looking for each."""
    others = [compile_policy({f"other-{number // 2}": ["x"]}, SCOPES[number % 2]) for number in range(60 if many else 0)]
    everyone = [*policies, *others]
    assert FilterIndex(everyone).matching(attributes, text) == asked_one_by_one(everyone, attributes, text)


def test_the_order_is_that_of_the_policies_whatever_they_look_at() -> None:
    kinds = [None, compile_policy({"a": ["x"]}), compile_policy({"a": ["x"]}, MESSAGE_BODY), compile_policy({"a": ["y"]})]
    index = FilterIndex([kinds[number % 4] for number in range(12)])

    assert index.matching({"a": {"Type": "String", "Value": "x"}}, '{"a": "x"}') == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    assert index.matching({"a": {"Type": "String", "Value": "y"}}, "text") == [0, 3, 4, 7, 8, 11]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    "policy",
    [
        lambda number: {"kind": [f"k{number}"]},
        lambda number: {"kind": [{"prefix": f"k{number}-"}, f"k{number}"], "a": [{"exists": False}]},
        lambda number: {"size": [number], "kind": [{"anything-but": "x"}]},
        lambda number: {"size": [{"numeric": [">=", number, "<", number + 1]}]},
        lambda number: {"size": [{"anything-but": [0]}], f"name-{number}": [{"exists": True}]},
        lambda number: {"from": [{"cidr": f"10.{number // 250}.{number % 250}.0/24"}]},
        lambda number: {"$or": [{"kind": [f"k{number}"]}, {"other": [f"k{number}"]}]},
    ],
)
def test_few_policies_are_asked_however_many_there_are(policy: Any, scope: str, monkeypatch: pytest.MonkeyPatch) -> None:
    index = FilterIndex([compile_policy(policy(number), scope) for number in range(1000)])
    asked: list[Pattern] = []
    matches = Pattern.matches

    def counted(self: Pattern, event: Mapping[str, Any], seen: Seen | None = None) -> bool:
        asked.append(self)
        return matches(self, event, seen)

    monkeypatch.setattr(Pattern, "matches", counted)
    said = {"kind": "k7", "from": "10.0.7.1", "name-7": ""}
    attributes = {name: {"Type": "String", "Value": value} for name, value in said.items()}
    attributes["size"] = {"Type": "Number", "Value": "7"}
    assert index.matching(attributes, json.dumps({**said, "size": 7})) == [7]
    assert len(asked) <= 2
