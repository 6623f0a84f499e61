"""A run of tests for other programs: JSON, JUnit, annotations of a pull request."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from router.cli.test.collecting import Collected
from router.config import Problem, Severity
from router.config.problem import Span, dotted
from router.reports import junit
from router.reports.github import annotation
from router.testing.coverage import Coverage, Route
from router.testing.words import Mismatch, Result, Status


@dataclass(slots=True)
class Run:
    """What a run gave. `coverage`: where it was asked for. `obsolete`: snapshots (file, name) that no test has."""

    collected: Collected
    results: list[Result]
    coverage: Coverage | None = None
    fail_under: float | None = None
    obsolete: list[tuple[str, str]] = field(default_factory=list)
    updated: int = 0
    removed: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def is_covered(self) -> bool:
        """Whether enough routes are covered, where that is demanded."""
        return self.coverage is None or self.fail_under is None or self.coverage.percent >= self.fail_under


# --- JSON ------------------------------------------------------------------------------------------------------------


def as_json(run: Run) -> str:
    """One document; every key is always there."""
    document = {
        "version": 1,
        "summary": {status.value: sum(result.status is status for result in run.results) for status in Status},
        "tests": [_test(result) for result in run.results],
        "problems": [problem.to_json() for problem in run.collected.problems],
        "coverage": None if run.coverage is None else _coverage(run.coverage, run.fail_under),
        "snapshots": {
            "written": run.updated,
            "removed": run.removed,
            "obsolete": [{"file": file, "name": name} for file, name in run.obsolete],
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _test(result: Result) -> dict[str, Any]:
    case = result.case
    return {
        "name": case.name,
        "config": case.config,
        **_position(case.span()),
        "status": result.status.value,
        "seconds": round(result.seconds, 6),
        "mismatches": [
            {
                "path": dotted(wrong.path),
                "message": wrong.message,
                "lines": wrong.lines,
                **_position(result.span(wrong)),
            }
            for wrong in result.mismatches
        ],
        "happened": result.happened,
    }


def _position(span: Span) -> dict[str, Any]:
    return {"file": span.file, "line": span.line, "column": span.column}


def _coverage(coverage: Coverage, fail_under: float | None) -> dict[str, Any]:
    return {
        "percent": round(coverage.percent, 2),
        "fail_under": fail_under,
        "routes": [
            {
                "config": config,
                "trigger": route.trigger,
                "route": route.name,
                "covered": route.covered,
                "file": route.place.file,
                "line": route.place.line,
                "column": route.place.column,
            }
            for config, routes in coverage.routes.items()
            for route in routes.values()
        ],
    }


# --- JUnit -----------------------------------------------------------------------------------------------------------


def as_junit(run: Run) -> str:
    """A suite for each file; findings and the coverage of routes have suites of their own."""
    suites = [
        junit.Suite(file, [_case(result) for result in results], file)
        for file, results in groupby(run.results, key=lambda result: result.case.file)
    ]
    if run.collected.problems:
        suites.insert(0, junit.Suite("findings", [_finding(problem) for problem in run.collected.problems]))
    if run.coverage is not None:
        suites.append(_covered(run, run.coverage))
    return junit.render(suites)


def _case(result: Result) -> junit.Case:
    marks = []
    if result.status is not Status.PASSED:
        kind = "failure" if result.status is Status.FAILED else "error"
        first = result.mismatches[0].message if result.mismatches else result.status.value
        marks.append(junit.Mark("failure" if kind == "failure" else "error", first, text="\n".join(_lines(result))))
    return junit.Case(result.case.name, result.case.file, tuple(marks), result.seconds)


def _lines(result: Result) -> Iterator[str]:
    for wrong in result.mismatches:
        span = result.span(wrong)
        yield f"{span.file}:{span.line}:{span.column}: {wrong.message}"
        yield from (f"  {line}" for line in wrong.lines)
    if result.happened:
        yield "what happened:"
        yield from (f"  {line}" for line in result.happened)


def _finding(problem: Problem) -> junit.Case:
    place = f"{problem.file}:{problem.line}:{problem.column}"
    kind: Any = "error" if problem.severity is Severity.ERROR else "skipped"
    return junit.Case(f"{place}: {problem.code}", problem.file, (junit.Mark(kind, problem.message, problem.code),))


def _covered(run: Run, coverage: Coverage) -> junit.Suite:
    left = [route for route in coverage.all if not route.covered]
    properties = {"percent": f"{coverage.percent:.2f}", **{f"uncovered {_name(route)}": str(route.place) for route in left}}
    message = f"{coverage.percent:.2f} % of the routes are covered, {run.fail_under} % are wanted"
    text = "\n".join(f"{route.place}: {route.shown}" for route in left)
    marks = () if run.is_covered else (junit.Mark("failure", message, text=text),)
    return junit.Suite("coverage of routes", [junit.Case("routes", "coverage", marks)], properties=properties)


def _name(route: Route) -> str:
    return route.shown


# --- GitHub ----------------------------------------------------------------------------------------------------------


def as_github(run: Run) -> str:
    """An annotation at every expectation that does not hold."""
    lines = [annotation("error", problem.message, title=problem.code, span=problem.span) for problem in run.collected.problems]
    for result in run.results:
        lines += [_annotated(result, wrong) for wrong in result.mismatches]
    if run.coverage is not None:
        lines += [
            annotation("warning", "No test reaches this route.", title=route.shown, span=_span(route))
            for route in run.coverage.all
            if not route.covered
        ]
    return "".join(f"{line}\n" for line in lines)


def _annotated(result: Result, wrong: Mismatch) -> str:
    text = "\n".join([wrong.message, *wrong.lines, *(["", "what happened:", *result.happened] if result.happened else [])])
    return annotation("error", text, title=result.case.name, span=result.span(wrong))


def _span(route: Route) -> Span:
    place = route.place
    return Span(place.file, place.line, place.column, place.line, place.column + 1)
