"""The bundled schema as editors want it: plain JSON Schema 2020-12, without our keywords.

An editor reads YAML by its own rules, so a scalar that ours reads as text may reach it as a number; and a variable may stand
for any scalar. Both are allowed here. What is not built yet is a schema that nothing fits, so that the editor marks it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from router.config.bundle import definition_of
from router.config.schemas import Schema

_ANNOTATIONS = ("title", "description", "default", "examples")
_SCALAR_KEYWORDS = frozenset(
    {"enum", "const", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
)
_VARIABLE: Schema = {"type": "string", "pattern": "\\$\\{"}
_MAPS = ("properties", "patternProperties", "$defs")
_SINGLES = ("additionalProperties", "unevaluatedProperties", "items", "then", "else", "not")
_LISTS = ("allOf", "anyOf", "oneOf")


def for_editors(bundled: Schema, types: Iterable[str]) -> Schema:
    """The whole language; `types` are the trigger types that are built."""
    rendered = _rendered(bundled)
    defaults = rendered["properties"]["defaults"]
    for name in types:
        keys = sorted(_keys(bundled, bundled["$defs"][definition_of(name)]) - {"type"})
        title = bundled["$defs"][definition_of(name)]["title"]
        defaults["properties"][name] = {"title": title, "type": "object", "propertyNames": {"enum": keys}}
    return _pruned(rendered)


def for_type(bundled: Schema, name: str) -> Schema:
    """One trigger of a type."""
    rendered = _rendered(bundled)
    own = rendered["$defs"][definition_of(name)]
    return _pruned({"$schema": bundled["$schema"], **own, "$defs": rendered["$defs"]})


def _keys(bundled: Schema, schema: Schema) -> set[str]:
    found = set(schema.get("properties", {}))
    for part in (*schema.get("allOf", ()), *([schema] if "$ref" in schema else ())):
        if "$ref" in part:
            found |= _keys(bundled, bundled["$defs"][part["$ref"].removeprefix("#/$defs/")])
    return found


def _rendered(schema: Any) -> Any:
    if not isinstance(schema, dict):
        return schema
    for applies, render in _CASES:
        if applies(schema):
            return render(schema)
    return _inside(schema)


def _inside(schema: Schema) -> Schema:
    """The same schema with every schema inside it rendered."""
    result = {key: value for key, value in schema.items() if not key.startswith("x-")}
    for key in _MAPS:
        if key in result:
            result[key] = {name: _rendered(value) for name, value in result[key].items()}
    for key in _SINGLES:
        if key in result:
            result[key] = _rendered(result[key])
    for key in _LISTS:
        if key in result:
            result[key] = [_rendered(value) for value in result[key]]
    if "x-default" in schema:
        result["description"] = f"{schema.get('description', '')} Default: {schema['x-default']}.".strip()
    return result


def _split(schema: Schema) -> tuple[Schema, Schema]:
    """What is said about a value, and what is asked of it."""
    inside = _inside(schema)
    said = {key: value for key, value in inside.items() if key in _ANNOTATIONS}
    return said, {key: value for key, value in inside.items() if key not in _ANNOTATIONS}


def _unsupported(schema: Schema) -> Schema:
    said = {key: schema[key] for key in ("title",) if key in schema}
    description = f"{schema.get('description', '')} Not in this version: {schema['x-unsupported']}.".strip()
    return {**said, "description": description, "deprecated": True, "not": {}}


def _list(schema: Schema) -> Schema:
    said, asked = _split(schema)
    return {**said, "anyOf": [asked, asked.get("items", True)]}


def _short(schema: Schema) -> Schema:
    said, asked = _split(schema)
    return {**said, "anyOf": [asked, asked["properties"][schema["x-shorthand"]]]}


def _scalar(schema: Schema) -> Schema:
    said, asked = _split(schema)
    unbuilt = schema.get("x-unsupported-values", {})
    if "enum" in asked:
        allowed = [value for value in asked["enum"] if value not in unbuilt]
        asked["enum"] = allowed + [number for value in allowed if (number := _as_number(value)) is not None]
    if "const" in asked and (number := _as_number(asked["const"])) is not None:
        asked["enum"] = [asked.pop("const"), number]
    if asked.get("type") == "string":
        asked["type"] = ["string", "number", "boolean"]
    return {**said, "anyOf": [asked, _VARIABLE]}


def _as_number(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _is_scalar(schema: Schema) -> bool:
    declared = schema.get("type", [])
    types = {declared} if isinstance(declared, str) else set(declared)
    return "$ref" not in schema and not types & {"object", "array"} and bool(types or _SCALAR_KEYWORDS & set(schema))


_CASES: tuple[tuple[Callable[[Schema], bool], Callable[[Schema], Schema]], ...] = (
    (lambda schema: "x-unsupported" in schema and "const" not in schema, _unsupported),
    (lambda schema: schema.get("x-list") is True, _list),
    (lambda schema: "x-shorthand" in schema, _short),
    (_is_scalar, _scalar),
)


def _pruned(schema: Schema) -> Schema:
    """Without the definitions that nothing refers to."""
    needed: set[str] = set()
    pending = [{key: value for key, value in schema.items() if key != "$defs"}]
    while pending:
        for name in _references(pending.pop()) - needed:
            needed.add(name)
            pending.append(schema["$defs"][name])
    kept = {name: value for name, value in schema["$defs"].items() if name in needed}
    return {**{key: value for key, value in schema.items() if key != "$defs"}, "$defs": kept}


def _references(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for item in value for name in _references(item)}
    if not isinstance(value, dict):
        return set()
    found = {name for item in value.values() for name in _references(item)}
    if isinstance(value.get("$ref"), str):
        found.add(value["$ref"].removeprefix("#/$defs/").partition("/")[0])
    return found
