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

_ANY_OTHER = ""
"""Stands for every name of a map that no schema mentions: they all have the same one."""
_KIND_OF_TYPE: dict[str, Kind] = {"object": "map", "array": "list"}


@dataclass(slots=True)
class KnownKeys:
    """The keys of a closed map: by name, by pattern, or any."""

    properties: dict[str, Schema]
    patterns: tuple[str, ...]
    is_open: bool

    def allows(self, name: str) -> bool:
        return self.is_open or name in self.properties or any(re.search(pattern, name) for pattern in self.patterns)


@dataclass(slots=True, frozen=True)
class Omitted:
    """A property that a map does not have: its schema, and its default where there is one, with shorthands written out."""

    name: str
    schema: Schema | bool
    has_default: bool = False
    default: Any = None


class Shapes:
    """The lookups over one bundled schema; definitions are resolved once."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self._resolved: dict[str, Schema] = {}
        self._static: dict[int, tuple[Pieces, bool]] = {}
        self._joined: dict[tuple[int, ...], Schema] = {}
        self._interned: dict[tuple[int, ...], Pieces] = {}
        self._properties: dict[tuple[int, str], Schema | bool] = {}
        self._items: dict[int, Schema | bool] = {}
        self._known_keys: dict[int, KnownKeys] = {}
        self._omitted: dict[int, list[Omitted]] = {}
        self._admitted: dict[tuple[int, Kind], bool] = {}

    def resolve(self, reference: str) -> Schema:
        """The schema that a `#/…` reference names."""
        if reference not in self._resolved:
            schema: Any = self.root
            for part in reference.removeprefix("#").strip("/").split("/"):
                schema = schema[part] if part else schema
            self._resolved[reference] = schema
        return self._resolved[reference]

    def joined(self, schemas: list[Schema | bool]) -> Schema | bool:
        """Several schemas for one value as one; the same object each time, because look-ups go by identity."""
        if len(schemas) < 2:
            return schemas[0] if schemas else True
        key = tuple(map(id, schemas))
        if key not in self._joined:
            self._joined[key] = {"allOf": [schema for schema in schemas if isinstance(schema, dict)]}
        return self._joined[key]

    def property(self, pieces: Pieces, name: str) -> Schema | bool:
        """The schema of one value of a map that `pieces` speak about."""
        if not any(name in piece.get("properties", ()) or "patternProperties" in piece for piece in pieces):
            name = _ANY_OTHER
        key = (id(pieces), name)
        found = self._properties.get(key)
        if found is None:
            found = self._properties[key] = self.joined(list(property_schemas(pieces, name)))
        return found

    def items(self, pieces: Pieces) -> Schema | bool:
        """The schema of every item of a list that `pieces` speak about."""
        found = self._items.get(id(pieces))
        if found is None:
            found = self._items[id(pieces)] = self.joined([piece["items"] for piece in pieces if "items" in piece])
        return found

    def omitted(self, pieces: Pieces) -> "list[Omitted]":
        """The properties that a map may leave out, with what stands in for them; without those that are refused."""
        found = self._omitted.get(id(pieces))
        if found is None:
            names = dict.fromkeys(name for piece in pieces for name in piece.get("properties", {}))
            found = self._omitted[id(pieces)] = [
                omitted for name in names if (omitted := self._omission(pieces, name)) is not None
            ]
        return found

    def _omission(self, pieces: Pieces, name: str) -> "Omitted | None":
        schema = self.property(pieces, name)
        own = self.pieces(schema, None)
        if any("x-unsupported" in piece and "const" not in piece for piece in own):
            return None
        for piece in own:
            if "default" in piece:
                return Omitted(name, schema, True, self.spelled(schema, piece["default"]))
        return Omitted(name, schema)

    def pieces(self, schema: Schema | bool, thing: Any) -> Pieces:
        """Every schema that applies to `thing` in place, `schema` first. Equal ones are one tuple: look-ups go by identity."""
        if isinstance(schema, bool):
            return ()
        known = self._static.get(id(schema))
        if known is None:
            known = self._static[id(schema)] = self._known_static(schema)
        static, depends = known
        if not depends:
            return static
        return self._same(tuple(found for piece in static for found in (piece, *self._conditional(piece, thing))))

    def _known_static(self, schema: Schema) -> tuple[Pieces, bool]:
        """What always applies, and whether more does that depends on the value."""
        static = tuple(self._unconditional(schema))
        return self._same(static), any("if" in piece or "anyOf" in piece or "oneOf" in piece for piece in static)

    def _same(self, pieces: Pieces) -> Pieces:
        return self._interned.setdefault(tuple(map(id, pieces)), pieces)

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
        key = (id(schema), kind)
        if key not in self._admitted:
            self._admitted[key] = self._admits(schema, kind)
        return self._admitted[key]

    def _admits(self, schema: Schema, kind: Kind) -> bool:
        for piece in self._unconditional(schema):
            kinds = {_KIND_OF_TYPE.get(name, "scalar") for name in types_of(piece)}
            short = (kind == "scalar" and "x-shorthand" in piece) or (kind != "list" and piece.get("x-list") is True)
            if kinds and kind not in kinds and not short:
                return False
        return True

    def types(self, schema: Schema) -> list[str]:
        """The JSON types that a schema names, references followed."""
        return [name for piece in self._unconditional(schema) for name in types_of(piece)]

    def spelled(self, schema: Schema | bool, value: Any) -> Any:
        """A default of the schema with its shorthands written out."""
        if isinstance(value, dict):
            pieces = self.pieces(schema, value)
            return {name: self.spelled(self.property(pieces, name), item) for name, item in value.items()}
        if isinstance(value, list):
            return value
        for piece in self.pieces(schema, value):
            if "x-shorthand" in piece:
                return {piece["x-shorthand"]: value}
        return [value] if any(piece.get("x-list") is True for piece in self.pieces(schema, value)) else value

    def known_keys(self, schema: Schema, thing: Any) -> "KnownKeys":
        """The keys that a closed map may hold, from every schema that applies to it."""
        pieces = self.pieces(schema, thing)
        known = self._known_keys.get(id(pieces))
        if known is None:
            properties = {name: part for piece in pieces for name, part in piece.get("properties", {}).items()}
            patterns = [pattern for piece in pieces for pattern in piece.get("patternProperties", {})]
            is_open = any(piece.get("additionalProperties", False) is not False for piece in pieces)
            known = self._known_keys[id(pieces)] = KnownKeys(properties, tuple(patterns), is_open)
        return known

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
