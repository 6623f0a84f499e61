"""Which parts of the schema speak about a value: `$ref`, `allOf`, `if` and the fitting branch of `anyOf` followed.

Works on nodes of a file and on plain values alike, so that reading scalars, checking and completing agree on the branch.
A branch is picked by what stands there (map, list or scalar), then by constants such as `type`; so an error is reported for
the branch that was meant, not for all of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from router.config.nodes import ListNode, MapNode, Opaque, ScalarNode
from router.config.schemas import Schema

Kind = Literal["map", "list", "scalar"]
Pieces = tuple[Schema, ...]

_KIND_OF_TYPE: dict[str, Kind] = {"object": "map", "array": "list"}


@dataclass(slots=True)
class KnownKeys:
    """The keys of a closed map: by name, by pattern, or any."""

    properties: dict[str, Schema]
    patterns: tuple[str, ...]
    is_open: bool

    def allows(self, name: str) -> bool:
        return self.is_open or name in self.properties or any(re.search(pattern, name) for pattern in self.patterns)


class Shapes:
    """The lookups over one bundled schema; definitions are resolved once."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self._resolved: dict[str, Schema] = {}
        self._static: dict[int, Pieces] = {}
        self._joined: dict[tuple[int, ...], Schema] = {}

    def resolve(self, reference: str) -> Schema:
        """The schema that a `#/…` reference names."""
        if reference not in self._resolved:
            schema: Any = self.root
            for part in reference.removeprefix("#").strip("/").split("/"):
                schema = schema[part] if part else schema
            self._resolved[reference] = schema
        return self._resolved[reference]

    def joined(self, schemas: list[Schema | bool]) -> Schema:
        """Several schemas for one value as one; the same object each time, because look-ups go by identity."""
        key = tuple(map(id, schemas))
        if key not in self._joined:
            self._joined[key] = {"allOf": [schema for schema in schemas if isinstance(schema, dict)]}
        return self._joined[key]

    def pieces(self, schema: Schema | bool, thing: Any) -> Pieces:
        """Every schema that applies to `thing` in place, `schema` first."""
        if isinstance(schema, bool):
            return ()
        static = self._static.get(id(schema))
        if static is None:
            static = self._static[id(schema)] = tuple(self._unconditional(schema))
        if not any("if" in piece or "anyOf" in piece or "oneOf" in piece for piece in static):
            return static
        return tuple(found for piece in static for found in (piece, *self._conditional(piece, thing)))

    def _unconditional(self, schema: Schema) -> Iterator[Schema]:
        yield schema
        if "$ref" in schema:
            yield from self._unconditional(self.resolve(schema["$ref"]))
        for part in schema.get("allOf", ()):
            yield from self._unconditional(part)

    def _conditional(self, schema: Schema, thing: Any) -> Iterator[Schema]:
        for branches in (schema.get("anyOf"), schema.get("oneOf")):
            for branch in self.fitting(branches, thing) if branches else ():
                yield from self.pieces(branch, thing)
        if "if" in schema:
            verdict = holds(schema["if"], thing)
            for keyword, meant in (("then", True), ("else", False)):
                if keyword in schema and verdict is not (not meant):
                    yield from self.pieces(schema[keyword], thing)

    def fitting(self, branches: list[Schema], thing: Any) -> list[Schema]:
        """The branches of `anyOf` or `oneOf` that could be meant."""
        kind = kind_of(thing)
        fitting = [branch for branch in branches if self.admits(branch, kind)]
        if kind == "map" and len(fitting) > 1:
            same = [branch for branch in fitting if self._constants_fit(branch, thing)]
            fitting = same or fitting
        if kind == "map" and len(fitting) > 1:
            complete = [branch for branch in fitting if self._required_there(branch, thing)]
            fitting = complete or fitting
        if kind == "scalar" and len(fitting) > 1:
            same = [branch for branch in fitting if self._scalar_fits(branch, thing)]
            alone = [branch for branch in same if not any(piece.get("x-list") for piece in self._unconditional(branch))]
            fitting = alone or same or fitting
        return fitting

    def _scalar_fits(self, branch: Schema, thing: Any) -> bool:
        return all(constant_fits(piece, thing) is not False for piece in self._unconditional(branch))

    def admits(self, schema: Schema | bool, kind: Kind) -> bool:
        """Whether a value of this kind can be meant by the schema, shorthands included."""
        if isinstance(schema, bool):
            return schema
        for piece in self._unconditional(schema):
            kinds = {_KIND_OF_TYPE.get(name, "scalar") for name in types_of(piece)}
            short = (kind == "scalar" and "x-shorthand" in piece) or (kind != "list" and piece.get("x-list") is True)
            if kinds and kind not in kinds and not short:
                return False
        return True

    def types(self, schema: Schema) -> list[str]:
        """The JSON types that a schema names, references followed."""
        return [name for piece in self._unconditional(schema) for name in types_of(piece)]

    def spelled(self, schema: Schema, value: Any) -> Any:
        """A default of the schema with its shorthands written out."""
        if isinstance(value, dict):
            pieces = self.pieces(schema, value)
            return {name: self.spelled(self.joined(list(property_schemas(pieces, name))), item) for name, item in value.items()}
        if isinstance(value, list):
            return value
        for piece in self.pieces(schema, value):
            if "x-shorthand" in piece:
                return {piece["x-shorthand"]: value}
        return [value] if any(piece.get("x-list") is True for piece in self.pieces(schema, value)) else value

    def known_keys(self, schema: Schema, thing: Any) -> "KnownKeys":
        """The keys that a closed map may hold, from every schema that applies to it."""
        pieces = self.pieces(schema, thing)
        properties = {name: part for piece in pieces for name, part in piece.get("properties", {}).items()}
        patterns = [pattern for piece in pieces for pattern in piece.get("patternProperties", {})]
        is_open = any(piece.get("additionalProperties", False) is not False for piece in pieces)
        return KnownKeys(properties, tuple(patterns), is_open)

    def _constants_fit(self, branch: Schema, thing: Any) -> bool:
        return all(
            holds({"properties": piece.get("properties", {})}, thing) is not False for piece in self._unconditional(branch)
        )

    def _required_there(self, branch: Schema, thing: Any) -> bool:
        return all(has(thing, name) for piece in self._unconditional(branch) for name in piece.get("required", ()))


def property_schemas(pieces: Pieces, name: str) -> Iterator[Schema | bool]:
    """The schemas of a map's value: named, by pattern, or for all the others."""
    for piece in pieces:
        named = False
        if name in piece.get("properties", {}):
            named = True
            yield piece["properties"][name]
        for pattern, schema in piece.get("patternProperties", {}).items():
            if re.search(pattern, name):
                named = True
                yield schema
        if not named and isinstance(piece.get("additionalProperties"), dict):
            yield piece["additionalProperties"]


def types_of(schema: Schema) -> list[str]:
    """The JSON types that a schema names, or that its constants have."""
    declared = schema.get("type")
    if declared is not None:
        return [declared] if isinstance(declared, str) else list(declared)
    constants = [*schema.get("enum", ()), *([schema["const"]] if "const" in schema else ())]
    return sorted({_type_name(value) for value in constants})


def _type_name(value: Any) -> str:
    table: tuple[tuple[type, str], ...] = (
        (bool, "boolean"),
        (int, "integer"),
        (float, "number"),
        (str, "string"),
        (dict, "object"),
        (list, "array"),
    )
    return next((name for kind, name in table if isinstance(value, kind)), "null")


def kind_of(thing: Any) -> Kind:
    """What stands there, for a node or a value."""
    if isinstance(thing, MapNode | dict):
        return "map"
    return "list" if isinstance(thing, ListNode | list) else "scalar"


def has(thing: Any, name: str) -> bool:
    """Whether a map holds a key."""
    entries = thing.entries if isinstance(thing, MapNode) else thing
    return isinstance(entries, dict) and name in entries


def holds(condition: Any, thing: Any) -> bool | None:
    """Whether the condition of an `if` is met, by its `required`, `const` and `enum`; None where that cannot be said."""
    if isinstance(condition, bool):
        return condition
    if kind_of(thing) != "map":
        return None
    if not all(has(thing, name) for name in condition.get("required", ())):
        return False
    verdicts = [_constant_holds(schema, thing, name) for name, schema in condition.get("properties", {}).items()]
    if False in verdicts:
        return False
    known = set(condition) <= {"required", "properties"} and None not in verdicts
    return True if known else None


def _constant_holds(schema: Any, thing: Any, name: str) -> bool | None:
    if not has(thing, name) or not isinstance(schema, dict):
        return True
    return constant_fits(schema, thing.entries[name].value if isinstance(thing, MapNode) else thing[name])


def constant_fits(schema: Schema, thing: Any) -> bool | None:
    """Whether a scalar is one of a schema's constants; None where there are none, or the value is not known."""
    allowed = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if allowed is None or isinstance(thing, Opaque) or (isinstance(thing, ScalarNode) and thing.opaque):
        return None
    if kind_of(thing) != "scalar":
        return False
    if not isinstance(thing, ScalarNode):
        return thing in allowed
    return thing.text in allowed or (thing.plain and thing.text in map(_yaml_text, allowed))


def _yaml_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
