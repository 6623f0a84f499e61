"""Filter policies: every row of async.md §C.8, and any policy against a reference that is written as the document reads."""

import json
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.policies.filter_index import FilterIndex
from router.policies.filter_policies import MESSAGE_ATTRIBUTES, MESSAGE_BODY, FilterPolicy, InvalidPolicy, compile_policy

TEXT = {"Type": "String", "Value": "high"}


def passes(policy: FilterPolicy, *, attributes: Mapping[str, Mapping[str, str]] = MappingProxyType({}), text: str = "") -> bool:
    return FilterIndex([policy]).matching(attributes, text) == [0]


def attribute(type: str, value: str) -> dict[str, dict[str, str]]:
    return {"a": {"Type": type, "Value": value}}


@pytest.mark.parametrize(
    ("value", "given", "matches"),
    [
        ("high", attribute("String", "high"), True),
        ("high", attribute("String", "High"), False),
        ("high", attribute("String", "higher"), False),
        ("high", {}, False),
        ("high", {"b": TEXT}, False),
        ({"prefix": "hi"}, attribute("String", "high"), True),
        ({"prefix": "hi"}, attribute("String", "low"), False),
        ({"suffix": "gh"}, attribute("String", "high"), True),
        ({"suffix": "gh"}, attribute("String", "low"), False),
        ({"equals-ignore-case": "HIGH"}, attribute("String", "hIgh"), True),
        ({"equals-ignore-case": "HIGH"}, attribute("String", "highest"), False),
        ({"anything-but": "high"}, attribute("String", "low"), True),
        ({"anything-but": "high"}, attribute("String", "high"), False),
        ({"anything-but": "high"}, {}, False),
        ({"anything-but": ["high", "low"]}, attribute("String", "low"), False),
        ({"anything-but": [1, 2]}, attribute("Number", "3"), True),
        ({"anything-but": 1}, attribute("Number", "1.0"), False),
        ({"anything-but": {"prefix": "hi"}}, attribute("String", "low"), True),
        ({"anything-but": {"prefix": "hi"}}, attribute("String", "high"), False),
        ({"numeric": ["=", 301.5]}, attribute("Number", "301.5"), True),
        ({"numeric": ["=", 301.5]}, attribute("Number", "3.015e2"), True),
        ({"numeric": [">", 0, "<=", 150]}, attribute("Number", "150"), True),
        ({"numeric": [">", 0, "<=", 150]}, attribute("Number", "150.00001"), False),
        ({"numeric": ["<", 0]}, attribute("Number", "-1"), True),
        ({"cidr": "10.0.0.0/24"}, attribute("String", "10.0.0.255"), True),
        ({"cidr": "10.0.0.0/24"}, attribute("String", "10.0.1.1"), False),
        ({"exists": True}, attribute("String", ""), True),
        ({"exists": True}, {}, False),
        ({"exists": False}, {}, True),
        ({"exists": False}, attribute("String", "high"), False),
        (100, attribute("Number", "100"), True),
        (100, attribute("Number", "100.00"), True),
        (100, attribute("Number", "1e2"), True),
        (100, attribute("String", "100"), False),
        ("100", attribute("Number", "100"), False),
        ("high", attribute("String.Array", '["low", "high"]'), True),
        ("high", attribute("String.Array", '["low"]'), False),
        (2, attribute("String.Array", "[1, 2]"), True),
        ("2", attribute("String.Array", "[1, 2]"), False),
        (True, attribute("String.Array", "[true, null]"), True),
        (None, attribute("String.Array", "[true, null]"), True),
        (False, attribute("String.Array", "[true, null]"), False),
        ({"anything-but": "high"}, attribute("String.Array", '["high", "low"]'), True),
        ({"exists": True}, attribute("String.Array", "[]"), False),
        ({"exists": False}, attribute("String.Array", "[]"), True),
        # Nested values and what is no list are no attribute to a policy.
        ({"exists": False}, attribute("String.Array", '[["high"], {"a": "high"}]'), True),
        ({"exists": False}, attribute("String.Array", '{"a": 1}'), True),
        ({"exists": False}, attribute("String.Array", "["), True),
        ({"exists": False}, attribute("Number", "many"), True),
        ({"exists": False}, attribute("Number", '"1"'), True),
        ("aGlnaA==", attribute("Binary", "aGlnaA=="), False),
        ({"exists": True}, attribute("Binary", "aGlnaA=="), False),
        ({"exists": False}, attribute("Binary", "aGlnaA=="), True),
    ],
)
def test_one_value_against_attributes(value: Any, given: dict[str, Any], matches: bool) -> None:
    assert passes(compile_policy({"a": [value]}), attributes=given) is matches


@pytest.mark.parametrize(
    ("policy", "given", "matches"),
    [
        ({"a": ["x", "y"]}, {"a": "y"}, True),
        ({"a": ["x"], "b": ["y"]}, {"a": "x"}, False),
        ({"a": ["x"], "b": ["y"]}, {"a": "x", "b": "y", "c": "z"}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "z"}, False),
        ({"c": ["z"], "$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": "y"}, False),
        ({"a.b": ["x"]}, {"a.b": "x"}, True),
        ({"a": ["x"], "b": [{"exists": False}]}, {"a": "x"}, True),
    ],
)
def test_several_attributes(policy: dict[str, Any], given: dict[str, str], matches: bool) -> None:
    attributes = {name: {"Type": "String", "Value": value} for name, value in given.items()}
    assert passes(compile_policy(policy, MESSAGE_ATTRIBUTES), attributes=attributes) is matches


@pytest.mark.parametrize(
    ("policy", "body", "matches"),
    [
        ({"a": ["x"]}, '{"a": "x"}', True),
        ({"a": ["x"]}, '{"a": ["y", "x"]}', True),
        ({"a": {"b": ["x"]}}, '{"a": {"b": "x", "c": 1}}', True),
        ({"a": {"b": ["x"]}}, '{"a.b": "x"}', True),
        ({"a": {"b": ["x"], "c": [1]}}, '{"a": [{"b": "x", "c": 2}, {"b": "y", "c": 1}]}', False),
        ({"a": {"b": ["x"], "c": [1]}}, '{"a": [{"b": "y", "c": 2}, {"b": "x", "c": 1}]}', True),
        ({"a": [300]}, '{"a": 300.0}', True),
        ({"a": [300]}, '{"a": "300"}', False),
        ({"a": [None]}, '{"a": null}', True),
        ({"a": [{"exists": False}]}, "{}", True),
        # Only an object can match, be it that the policy asks for absence.
        ({"a": [{"exists": False}]}, "[]", False),
        ({"a": [{"exists": False}]}, "text", False),
        ({"a": [{"exists": False}]}, '"text"', False),
        ({"a": [{"exists": False}]}, "", False),
        ({"a": [{"exists": False}]}, "[" * 100_000, False),
        ({"a": [{"exists": False}]}, "NaN", False),
    ],
)
def test_bodies(policy: dict[str, Any], body: str, matches: bool) -> None:
    assert passes(compile_policy(policy, MESSAGE_BODY), text=body) is matches


MANY = [f"v{number}" for number in range(151)]
NESTED = "Filter policy scope MessageAttributes does not support nested filter policy"
COMPLEX = "FilterPolicy: Filter policy is too complex"
RANGE = "is not from -1000000000 to 1000000000, with at most 5 decimals"


@pytest.mark.parametrize(
    ("policy", "scope", "reason", "path"),
    [
        ({name: ["x"] for name in "abcdef"}, None, "FilterPolicy: Filter policy can not have more than 5 keys", ()),
        ({"a": {"b": ["x"]}}, None, NESTED, ("a",)),
        ({"a": {}}, None, NESTED, ("a",)),
        ({"$or": [{"a": {"b": ["x"]}}, {"c": ["y"]}]}, None, NESTED, ("$or", 0, "a")),
        ({"a": MANY}, None, COMPLEX, ()),
        ({"a": MANY[:50], "b": MANY[:2], "c": MANY[:2]}, None, COMPLEX, ()),
        # AWS's own example: 4 values three levels down, 3 two levels down, 3 at the top are 12 * 6 * 3 = 216.
        (
            {"key_a": {"key_b": {"key_c": MANY[:4]}}, "key_d": {"key_e": MANY[:3]}, "key_f": MANY[:3]},
            MESSAGE_BODY,
            COMPLEX,
            (),
        ),
        ({"$or": [{"a": MANY[:100]}, {"b": MANY[:51]}]}, None, COMPLEX, ()),
        ({"a": ["x" * 256 * 1024]}, None, "FilterPolicy: Filter policy can not have more than 262144 bytes", ()),
        ({}, None, "FilterPolicy: Empty objects are not allowed", ()),
        ({"a": []}, None, "FilterPolicy: Empty arrays are not allowed", ("a",)),
        ({"a": {}}, MESSAGE_BODY, "FilterPolicy: Empty objects are not allowed", ("a",)),
        ({"a": "x"}, None, 'FilterPolicy: "a" must be an object or an array', ("a",)),
        ({"a": 1}, None, 'FilterPolicy: "a" must be an object or an array', ("a",)),
        ({"a": [["x"]]}, None, "FilterPolicy: Match value must be String, number, true, false, or null", ("a", 0)),
        ({"a": [{"wildcard": "x*"}]}, None, "FilterPolicy: Unrecognized match type wildcard", ("a", 0)),
        ({"a": [{"exactly": "x"}]}, None, "FilterPolicy: Unrecognized match type exactly", ("a", 0)),
        ({"a": ["x", {"Prefix": "x"}]}, None, "FilterPolicy: Unrecognized match type Prefix", ("a", 1)),
        ({"a": [{"prefix": "x", "suffix": "y"}]}, None, "FilterPolicy: Only one key allowed in match expression", ("a", 0)),
        ({"a": [{"prefix": 1}]}, None, "FilterPolicy: prefix match pattern must be a string", ("a", 0)),
        (
            {"a": [{"suffix": {"equals-ignore-case": "x"}}]},
            None,
            "FilterPolicy: suffix match pattern must be a string",
            ("a", 0),
        ),
        (
            {"a": [{"anything-but": {"suffix": "x"}}]},
            None,
            "FilterPolicy: Unsupported anything-but pattern: suffix",
            ("a", 0),
        ),
        (
            {"a": [{"anything-but": {"wildcard": "x"}}]},
            None,
            "FilterPolicy: Unsupported anything-but pattern: wildcard",
            ("a", 0),
        ),
        (
            {"a": [{"anything-but": ["x", 1]}]},
            None,
            "FilterPolicy: Inside anything but list, either all values are number or string, mixed type is not supported",
            ("a", 0, "anything-but"),
        ),
        (
            {"a": [{"exists": "yes"}]},
            None,
            "FilterPolicy: exists match pattern must be either true or false.",
            ("a", 0, "exists"),
        ),
        ({"a": [{"cidr": "10.0.0.0/32"}]}, None, "FilterPolicy: IPv4 mask bits must be < 32", ("a", 0, "cidr")),
        ({"a": [1_000_000_001]}, None, f"FilterPolicy: the number 1000000001 {RANGE}", ("a", 0)),
        ({"a": [float("inf")]}, None, f"FilterPolicy: the number inf {RANGE}", ("a", 0)),
        ({"a": [0.123456]}, None, f"FilterPolicy: the number 0.123456 {RANGE}", ("a", 0)),
        ({"a": [{"numeric": [">", -1e10]}]}, None, f"FilterPolicy: the number -10000000000.0 {RANGE}", ("a", 0)),
        ({"a": [{"anything-but": 1.000001}]}, None, f"FilterPolicy: the number 1.000001 {RANGE}", ("a", 0)),
        ({"a": [{"anything-but": [1, 1.000001]}]}, None, f"FilterPolicy: the number 1.000001 {RANGE}", ("a", 0)),
    ],
)
def test_what_sns_refuses(policy: dict[str, Any], scope: str | None, reason: str, path: tuple[Any, ...]) -> None:
    with pytest.raises(InvalidPolicy) as caught:
        compile_policy(policy, scope)
    assert (str(caught.value), caught.value.path) == (reason, path)


@pytest.mark.parametrize(
    ("policy", "scope"),
    [
        ({name: ["x"] for name in "abcde"}, None),
        ({"a": {name: ["x"] for name in "abcdef"}}, MESSAGE_BODY),
        ({"a": MANY[:150]}, None),
        ({"a": MANY[:75]}, MESSAGE_BODY),
        ({"a": {"b": MANY[:75]}}, MESSAGE_BODY),
        ({"$or": [{"a": MANY[:100]}, {"b": MANY[:50]}]}, None),
        ({"a": [1_000_000_000, -1_000_000_000, 0.12345, -0.5]}, None),
        # An object that an operator begins is no branch: then `$or` is a name as any other.
        ({"$or": [{"prefix": "x"}, {"suffix": "y"}]}, None),
    ],
)
def test_what_is_just_taken(policy: dict[str, Any], scope: str | None) -> None:
    assert compile_policy(policy, scope).scope == (scope or MESSAGE_ATTRIBUTES)


# --- against a reference ---------------------------------------------------------------------------------------------

words = st.sampled_from(["", "a", "A", "ab", "b", "1", "10.0.0.7"])
numbers = st.sampled_from([0, 1, 1.5, -2, 10])
operators = st.one_of(
    *(words.map(lambda word, name=name: {name: word}) for name in ("prefix", "suffix", "equals-ignore-case")),
    st.booleans().map(lambda there: {"exists": there}),
    st.one_of(words, numbers, st.lists(words, min_size=1, max_size=2)).map(lambda value: {"anything-but": value}),
    words.filter(bool).map(lambda word: {"anything-but": {"prefix": word}}),
    st.tuples(st.sampled_from(["=", "<", "<=", ">", ">="]), numbers).map(lambda pair: {"numeric": [*pair]}),
    st.just({"cidr": "10.0.0.0/8"}),
)
value_lists = st.lists(st.one_of(words, numbers, st.none(), st.booleans(), operators), min_size=1, max_size=3)
policies = st.dictionaries(st.sampled_from("abc"), value_lists, min_size=1, max_size=3)
scalars = st.one_of(words, numbers, st.none(), st.booleans())
messages = st.dictionaries(st.sampled_from("abc"), st.one_of(scalars, st.lists(scalars, max_size=3)), max_size=3)

COMPARE = {
    "=": lambda one, other: one == other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def same(one: Any, other: Any) -> bool:
    """Equal as JSON values: true is not 1."""
    return isinstance(one, bool) == isinstance(other, bool) and (one is None) == (other is None) and one == other


def value_fits(value: Any, leaf: Any) -> bool:
    if not isinstance(value, dict):
        return same(value, leaf)
    [(name, argument)] = value.items()
    if name == "exists":
        return bool(argument)
    if name == "anything-but":
        if isinstance(argument, dict):
            return not (isinstance(leaf, str) and leaf.startswith(argument["prefix"]))
        return not any(same(each, leaf) for each in (argument if isinstance(argument, list) else [argument]))
    if name == "numeric":
        is_number = isinstance(leaf, int | float) and not isinstance(leaf, bool)
        return is_number and COMPARE[argument[0]](leaf, argument[1])
    if not isinstance(leaf, str):
        return False
    if name == "cidr":
        return leaf.startswith("10.")
    folded = {
        "prefix": leaf.startswith,
        "suffix": leaf.endswith,
        "equals-ignore-case": lambda text: leaf.lower() == text.lower(),
    }
    return bool(folded[name](argument))


def reference(policy: dict[str, Any], message: dict[str, Any]) -> bool:
    def field_fits(name: str, values: list[Any]) -> bool:
        found = message.get(name, [])
        leaves = found if isinstance(found, list) else [found]
        return any(value_fits(value, leaf) for value in values for leaf in leaves) or (
            not leaves and {"exists": False} in values
        )

    return all(field_fits(name, values) for name, values in policy.items())


@settings(max_examples=400, deadline=None)
@given(policy=policies, message=messages)
def test_any_policy_against_any_body(policy: dict[str, Any], message: dict[str, Any]) -> None:
    assert passes(compile_policy(policy, MESSAGE_BODY), text=json.dumps(message)) is reference(policy, message)


def as_attribute(value: Any) -> dict[str, str] | None:
    """The attribute that says this, where one can."""
    if isinstance(value, str):
        return {"Type": "String", "Value": value}
    if isinstance(value, list):
        return {"Type": "String.Array", "Value": json.dumps(value)}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"Type": "Number", "Value": json.dumps(value)}
    return None


@settings(max_examples=400, deadline=None)
@given(policy=policies, message=messages)
def test_any_policy_against_any_attributes(policy: dict[str, Any], message: dict[str, Any]) -> None:
    said = {name: value for name, value in message.items() if as_attribute(value) is not None}
    attributes = {name: as_attribute(value) or {} for name, value in said.items()}
    assert passes(compile_policy(policy), attributes=attributes) is reference(policy, said)


anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.sampled_from(["$or", "prefix", "anything-but", "numeric", "cidr", "exists"]), st.text(max_size=3)),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(policy=st.dictionaries(st.text(max_size=3), anything, max_size=6), scope=st.sampled_from([None, MESSAGE_BODY]))
def test_any_policy_is_compiled_or_refused(policy: dict[str, Any], scope: str | None) -> None:
    with suppress(InvalidPolicy):
        assert passes(compile_policy(policy, scope), text="{}") in (True, False)
