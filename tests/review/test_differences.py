"""Differences of settings: nothing that is the same, everything that is not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import load
from router.config.effective import Branch, effective
from router.fakes import FakeFiles
from router.model import Place
from router.review.differences import Difference, How, compare

HEAD = """\
version: 1
functions: {f: "arn:aws:lambda:eu-west-1:111122223333:function:f"}
triggers:
  nightly: {type: schedule, invocation: async, schedules: {report: {expression: rate(1 hour), function: f, input: %s}}}
"""
INPUT = ("triggers", "nightly", "schedules", "report", "input")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, 1.0]) | st.sampled_from(["a", "b", "1", "true"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


def tree(text: str, **more: str) -> Branch:
    found = load(["router.yaml"], files=FakeFiles({"router.yaml": text, **more}), env={}, require_env=False, partial=True)
    assert found.written is not None
    assert [problem.message for problem in found.problems if problem.severity == "error"] == []
    return effective(found.written, "router.yaml", {})


def told(before: str, after: str) -> list[tuple[str, tuple[Any, ...], Any, Any]]:
    return [(str(each.how), each.path, each.before, each.after) for each in compare(tree(before), tree(after)).differences]


def kinds(value: Any) -> Any:
    """1 is not true, and not 1.0."""
    if isinstance(value, dict):
        return {key: kinds(each) for key, each in value.items()}
    return [kinds(each) for each in value] if isinstance(value, list) else (type(value).__name__, value)


@given(JSON, JSON)
def test_free_form_values_differ_where_they_do(one: Any, other: Any) -> None:
    before, after = [one, 0], [other, 0]
    found = compare(tree(HEAD % json.dumps(before)), tree(HEAD % json.dumps(after))).differences
    assert bool(found) is (kinds(before) != kinds(after))
    assert [each.path[:5] for each in found if each.path[:5] != INPUT] == []


def test_a_whole_entry_is_one_difference() -> None:
    more = HEAD + "  page: {type: function_url, invocation: sync, auth: none, function: f}\n"
    written = {"type": "function_url", "invocation": ["sync"], "auth": "none", "function": "f"}
    added = Difference(("triggers", "page"), How.ADDED, None, written, None, Place("router.yaml", 5, 9))
    (found,) = compare(tree(HEAD % 1), tree(more % 1)).differences
    assert found == added
    assert told(more % 1, HEAD % 1) == [("removed", ("triggers", "page"), written, None)]


PAGE = """\
version: 1
functions: {f: "arn:aws:lambda:eu-west-1:111122223333:function:f"}
triggers:
  page: {type: function_url, invocation: sync, auth: none, function: f%s}
"""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", ", hosts: [a.example.com]", [("added", "hosts", None, ["a.example.com"])]),
        (", hosts: [a.example.com]", ", hosts: a.example.com", []),
        (", hosts: [a.example.com, b.example.com]", ", hosts: [b.example.com, a.example.com]", None),
        ("", ", enabled: true, labels: {}", []),
        (", cors: {allow_origins: ['https://a'], max_age: 60s}", ", cors: {allow_origins: ['https://a'], max_age: 1m}", []),
        (", cors: {allow_origins: ['https://a'], max_age: 60s}", ", cors: {allow_origins: ['https://a'], max_age: 61s}", None),
        (", hosts: ['${A}']", ", hosts: ['${A}']", []),
        (", hosts: ['${A}']", ", hosts: ['${B}']", [("changed", "hosts", ["${A}"], ["${B}"])]),
    ],
)
def test_settings(before: str, after: str, expected: list[Any] | None) -> None:
    found = told(PAGE % before, PAGE % after)
    if expected is None:
        assert len(found) == 1
        return
    assert [(how, path[-1], here, there) for how, path, here, there in found] == expected


def test_an_included_file_is_no_difference() -> None:
    lines = (PAGE % "").splitlines(keepends=True)
    split = tree(f"{lines[0]}include: [more.yaml]\n{lines[1]}", **{"more.yaml": "".join(lines[2:])})
    assert compare(tree(PAGE % ""), split).differences == []
