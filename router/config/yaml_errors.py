"""What libyaml's own messages mean for the one who edits the file: a table from what stands at the error to what to do."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import yaml

from router.config.problem import Edit, Fix, Problem, Span, source_line, source_lines, within

_TOO_DEEP = "exceeded maximum nesting depth"
"""What libyaml itself says, from 0.2.6 on, where it looks ahead into a file that is nested without end."""
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""https://yaml.org/spec/1.2.2/#51-character-set"""
_OPENED = {"quoted scalar": "quote", "flow mapping": "bracket", "flow sequence": "bracket"}
"""What libyaml was reading, and what we call its beginning."""
_QUOTE_VARIABLE = 'inside `{…}` and `[…]` a variable needs quotes: "${NAME}"'


@dataclass(slots=True, frozen=True)
class _Advice:
    """`applies(line, column, problem)` with the column counted from 0. `quotes`: finds the value that wants quotes."""

    applies: Callable[[str, int, str], bool]
    message: str
    help: str
    quotes: re.Pattern[str] | None = None


_ADVICE = (
    _Advice(
        lambda line, column, problem: line[:1] == "\t" or line[column : column + 1] == "\t" or "\t" in line[: column + 1],
        "a tab stands where YAML wants spaces",
        "indent with spaces",
    ),
    _Advice(
        lambda line, column, problem: "${" in line and any(bracket in line.split("${")[0] for bracket in "[{"),
        "a variable stands unquoted inside `{…}` or `[…]`",
        _QUOTE_VARIABLE,
        re.compile(r"(?<=[\[{,:\s])[\w./:-]*\$\{[A-Za-z_]\w*(?::-[\w./-]*)?\}[\w./:-]*(?=\s*[,\]}])"),
    ),
    _Advice(
        lambda line, column, problem: "alias" in problem or re.search(r"(?:^|[\s\[,:])\*[./]", line) is not None,
        "YAML reads a value that starts with `*` as an alias",
        'quote it: "*.example.com"',
        re.compile(r"(?<![^\s\[,:])\*[./][^\s,\]}#]*"),
    ),
    _Advice(
        lambda line, column, problem: re.search(r"\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]:", line) is not None,
        "YAML reads a value that starts with `[` as a list",
        'quote the address: "[::1]:8080"',
        re.compile(r"\[[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\]:[0-9]+"),
    ),
    _Advice(
        lambda line, column, problem: "did not find expected ','" in problem,
        "a `,` is missing here, or a bracket before it is not closed",
        "write the `,`, or close the bracket; quote a value that holds brackets",
    ),
    _Advice(
        lambda line, column, problem: "invalid Unicode character escape" in problem,
        "half of a surrogate pair is no character",
        "write both halves, or the character itself",
    ),
    _Advice(
        lambda line, column, problem: "mapping values are not allowed" in problem,
        "a `: ` stands inside an unquoted value, or the indentation is wrong",
        "quote the value, or indent the line like its neighbours",
    ),
    _Advice(
        lambda line, column, problem: (
            line[column : column + 1] in {"@", "`", "%", "&", "!", "|", ">"} and line[column : column + 1] != ""
        ),
        "a value may not start with this character unquoted",
        "quote the value",
    ),
    _Advice(
        lambda line, column, problem: "could not find expected ':'" in problem,
        "a `:` is missing after a key",
        "write `key: value`, with a space after the colon",
    ),
    _Advice(
        lambda line, column, problem: "expected <block end>" in problem or "did not find expected key" in problem,
        "the indentation does not fit the lines above, or a bracket or quote is not closed",
        "indent the line like its neighbours",
    ),
)


def explain(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """The finding for a parser's error, at its place, in plain words."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return _unreadable(error, text, file)
    unclosed = _unclosed(error, text, file)
    if unclosed is not None:
        return unclosed
    mark = error.problem_mark or error.context_mark
    line_number, column = (mark.line, mark.column) if mark else (0, 0)
    problem = f"{error.context or ''} {error.problem or ''}".strip()
    span = within(text, Span(file, line_number + 1, column + 1, line_number + 1, column + 2))
    if _TOO_DEEP in problem:
        return Problem("nested-too-deeply", "the file is nested too deeply to be read", span)
    candidates = [(line_number + 1, column)]
    if error.context_mark is not None and error.context_mark.line != line_number:
        candidates.append((error.context_mark.line + 1, error.context_mark.column))
    for number, position in candidates:
        line = source_line(text, number) or ""
        for advice in _ADVICE:
            if advice.applies(line, position, problem):
                fix = _quoted(advice.quotes, line, Span(file, number, position + 1, number, position + 1))
                return Problem("yaml-syntax", advice.message, span, help=advice.help, fix=fix)
    return Problem("yaml-syntax", f"the YAML cannot be read: {problem}", span)


def _quoted(pattern: re.Pattern[str] | None, line: str, at: Span) -> Fix | None:
    """The value that the pattern finds where the parser stopped, in quotes."""
    for match in pattern.finditer(line) if pattern is not None else ():
        if match.start() < at.column <= match.end() + 1:
            place = replace(at, column=match.start() + 1, end_column=match.end() + 1)
            return Fix("write it in quotes", (Edit(place, f'"{match[0]}"'),))
    return None


def _unclosed(error: yaml.MarkedYAMLError, text: str, file: str) -> Problem | None:
    """A quote or bracket for which the end of the file was reached: it is found where it was opened."""
    opened, noticed = error.context_mark, error.problem_mark
    if opened is None or noticed is None or error.context is None:
        return None
    what = next((name for words, name in _OPENED.items() if words in error.context), None)
    if what is None or (noticed.line, noticed.column) < _last(text):
        return None
    span = Span(file, opened.line + 1, opened.column + 1, opened.line + 1, opened.column + 2)
    return Problem(
        "yaml-syntax", f"this {what} is not closed", span, help=f"close it, or quote the value if no {what} is meant"
    )


def _last(text: str) -> tuple[int, int]:
    """Where the last thing that can be seen ends, line and column counted from 0."""
    lines = source_lines(text.rstrip())
    return len(lines) - 1, len(lines[-1])


def _unreadable(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """libyaml names no place for a character that may not stand in YAML at all."""
    match = _FORBIDDEN.search(text)
    if match is None:
        reason = str(getattr(error, "reason", error)).splitlines()
        message = f"the YAML cannot be read: {reason[0] if reason else 'unknown error'}"
        return Problem("yaml-syntax", message, Span(file, 1, 1, 1, 1))
    lines = source_lines(text[: match.start()])
    span = Span(file, len(lines), len(lines[-1]) + 1, len(lines), len(lines[-1]) + 2)
    message = f"the character U+{ord(match[0]):04X} may not stand in YAML"
    return Problem("yaml-syntax", message, span, help='remove it, or write it as an escape in double quotes: "\\x00"')
