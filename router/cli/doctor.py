"""`lambda-router doctor`: whether what a configuration names is there, and usable, now and from this machine.

Exit codes: 0 all well (warnings allowed), 1 something failed, 2 wrong usage, 3 something could not be found out (no
credentials, no endpoint), 78 invalid configuration.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from functools import partial

import click

from router.cli.configuration import config_argument, overlay_option
from router.cli.findings import EX_CONFIG, show_problems
from router.cli.quiet import quiet
from router.cli.run import selection
from router.config import load
from router.config.load import Written
from router.config.problem import Path
from router.config.units import duration
from router.doctor.findings import Result, Status, Verdict, verdict
from router.doctor.visit import visit
from router.errors import BackendError
from router.files import LocalFiles
from router.model import Place

_COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILED: "red", Status.SKIPPED: "cyan"}
_WORDS = {Verdict.WELL: "all well", Verdict.ILL: "not well", Verdict.UNKNOWN: "could not be found out"}


@click.command()
@config_argument
@overlay_option
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", help="How it is printed.")
@click.option(
    "--timeout",
    "limit",
    default="5s",
    metavar="DURATION",
    callback=lambda ctx, param, text: _seconds(text),
    help="How long each check may take.",
    show_default=True,
)
@click.option(
    "--fail-on",
    type=click.Choice(["failed", "warning"]),
    default="failed",
    help="What makes the exit code 1.",
    show_default=True,
)
@click.option("--local", multiple=True, is_flag=False, flag_value="*", metavar="[NAMES]", help="As for `run`: what runs here.")
def command(config: str, overlays: tuple[str, ...], form: str, limit: float, fail_on: str, local: tuple[str, ...]) -> None:
    """Look at everything that CONFIG (default: router.yaml) names: credentials, functions, queues, destinations, listeners,
    certificates, the journal's disk. Nothing is executed, nothing is changed.

    Exit codes: 0 all well (warnings allowed), 1 something failed, 2 wrong usage, 3 something could not be found out (no
    credentials, no endpoint), 78 invalid configuration.
    """
    loaded = load([config], overlays, env=os.environ, files=LocalFiles(), require_env=True, now=time.time())
    if loaded.config is None or loaded.written is None:
        show_problems(loaded)
        sys.exit(EX_CONFIG)
    try:
        with quiet():  # what the edges log for an operator is what the results say
            results = asyncio.run(visit(loaded.config, selection(local, False), partial(_place, loaded.written), limit))
    except BackendError as error:
        click.echo(f"lambda-router: {error}", err=True)
        sys.exit(Verdict.UNKNOWN)
    found = verdict(results, fail_on == "warning")
    (_print_json if form == "json" else _print_human)(results, found)
    sys.exit(found)


def _place(written: Written, path: Path) -> Place | None:
    """None where the section is not written at all: what holds is a default."""
    return written.place(path) if path[0] in written.root.entries else None


def _seconds(text: str) -> float:
    try:
        return duration(text)
    except ValueError:
        raise click.BadParameter("a duration is written as 5s or 500ms.") from None


def _print_json(results: Sequence[Result], found: Verdict) -> None:
    words = {Verdict.WELL: "well", Verdict.ILL: "ill", Verdict.UNKNOWN: "unknown"}
    document = {"version": 1, "verdict": words[found], "results": [result.to_json() for result in results]}
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _print_human(results: Sequence[Result], found: Verdict) -> None:
    subject = None
    for result in results:
        if (result.check, result.subject) != subject:
            subject = (result.check, result.subject)
            place = f"  ({result.place})" if result.place is not None else ""
            click.echo(f"{result.check} {result.subject}{place}")
        status = click.style(f"{result.finding.status:<8}", fg=_COLOURS[result.finding.status])
        click.echo(f"  {status} {result.finding.message}")
        if result.finding.help is not None:
            click.echo(f"           help: {result.finding.help}")
    counts = {status: sum(result.finding.status is status for result in results) for status in Status}
    counted = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    click.echo(f"{_WORDS[found]}" + (f" ({counted})" if counted else ""))
