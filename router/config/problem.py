"""One finding about a configuration: where, what, and what to do; its JSON form and its form for people.

Codes are stable: scripts and editors may rely on them. Nothing that came from a variable or a file stands in a finding.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

Path = tuple[str | int, ...]
"""Keys and indexes from the root of the configuration."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What ends a line in YAML 1.1."""


_LONGEST_MESSAGE = 2_000
"""Characters. A message quotes what stands in the file, which may be anything."""

_WIDEST_EXCERPT = 400
_BEFORE = 100
"""Characters of a source line that are shown where it is longer, and how many of them before the caret."""


class Severity(StrEnum):
    """An error keeps the configuration from running; a warning does not; an info is worth knowing."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(slots=True, frozen=True)
class Span:
    """A stretch of a file. Lines and columns count characters from 1; the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(slots=True, frozen=True)
class Related:
    """Another place that belongs to a finding, such as the first of two duplicates."""

    message: str
    span: Span


@dataclass(slots=True, frozen=True)
class Edit:
    """`text` in place of what stands at `span`; an empty span inserts."""

    span: Span
    text: str


@dataclass(slots=True, frozen=True)
class Fix:
    """Edits that mend a finding without changing what the configuration means to its author. `label`: what they do."""

    label: str
    edits: tuple[Edit, ...]

    def to_json(self) -> dict[str, Any]:
        edits = [
            {
                **_start(edit.span),
                "end": {"line": edit.span.end_line, "column": edit.span.end_column},
                "text": edit.text,
            }
            for edit in self.edits
        ]
        return {"label": self.label, "edits": edits}


@dataclass(slots=True, frozen=True)
class Problem:
    """One finding. `fix`: where one can be applied without thinking.

    `fingerprint`: the same for the same finding while lines move (see `config.fingerprints`). `stages`: the overlays with
    which the finding is there, where it is not there with all that were checked.
    """

    code: str
    message: str
    span: Span
    severity: Severity = Severity.ERROR
    path: Path = ()
    help: str | None = None
    related: tuple[Related, ...] = field(default=())
    fix: Fix | None = None
    fingerprint: str = ""
    stages: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        return self.span.file

    @property
    def line(self) -> int:
        return self.span.line

    @property
    def column(self) -> int:
        return self.span.column

    def to_json(self) -> dict[str, Any]:
        """`{severity, code, message, file, line, column, end: {line, column}, path, help, related, fix, fingerprint, stages}`.

        All keys are always there. `fix`: null, or `{label, edits: [{file, line, column, end, text}]}`.
        """
        return {
            "severity": str(self.severity),
            "code": self.code,
            "message": self.message,
            "file": self.span.file,
            "line": self.span.line,
            "column": self.span.column,
            "end": {"line": self.span.end_line, "column": self.span.end_column},
            "path": dotted(self.path),
            "help": self.help,
            "related": [{"message": other.message, **_start(other.span)} for other in self.related],
            "fix": self.fix.to_json() if self.fix is not None else None,
            "fingerprint": self.fingerprint,
            "stages": list(self.stages),
        }

    def sort_key(self) -> tuple[str, int, int, str, str]:
        return (self.span.file, self.span.line, self.span.column, self.code, self.message)


@dataclass(slots=True, frozen=True)
class Suppressed:
    """A finding that a comment at its place takes back. `reason`: what the comment says; `span`: where the comment stands."""

    problem: Problem
    reason: str
    span: Span

    def to_json(self) -> dict[str, Any]:
        """The finding, with `reason` and `comment: {file, line, column}`."""
        return {**self.problem.to_json(), "reason": self.reason, "comment": _start(self.span)}


def _start(span: Span) -> dict[str, Any]:
    return {"file": span.file, "line": span.line, "column": span.column}


def dotted(path: Path) -> str:
    """`triggers.shop.routes["GET /orders"].function`, `include[0]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _BARE.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{json.dumps(part, ensure_ascii=False)}]"
    return text


def render(problem: Problem, sources: Mapping[str, str]) -> str:
    """The form for people: the place and message, the source line with carets, related places, and the help."""
    span = problem.span
    lines = [f"{span.file}:{span.line}:{span.column}: {problem.severity}[{problem.code}]: {problem.message}"]
    lines += _excerpt(span, sources)
    for other in problem.related:
        lines.append(f"    {other.span.file}:{other.span.line}:{other.span.column}: {other.message}")
    if problem.help:
        lines.append(f"    help: {problem.help}")
    if problem.stages:
        lines.append(f"    only with: {', '.join(problem.stages)}")
    return "\n".join(lines)


def legible(text: str) -> str:
    """A message without what would steer a terminal or turn its text around, and of a length that can be read."""
    if len(text) > _LONGEST_MESSAGE:
        text = f"{text[: _LONGEST_MESSAGE // 2]}…{text[-_LONGEST_MESSAGE // 2 :]}"
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    return character.encode("unicode_escape").decode()


def source_line(text: str, number: int) -> str | None:
    """Line `number` (from 1) of a text, by YAML's line breaks; None beyond its end."""
    lines = source_lines(text)
    return lines[number - 1] if 0 < number <= len(lines) else None


def within(text: str, span: Span) -> Span:
    """The span, ended where the text ends: without a line break there, libyaml counts one line too many."""
    lines = source_lines(text)
    last = (len(lines), len(lines[-1]) + 1)
    start, end = min((span.line, span.column), last), min((span.end_line, span.end_column), last)
    return span if span.end_line <= len(lines) else Span(span.file, *start, *end)


def hidden(text: str, span: Span) -> str:
    """The text with asterisks in place of what stands at `span`; lines and columns stay what they are."""
    lines = list(source_lines(text))
    for number in range(span.line, min(span.end_line, len(lines)) + 1):
        line = lines[number - 1]
        start = span.column - 1 if number == span.line else 0
        end = min(span.end_column - 1, len(line)) if number == span.end_line else len(line)
        lines[number - 1] = line[:start] + "*" * (end - start) + line[end:]
    return "\n".join(lines)


@lru_cache(maxsize=8)
def source_lines(text: str) -> list[str]:
    """The lines of a text, by YAML's line breaks, without them. The result is shared: do not change it."""
    return LINE_BREAK.split(text)


def _excerpt(span: Span, sources: Mapping[str, str]) -> list[str]:
    line = source_line(sources.get(span.file, ""), span.line)
    if line is None or not line.strip():
        return []
    number = str(span.line)
    start = min(span.column - 1, len(line))
    end = span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
    width = max(1, min(end, len(line)) - start)
    line = "".join(character if character.isprintable() or character == "\t" else "\ufffd" for character in line.rstrip())
    line, start = _window(line, start)
    indent = "".join("\t" if character == "\t" else " " * _columns(character) for character in line[:start])
    carets = "^" * max(1, sum(map(_columns, line[start : start + width])))
    return [f"  {number} | {line}", f"  {' ' * len(number)} | {indent}{carets}"]


def _columns(character: str) -> int:
    """How many columns of a terminal a character takes (Unicode Standard Annex 11): none where it stands on the one before."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _window(line: str, start: int) -> tuple[str, int]:
    """The part of a long line that a caret at `start` speaks of, and where the caret stands in it."""
    if len(line) <= _WIDEST_EXCERPT:
        return line, start
    first = max(0, start - _BEFORE)
    shown = line[first : first + _WIDEST_EXCERPT]
    before, behind = "…" if first else "", "…" if first + _WIDEST_EXCERPT < len(line) else ""
    return f"{before}{shown}{behind}", start - first + len(before)
