"""What `validate` has found, as JUnit has it: a suite for each configuration, a case for each finding."""

from collections.abc import Sequence

import click

from router.cli.checked import Checked, Verdict, is_at_least
from router.cli.findings import for_people
from router.config import Problem, Severity
from router.reports import concise, junit


def report(checked: Sequence[Checked], fail_on: Severity | None) -> str:
    """The document. `fail_on`: the severity from which on a finding is a failed case; None: none is."""
    return junit.render(_suite(one, fail_on) for one in checked)


def _suite(one: Checked, fail_on: Severity | None) -> junit.Suite:
    cases = [_case(one, problem, fail_on) for problem in one.problems]
    for each in one.suppressed:
        mark = junit.Mark("skipped", each.reason, each.problem.code)
        cases.append(junit.Case(concise.line(each.problem), one.path, (mark,)))
    if one.verdict is Verdict.NONE:
        message = "a file cannot be read, or errors that are not selected keep rules from being checked"
        cases.append(junit.Case("has a verdict", one.path, (junit.Mark("error", message),)))
    properties = {"stages": ", ".join(one.stages)} if one.stages else {}
    return junit.Suite(one.path, cases or [junit.Case("is valid", one.path)], one.path, properties)


def _case(one: Checked, problem: Problem, fail_on: Severity | None) -> junit.Case:
    text = click.unstyle(for_people(problem, one.loaded.sources))
    if is_at_least(problem, fail_on):
        return junit.Case(concise.line(problem), one.path, (junit.Mark("failure", problem.message, problem.code, text),))
    return junit.Case(concise.line(problem), one.path, output=text)
