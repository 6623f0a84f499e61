"""Annotations of a pull request: the workflow commands that GitHub Actions reads from a step's standard output.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message
"""

from collections.abc import Mapping
from typing import Literal

from router.config.problem import Span

Level = Literal["error", "warning", "notice"]

_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_PROPERTY = {**_DATA, ":": "%3A", ",": "%2C"}


def annotation(level: Level, message: str, *, title: str = "", span: Span | None = None) -> str:
    """One command, in one line without its break. `message`: may have several lines; `title`: one."""
    properties: dict[str, str] = {**(_place(span) if span is not None else {}), **({"title": title} if title else {})}
    told = ",".join(f"{name}={_escaped(value, _PROPERTY)}" for name, value in properties.items())
    return f"::{level}{f' {told}' if told else ''}::{_escaped(message, _DATA)}"


def _place(span: Span) -> dict[str, str]:
    """GitHub refuses columns of an annotation that covers several lines; its end column is the last one covered."""
    place = {"file": span.file, "line": str(span.line)}
    if span.end_line != span.line:
        last = span.end_line if span.end_column > 1 else span.end_line - 1
        return {**place, "endLine": str(last)}
    end = max(span.column, span.end_column - 1)
    return {**place, "endLine": str(span.line), "col": str(span.column), "endColumn": str(end)}


def _escaped(text: str, table: Mapping[str, str]) -> str:
    return "".join(table.get(character, character) for character in text)
