"""`lambda-router test`: run the tests of configurations, in virtual time and without a world.

Exit codes: 0 passed, 1 a test failed, a file has findings or too few routes are covered, 2 wrong usage, 3 no verdict (a file
cannot be read, a local function cannot start, or a bug of ours), 5 nothing collected.
"""

import os
import sys

import click

from router.cli.outputs import Outputs, output_options
from router.cli.streams import is_about_output
from router.cli.test import faults
from router.cli.test.verdict import Verdict
from router.testing.selecting import BadExpression, Wanted, parse

FORMATS = ("human", "concise", "json", "junit", "github")


def _wanted(ctx: click.Context, param: click.Parameter, value: str | None) -> Wanted | None:
    if value is None:
        return None
    try:
        return parse(value)
    except BadExpression as error:
        raise click.BadParameter(f"`{value}` is no expression: {error}.") from None


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATHS]...")
@click.option("-c", "--config", type=click.Path(), metavar="CONFIG", help="The configuration of files that name none.")
@click.option("-f", "--file", "overlays", multiple=True, metavar="OVERLAY", help="Merge this file over it; repeatable.")
@click.option(
    "-k", "wanted", callback=_wanted, metavar="EXPR", help="Only tests whose FILE::NAME has this: words, and, or, not, (…)."
)
@click.option("--bail", is_flag=True, help="Stop at the first test that does not pass.")
@click.option("--update", is_flag=True, help="Write snapshots as things are now, and remove those that no test has any more.")
@click.option(
    "--local", "run_local", is_flag=True, help="Run functions that have a `local:` block, instead of mocks that succeed."
)
@click.option("--coverage", is_flag=True, help="Tell which declared routes no test reached.")
@click.option(
    "--fail-under", type=click.FloatRange(0, 100), metavar="N", help="Fail where less than N % of the routes are covered."
)
@click.option("--list", "only_list", is_flag=True, help="Print what would be run.")
@output_options(FORMATS)
def command(
    paths: tuple[str, ...],
    config: str | None,
    overlays: tuple[str, ...],
    wanted: Wanted | None,
    bail: bool,
    update: bool,
    run_local: bool,
    coverage: bool,
    fail_under: float | None,
    only_list: bool,
    outputs: Outputs,
) -> None:
    """Run the tests of configurations and of *.test.yaml files.

    PATHS are configurations, files with tests, or folders. Default: the tests inside the configuration (router.yaml) and every
    *.test.yaml beside it or in a folder below. Nothing is called and nobody waits: functions are mocks, time is virtual.

    Exit codes: 0 passed, 1 a test failed, a file has findings, or too few routes are covered, 2 wrong usage, 3 no verdict (a
    file cannot be read, a local function cannot start), 5 nothing collected.
    """
    from router.cli.test.collecting import collect
    from router.cli.test.session import Options, play, show_list

    try:
        with faults.only():
            collected = collect(paths, config, overlays, os.environ, wanted)
            if only_list:
                sys.exit(show_list(collected))
            sys.exit(play(collected, Options(bail, update, run_local, coverage, fail_under), outputs))
    except click.ClickException:
        raise
    except Exception as error:  # a bug of ours must not look like a failed test
        if is_about_output(error):
            raise
        click.echo(f"lambda-router: internal error, no verdict: {type(error).__name__}: {error}", err=True)
        sys.exit(Verdict.NONE)
