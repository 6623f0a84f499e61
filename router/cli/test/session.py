"""One run of collected tests: play them, save snapshots, write the reports, and say how it ended."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import click

from router.cli.outputs import Outputs, write
from router.cli.test import reports, texts
from router.cli.test.collecting import Collected
from router.cli.test.reports import Run
from router.cli.test.verdict import Verdict
from router.config import Severity
from router.errors import BackendError
from router.testing.coverage import Coverage
from router.testing.runner import Runner
from router.testing.snapshots import BadSnapshots, Snapshots
from router.testing.words import Result, Status


@dataclass(slots=True, frozen=True)
class Options:
    """What the command line asks for. `fail_under`: percent."""

    bail: bool = False
    update: bool = False
    run_local: bool = False
    coverage: bool = False
    fail_under: float | None = None


class _Disk:
    def write(self, path: str, text: str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")

    def remove(self, path: str) -> None:
        Path(path).unlink(missing_ok=True)


def show_list(collected: Collected) -> Verdict:
    """Print every case with its place; the exit code."""
    for case in collected.cases:
        span = case.span()
        click.echo(f"{span.file}:{span.line}: {case.name}")
    for problem in collected.problems:
        click.echo(texts.problem(problem, collected.sources), err=True)
    return _code(collected, [], True) if collected.problems else Verdict.PASSED if collected.cases else Verdict.EMPTY


def play(collected: Collected, options: Options, outputs: Outputs) -> Verdict:
    """Run everything and write the reports; the exit code."""
    snapshots = Snapshots(collected.configurations.files, options.update)
    coverage = Coverage()
    try:
        results = asyncio.run(_run(collected, options, snapshots, coverage))
    except BackendError as error:
        click.echo(f"lambda-router: {error}", err=True)
        return Verdict.NONE
    whole = [] if options.bail else collected.whole
    run = Run(collected, results, coverage if options.coverage or options.fail_under is not None else None)
    run.fail_under = options.fail_under
    try:
        if options.update:
            run.removed = snapshots.save(_Disk(), whole)
            run.updated = snapshots.written
        else:
            run.obsolete = snapshots.obsolete(whole)
    except BadSnapshots as error:
        run.notes.append(str(error))
    except OSError as error:
        raise click.UsageError(f"{error.filename} cannot be written: {error.strerror}.") from None
    write(
        outputs,
        {
            "human": lambda: texts.human(run),
            "concise": lambda: texts.concise(run),
            "json": lambda: reports.as_json(run),
            "junit": lambda: reports.as_junit(run),
            "github": lambda: reports.as_github(run),
        },
    )
    return _code(collected, results, run.is_covered)


async def _run(collected: Collected, options: Options, snapshots: Snapshots, coverage: Coverage) -> list[Result]:
    runner = Runner(collected.configurations, snapshots, coverage, options.run_local)
    try:
        return await runner.run(collected.cases, bail=options.bail)
    finally:
        await runner.close()


def _code(collected: Collected, results: list[Result], is_covered: bool) -> Verdict:
    if collected.unreadable:
        return Verdict.NONE
    wrong = any(problem.severity is Severity.ERROR for problem in collected.problems)
    if wrong or not is_covered or any(result.status is not Status.PASSED for result in results):
        return Verdict.FAILED
    return Verdict.PASSED if results else Verdict.EMPTY
