"""`# lambda-router: ignore[code, code] reason`: a comment that takes findings back, and what is wrong with such comments.

It stands at the end of the line of the finding, or in lines of its own directly above. An error cannot be taken back: the
file would not run for it. A comment that has no reason takes nothing back.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from router.config.comments import comments
from router.config.problem import Edit, Fix, Problem, Severity, Span, Suppressed, source_lines
from router.config.wording import nearest

_MARK = "lambda-router:"
_FORM = re.compile(r"ignore\s*\[(?P<codes>[^\]]*)\]\s*(?P<reason>.*)")
_HELP = "write `# lambda-router: ignore[code] reason`"


@dataclass(slots=True)
class _Directive:
    """One comment. `target`: the line it speaks of. `end`: the column behind its last character. `used`: codes that it took."""

    file: str
    line: int
    column: int
    end: int
    alone: bool
    target: int
    codes: tuple[str, ...]
    reason: str
    well_formed: bool
    used: set[str] = field(default_factory=set)

    @property
    def span(self) -> Span:
        return Span(self.file, self.line, self.column, self.line, self.end)


def suppressed(
    problems: Sequence[Problem], texts: Mapping[str, str], *, complete: bool
) -> tuple[list[Problem], list[Suppressed], list[Problem]]:
    """The findings that stay, those that are taken back, and those about the comments.

    `texts`: file to its text. `complete`: whether every rule could say what it has to say; else nothing is called unused.
    """
    directives = [found for file, text in texts.items() if _MARK in text for found in _directives(file, text)]
    if not directives:
        return list(problems), [], []
    kept: list[Problem] = []
    taken: list[Suppressed] = []
    for problem in problems:
        here = [
            one for one in directives if (one.file, one.target) == (problem.file, problem.line) and problem.code in one.codes
        ]
        fitting = next((one for one in here if one.reason), None)
        if fitting is None or problem.severity is Severity.ERROR:
            kept.append(problem)
        else:
            fitting.used.add(problem.code)
            taken.append(Suppressed(problem, fitting.reason, fitting.span))
    return kept, taken, [said for one in directives for said in _complaints(one, kept, complete)]


def _directives(file: str, text: str) -> Iterator[_Directive]:
    found = list(comments(text))
    alone = {comment.line for comment in found if comment.alone}
    lines = source_lines(text)
    for comment in found:
        said = comment.text.strip()
        if said.startswith(_MARK):
            target = comment.line
            while target in alone:
                target += 1
            match = _FORM.fullmatch(said.removeprefix(_MARK).strip())
            codes = tuple(code.strip() for code in match["codes"].split(",") if code.strip()) if match else ()
            reason = match["reason"].strip() if match else ""
            end = len(lines[comment.line - 1].rstrip()) + 1
            yield _Directive(file, comment.line, comment.column, end, comment.alone, target, codes, reason, bool(codes))


def _complaints(one: _Directive, kept: Iterable[Problem], complete: bool) -> Iterator[Problem]:
    if not one.well_formed:
        yield _about(one, "unused-suppression", "this comment names no rule, so that it suppresses nothing", _HELP)
        return
    if not one.reason:
        yield _about(one, "suppression-without-reason", "this comment does not say why, so that it suppresses nothing", _HELP)
    known = _known_codes()
    for code in one.codes:
        if code not in known:
            meant = nearest(code, known)
            help_text = f"did you mean `{meant}`?" if meant else "`lambda-router rules` lists them"
            yield _about(one, "unknown-rule", f"there is no rule `{code}`", help_text)
        elif one.reason and code not in one.used:
            yield from _unused(one, code, kept, complete)


def _unused(one: _Directive, code: str, kept: Iterable[Problem], complete: bool) -> Iterator[Problem]:
    if any((problem.code, problem.file, problem.line) == (code, one.file, one.target) for problem in kept):
        message = f"`{code}` is an error here: the file would not run, so that it cannot be suppressed"
        yield _about(one, "unused-suppression", message, "mend what it says, and remove this comment")
    elif complete:
        message = f"there is no finding `{code}` in line {one.target} that this could suppress"
        yield _about(one, "unused-suppression", message, "remove it", _removal(one, code))


def _about(one: _Directive, code: str, message: str, help_text: str, fix: Fix | None = None) -> Problem:
    return Problem(code, message, one.span, Severity.WARNING, help=help_text, fix=fix)


def _removal(one: _Directive, code: str) -> Fix | None:
    """Without the comment; where it suppresses something else, too, a person has to shorten it."""
    if len(one.codes) > 1:
        return None
    start = (one.line, 1) if one.alone else (one.line, one.column)
    end = (one.line + 1, 1) if one.alone else (one.line, one.end)
    return Fix("remove the comment", (Edit(Span(one.file, *start, *end), ""),))


def _known_codes() -> Collection[str]:
    """Read only where a comment names codes: `validate` starts without the catalogue."""
    from router.config.catalogue import BY_CODE

    return BY_CODE
