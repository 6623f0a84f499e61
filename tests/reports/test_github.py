"""Workflow commands, as GitHub's runner takes them apart."""

from router.config.problem import Span
from router.reports.github import annotation


def test_a_place_in_one_line_has_columns() -> None:
    command = annotation("error", "there is no function `x`", title="unknown-function", span=Span("a.yaml", 4, 57, 4, 63))
    assert command == (
        "::error file=a.yaml,line=4,endLine=4,col=57,endColumn=62,title=unknown-function::there is no function `x`"
    )


def test_a_place_over_several_lines_has_none() -> None:
    command = annotation("warning", "m", span=Span("a.yaml", 4, 3, 6, 2))
    assert command == "::warning file=a.yaml,line=4,endLine=6::m"


def test_a_place_that_ends_where_a_line_begins_does_not_cover_it() -> None:
    command = annotation("warning", "m", span=Span("a.yaml", 4, 3, 6, 1))
    assert command == "::warning file=a.yaml,line=4,endLine=5::m"


def test_an_empty_place_ends_where_it_starts() -> None:
    assert annotation("notice", "m", span=Span("a", 1, 1, 1, 1)) == "::notice file=a,line=1,endLine=1,col=1,endColumn=1::m"


def test_without_a_place() -> None:
    assert annotation("notice", "all is well") == "::notice::all is well"


def test_what_would_end_a_message_or_a_property_is_escaped() -> None:
    command = annotation("error", "100%\r\n: a, b", title="a: b, 5%", span=Span("c:/x,y.yaml", 1, 1, 1, 2))
    assert command == (
        "::error file=c%3A/x%2Cy.yaml,line=1,endLine=1,col=1,endColumn=1,title=a%3A b%2C 5%25::100%25%0D%0A: a, b"
    )
