"""Findings on a terminal: the form for people, coloured where a person looks."""

from collections.abc import Sequence

import click

from router.config import Loaded, Problem, Severity, render

EX_CONFIG = 78
"""Exit code of commands that need a valid configuration (`EX_CONFIG` of sysexits.h)."""

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def show_problems(loaded: Loaded, problems: Sequence[Problem] | None = None, *, err: bool = True) -> None:
    """Print findings (default: every one), with a blank line between; on standard error unless told otherwise."""
    for problem in loaded.problems if problems is None else problems:
        click.echo(f"{_coloured(problem, render(problem, loaded.sources))}\n", err=err)


def counted(problems: list[Problem]) -> str:
    """`2 errors, 1 warning`."""
    numbers = {severity: sum(problem.severity is severity for problem in problems) for severity in Severity}
    return ", ".join(f"{number} {severity}{'' if number == 1 else 's'}" for severity, number in numbers.items() if number)


def _coloured(problem: Problem, text: str) -> str:
    """`click.echo` drops the colours where no terminal reads them."""
    tag = f"{problem.severity}[{problem.code}]"
    return text.replace(tag, click.style(tag, fg=_COLOURS[problem.severity], bold=True), 1)
