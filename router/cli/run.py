"""`lambda-router run`: validate, start, serve until SIGTERM.

Exit codes: 0 drained, 1 could not start, 2 wrong usage, 78 invalid configuration (EX_CONFIG of sysexits.h: a supervisor should
not restart it).
"""

import os
import sys
import time

import click

from router.cli.findings import EX_CONFIG, show_problems
from router.config import load
from router.config.only import Only, parse_only, restrict
from router.errors import BackendError, StartError
from router.files import LocalFiles
from router.generation import LocalSelection
from router.monitoring.logs import configure
from router.processes.running import run_alone, several

ALL = "*"


def selection(local: tuple[str, ...], no_local: bool) -> LocalSelection:
    """What `--local` (alone, or with names separated by commas) and `--no-local` ask for."""
    names = {name for value in local for name in value.split(",") if name}
    return LocalSelection(ALL in names, frozenset(names - {ALL}), no_local)


@click.command()
@click.argument("config", type=click.Path(), default="router.yaml")
@click.option("-f", "--file", "overlays", multiple=True, metavar="OVERLAY", help="Merge this file over CONFIG; repeatable.")
@click.option(
    "--local",
    multiple=True,
    is_flag=False,
    flag_value=ALL,
    metavar="[NAMES]",
    help="Run functions that have a `local:` block here instead of calling their ARN: all, or those named (a,b).",
)
@click.option("--no-local", is_flag=True, help="Forbid local functions: every function must have an ARN.")
@click.option(
    "--only",
    "demands",
    multiple=True,
    callback=lambda ctx, param, values: _demands(values),
    metavar="WHAT",
    help="Run only triggers that are `sync` or `async`, or have `label=NAME` or `label=NAME=VALUE`; repeatable, all must hold.",
)
@click.option(
    "--time-scale",
    type=click.FloatRange(min=1),
    default=1.0,
    metavar="FACTOR",
    help="For development: let the time of retries, ages and schedules run so many times as fast.",
)
def command(
    config: str,
    overlays: tuple[str, ...],
    local: tuple[str, ...],
    no_local: bool,
    demands: tuple[Only, ...],
    time_scale: float,
) -> None:
    """Validate CONFIG (default: router.yaml) and run the daemon until SIGTERM, SIGINT or SIGHUP."""
    if local and no_local:
        raise click.UsageError("--local and --no-local exclude each other.")
    loaded = load([config], overlays, env=os.environ, files=LocalFiles(), require_env=True, now=time.time())
    if loaded.problems:
        show_problems(loaded)
    if loaded.config is None:
        sys.exit(EX_CONFIG)
    chosen = restrict(loaded.config, demands)
    if demands and not chosen.triggers:
        click.echo("lambda-router: No trigger is what --only asks for.", err=True)
        sys.exit(1)
    _open_standard_streams()
    configure(chosen.log)
    local_selection = selection(local, no_local)
    try:
        if (chosen.workers or os.cpu_count() or 1) > 1:
            sys.exit(several(chosen, local_selection, time_scale))
        run_alone(chosen, local_selection, time_scale)
    except (StartError, BackendError) as error:
        click.echo(f"lambda-router: {error}", err=True)
        sys.exit(1)


def _open_standard_streams() -> None:
    """Where a service manager closed them, they lead nowhere: libuv ends a program whose sockets get their numbers."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(opened, True)
    os.close(opened)


def _demands(values: tuple[str, ...]) -> tuple[Only, ...]:
    try:
        return tuple(map(parse_only, values))
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from None
