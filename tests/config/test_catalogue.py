"""Every rule has a record whose examples are true, and every code that is reported somewhere has a record."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from router.config import Loaded, Severity, load
from router.config.catalogue import BY_CODE, RULES, Rule
from router.fakes import FakeFiles

POSITIONS = {
    "report": 1,
    "_report": 1,
    "Problem": 0,
    "_problem": 0,
    "_fail": 0,
    "_fail_at": 0,
    "Words": 0,
    "_bound": 0,
    "_whole": 0,
    "_about": 1,
}
"""Calls that report something, and which of their arguments is the code."""
WORDING = ("Words", "_bound", "_whole")
"""Those of them that are meant in the module `wording` alone."""


def loaded(rule: Rule, text: str, data: bytes | None = None) -> Loaded:
    files: Mapping[str, str | bytes] = {**rule.files, "router.yaml": text if data is None else data}
    return load(["router.yaml"], files=FakeFiles(files), env=rule.env, require_env=rule.require_env, now=rule.now)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_bad_example_has_the_finding_at_its_place(rule: Rule) -> None:
    problems = loaded(rule, rule.bad, rule.data() if rule.data is not None else None).problems
    found = [
        (problem.file, problem.line, problem.column, problem.severity) for problem in problems if problem.code == rule.code
    ]
    assert found == [(rule.where, *rule.at, rule.severity)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_good_example_is_valid_without_it(rule: Rule) -> None:
    problems = loaded(rule, rule.good).problems
    assert [problem for problem in problems if problem.code == rule.code or problem.severity is Severity.ERROR] == []


def test_no_code_has_two_records() -> None:
    assert len(BY_CODE) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_words_are_sentences(rule: Rule) -> None:
    for text in (rule.summary, rule.why):
        assert text[0] == text[0].upper()
        assert text.endswith(".")
    assert "\n" not in rule.summary


# --- the code that reports -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reported:
    """`code` is None where it is not written at the call; `severity` likewise. `place`: for the failure's message."""

    code: str | None
    severity: str | None
    place: str
    written: str


def reported(root: Path) -> Iterator[Reported]:
    """Every call that reports a finding, of everything that checks a configuration."""
    for room in ("config", "triggers", "policies"):
        for path in sorted((root / "router" / room).rglob("*.py")):
            if "catalogue" not in path.parts:
                for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                    if isinstance(call, ast.Call):
                        yield from _reported(call, f"{path.relative_to(root)}:{call.lineno}")


def _reported(call: ast.Call, place: str) -> Iterator[Reported]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    position = POSITIONS.get(name) if name not in WORDING or "/wording.py" in place else None
    if position is not None and len(call.args) > position:
        code = call.args[position]
        severity = next((_text(word.value) for word in call.keywords if word.arg == "severity"), None)
        if name == "report" and severity is None:
            severity = "error"
        yield Reported(_text(code), severity, place, ast.unparse(code))


def _text(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_codes_are_written_where_they_are_reported(root: Path) -> None:
    """Else nobody could look for them. What only passes a code on calls it `code`."""
    assert [each for each in reported(root) if each.code is None and each.written not in ("code", "word.code")] == []


def test_every_code_that_is_reported_has_a_record(root: Path) -> None:
    assert {each.place: each.code for each in reported(root) if each.code is not None and each.code not in BY_CODE} == {}


def test_every_record_is_reported(root: Path) -> None:
    assert set(BY_CODE) - {each.code for each in reported(root)} == set()


def test_a_code_has_one_severity(root: Path) -> None:
    assert {
        each.place: (each.code, each.severity)
        for each in reported(root)
        if each.code in BY_CODE and each.severity not in (None, BY_CODE[each.code].severity)
    } == {}
