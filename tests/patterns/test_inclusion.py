"""Sets of texts: what is said for certain holds for every text, and what people write is decided."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.patterns.inclusion import Cover, Glob, covers, intersects, literal, parse_glob, parse_path, parse_stars
from router.patterns.wildcards import compile_wildcard

ALPHABET = "ab"
TEXTS = ["".join(letters) for length in range(6) for letters in product("abx", repeat=length)]
"""Every short text, with a letter that no pattern of these tests names."""
PATTERNS = st.text("ab*?", max_size=6)


def taken(pattern: str) -> set[str]:
    compiled = compile_wildcard(pattern)
    return {text for text in TEXTS if compiled.match(text)}


@given(PATTERNS, PATTERNS)
def test_inclusion_is_exactly_that_of_the_texts(larger: str, smaller: str) -> None:
    told = covers(parse_glob(larger), parse_glob(smaller))
    if told:
        assert taken(smaller) <= taken(larger)
    elif parse_glob(smaller).shortest <= 2:
        # Short enough for a text that shows it.
        assert not taken(smaller) <= taken(larger)


@given(PATTERNS, PATTERNS)
def test_what_meets_has_a_text_in_common(one: str, other: str) -> None:
    meeting = intersects(parse_glob(one), parse_glob(other))
    assert meeting == intersects(parse_glob(other), parse_glob(one))
    if taken(one) & taken(other):
        assert meeting
    elif parse_glob(one).shortest + parse_glob(other).shortest <= 5:
        assert not meeting


@pytest.mark.parametrize(
    ("larger", "smaller", "expected"),
    [
        ("*", "/a/*", True),
        ("/*", "*", False),
        ("/api/*", "/api/v1/*", True),
        ("/api/*", "/api", False),
        ("/v?/*", "/v1/x", True),
        ("/v?/*", "/v*/x", False),
        ("*.example.com", "a.*.example.com", True),
        ("?*", "*?", True),
        ("*?", "*a", True),
        ("*a*b*", "*a*c*b", True),
        ("*ab*", "*a*b*", False),
        ("*a?b*", "*axxb*", False),
    ],
)
def test_the_ones_that_people_write(larger: str, smaller: str, expected: bool) -> None:
    assert covers(parse_glob(larger), parse_glob(smaller)) is expected


def test_what_would_take_too_long_is_not_said_to_be_covered() -> None:
    """Every place of the smaller one times every place of the larger one."""
    larger, smaller = parse_glob("*" + "a?" * 40 + "*"), parse_glob("*" + "a*" * 60)
    assert covers(larger, smaller) is False


def test_how_patterns_are_read() -> None:
    assert parse_glob("A**?") == Glob(("A", None, ""))
    assert parse_glob("AB", fold=True) == literal("ab")
    assert parse_glob(r"\*\?\\\x", escapes=True) == literal("*?\\\\x")
    assert parse_stars(r"a?\*\\*") == Glob(("a", "?", "*", "\\", None))


@given(PATTERNS)
def test_a_path_begins_with_a_slash(pattern: str) -> None:
    written, read = compile_wildcard(pattern), parse_path(pattern)
    assert all(covers(read, literal(f"/{text}")) == written.match(f"/{text}") for text in TEXTS)


def test_how_paths_are_read() -> None:
    assert [parse_path(path) for path in ("*", "*.jpg", "*/a", "a*")] == [
        parse_glob(path) for path in ("/*", "/*.jpg", "*/a", "a*")
    ]


def test_a_glob_knows_its_ends() -> None:
    glob = parse_glob("ab*c?de")
    assert (glob.text, glob.beginning, glob.ending, glob.shortest) == (None, "ab", "de", 6)
    assert literal("ab").text == "ab"


@given(st.lists(PATTERNS, max_size=12), PATTERNS)
def test_nothing_that_covers_is_left_out_of_the_candidates(known: list[str], smaller: str) -> None:
    cover: Cover[str] = Cover()
    for pattern in known:
        cover.add(parse_glob(pattern), pattern)
    glob = parse_glob(smaller)
    candidates = [*cover.candidates(glob)]
    assert {pattern for pattern in known if covers(parse_glob(pattern), glob)} <= set(candidates)


def test_what_cannot_cover_is_not_compared() -> None:
    cover: Cover[int] = Cover()
    for number in range(1000):
        cover.add(parse_glob(f"/service-{number}/*"), number)
    assert [*cover.candidates(parse_glob("/service-7/orders/*"))] == [7]
