"""What a shape rules out never comes: whatever event of the shape is made, no pattern that is said to be impossible fits it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.patterns.events import compile_pattern
from router.patterns.inclusion import parse_glob
from router.patterns.leaves import route
from router.patterns.pieces import Constant, Range, Text
from router.patterns.shapes import (
    ANYTHING,
    TEXT,
    Array,
    Either,
    Impossible,
    Leaf,
    Object,
    exactly,
    never_matches,
    text,
    useless,
)

SHAPE = Object(
    {
        "kind": exactly("order", "refund"),
        "code": text(parse_glob("a-??"), why="it is a code"),
        "name": Leaf(TEXT.kinds, "it is a text", ((Text(parse_glob("aws.*")), "names of AWS are refused"),)),
        "total": Leaf((Range(0.0, 100.0),), "it is a number up to 100"),
        "flag": Either((Leaf((Constant(True), Constant(False)), "it is true or false"), Leaf((Constant(None),), "it is null"))),
        "items": Array(Object({"id": TEXT, "size": Leaf((Range(1.0, 1.0),), "it is 1")})),
        "free": Object(more=ANYTHING),
        "names": Object(more=TEXT, refuses=lambda key: None if key.islower() else "names are in lower case"),
    },
    always=frozenset({"kind", "code"}),
)
ANY_TEXT = st.text("ab-.ws", max_size=5)
JSON = st.recursive(
    ANY_TEXT | st.integers(-3, 3) | st.none(), lambda each: st.lists(each, max_size=2) | st.dictionaries(ANY_TEXT, each)
)
EVENTS = st.fixed_dictionaries(
    {"kind": st.sampled_from(["order", "refund"]), "code": st.sampled_from(["a-12", "a-xy", "a-.b"])},
    optional={
        "name": ANY_TEXT.filter(lambda name: not name.startswith("aws.")),
        "total": st.integers(0, 100) | st.floats(0, 100),
        "flag": st.sampled_from([True, False, None]),
        "items": st.lists(st.fixed_dictionaries({}, optional={"id": ANY_TEXT, "size": st.just(1)}), max_size=3),
        "free": st.dictionaries(ANY_TEXT | st.just("id"), JSON, max_size=2),
        "names": st.dictionaries(st.sampled_from(["a", "b.c"]), ANY_TEXT, max_size=2),
    },
)
MATCH_VALUES = (
    st.sampled_from(["order", "a-12", "aws.s3", "x", "", 1, 0, 100, 101, True, None])
    | st.sampled_from([{"prefix": "aws."}, {"prefix": "a"}, {"suffix": "x"}, {"wildcard": "a-*"}, {"wildcard": "b*"}])
    | st.sampled_from([{"exists": True}, {"exists": False}, {"anything-but": ["order", "refund"]}, {"anything-but": "order"}])
    | st.sampled_from([{"numeric": [">", 100]}, {"numeric": ["<", 5]}, {"equals-ignore-case": "ORDER"}, {"cidr": "10.0.0.0/8"}])
)
PATHS = [
    "kind",
    "code",
    "name",
    "total",
    "flag",
    "items",
    "items.id",
    "items.size",
    "free",
    "free.id",
    "names.a",
    "names.B",
    "other",
]
FIELDS = st.dictionaries(st.sampled_from(PATHS), st.lists(MATCH_VALUES, min_size=1, max_size=3), min_size=1, max_size=3)
PATTERNS = FIELDS | st.builds(lambda one, other: {"$or": [one, other]}, FIELDS, FIELDS)


@given(PATTERNS, st.lists(EVENTS, min_size=1, max_size=8))
def test_nothing_fits_what_never_matches(pattern: Any, events: list[Any]) -> None:
    compiled = compile_pattern(pattern)
    if never_matches(compiled, SHAPE) is not None:
        assert not any(map(compiled.matches, events))


@given(st.sampled_from(PATHS), st.lists(MATCH_VALUES, min_size=1, max_size=4), st.lists(EVENTS, min_size=1, max_size=8))
def test_a_useless_value_can_go(path: str, values: list[Any], events: list[Any]) -> None:
    dead = {index for index, _ in useless(values, route(path), SHAPE)}
    rest = [each for index, each in enumerate(values) if index not in dead]
    if rest:
        whole, without = compile_pattern({path: values}), compile_pattern({path: rest})
        assert [whole.matches(event) for event in events] == [without.matches(event) for event in events]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"kind": ["order"]}, None),
        ({"kind": ["Order"]}, Impossible("kind", "it is always `order` or `refund`")),
        ({"kind": [{"exists": False}]}, Impossible("kind", "it is always there")),
        ({"code": ["a-1"]}, Impossible("code", "it is a code")),
        ({"name": [{"prefix": "aws.s"}]}, Impossible("name", "names of AWS are refused")),
        ({"total": [{"numeric": [">", 100]}, "5"]}, Impossible("total", "it is a number up to 100")),
        ({"flag": ["true"]}, Impossible("flag", "it is true or false")),
        ({"items": {"id": ["x"], "size": [2]}}, Impossible("items.size", "it is 1")),
        ({"items": ["x"]}, Impossible("items", "it is an object: write the fields inside it")),
        ({"kind": {"of": ["x"]}}, Impossible("kind.of", "it is always `order` or `refund`, and has no fields")),
        ({"names": {"A": ["x"]}}, Impossible("names.A", "names are in lower case")),
        ({"other": ["x"]}, Impossible("other", "an event has no such field")),
        ({"other": [{"exists": False}]}, None),
        ({"free": {"x": {"y": [1]}, "z": [None]}}, None),
        ({"$or": [{"other": ["x"]}, {"total": [1]}]}, None),
        ({"$or": [{"other": ["x"]}, {"kind": ["x"]}]}, Impossible("other", "an event has no such field")),
    ],
)
def test_why(pattern: Any, expected: Impossible | None) -> None:
    assert never_matches(compile_pattern(pattern), SHAPE) == expected
