"""`lambda-router schema`: one valid JSON Schema that takes what `validate` takes, and marks what is not built."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from router.cli import main
from router.triggers import TYPES


def schema(*args: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, ["schema", *args])
    assert result.exit_code == 0
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.fixture(scope="module")
def whole() -> Draft202012Validator:
    return Draft202012Validator(schema())


API = "triggers: {a: {type: lambda_api, invocation: sync, functions: all, "


@pytest.mark.parametrize("args", [[], *(["--type", name] for name in TYPES)])
def test_it_is_valid_and_in_one_piece(args: list[str]) -> None:
    document = schema(*args)
    Draft202012Validator.check_schema(document)
    references = _values(document, "$ref")
    assert {reference.removeprefix("#/$defs/") for reference in references} == set(document["$defs"])
    assert not [key for key in _keys(document) if key.startswith("x-")]


def test_every_shipped_configuration_fits(whole: Draft202012Validator, root: Path) -> None:
    tests = Draft202012Validator(schema("--type", "tests"))
    for path in sorted((root / "configs").rglob("*.yaml")):
        validator = tests if path.name.endswith(".test.yaml") else whole
        found = validator.iter_errors(yaml.safe_load(path.read_text()))
        errors = [(list(error.absolute_path), error.message) for error in found]
        assert (path.name, errors) == (path.name, [])


FUNCTIONS = "functions: {f: 'arn:aws:lambda:eu-west-1:111122223333:function:f'}\n"


@pytest.mark.parametrize(
    "text",
    [
        "aws: {account_id: 012345678901}",
        "aws: {account_id: 112345678901}",
        "aws: {max_connections: '${CONNECTIONS}'}",
        "server: {drain_timeout: '${DRAIN}', workers: 1}",
        "log: {level: '${LEVEL}', access: '${ACCESS}'}",
        "listeners: {main: '127.0.0.1:1', other: {address: '127.0.0.1:2', trusted_proxies: 10.0.0.0/8}}",
        "include: one.yaml",
        "include: [one.yaml, two.yaml]",
        "x-anything: {goes: here}",
        "triggers: {a: {type: lambda_api, invocation: [sync], functions: f}}",
        f"{API}labels: {{number: 1, yes: no}}}}}}",
    ],
)
def test_what_it_takes(whole: Draft202012Validator, text: str) -> None:
    assert list(whole.iter_errors(yaml.safe_load(f"version: 1\n{FUNCTIONS}{text}\n"))) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("journal: {url: x}", ["journal", "url"]),
        ("authorizers: {}", ["authorizers"]),
        ("server: {workers: 0}", ["server", "workers"]),
        ("monitoring: {cloudwatch: {metrics: statsd}}", ["monitoring", "cloudwatch", "metrics"]),
        ("log: {level: loud}", ["log", "level"]),
        ("unknown: 1", []),
        ("aws: {regoin: eu-west-1}", ["aws"]),
        ("triggers: {a: {type: carrier_pigeon, invocation: async}}", ["triggers", "a", "type"]),
        (f"{API}tmeout: 3s}}}}", ["triggers", "a"]),
        ("defaults: {lambda_api: {tmeout: 3s}}", ["defaults", "lambda_api"]),
    ],
)
def test_what_it_marks(whole: Draft202012Validator, text: str, path: list[str]) -> None:
    errors = list(whole.iter_errors(yaml.safe_load(f"version: 1\n{FUNCTIONS}{text}\n")))
    assert [list(error.absolute_path) for error in errors] == [path]


def test_what_a_trigger_has_not_built_is_marked(whole: Draft202012Validator) -> None:
    routes = "routes: {$default: {function: f, scopes: [x]}}"
    document = yaml.safe_load(
        f"version: 1\n{FUNCTIONS}triggers: {{a: {{type: api_gateway, api: http, invocation: sync, {routes}}}}}\n"
    )
    path = ["triggers", "a", "routes", "$default", "scopes"]
    assert path in [list(error.absolute_path) for error in whole.iter_errors(document)]


def test_an_unbuilt_setting_says_why(whole: Draft202012Validator) -> None:
    document: Any = whole.schema
    assert document["properties"]["api_keys"] == {
        "title": "API keys",
        "description": "Keys of callers of REST APIs. Not in this version: API keys are not built yet.",
        "markdownDescription": "Keys of callers of REST APIs. Not in this version: API keys are not built yet.",
        "deprecated": True,
        "deprecationMessage": "API keys cannot be used in this version: API keys are not built yet",
        "not": {},
    }


def test_one_type() -> None:
    validator = Draft202012Validator(schema("--type", "lambda_api"))
    good = {"type": "lambda_api", "invocation": "sync", "functions": "all"}
    assert list(validator.iter_errors(good)) == []
    assert [error.validator for error in validator.iter_errors({**good, "routes": {}})] == ["unevaluatedProperties"]


def test_files_with_tests() -> None:
    validator = Draft202012Validator(schema("--type", "tests"))
    case = {"given": {"trigger": "uploads", "sample": {}}, "expect": {"attempts": ["0s"], "calls": 1}}
    assert list(validator.iter_errors({"config": "router.yaml", "tests": {"one": case}})) == []
    wrong = {"tests": {"one": {**case, "expect": {"atempts": []}}}}
    assert [error.validator for error in validator.iter_errors(wrong)] == ["additionalProperties"]


def test_an_unknown_type_is_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["schema", "--type", "zebra"]).exit_code == 2


def _values(value: Any, wanted: str) -> set[str]:
    if isinstance(value, list):
        return {found for item in value for found in _values(item, wanted)}
    if not isinstance(value, dict):
        return set()
    here = {value[wanted]} if isinstance(value.get(wanted), str) else set()
    return here | {found for item in value.values() for found in _values(item, wanted)}


def _keys(value: Any) -> set[str]:
    """Every keyword; not the names of properties, nor what stands in examples, snippets and defaults."""
    if isinstance(value, list):
        return {found for item in value for found in _keys(item)}
    if not isinstance(value, dict):
        return set()
    inside = {
        key: item for key, item in value.items() if key not in ("examples", "default", "enum", "const", "defaultSnippets")
    }
    named = [item for key in ("properties", "patternProperties", "$defs") for item in inside.pop(key, {}).values()]
    return set(inside) | {found for item in [*named, *inside.values()] for found in _keys(item)}
