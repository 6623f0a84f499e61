"""Many patterns at once: an index finds what asking each of them finds."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.patterns.events import compile_pattern
from router.patterns.index import PatternIndex

TEXTS = st.sampled_from(["a", "b", "c", "10.0.0.1"])
VALUES = st.lists(
    TEXTS | st.sampled_from([{"prefix": "a"}, {"exists": False}, {"anything-but": "b"}, 1]), min_size=1, max_size=2
)
FIELDS = st.sampled_from(["source", "detail-type", "detail"])
FLAT = st.dictionaries(FIELDS, VALUES, min_size=1, max_size=3)
PATTERNS = FLAT | st.lists(FLAT, min_size=2, max_size=2).map(lambda branches: {"$or": branches})
EVENTS = st.dictionaries(FIELDS, TEXTS | st.lists(TEXTS, max_size=2) | st.sampled_from([1, None, {"a": "b"}]), max_size=3)


@given(st.lists(PATTERNS, max_size=8), EVENTS)
def test_it_finds_what_asking_each_pattern_finds(patterns: list[dict[str, Any]], event: dict[str, Any]) -> None:
    compiled = [compile_pattern(pattern) for pattern in patterns]
    expected = [position for position, pattern in enumerate(compiled) if pattern.matches(event)]

    assert PatternIndex(compiled).matching(event) == expected


def test_patterns_with_many_strings_are_found_too() -> None:
    names = [f"n{number}" for number in range(100)]
    index = PatternIndex(
        [compile_pattern({"source": names}), compile_pattern({"source": names[:10], "detail-type": names[:10]})]
    )

    assert index.matching({"source": "n99"}) == [0]
    assert index.matching({"source": "n5", "detail-type": "n9"}) == [0, 1]
    assert index.matching({"source": "n5", "detail-type": "n10"}) == [0]


def test_the_order_is_that_of_the_patterns_whichever_way_they_are_found() -> None:
    kinds = [
        {"source": ["a"]},
        {"detail-type": ["b"]},
        {"source": ["a"], "detail-type": ["b"]},
        {"source": [{"prefix": "a"}]},
    ]
    index = PatternIndex([compile_pattern(kinds[number * 7 % 4]) for number in range(16)])

    assert index.matching({"source": "a", "detail-type": "b"}) == [*range(16)]
