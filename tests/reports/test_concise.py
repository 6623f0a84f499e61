"""One line each."""

from router.config.problem import Problem, Severity, Span
from router.reports.concise import line


def test_one_line_whatever_the_message() -> None:
    problem = Problem("some-code", "one\n  two", Span("a.yaml", 2, 7, 3, 1), Severity.WARNING, stages=("dev.yaml", "prod.yaml"))
    assert line(problem) == "a.yaml:2:7: warning[some-code] one two (only with dev.yaml, prod.yaml)"
