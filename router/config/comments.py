"""The comments of a YAML text. Its parser drops them, so they are found between the scalars, whose places it tells.

A `#` begins a comment at the start of a line or after white space, but not inside quotes, a plain value or a block of text.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from router.config.problem import source_lines
from router.config.source import events

_Stretches = Mapping[int, list[tuple[int, float]]]
"""Line, from 0, to the stretches of it that belong to scalars: from a column, up to one."""


@dataclass(slots=True, frozen=True)
class Comment:
    """`line`, `column`: of its `#`, from 1. `text`: behind the `#`. `alone`: nothing else stands in the line."""

    line: int
    column: int
    text: str
    alone: bool


def comments(text: str) -> Iterator[Comment]:
    """Every comment, up to the first mistake of the YAML."""
    taken, end = _scalars(text)
    for number, line in enumerate(source_lines(text)[:end]):
        column = _start(line, taken.get(number, []))
        if column is not None:
            yield Comment(number + 1, column + 1, line[column + 1 :], not line[:column].strip())


def _start(line: str, taken: list[tuple[int, float]]) -> int | None:
    column = line.find("#")
    while column >= 0:
        if (column == 0 or line[column - 1] in " \t") and not any(start <= column < end for start, end in taken):
            return column
        column = line.find("#", column + 1)
    return None


def _scalars(text: str) -> tuple[_Stretches, int | None]:
    """The stretches, and the line at which the parser gave up."""
    taken: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    try:
        for event in events(text):
            if isinstance(event, yaml.ScalarEvent):
                for line, start, end in _lines_of(event):
                    taken[line].append((start, end))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return taken, mark.line if mark is not None else 0
    except (yaml.YAMLError, ValueError, OverflowError):
        return taken, 0
    return taken, None


def _lines_of(event: Any) -> Iterator[tuple[int, int, float]]:
    """Each line of a scalar, and which columns of it are taken. The header of a block (`|`, `>`) may end in a comment."""
    start, end = event.start_mark, event.end_mark
    first = start.line + 1 if event.style in ("|", ">") else start.line
    for line in range(first, end.line + 1):
        yield line, start.column if line == start.line else 0, end.column if line == end.line else float("inf")
