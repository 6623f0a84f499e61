"""Files with tests in the hands of the real YAML language server."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

CASE = "tests:\n  a:\n"


def test_no_shipped_test_is_underlined(tests_server: Any, root: Path) -> None:
    files = sorted((root / "configs").rglob("*.test.yaml"))
    assert files
    texts = {file.name: re.sub(r"\$schema=\S+", "", file.read_text(encoding="utf-8")) for file in files}
    assert {name: tests_server.diagnostics(text) for name, text in texts.items()} == {name: [] for name in texts}


UNDERLINED = {
    "a misspelt key": (
        f"{CASE}    given: {{sampel: {{}}}}\n    expect: unmatched\n",
        [(3, 13, "Property sampel is not allowed.")],
    ),
    "nothing that is expected": (f"{CASE}    given: {{sample: {{}}}}\n", [(2, 3, 'Missing property "expect".')]),
    "no tests": ("config: router.yaml\n", [(1, 1, 'Missing property "tests".')]),
}


@pytest.mark.parametrize(("text", "expected"), UNDERLINED.values(), ids=list(UNDERLINED))
def test_what_is_underlined(tests_server: Any, text: str, expected: list[tuple[int, int, str]]) -> None:
    assert tests_server.diagnostics(text) == expected


def test_an_unknown_outcome_is_underlined_with_those_that_there_are(tests_server: Any) -> None:
    text = f"{CASE}    given: {{sample: {{}}}}\n    mock: {{f: {{outcome: crash}}}}\n    expect: unmatched\n"
    ((line, _, message),) = tests_server.diagnostics(text)
    assert line == 4
    assert '"function_error"' in message


OFFERED = {
    "sections": ("|", ["config", "tests", "defaults", "now", "env"]),
    "keys of a test": (f"{CASE}    |", ["given", "mock", "expect", "now", "env", "origin"]),
    "what may be given": (
        f"{CASE}    given:\n      |",
        ["trigger", "sample", "event", "request", "messages", "task", "schedule"],
    ),
    "keys of a request": (f"{CASE}    given:\n      request:\n        |", ["target", "method", "headers", "body"]),
    "what may be expected": (
        f"{CASE}    expect:\n      |",
        ["trigger", "route", "function", "invocation", "payload", "response"],
    ),
    "the short expectation": (f"{CASE}    expect: |", ["unmatched"]),
    "keys of a mock": (f"{CASE}    mock:\n      f:\n        |", ["outcome", "returns"]),
}


@pytest.mark.parametrize(("text", "expected"), OFFERED.values(), ids=list(OFFERED))
def test_what_is_offered(tests_server: Any, text: str, expected: list[str]) -> None:
    found = tests_server.completions(f"{text}\n")
    labels = [item["label"] for item in found]
    assert [label for label in expected if label not in labels] == []
    assert "[object Object]" not in json.dumps(found)


def test_a_key_is_explained(tests_server: Any) -> None:
    text = tests_server.hover(f"{CASE}    given: {{sam|ple: {{}}}}\n    expect: unmatched\n")
    assert text.startswith("#### Sample\n\nA realistic event that fits the trigger; options replace its facts.")


def test_tests_inside_a_configuration_are_known_there(server: Any) -> None:
    found = server.completions(f"version: 1\n{CASE}    given:\n      |\n")
    assert {"trigger", "sample", "event", "request"} <= {item["label"] for item in found}
