"""Markdown of differences: whatever values hold, a real Markdown parser finds them in their own cells."""

import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from router.model import Place
from router.review.behaviour import Behaviour, Fact
from router.review.difference_text import Review, code, to_markdown
from router.review.differences import Difference, How, Settings

PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
CELL = 4
"""How deep the content of a cell lies: table, body, row, cell."""
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(
    ["a|b", "\\|", "`", "``x`", "| - |", "<script>", "@team", "**x**", "a\nb", "\\", "\\\\|", " ", "`|`", "[x](y)", "|", "\t"]
)


def cells(markdown: str) -> list[list[list[str]]]:
    """Of each table the rows, of each row the text of its cells; `<br>` is a line break."""
    tables: list[list[list[str]]] = []
    for token in PARSER.parse(markdown):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type == "inline" and token.level == CELL:
            children = token.children or []
            assert {child.type for child in children} <= {"text", "code_inline", "html_inline"}
            tables[-1][-1].append("".join("\n" if child.type == "html_inline" else child.content for child in children))
    return tables


def seen(text: str) -> str:
    """What a code span shows: one line, and without the space that it may strip at both ends."""
    return "".join(character if character.isprintable() else " " for character in text)


@given(TEXTS, TEXTS, TEXTS)
def test_values_stay_in_their_cells(before: str, after: str, key: str) -> None:
    place = Place("router.yaml", 3, 1)
    difference = Difference(("triggers", key), How.CHANGED, before, after, place, place)
    behaviour = Behaviour(f"sample for {key}", (Fact("route", before, after), Fact("answer", after, before)))
    review = Review("a.yaml", "b.yaml", Settings([difference], []), [behaviour], 1)
    settings, events = cells(to_markdown(review, str))
    assert [len(row) for row in (*settings, *events)] == [4] * 5
    for shown, value in ((settings[1][2], before), (settings[1][3], after)):
        assert shown.removesuffix("\nrouter.yaml:3").removesuffix("router.yaml:3").strip() == seen(value).strip()
    assert (events[1][2].strip(), events[2][3].strip()) == (seen(before).strip(), seen(before).strip())


def test_what_is_long_is_cut() -> None:
    assert code("x" * 400) == f"`{'x' * 300}…`"


@given(TEXTS)
def test_notes_are_prose(name: str) -> None:
    review = Review("a.yaml", "b.yaml", Settings([], []), [], 0, unsampled=[name])
    tokens = PARSER.parse(to_markdown(review, str))
    items = [token for token in tokens if token.type == "list_item_open"]
    (note,) = [token for token in tokens if token.type == "inline" and token.content.startswith("No sample")]
    assert len(items) == 1
    assert {child.type for child in note.children or ()} <= {"text", "text_special"}
    assert re.sub(r"\s", "", "".join(child.content for child in note.children or ())) == re.sub(
        r"\s", "", f"Nosamplecanbemadefor:{seen(name)}."
    )
