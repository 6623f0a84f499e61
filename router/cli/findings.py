"""Findings on a terminal."""

import re

import click

from router.config import Loaded, Severity, render

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
_HEAD = re.compile(r"(?P<place>.*?): (?P<severity>error|warning)\[(?P<code>[^]]+)\]")


def show_problems(loaded: Loaded, *, err: bool = True) -> None:
    """Print every finding, its place and severity in colour on a terminal."""
    for problem in loaded.problems:
        head, _, rest = render(problem, loaded.sources).partition("\n")
        coloured = _HEAD.sub(lambda match: _coloured(match, _COLOURS[problem.severity]), head, count=1)
        click.echo(f"{coloured}\n{rest}" if rest else coloured, err=err)


def _coloured(match: re.Match[str], colour: str) -> str:
    return f"{click.style(match['place'], bold=True)}: {click.style(match['severity'], fg=colour, bold=True)}[{match['code']}]"
