"""Effective settings, written as YAML, are the configuration that they came from."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import Loaded, load
from router.config.effective import Leaf, effective, leaves
from router.fakes import FakeFiles
from router.files import LocalFiles
from router.review.settings_text import to_json, to_yaml

CONFIGS = Path(__file__).parent.parent.parent / "configs"
EXAMPLES = sorted(str(path.relative_to(CONFIGS.parent)) for path in CONFIGS.rglob("*.yaml") if ".test." not in path.name)


class Replaced(LocalFiles):
    """This machine's files, one of them with another content."""

    def __init__(self, path: str, text: str) -> None:
        self._path, self._text = path, text

    def read(self, path: str) -> bytes:
        return self._text.encode() if path == self._path else super().read(path)


def loaded(path: str, files: Any, env: dict[str, str]) -> Loaded:
    found = load([path], files=files, env=env, require_env=False, partial=True)
    assert [problem for problem in found.problems if problem.severity == "error"] == []
    return found


@pytest.mark.parametrize("path", EXAMPLES)
def test_examples_can_be_loaded_again(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CONFIGS.parent)
    env = {"MINIO_TOKEN": "value"}
    first = loaded(path, LocalFiles(), env)
    assert first.written is not None
    assert first.config is not None
    again = loaded(path, Replaced(path, to_yaml(effective(first.written, path, env, defaults=False), ())), env)
    assert again.config is not None
    assert again.config.raw == first.config.raw


@pytest.mark.parametrize("path", EXAMPLES)
def test_defaults_are_what_completion_takes(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written out some are findings, because they do nothing there; what they mean stays the same."""
    monkeypatch.chdir(CONFIGS.parent)
    first = load([path], files=LocalFiles(), env={}, partial=True).written
    assert first is not None
    tree = effective(first, path, {})
    again = load([path], files=Replaced(path, to_yaml(tree, ())), env={}, partial=True).written
    assert again is not None
    assert sorted(pairs(effective(again, path, {})), key=repr) == sorted(pairs(tree), key=repr)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["${X}", "$${X}", "null", "yes", "1e3", "0x1F", "12:30", "- a", "a: b", "a #b", "*a", "&a", "{", "é\u2028", "\ufeff", " a "]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_whatever_an_input_holds_can_be_loaded_again(value: Any) -> None:
    """`input:` of a schedule is free-form."""
    first = with_input(dumped(value))
    text = to_yaml(first, ())
    again = with_input(text)
    assert pairs(again) == pairs(first)
    assert [line for line in text.splitlines() if "# " not in line] == []


HEAD = """\
version: 1
functions: {f: "arn:aws:lambda:eu-west-1:111122223333:function:f"}
triggers:
  nightly: {type: schedule, invocation: async, schedules: {report: {expression: rate(1 hour), function: f, input: %s}}}
"""


def dumped(value: Any) -> str:
    """A list in flow style, written by PyYAML, which is not what is tested."""
    import yaml

    text = yaml.safe_dump([value], default_flow_style=True, width=10_000, allow_unicode=False).strip()
    return HEAD % text.replace("${", "$${")


def with_input(text: str) -> Any:
    found = load(["router.yaml"], files=FakeFiles({"router.yaml": text}), env={"X": "1"}, partial=True)
    assert found.written is not None
    assert [problem.message for problem in found.problems if problem.severity == "error"] == []
    return effective(found.written, "router.yaml", os.environ, defaults=False)


def pairs(tree: Any) -> list[tuple[Any, str, str]]:
    return [(path, type(leaf).__name__, repr(leaf.value) if isinstance(leaf, Leaf) else "") for path, leaf in leaves(tree)]


def test_what_validate_calls_a_literal_secret_is_hidden() -> None:
    local = "{command: run, environment: {API_KEY: a1b2c3d4, DB: 'postgres://shop:horse@db/x', MODE: quick, INNER_TOKEN: ''}}"
    origin = "{url: 'http://origin:8000', custom_headers: {x-api-key: b1b2c3d4, x-from: edge}}"
    text = f"""\
version: 1
functions: {{f: {{local: {local}}}}}
triggers: {{t: {{type: lambda_edge, invocation: sync, auth: none, behaviors: {{"*": {{origin: {origin}}}}}}}}}
"""
    shown = to_yaml(with_input(text), ())
    assert [secret for secret in ("a1b2c3d4", "horse", "b1b2c3d4") if secret in shown] == []
    assert shown.count('"(redacted)"') == 3
    assert "MODE: quick" in shown
    assert "x-from: edge" in shown


def test_pairs_of_what_is_empty_or_in_words() -> None:
    found = load(["router.yaml"], files=FakeFiles({"router.yaml": "version: 1\n"}), env={})
    assert found.written is not None
    told = {pair["path"]: (pair["value"], pair["origin"]) for pair in to_json(effective(found.written, "router.yaml", {}), ())}
    assert told["triggers"] == ({}, {"kind": "default"})
    assert told["listeners.main.trusted_proxies"] == ([], {"kind": "default"})
    assert told["aws.account_id"] == (None, {"kind": "default", "words": "000000000000"})
