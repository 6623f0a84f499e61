"""The bundled schema as editors want it: plain JSON Schema 2020-12, and what the YAML language server adds to it.

An editor reads YAML by its own rules, so a scalar that ours reads as text may reach it as a number; and a variable may stand
for any scalar. Both are allowed here. What is not built yet is a schema that nothing fits, so that the editor marks it.
"""

from collections.abc import Iterable, Iterator

from router.config.bundle import ANY_TRIGGER, definition_of, definition_of_tests
from router.config.editor.rendering import Rendering
from router.config.editor.snippets import in_map, labelled, snippet
from router.config.editor.words import documented, first_sentence
from router.config.schemas import Schema


def for_editors(bundled: Schema, types: Iterable[str]) -> Schema:
    """The whole language; `types` are the trigger types that are built."""
    names = list(types)
    rendering = Rendering(bundled)
    rendered = rendering.of(bundled)
    for name in names:
        rendered["properties"]["defaults"]["properties"][name] = _defaults(rendering, bundled, name)
    del rendered["properties"]["defaults"]["propertyNames"]
    rendered["properties"]["defaults"]["additionalProperties"] = False
    triggers = [
        (label, example, first_sentence(_own(bundled, name)["description"]))
        for name in names
        for label, example in labelled(name, _own(bundled, name).get("examples", ()))
    ]
    for name in names:
        rendered["$defs"][definition_of(name)].pop("defaultSnippets", None)
    _describe_types(rendered, bundled)
    rendered["properties"]["triggers"]["defaultSnippets"] = [
        snippet(label, in_map("name", example), text) for label, example, text in triggers
    ]
    # Once there is a type, an example of another one would be in the way.
    untyped = {"if": {"required": ["type"]}, "else": {"defaultSnippets": [snippet(*trigger) for trigger in triggers]}}
    rendered["$defs"][ANY_TRIGGER].setdefault("allOf", []).append(untyped)
    return _pruned(rendered)


def for_type(bundled: Schema, name: str) -> Schema:
    """One trigger of a type."""
    return _alone(bundled, definition_of(name))


def for_tests(bundled: Schema) -> Schema:
    """A file with tests alone."""
    return _alone(bundled, definition_of_tests())


def _alone(bundled: Schema, definition: str) -> Schema:
    rendered = Rendering(bundled).of(bundled)
    return _pruned({"$schema": bundled["$schema"], **rendered["$defs"][definition], "$defs": rendered["$defs"]})


def _own(bundled: Schema, name: str) -> Schema:
    schema: Schema = bundled["$defs"][definition_of(name)]
    return schema


def _describe_types(rendered: Schema, bundled: Schema) -> None:
    declared = rendered["$defs"][ANY_TRIGGER]["properties"]["type"]["anyOf"][0]
    declared["markdownEnumDescriptions"] = [
        f"**{_own(bundled, name)['title']}**. {_own(bundled, name)['description']}" for name in declared["enum"]
    ]


def _defaults(rendering: Rendering, bundled: Schema, name: str) -> Schema:
    own = _own(bundled, name)
    keys = dict(sorted((key, rendering.of(schema)) for key, schema in _keys(bundled, own) if key != "type"))
    description = f"Settings of every `{name}` trigger that does not have its own. {own['description']}"
    said = documented({"title": own["title"], "description": description})
    return {**said, "type": "object", "properties": keys, "additionalProperties": False}


def _keys(bundled: Schema, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Every key of a trigger with its schema; the type's own schema of a key comes last and wins."""
    for part in (*schema.get("allOf", ()), *([schema] if "$ref" in schema else ())):
        if "$ref" in part:
            yield from _keys(bundled, bundled["$defs"][part["$ref"].removeprefix("#/$defs/")])
    yield from schema.get("properties", {}).items()


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


def _references(value: object) -> set[str]:
    if isinstance(value, list):
        return {name for item in value for name in _references(item)}
    if not isinstance(value, dict):
        return set()
    found = {name for item in value.values() for name in _references(item)}
    if isinstance(value.get("$ref"), str):
        found.add(value["$ref"].removeprefix("#/$defs/").partition("/")[0])
    return found
