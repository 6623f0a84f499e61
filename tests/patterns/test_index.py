"""Many patterns at once: an index finds what asking each of them finds, and asks few."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.patterns.access import choose
from router.patterns.addresses import block
from router.patterns.events import Pattern, compile_pattern
from router.patterns.index import PatternIndex
from router.patterns.lookup import AddressLookup, NumberLookup, TextLookup

TEXTS = st.sampled_from(["a", "b", "abc", "xbc", "A", "10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", ""])
OPERATORS = st.sampled_from(
    [
        {"prefix": "a"},
        {"prefix": ""},
        {"prefix": {"equals-ignore-case": "a"}},
        {"suffix": "bc"},
        {"exists": False},
        {"exists": True},
        {"anything-but": "b"},
        {"equals-ignore-case": "a"},
        {"wildcard": "a*c"},
        {"wildcard": "*bc"},
        {"wildcard": "*b*"},
        {"wildcard": "a\\\\*"},
        {"wildcard": "abc"},
        {"numeric": ["=", 1]},
        {"numeric": [">", 0, "<=", 2]},
        {"numeric": ["<", 1]},
        {"numeric": [">=", 2]},
        {"cidr": "10.0.0.0/8"},
        {"cidr": "10.0.0.0/31"},
        {"cidr": "0.0.0.0/0"},
        {"cidr": "2001:db8::/32"},
        {"exactly": "a"},
        1,
        None,
        True,
    ]
)
VALUES = st.lists(TEXTS | OPERATORS, min_size=1, max_size=2)
FIELDS = st.sampled_from(["source", "detail-type", "detail", "detail.x", "a.b.c"])
FLAT = st.dictionaries(FIELDS, VALUES, min_size=1, max_size=3)
NESTED = st.dictionaries(st.sampled_from(["x", "y"]), VALUES, min_size=1).map(lambda inner: {"detail": inner})
PATTERNS = FLAT | NESTED | st.lists(FLAT, min_size=2, max_size=2).map(lambda branches: {"$or": branches})
SCALARS = TEXTS | st.sampled_from([0, 1, 1.0, 2, 3, None, True])
DETAIL = st.dictionaries(st.sampled_from(["x", "y"]), SCALARS | st.lists(SCALARS, max_size=2), max_size=2)
EVENTS = st.dictionaries(
    FIELDS | st.sampled_from(["a"]),
    SCALARS
    | st.lists(SCALARS | DETAIL | st.lists(SCALARS, max_size=2), max_size=2)
    | DETAIL
    | st.just({"b": {"c": "a"}})
    | st.just({"b.c": "a"}),
    max_size=4,
)


def asked_one_by_one(patterns: list[Pattern], event: dict[str, Any]) -> list[int]:
    return [position for position, pattern in enumerate(patterns) if pattern.matches(event)]


@given(st.lists(PATTERNS, max_size=8), EVENTS, st.booleans())
def test_it_finds_what_asking_each_pattern_finds(patterns: list[dict[str, Any]], event: dict[str, Any], many: bool) -> None:
    """With many paths it walks through the event instead of looking for each."""
    others = [{f"detail.other-{number}": ["x"]} for number in range(30)] if many else []
    compiled = [compile_pattern(pattern) for pattern in [*patterns, *others]]
    assert PatternIndex(compiled).matching(event) == asked_one_by_one(compiled, event)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 5)), max_size=40), st.integers(-6, 11))
def test_ranges_are_found_by_any_number_in_them(ranges: list[tuple[int, int]], number: int) -> None:
    given_ranges = [(float(bottom), float(bottom + length), position) for position, (bottom, length) in enumerate(ranges)]
    expected = [position for bottom, top, position in given_ranges if bottom <= number <= top]
    assert sorted(NumberLookup(given_ranges).find(number)) == expected


@pytest.mark.parametrize(("fold", "text", "expected"), [(False, "Abc", {1, 3}), (True, "aBC", {0, 1, 2, 3})])
def test_texts_are_found_by_what_they_are_and_by_their_ends(fold: bool, text: str, expected: set[int]) -> None:
    lookup = TextLookup(fold=fold)
    lookup.add_exact("abc", 0)
    lookup.add_prefix("Ab", 1)
    lookup.add_suffix("BC", 2)
    lookup.add_exact("Abc", 3)
    lookup.add_prefix("other", 4)
    assert {position for positions in lookup.find(text) for position in positions} == expected


def test_addresses_are_found_by_what_they_are_and_by_their_blocks() -> None:
    lookup = AddressLookup()
    assert not lookup
    lookup.add_exact((4, 0x0A000001), 0)
    lookup.add_block(block("10.0.0.0/31"), 1)
    lookup.add_block(block("10.9.9.9/8"), 2)
    lookup.add_block(block("10.0.0.2/31"), 3)
    lookup.add_block(block("::/8"), 4)
    assert lookup
    assert [position for positions in lookup.find((4, 0x0A000001)) for position in positions] == [0, 1, 2]
    assert [position for positions in lookup.find((6, 1)) for position in positions] == [4]


@pytest.mark.parametrize(
    "make",
    [
        lambda number: {"source": [f"shop-{number}"]},
        lambda number: {"source": [f"shop-{number % 100}"], "detail-type": [f"type-{number // 100}"]},
        lambda number: {"source": [{"prefix": "shop"}], "detail": {"id": [number]}},
        lambda number: {"detail": {f"field-{number}": [{"exists": True}], "id": [f"{number}"]}},
        lambda number: {"detail": {"name": [{"wildcard": f"order-{number}-*"}]}},
        lambda number: {"detail": {"name": [{"suffix": f"-{number}.jpg"}, f"n{number}"]}},
        lambda number: {"detail": {"total": [{"numeric": [">", number, "<", number + 2]}]}},
        lambda number: {"$or": [{"source": [f"a-{number}"]}, {"detail": {"id": [number]}}]},
        lambda number: {"detail": {"ip": [f"10.0.{number // 250}.{number % 250}"], "kind": [{"anything-but": "x"}]}},
        lambda number: {"detail": {"ip": [{"cidr": f"10.{number // 250}.{number % 250}.0/24"}]}},
        lambda number: {"detail": {f"field-{number}": [{"exists": True}, {"anything-but": "x"}]}},
    ],
)
def test_few_patterns_are_asked_however_many_there_are(make: Any) -> None:
    index = PatternIndex([compile_pattern(make(number)) for number in range(2000)])
    event = {
        "source": "shop-7",
        "detail-type": "type-3",
        "detail": {"id": 7, "name": "order-7-x", "total": 7.5, "ip": "10.0.0.7", "kind": "y"},
    }
    assert len(index._candidates(event, {})) <= 20


def test_what_nothing_tells_apart_is_asked_for_every_event() -> None:
    patterns = [compile_pattern({"detail": {"a": [{"exists": False}]}}), compile_pattern({"source": ["a"]})]
    assert choose(patterns)[0] is None
    assert PatternIndex(patterns).matching({"source": "a", "detail": {}}) == [0, 1]


def test_patterns_with_many_strings_are_found_too() -> None:
    names = [f"n{number}" for number in range(100)]
    index = PatternIndex(
        [compile_pattern({"source": names}), compile_pattern({"source": names[:10], "detail-type": names[:10]})]
    )

    assert index.matching({"source": "n99"}) == [0]
    assert index.matching({"source": "n5", "detail-type": "n9"}) == [0, 1]
    assert index.matching({"source": "n5", "detail-type": "n10"}) == [0]


@pytest.mark.parametrize("source", ["a", ["x", "a"], [["a"]], [1, [["x"], [{"b": 1}, "a"]]]])
def test_pairs_are_found_in_lists_of_lists_too(source: Any) -> None:
    pairs = [(one, other) for one in "ab" for other in "ab"]
    index = PatternIndex([compile_pattern({"source": [one], "detail-type": [other]}) for one, other in pairs])

    assert [pairs[each] for each in index.matching({"source": source, "detail-type": [["b"]]})] == [("a", "b")]


def test_the_order_is_that_of_the_patterns_whichever_way_they_are_found() -> None:
    kinds = [
        {"source": ["a"]},
        {"detail-type": ["b"]},
        {"source": ["a"], "detail-type": ["b"]},
        {"source": [{"prefix": "a"}]},
    ]
    index = PatternIndex([compile_pattern(kinds[number * 7 % 4]) for number in range(16)])

    assert index.matching({"source": "a", "detail-type": "b"}) == [*range(16)]
