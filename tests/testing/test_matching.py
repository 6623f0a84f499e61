"""Values held against what is expected: whole, in part, by queries; and names by expressions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.testing.matching import body_matches, matches
from router.testing.selecting import BadExpression, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-100, 100) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("matcher", "got", "wrong"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 1, "b": 2}, ["$.b: wanted nothing, got 2"]),
        ({"a": 1}, {}, ["$.a: wanted 1, got nothing"]),
        ([1, 2], [1], ["$[1]: wanted 2, got nothing"]),
        (True, 1, ["$: wanted true, got 1"]),
        (1, 1.0, []),
        ({"equals": {"equals": 1}}, {"equals": 1}, []),
        ({"contains": {"a": {"b": 1}}}, {"a": {"b": 1, "c": 2}, "d": 3}, []),
        ({"contains": {"a": {"b": 1}}}, {"a": {"b": 2}}, ["$.a.b: wanted 1, got 2"]),
        ({"contains": {"x y": 1}}, {}, ['$["x y"]: wanted 1, got nothing']),
        ({"contains": [2, 1]}, [1, 2, 3], []),
        ({"contains": [1, 1]}, [1, 2], ["$[1]: wanted 1, got 2"]),
        ({"contains": [{"a": 1}]}, [], ['$: wanted an element {"a":1}, got []']),
        ({"contains": "ell"}, "hello", []),
        ({"contains": "x"}, "hello", ['$: wanted "x" in it, got "hello"']),
        ({"contains": {"a": "ell"}}, {"a": "hello"}, ['$.a: wanted "ell", got "hello"']),
        ({"jsonpath": {"$.a[*].b": [1, 2]}}, {"a": [{"b": 1}, {"b": 2}]}, []),
        ({"jsonpath": {"$.a": [1, 2]}}, {"a": [1, 2]}, []),
        ({"jsonpath": {"$.a": None}}, {"a": None}, []),
        ({"jsonpath": {"$.a": 1}}, {"b": 1}, ["$.a: wanted 1, got nothing"]),
        ({"jsonpath": {"$.*": 1}}, {"a": 1, "b": 2}, ["$.*: wanted 1, got 2 values: [1,2]"]),
        ({"contains": {"a": 1}, "jsonpath": {"$.b": 3}}, {"a": 1, "b": 2}, ["$.b: wanted 3, got 2"]),
        ({"contains": 1, "other": 2}, {"contains": 1, "other": 2}, []),
    ],
)
def test_values(matcher: Any, got: Any, wrong: list[str]) -> None:
    assert matches(matcher, got) == wrong


def test_many_differences_are_cut() -> None:
    lines = matches({str(number): 0 for number in range(30)}, {})
    assert (len(lines), lines[-1]) == (13, "… and 18 more")


@given(JSON)
def test_everything_is_and_contains_itself(value: Any) -> None:
    assert matches({"equals": value}, value) == []
    assert matches({"contains": value}, value) == []


@given(JSON, JSON)
def test_what_is_equal_is_contained(one: Any, other: Any) -> None:
    if not matches({"equals": one}, other):
        assert matches({"contains": one}, other) == []


@pytest.mark.parametrize(
    ("matcher", "body", "fits"),
    [
        ("hello", b"hello", True),
        ('{"a": 1}', b'{"a": 1}', True),
        ('{"a":1}', b'{"a": 1}', False),
        ({"a": 1}, b'{"a": 1}', True),
        ({"contains": "a"}, b'{"a": 1}', True),
        ({"contains": {"a": 1}}, b'{"a": 1, "b": 2}', True),
        ({"equals": "x"}, b'"x"', False),
        (7, b"7", True),
        ({"jsonpath": {"$.a": 1}}, b"no JSON", False),
    ],
)
def test_bodies(matcher: Any, body: bytes, fits: bool) -> None:
    assert (body_matches(matcher, body) == []) is fits


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [
        ("jpeg", "a JPEG reaches", True),
        ("not jpeg", "a JPEG reaches", False),
        ("a or b and c", "a", True),
        ("(a or b) and c", "a", False),
        ("not a and not b", "c", True),
        ('"not found"', "it is not found", True),
        ("it is found", "so it is found", True),
    ],
)
def test_expressions(text: str, name: str, wanted: bool) -> None:
    assert parse(text)(name) is wanted


@pytest.mark.parametrize("text", ["", "(", "a and", "not", "a )", "or a", "()"])
def test_expressions_that_are_none(text: str) -> None:
    with pytest.raises(BadExpression):
        parse(text)


@given(st.text(alphabet='ab ()"andornt', max_size=20))
def test_any_expression_is_one_or_is_refused(text: str) -> None:
    try:
        wanted = parse(text)
    except BadExpression:
        return
    assert wanted("a name") in (True, False)
