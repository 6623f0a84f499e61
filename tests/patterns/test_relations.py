"""What is said of two patterns, or of parts of one, holds for every event."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.patterns.events import compile_pattern
from router.patterns.pieces import covers, meets, needless, piece, pieces, ranges_take_everything, takes_everything
from router.patterns.relations import canonical, pattern_covers, repeated_branches, replaced, values_cover, written_fields
from router.patterns.values import compile_values

WORDS = st.sampled_from(
    ["", "a", "ab", "B", "aB", "10.0.0.1", "::ffff:10.0.0.1", "10.0.0.2", "1", "K", "\u212a", "\u0130", "-"]
)
NUMBERS = st.sampled_from([0, 1, 2.5, -1, 9007199254740993, 1e300])
GLOBS = st.sampled_from(["*", "a*", "*b", "a*b", "A*", "*-*", r"\*", "?"])
SIMPLE = WORDS | NUMBERS | st.sampled_from([None, True, False])


def operator(name: str, argument: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return argument.map(lambda value: {name: value})


FOLDED = operator("equals-ignore-case", WORDS)
RANGES = st.sampled_from([["=", 1], ["<", 1], ["<=", 1], [">", 1], [">=", 0, "<", 2.5], [">", 0, "<=", 1], [">", -5]])
NESTED = operator("prefix", WORDS.filter(bool)) | operator("suffix", WORDS.filter(bool)) | FOLDED | operator("wildcard", GLOBS)
MATCH_VALUES = (
    SIMPLE
    | operator("prefix", WORDS | FOLDED)
    | operator("suffix", WORDS | FOLDED)
    | FOLDED
    | operator("wildcard", GLOBS)
    | operator("numeric", RANGES)
    | operator("exists", st.booleans())
    | operator("cidr", st.sampled_from(["10.0.0.0/24", "10.0.0.0/31", "::/16", "0.0.0.0/0"]))
    | operator("anything-but", WORDS | NUMBERS | st.lists(WORDS, min_size=1, max_size=2) | NESTED)
)
LISTS = st.lists(MATCH_VALUES, min_size=1, max_size=3)
LEAVES: list[Any] = [
    *("", "a", "ab", "aB", "Ab", "b", "B", "axb", "a-b", "-", "k", "K", "\u212a", "\u0130", "i\u0307", "?", "*", "1"),
    *("10.0.0.1", "::ffff:10.0.0.1", "10.0.0.2", "0:0:0:0:0:ffff:a00:1", "::1", "1.2.3.4"),
    *(0, 1, 1.0, 2.5, 2, -1, -0.0, 9007199254740993, 9007199254740992, 1e300, 10**400),
    *(None, True, False),
]


@given(MATCH_VALUES, MATCH_VALUES)
def test_pieces_are_what_the_matcher_takes(one: Any, other: Any) -> None:
    left, right = compile_values([one], ()), compile_values([other], ())
    if covers(piece(one), piece(other)):
        assert all(left.fits(leaf) for leaf in LEAVES if right.fits(leaf))
        assert left.absent or not right.absent
    if not meets(piece(one), piece(other)):
        assert not any(left.fits(leaf) and right.fits(leaf) for leaf in LEAVES)
        assert not (left.absent and right.absent)


@given(LISTS)
def test_what_is_needless_can_go(values: list[Any]) -> None:
    for index, other in needless(pieces(values)):
        rest = [each for position, each in enumerate(values) if position != index]
        whole, without = compile_values(values, ()), compile_values(rest, ())
        assert index != other
        assert [whole.fits(leaf) for leaf in LEAVES] == [without.fits(leaf) for leaf in LEAVES]


@given(LISTS)
def test_what_excludes_nothing_takes_every_leaf(values: list[Any]) -> None:
    if takes_everything(pieces(values)):
        assert all(map(compile_values(values, ()).fits, LEAVES))
    if ranges_take_everything(pieces(values)):
        fits = compile_values(values, ()).fits
        assert all(fits(leaf) for leaf in (0, 1, 2.5, -1, 1e300))


KEYS = ["a", "b", "x.a", "x.b"]
FIELDS = st.dictionaries(st.sampled_from(KEYS), LISTS, min_size=1, max_size=3)
PATTERNS = FIELDS | st.builds(
    lambda fields, branches: {**fields, "$or": branches}, FIELDS, st.lists(FIELDS, min_size=2, max_size=3)
)
LEAF = st.sampled_from(LEAVES)
ELEMENTS = st.dictionaries(st.sampled_from(["a", "b"]), LEAF | st.lists(LEAF, max_size=2), max_size=2)
EVENTS = st.fixed_dictionaries(
    {}, optional={"a": LEAF | st.lists(LEAF, max_size=2), "b": LEAF, "x": ELEMENTS | st.lists(ELEMENTS | LEAF, max_size=3)}
)


@given(PATTERNS, PATTERNS, st.lists(EVENTS, max_size=10))
def test_a_pattern_that_covers_takes_all_events_of_the_other(larger: Any, smaller: Any, events: list[Any]) -> None:
    one, other = compile_pattern(larger), compile_pattern(smaller)
    assert pattern_covers(one, one)
    if pattern_covers(one, other):
        assert all(one.matches(event) for event in events if other.matches(event))
    if canonical(one) == canonical(other):
        assert [one.matches(event) for event in events] == [other.matches(event) for event in events]


@given(st.sampled_from(KEYS), LISTS, FIELDS, st.lists(EVENTS, max_size=10))
def test_weaker_patterns_cover_stronger_ones(key: str, more: list[Any], fields: Any, events: list[Any]) -> None:
    """By construction: one more match value in a list takes more."""
    larger = {**fields, key: [*fields[key], *more]} if key in fields else fields
    assert pattern_covers(compile_pattern(larger), compile_pattern(fields))
    assert all(compile_pattern(larger).matches(event) for event in events if compile_pattern(fields).matches(event))


@given(st.lists(FIELDS, min_size=2, max_size=4), st.lists(EVENTS, max_size=10))
def test_a_repeated_branch_can_go(branches: list[Any], events: list[Any]) -> None:
    whole = compile_pattern({"$or": branches})
    for place, index, other in repeated_branches({"$or": branches}):
        rest = [each for position, each in enumerate(branches) if position != index]
        without = compile_pattern({"$or": rest} if len(rest) > 1 else rest[0])
        assert place == ("$or",)
        assert index != other
        assert [whole.matches(event) for event in events] == [without.matches(event) for event in events]


@given(PATTERNS, st.dictionaries(st.sampled_from(["x"]), st.dictionaries(st.sampled_from(["a", "b"]), LISTS, min_size=1)))
def test_a_field_that_is_replaced_has_no_effect(first: Any, then: Any) -> None:
    """Whatever stands in its place, even what nothing can be."""
    pattern = {**first, **then}
    for earlier, later in replaced(written_fields(pattern)):
        assert earlier.path == later.path
        if not earlier.branches and not later.branches:
            changed = {**pattern, earlier.place[0]: ["something else"]} if len(earlier.place) == 1 else pattern
            assert canonical(compile_pattern(changed)) == canonical(compile_pattern(pattern))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"a": {"b": ["x"]}, "a.b": ["y"]}, [(("a", "b"), ("a.b",))]),
        ({"a": ["x"], "$or": [{"a": ["y"]}, {"b": ["z"]}]}, [(("a",), ("$or", 0, "a"))]),
        ({"$or": [{"a": ["y"]}, {"a": ["z"]}]}, []),
        ({"$or": [{"a": ["y"]}, {"b": ["z"]}], "a": ["x"]}, [(("$or", 0, "a"), ("a",))]),
        ({"a": {"$or": [{"b": [1]}, {"c": [2]}]}, "d": [3]}, []),
        ({"a": {"b": [1]}, "x": {"b": [1]}}, []),
    ],
)
def test_what_replaces_what(pattern: Any, expected: Any) -> None:
    assert [(earlier.place, later.place) for earlier, later in replaced(written_fields(pattern))] == expected


@pytest.mark.parametrize(
    ("larger", "smaller", "expected"),
    [
        (["a", "b"], ["a"], True),
        ([{"prefix": "a"}], ["ab", {"prefix": "ac"}, {"wildcard": "a*x"}], True),
        ([{"prefix": "a"}], [{"prefix": ""}], False),
        ([{"anything-but": ["a"]}], [{"anything-but": ["a", "b"]}], True),
        ([{"anything-but": ["a", "b"]}], [{"anything-but": ["a"]}], False),
        ([{"anything-but": {"prefix": "x"}}], ["a", 1, None, {"prefix": "y"}], True),
        ([{"exists": True}], [None, {"numeric": [">", 1]}, {"anything-but": "x"}], True),
        ([{"exists": True}], [{"exists": False}], False),
        ([{"numeric": [">", 0]}], [{"numeric": [">", 0, "<=", 5]}, 7], True),
        ([{"numeric": [">", 0]}], [{"numeric": [">=", 0]}], False),
        ([{"cidr": "10.0.0.0/8"}], [{"cidr": "10.1.0.0/16"}, "10.0.0.1"], True),
        (["10.0.0.1"], ["::ffff:10.0.0.1"], True),
        ([{"equals-ignore-case": "ab"}], ["AB", "aB"], True),
        (["ab"], [{"equals-ignore-case": "ab"}], False),
    ],
)
def test_lists_of_match_values(larger: list[Any], smaller: list[Any], expected: bool) -> None:
    assert values_cover(larger, smaller) is expected


def test_patterns_with_too_many_alternatives_are_not_compared() -> None:
    branches = [{"a": [number]} for number in range(65)]
    pattern = compile_pattern({"$or": branches})
    assert not pattern_covers(pattern, pattern)
    assert [*repeated_branches({"$or": [*branches, {"a": [0]}]})] == []
