"""All schema files as one schema: every `$ref` points into its `$defs`, and triggers are picked by their `type`.

`defs.schema.json#/$defs/size` becomes `#/$defs/size`; `triggers/sqs.schema.json` becomes `#/$defs/triggers.sqs`, and a
definition inside it `#/$defs/triggers.sqs.rule`. The validator and the `schema` command use the same bundle.
"""

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from router.config.schemas import Schema

ROOT = "router.schema.json"
DEFS = "defs.schema.json"
TESTS = "tests.schema.json"
ANY_TRIGGER = "router.any_trigger"


def bundle(documents: Mapping[str, Schema], types: Iterable[str]) -> Schema:
    """One schema for the whole language, with the trigger types named in `types`."""
    names = [name for name in types if f"triggers/{name}.schema.json" in documents]
    definitions: dict[str, Schema] = {}
    for identifier in (ROOT, DEFS, TESTS, *(f"triggers/{name}.schema.json" for name in names)):
        _collect(identifier, documents[identifier], definitions)
    root = _rewritten(_without_head(documents[ROOT]), ROOT)
    unbuilt = documents[ROOT]["properties"]["triggers"].get("x-unsupported-types", {})
    definitions[ANY_TRIGGER] = _any_trigger(names, {name: why for name, why in unbuilt.items() if name not in names})
    root["properties"]["defaults"]["propertyNames"]["enum"] = [
        "async",
        *names,
        *(name for name in unbuilt if name not in names),
    ]
    head = {"$schema": documents[ROOT]["$schema"], "title": documents[ROOT]["title"]}
    return {**head, **root, "$defs": definitions}


def of_tests(bundled: Schema) -> Schema:
    """The schema of a file with tests alone."""
    return {"$schema": bundled["$schema"], **bundled["$defs"][definition_of_tests()], "$defs": bundled["$defs"]}


def definition_of_tests() -> str:
    """The name of the definition of a file with tests."""
    return _name(TESTS, None)


def definition_of(trigger_type: str) -> str:
    """The name of a trigger type's definition."""
    return f"triggers.{trigger_type}"


def _collect(identifier: str, document: Schema, definitions: dict[str, Schema]) -> None:
    for name, schema in document.get("$defs", {}).items():
        definitions[_name(identifier, name)] = _rewritten(schema, identifier)
    if identifier not in (ROOT, DEFS):
        definitions[_name(identifier, None)] = _rewritten(_without_head(document), identifier)


def _without_head(document: Schema) -> Schema:
    return {key: value for key, value in document.items() if key not in ("$schema", "$id", "$defs")}


def _name(identifier: str, definition: str | None) -> str:
    stem = "" if identifier == DEFS else identifier.removesuffix(".schema.json").replace("/", ".")
    return ".".join(part for part in (stem, definition) if part)


def _rewritten(value: Any, identifier: str) -> Any:
    if isinstance(value, dict):
        return {
            key: _target(item, identifier) if key == "$ref" else _rewritten(item, identifier) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_rewritten(item, identifier) for item in value]
    return value


def _target(reference: Any, identifier: str) -> Any:
    if not isinstance(reference, str):  # a property that is called `$ref`
        return _rewritten(reference, identifier)
    file, _, pointer = reference.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(identifier), file)) if file else identifier
    if pointer.startswith("/$defs/"):
        definition, slash, rest = pointer.removeprefix("/$defs/").partition("/")
        return f"#/$defs/{_name(target, definition)}{slash}{rest}"
    return f"#{pointer}" if target == ROOT else f"#/$defs/{_name(target, None)}{pointer}"


def _any_trigger(names: list[str], unbuilt: Mapping[str, str]) -> Schema:
    declared = {
        "title": "Type",
        "description": "The front door: which wire format requests come in.",
        "type": "string",
        "enum": [*names, *unbuilt],
        "x-unsupported-values": dict(unbuilt),
    }
    branches = [
        {
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": {"$ref": f"#/$defs/{definition_of(name)}"},
        }
        for name in names
    ]
    return {
        "title": "Trigger",
        "description": "One front door: where events come from and how they are invoked.",
        "type": "object",
        "required": ["type"],
        "properties": {"type": declared},
        **({"allOf": branches} if branches else {}),
    }
