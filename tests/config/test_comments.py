"""Comments are found wherever YAML allows them, and nothing else is taken for one."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from router.config.comments import comments


def found(text: str) -> list[tuple[int, int, str]]:
    return [(comment.line, comment.column, comment.text) for comment in comments(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# one\n#two\na: 1 # three\n", [(1, 1, " one"), (2, 1, "two"), (3, 6, " three")]),
        ("a: 'it''s # no' # yes\n", [(1, 17, " yes")]),
        ('a: "# no" # yes\n', [(1, 11, " yes")]),
        ('a: "one\n  # no\n  two" # yes\n', [(3, 8, " yes")]),
        ("a: b#no # yes\n", [(1, 9, " yes")]),
        ("a: one\n  two # yes\n", [(2, 7, " yes")]),
        ("a: | # yes\n  # no\n  text # no\n# yes\nb: 1\n", [(1, 6, " yes"), (4, 1, " yes")]),
        ("a: >-\n  text\n\n  # no\nb: 1 # yes\n", [(5, 6, " yes")]),
        ("a: |\n  text # no", []),
        ("a: [b, # one\n c] # two\n", [(1, 8, " one"), (2, 5, " two")]),
        ("a: &x !!str text # yes\nb: *x # too\n", [(1, 18, " yes"), (2, 7, " too")]),
        ("? a # one\n: b # two\n", [(1, 5, " one"), (2, 5, " two")]),
        ("a: ü\r\n# yes\r\n", [(2, 1, " yes")]),
        ("a:\t# yes\n", [(1, 4, " yes")]),
        ("'#': 1 # yes # still\n", [(1, 8, " yes # still")]),
        ("", []),
    ],
)
def test_comments(text: str, expected: list[tuple[int, int, str]]) -> None:
    assert found(text) == expected


def test_only_what_stands_before_a_mistake_is_known() -> None:
    assert found("# one\na: 1 # two\nb: : : c # three\n# four\n") == [(1, 1, " one"), (2, 6, " two")]
    assert found("# one\na: \x00\n") == []


def test_a_comment_alone_in_its_line_is_told_from_one_behind_a_value() -> None:
    assert [comment.alone for comment in comments("  # a\nb: 1 # c\n")] == [True, False]


@given(st.text(alphabet="ab:#'\"|>- \n{}[],&*!", max_size=60))
def test_any_text(text: str) -> None:
    """Taking a comment that was found out of the text changes nothing about what the text says."""
    try:
        before = yaml.safe_load(text)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        list(comments(text))
        return
    lines = text.split("\n")
    for comment in comments(text):
        lines[comment.line - 1] = lines[comment.line - 1][: comment.column - 1]
    assert yaml.safe_load("\n".join(lines)) == before
