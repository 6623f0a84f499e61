"""Examples of patterns fit their patterns."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.patterns.events import compile_pattern
from router.samples.matching import example, fits, globbed, wildcard

NAMES = st.sampled_from(["a", "b", "source", "detail-type"])
WORDS = st.text("ab/x.", min_size=1, max_size=5)
BOUNDS = st.integers(-100, 100)
VALUES = st.one_of(
    WORDS,
    st.integers(-5, 5),
    st.booleans(),
    st.none(),
    st.builds(lambda text: {"prefix": text}, WORDS),
    st.builds(lambda text: {"suffix": text}, WORDS),
    st.builds(lambda text: {"equals-ignore-case": text}, WORDS),
    st.builds(lambda text: {"wildcard": f"{text}*{text}"}, WORDS),
    st.builds(lambda text: {"anything-but": text}, WORDS),
    st.builds(lambda number: {"numeric": [">", number]}, BOUNDS),
    st.builds(lambda number: {"numeric": ["<=", number]}, BOUNDS),
    st.builds(lambda low, span: {"numeric": [">", low, "<", low + span]}, BOUNDS, st.integers(1, 9)),
    st.just({"exists": True}),
    st.just({"cidr": "10.0.0.0/8"}),
)
LEAVES = st.lists(VALUES, min_size=1, max_size=3) | st.just([{"exists": False}])
PATTERNS = st.dictionaries(NAMES, LEAVES | st.dictionaries(NAMES, LEAVES, min_size=1, max_size=2), min_size=1, max_size=3)


@given(PATTERNS)
def test_an_example_fits(pattern: dict[str, Any]) -> None:
    assert compile_pattern(pattern).matches(example(pattern)), example(pattern)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"detail": {"a.b": ["x"], "a": {"c": [1]}}}, {"detail": {"a": {"b": "x", "c": 1}}}),
        ({"$or": [{"a": [1]}, {"b": [2]}], "c": [3]}, {"a": 1, "c": 3}),
        ({"$or": {"a": ["x"]}}, {"$or": {"a": "x"}}),
        ({"a": [{"exists": False}], "b": [None]}, {"b": None}),
        ({"a": [{"prefix": {"equals-ignore-case": "PRE"}}]}, {"a": "PREsample"}),
        ({"a": [{"anything-but": ["sample", "other"]}]}, {"a": "0123"}),
        ({"a": [{"anything-but": {"prefix": "s"}}]}, {"a": "other"}),
        ({"a": [{"numeric": [">", 1, "<", 2]}]}, {"a": 1.5}),
    ],
)
def test_how_an_example_looks(pattern: dict[str, Any], expected: dict[str, Any]) -> None:
    assert example(pattern) == expected
    assert fits(pattern, expected)


def test_what_is_no_pattern_fits_nothing() -> None:
    assert not fits({"a": []}, {"a": 1})


def test_globs() -> None:
    assert globbed("/a/*/?.jpg") == "/a/sample/x.jpg"
    assert globbed(r"a\*b*\?", escapes=True) == "a*bsample?"
    assert globbed(r"a\*", "w") == r"a\w"
    assert wildcard(r"a\*b*") == "a*bsample"
