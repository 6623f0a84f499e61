"""`lambda-router validate`: prove configuration files right, offline, without starting anything.

Exit codes, the first that holds: 3 no verdict (a file cannot be read, errors that were not selected keep rules from being
checked, or a bug of ours), 1 findings at or above `--fail-on`, 5 nothing collected (a folder or pattern without a
configuration), 0 none of these. 2 is wrong usage.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from enum import IntEnum

import click

from router.cli.checked import Checked, Choice, Verdict
from router.cli.outputs import Outputs, output_options, write
from router.cli.sources import STANDARD_INPUT, Sources, collected
from router.cli.validate_reports import FORMATS, writers
from router.cli.waiting import waiting_for
from router.config import Loaded, Severity, load
from router.config.stages import agreed, merged


class Exit(IntEnum):
    """Exit codes."""

    FINE = 0
    FINDINGS = 1
    NO_VERDICT = 3
    NOTHING = 5


def _codes(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    if not values:
        return ()
    from router.cli.rules import check_code  # the catalogue is for people: only who names a rule waits for it

    return tuple(check_code(code.strip()) for value in values for code in value.split(",") if code.strip())


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(allow_dash=True), metavar="[PATHS]...")
@click.option(
    "-f", "--file", "overlays", multiple=True, metavar="OVERLAY", help="Merge this file over each of PATHS; repeatable."
)
@click.option("--each", is_flag=True, help="Each -f is a stage of its own over PATHS, instead of all of them together.")
@output_options(FORMATS)
@click.option(
    "--fail-on",
    type=click.Choice([*map(str, Severity), "never"]),
    default="error",
    help="From which severity on findings make the exit code 1 (default: error).",
)
@click.option("--select", multiple=True, metavar="CODES", callback=_codes, help="Only these rules (a,b); repeatable.")
@click.option("--ignore", multiple=True, metavar="CODES", callback=_codes, help="Not these rules (a,b); repeatable.")
@click.option("--require-env", is_flag=True, help="Refuse variables that are not set, as `run` does.")
@click.option("--fix", is_flag=True, help="Mend what can be mended without thinking, and tell what is left.")
@click.option("--diff", is_flag=True, help="Print what --fix would change, and change nothing.")
def command(
    paths: tuple[str, ...],
    overlays: tuple[str, ...],
    each: bool,
    outputs: Outputs,
    fail_on: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    require_env: bool,
    fix: bool,
    diff: bool,
) -> None:
    """Check configuration files, each by itself, and tell everything that is wrong at once.

    PATHS are files, folders (their router.yaml) or patterns; `-` is standard input, also after -f. Default: router.yaml.
    Variables that are not set count as unknown values, and only the rest is checked. `lambda-router rules` explains the
    findings.

    Exit codes: 0 nothing at or above --fail-on, 1 findings, 2 wrong usage, 3 no verdict, 5 nothing collected.
    """
    _check_usage(paths, overlays, each, fix, diff)
    severity = None if fail_on == "never" else Severity(fail_on)
    sources = Sources()
    if "-" in (*paths, *overlays):
        with waiting_for("standard input"):
            sources.put(STANDARD_INPUT, sys.stdin.buffer.read())
    overlays = tuple(STANDARD_INPUT if overlay == "-" else overlay for overlay in overlays)
    found, empty = collected(paths, sources)
    choice = _choice(select, ignore)

    def check() -> list[Checked]:
        return _checked(found, overlays, each, sources, require_env, choice)

    try:
        checked = check()
        changed = 0
        if fix or diff:
            checked, changed = _mend(check, checked, sources, diff)
    except click.ClickException:
        raise
    except Exception as error:  # a bug of ours must not look like a finding about the user's file
        click.echo(f"lambda-router: internal error, no verdict: {type(error).__name__}: {error}", err=True)
        sys.exit(Exit.NO_VERDICT)
    for path in empty:
        click.echo(f"lambda-router: {path}: there is no configuration.", err=True)
    if diff:
        outputs = Outputs((), outputs.files)
    write(outputs, writers(checked, severity))
    sys.exit(_exit(checked, severity, bool(empty), bool(diff and changed)))


def _check_usage(paths: Sequence[str], overlays: Sequence[str], each: bool, fix: bool, diff: bool) -> None:
    if each and not overlays:
        raise click.UsageError("--each needs at least one -f.")
    if fix and diff:
        raise click.UsageError("--fix and --diff exclude each other.")
    if "-" in paths and "-" in overlays:
        raise click.UsageError("Standard input can be read once: `-` stands among PATHS or after -f, not in both.")
    if fix and "-" in (*paths, *overlays):
        raise click.UsageError("Standard input cannot be mended where it comes from; --diff shows what would change.")


def _choice(select: tuple[str, ...], ignore: tuple[str, ...]) -> Choice:
    if not select and not ignore:
        return Choice()
    from router.config.catalogue import RULES, Tier

    early = {rule.code for rule in RULES if rule.tier in (Tier.YAML, Tier.SCHEMA) and rule.severity is Severity.ERROR}
    return Choice(frozenset(select), frozenset(ignore), frozenset(early))


def _checked(
    paths: Sequence[str],
    overlays: Sequence[str],
    each: bool,
    sources: Sources,
    require_env: bool,
    choice: Choice,
) -> list[Checked]:
    now = time.time()

    def one(path: str, over: Sequence[str]) -> Loaded:
        return load([path], over, files=sources, env=os.environ, require_env=require_env, now=now)

    stages = {overlay: [overlay] for overlay in overlays} if each else {"": overlays}
    loads = iter(agreed([one(path, over) for path in paths for over in stages.values()]))
    names = tuple(filter(None, stages))
    return [Checked(path, names, merged({stage: next(loads) for stage in stages}), choice) for path in paths]


def _mend(check: Callable[[], list[Checked]], before: list[Checked], sources: Sources, diff: bool) -> tuple[list[Checked], int]:
    """What is found afterwards, or before where nothing is written, and how many fixes there are."""
    from router.cli import mending  # with what makes differences: for those who ask for it

    after, counts = mending.mended(check, before, sources)
    if diff:
        click.echo(mending.differences(list(counts), before, after), nl=False)
        return before, sum(counts.values())
    mending.write(list(counts), sources)
    for file, count in counts.items():
        click.echo(f"{file}: {count} finding{'' if count == 1 else 's'} mended", err=True)
    return after, sum(counts.values())


def _exit(checked: Sequence[Checked], severity: Severity | None, is_empty: bool, would_change: bool) -> Exit:
    if any(one.verdict is Verdict.NONE for one in checked):
        return Exit.NO_VERDICT
    if would_change or any(one.fails(severity) for one in checked):
        return Exit.FINDINGS
    return Exit.NOTHING if is_empty else Exit.FINE
