"""Findings on a terminal: the form for people, coloured where a person looks."""

from collections.abc import Mapping, Sequence

import click

from router.config import Loaded, Problem, Severity, render

EX_CONFIG = 78
"""Exit code of commands that need a valid configuration (`EX_CONFIG` of sysexits.h)."""

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


def show_problems(loaded: Loaded, problems: Sequence[Problem] | None = None) -> None:
    """Print findings (default: every one) on standard error, with a blank line between."""
    for problem in loaded.problems if problems is None else problems:
        click.echo(f"{for_people(problem, loaded.sources)}\n", err=True)


def for_people(problem: Problem, sources: Mapping[str, str]) -> str:
    """One finding with its place in the file, in colour; `click.echo` drops the colours where no terminal reads them."""
    tag = f"{problem.severity}[{problem.code}]"
    return render(problem, sources).replace(tag, click.style(tag, fg=_COLOURS[problem.severity], bold=True), 1)
