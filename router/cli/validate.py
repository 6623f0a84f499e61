"""`lambda-router validate`: prove configuration files right, offline, without starting anything.

Exit codes: 0 valid (warnings allowed), 1 findings, 2 wrong usage, 3 no verdict (a file cannot be read, or a bug of ours).
"""

import json
import os
import sys
import time
from enum import IntEnum
from pathlib import Path

import click

from router.cli.findings import counted, show_problems
from router.config import Loaded, Severity, load
from router.files import LocalFiles

DEFAULT = "router.yaml"


class Verdict(IntEnum):
    """Also the exit code."""

    VALID = 0
    INVALID = 1
    NONE = 3


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATHS]...")
@click.option(
    "-f", "--file", "overlays", multiple=True, metavar="OVERLAY", help="Merge this file over each of PATHS; repeatable."
)
@click.option("--format", "form", type=click.Choice(["human", "json"]), default="human", help="How findings are printed.")
@click.option("--require-env", is_flag=True, help="Refuse variables that are not set, as `run` does.")
def command(paths: tuple[str, ...], overlays: tuple[str, ...], form: str, require_env: bool) -> None:
    """Check configuration files, each by itself. Default: router.yaml; a folder means its router.yaml.

    Variables that are not set count as unknown values, and only the rest is checked. Exit codes: 0 valid, 1 findings,
    2 wrong usage, 3 no verdict.
    """
    try:
        results = {path: _load(path, overlays, require_env) for path in _files(paths)}
    except Exception as error:  # a bug of ours must not look like a finding about the user's file
        click.echo(f"lambda-router: internal error, no verdict: {type(error).__name__}: {error}", err=True)
        sys.exit(Verdict.NONE)
    (_print_json if form == "json" else _print_human)(results)
    sys.exit(max(map(_verdict, results.values())))


def _files(paths: tuple[str, ...]) -> list[str]:
    return [str(Path(path) / DEFAULT) if Path(path).is_dir() else path for path in paths or (DEFAULT,)]


def _load(path: str, overlays: tuple[str, ...], require_env: bool) -> Loaded:
    return load([path], overlays, files=LocalFiles(), env=os.environ, require_env=require_env, now=time.time())


def _verdict(loaded: Loaded) -> Verdict:
    if loaded.unreadable:
        return Verdict.NONE
    return Verdict.INVALID if any(problem.severity is Severity.ERROR for problem in loaded.problems) else Verdict.VALID


def _print_human(results: dict[str, Loaded]) -> None:
    for path, loaded in results.items():
        show_problems(loaded, err=False)
        found = counted(loaded.problems)
        verdict = {Verdict.VALID: "valid", Verdict.INVALID: "not valid", Verdict.NONE: "no verdict"}[_verdict(loaded)]
        click.echo(f"{path}: {verdict}" + (f" ({found})" if found else ""))


def _print_json(results: dict[str, Loaded]) -> None:
    documents = [
        {
            "path": path,
            "verdict": _verdict(loaded).name.lower(),
            "files": list(loaded.files),
            "problems": [problem.to_json() for problem in loaded.problems],
        }
        for path, loaded in results.items()
    ]
    click.echo(json.dumps({"version": 1, "configurations": documents}, indent=2, ensure_ascii=False))
