"""A run of tests for people: what did not pass and what really happened, then the figures."""

from collections.abc import Iterator, Mapping
from itertools import groupby

import click

from router.cli.test.reports import Run
from router.config import Problem, render
from router.reports.concise import line as concise_line
from router.testing.coverage import Coverage, percent
from router.testing.words import Mismatch, Result, Status

_TAGS = {Status.FAILED: ("FAILED", "red"), Status.BROKEN: ("BROKEN", "magenta")}


def problem(found: Problem, sources: Mapping[str, str]) -> str:
    """A finding that keeps tests from being run."""
    return f"{render(found, sources)}\n"


def human(run: Run) -> str:
    """Everything, with a line break at its end."""
    lines: list[str] = []
    for found in run.collected.problems:
        lines += [problem(found, run.collected.sources)]
    for file, results in groupby(run.results, key=lambda result: result.case.file):
        listed = list(results)
        for result in listed:
            if result.status is not Status.PASSED:
                lines += [*_result(result), ""]
        lines.append(f"{file}: {_counted(listed)}")
    lines += [*_snapshots(run)]
    if run.coverage is not None:
        lines += ["", *_coverage(run.coverage, run.fail_under)]
    lines += ["", _total(run)] if run.results else ["no tests were found"]
    return "\n".join([*lines, ""])


def concise(run: Run) -> str:
    """One line for each thing that is wrong."""
    lines = [concise_line(each) for each in run.collected.problems]
    for result in run.results:
        for wrong in result.mismatches:
            more = f" ({'; '.join(wrong.lines)})" if wrong.lines else ""
            lines.append(f"{_place(result, wrong)}: {result.status}[{result.case.name}] {wrong.message}{more}")
    if run.coverage is not None:
        lines += [f"{route.place}: uncovered[{route.shown}]" for route in run.coverage.all if not route.covered]
    return "\n".join([*lines, ""]) if lines else ""


def _result(result: Result) -> Iterator[str]:
    tag, colour = _TAGS[result.status]
    yield f"{click.style(tag, fg=colour, bold=True)} {result.case.name}"
    for wrong in result.mismatches:
        where = ".".join(map(str, wrong.path[1:] if wrong.path[:1] == ("expect",) else wrong.path))
        yield f"  {_place(result, wrong)}: {f'{where}: ' if where else ''}{wrong.message}"
        yield from (f"    {line}" for line in wrong.lines)
    if result.happened:
        yield "  what happened:"
        yield from (f"    {line}" for line in result.happened)


def _place(result: Result, wrong: Mismatch) -> str:
    span = result.span(wrong)
    return f"{span.file}:{span.line}:{span.column}"


def _counted(results: list[Result]) -> str:
    numbers = {status: sum(result.status is status for result in results) for status in Status}
    return ", ".join(f"{number} {status}" for status, number in numbers.items() if number)


def _snapshots(run: Run) -> Iterator[str]:
    yield from run.notes
    if run.updated or run.removed:
        yield f"snapshots: {run.updated} written, {run.removed} removed"
    for file, name in run.obsolete:
        yield f"{file}: the snapshot `{name}` belongs to no test any more; `lambda-router test --update` removes it"


def _coverage(coverage: Coverage, fail_under: float | None) -> Iterator[str]:
    yield "routes that tests reached:"
    for (config, trigger), routes in coverage.by_trigger().items():
        reached = sum(route.covered for route in routes)
        yield f"  {config}: {trigger}: {reached} of {len(routes)} ({percent(routes):.0f} %)"
        yield from (f"    not reached: {route.place}: {route.name or trigger}" for route in routes if not route.covered)
    demanded = f", {fail_under:g} % are wanted" if fail_under is not None and coverage.percent < fail_under else ""
    yield f"  together {coverage.percent:.1f} %{demanded}"


def _total(run: Run) -> str:
    seconds = sum(result.seconds for result in run.results)
    good = all(result.status is Status.PASSED for result in run.results)
    return click.style(f"{_counted(run.results)} in {seconds:.2f} s", fg="green" if good else "red", bold=True)
