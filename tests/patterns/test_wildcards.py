"""Wildcards against a plain reference, and against texts that make matchers go back."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from router.patterns.wildcards import any_of, compile_wildcard


def reference(pattern: str, text: str) -> bool:
    """By dynamic programming over both texts."""
    row = [True] + [False] * len(text)
    for sign in pattern:
        if sign == "*":
            for at in range(1, len(text) + 1):
                row[at] = row[at] or row[at - 1]
            continue
        row = [False] + [row[at] and sign in ("?", text[at]) for at in range(len(text))]
    return row[-1]


@given(st.text(alphabet="ab*?.\n", max_size=8), st.text(alphabet="ab.\n", max_size=10))
@example("*", "")
@example("a*a", "a")
@example("*ab*ab*", "ab")
@example("a**b", "ab")
def test_it_matches_as_the_reference_does(pattern: str, text: str) -> None:
    assert compile_wildcard(pattern).match(text) is reference(pattern, text)
    assert any_of([pattern])(text) is reference(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [("IMG", "img", True), ("Ä?*", "äXyZ", True), ("STRASSE", "straße", False), ("a", "b", False)],
)
def test_case_may_be_ignored(pattern: str, text: str, fits: bool) -> None:
    assert any_of([pattern], fold=True)(text) is fits
    assert any_of([pattern, "*?no*"], fold=True)(text) is fits


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        (r"a\*b", "a*b", True),
        (r"a\*b", "axb", False),
        (r"\?", "?", True),
        (r"\?", "x", False),
        (r"\\*", r"\x", True),
        (r"\n", r"\n", True),
    ],
)
def test_escapes_stand_for_the_characters_themselves(pattern: str, text: str, fits: bool) -> None:
    assert any_of([pattern], escapes=True)(text) is fits


def test_a_backslash_is_itself_where_there_are_no_escapes() -> None:
    assert any_of([r"a\*"])("a\\b")
    assert not any_of([r"a\*"])("a*")


def test_nothing_makes_it_go_back() -> None:
    """128 characters full of stars against a long text: a matcher that goes back would not come to an end."""
    pattern = "*a" * 63 + "*b"
    text = "a" * 16_384

    assert not compile_wildcard(pattern).match(text)
    assert compile_wildcard(pattern).match(text + "b")


def test_one_of_several_is_enough() -> None:
    fits = any_of(["/a", "/b/*", "/c?"])

    assert [path for path in ("/a", "/a/", "/b", "/b/", "/b/c/d", "/c", "/cc", "/ccc") if fits(path)] == [
        "/a",
        "/b/",
        "/b/c/d",
        "/cc",
    ]
    assert not any_of([])("")
