"""The schema files themselves: they are the option reference, so nothing may be missing from them."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from router.config.bundle import bundle
from router.config.concealment import SECRET_KEYS
from router.config.construct import construct
from router.config.nodes import Entry, ListNode, MapNode, Node, ScalarNode
from router.config.problem import Span
from router.config.schemas import documents
from router.config.shape import Shapes
from router.config.validation import is_valid
from router.config.wording import KEYWORDS
from router.triggers import TYPES

OURS = {
    "x-address",
    "x-destination",
    "x-default",
    "x-journal",
    "x-list",
    "x-path",
    "x-reference",
    "x-secret",
    "x-shorthand",
    "x-unit",
    "x-unsupported",
    "x-unsupported-types",
    "x-unsupported-values",
}
SILENT = {
    *{"$schema", "$id", "$ref", "$defs", "title", "description", "default", "examples", "format"},
    *{"allOf", "anyOf", "oneOf", "if", "then", "else"},
    *{"properties", "patternProperties", "additionalProperties", "unevaluatedProperties", "propertyNames", "items"},
    *{"required", "const"},
}
"""Keywords that lead on to others, or whose findings have words of their own (`missing-key`, `unknown-key`, `enum`)."""
HERE = Span("schema", 1, 1, 1, 1)
SHAPES = Shapes(bundle(documents(), TYPES))


def schemas_in(value: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema of a document with its path, those inside `examples` and the like left out."""
    if not isinstance(value, dict):
        return
    yield path, value
    for key in ("properties", "patternProperties", "$defs"):
        for name, schema in value.get(key, {}).items():
            yield from schemas_in(schema, f"{path}/{key}/{name}")
    for key in ("additionalProperties", "items", "not", "if", "then", "else", "propertyNames"):
        yield from schemas_in(value.get(key), f"{path}/{key}")
    for key in ("allOf", "anyOf", "oneOf"):
        for index, schema in enumerate(value.get(key, ())):
            yield from schemas_in(schema, f"{path}/{key}/{index}")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return {**SHAPES.resolve(schema["$ref"]), **schema} if "$ref" in schema else schema


@pytest.mark.parametrize("identifier", sorted(documents()))
def test_each_file_is_json_schema_with_known_extensions(identifier: str) -> None:
    document = documents()[identifier]
    Draft202012Validator.check_schema(document)
    found = {key for _, schema in schemas_in(document) for key in schema if key.startswith("x-")}
    assert found - OURS == set()


def test_every_setting_has_a_title_and_says_what_it_does() -> None:
    silent = [
        f"{path}/{name}"
        for path, schema in schemas_in(SHAPES.root)
        if not path.endswith("/if")
        for name, value in schema.get("properties", {}).items()
        if isinstance(value, dict) and not {"title", "description"} <= set(resolved(value)) and "const" not in value
    ]
    assert silent == []


def node_of(value: Any) -> Node:
    """A value as it would be written in YAML."""
    if isinstance(value, dict):
        return MapNode(HERE, {name: Entry(ScalarNode(HERE, name, True, name), node_of(item)) for name, item in value.items()})
    if isinstance(value, list):
        return ListNode(HERE, [node_of(item) for item in value])
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return ScalarNode(HERE, text, not isinstance(value, str), text, substituted=isinstance(value, str))


def test_every_default_and_example_is_a_valid_value() -> None:
    wrong = [
        (path, value)
        for path, schema in schemas_in(SHAPES.root)
        for value in (*([schema["default"]] if "default" in schema else ()), *schema.get("examples", ()))
        if "x-unsupported" not in schema and not is_valid(SHAPES, schema, construct(SHAPES, schema, node_of(value)))
    ]
    assert wrong == []


def test_every_keyword_has_its_words() -> None:
    used = {keyword for _, schema in schemas_in(bundle(documents(), TYPES)) for keyword in schema}
    assert used - SILENT - OURS - KEYWORDS == set()


def test_the_keys_that_hold_secrets_are_known() -> None:
    found = set()
    for path, schema in schemas_in(bundle(documents(), TYPES)):
        if schema.get("x-secret"):
            found.add([part for part in path.removesuffix("/items").split("/") if part not in ("anyOf", "oneOf", "allOf")][-1])
    assert found == set(SECRET_KEYS)
