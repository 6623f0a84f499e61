"""Match values in words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.patterns.events import InvalidPattern, compile_pattern
from router.patterns.wording import in_words, predicates_of


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["shop"], '"shop"'),
        (["a", 1, None, True], '"a" or 1 or null or true'),
        ([{"exactly": "a"}], '"a"'),
        ([{"prefix": "a"}, {"suffix": "z"}], 'prefix "a" or suffix "z"'),
        ([{"prefix": {"equals-ignore-case": "a"}}], 'prefix "a" in any case'),
        ([{"equals-ignore-case": "a"}], '"a" in any case'),
        ([{"anything-but": "a"}], 'anything but "a"'),
        ([{"anything-but": ["a", 1]}], 'anything but "a" or 1'),
        ([{"anything-but": {"prefix": "a"}}], 'anything but prefix "a"'),
        ([{"anything-but": {"wildcard": ["a*", "b*"]}}], 'anything but wildcard ["a*","b*"]'),
        ([{"exists": True}], "any value"),
        ([{"exists": False}], "no value"),
        ([{"numeric": ["=", 1]}], "numeric = 1"),
        ([{"numeric": [">", 0, "<=", 5.5]}], "numeric > 0 and <= 5.5"),
        ([{"cidr": "10.0.0.0/8"}], 'cidr "10.0.0.0/8"'),
        ([{"wildcard": "a*"}], 'wildcard "a*"'),
        ([*range(9)], "0 or 1 or 2 or 3 or 4 or 5 or 6 or 7 or one of 1 more"),
    ],
)
def test_values(values: list[Any], words: str) -> None:
    assert in_words(values) == words


ARGUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from(["<", ">="]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["prefix", "equals-ignore-case"]), inner),
    max_leaves=4,
)
OPERATORS = st.sampled_from(["exactly", "prefix", "suffix", "anything-but", "exists", "numeric", "cidr", "wildcard", "no"])


@given(st.lists(ARGUMENTS | st.dictionaries(OPERATORS, ARGUMENTS, max_size=2), max_size=3), ARGUMENTS)
def test_every_pattern_that_compiles_has_words(values: list[Any], sent: Any) -> None:
    try:
        pattern = compile_pattern({"a": values})
    except InvalidPattern:
        return
    event = {"a": sent}
    assert all(predicate.wanted for predicate in predicates_of(pattern.explain(event)) if not predicate.fits)
