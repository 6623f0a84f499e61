"""What is wrong, and what to do, in words: one row per keyword of the schema.

Values are shown as they are written in the file, so that nothing that came from a variable is shown.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jsonschema.exceptions import ValidationError

from router.config.fixes import surely_meant
from router.config.nodes import ListNode, MapNode, Node, ScalarNode
from router.config.problem import Path

_LONGEST_NAME = 200
"""Characters; comparing longer ones takes its time, and nobody means another name by them."""

_BARE = {
    "integer": re.compile(r"-?[0-9]{1,15}"),
    "number": re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?"),
    "boolean": re.compile(r"true|false"),
}
"""Texts that are of a type once their quotes are gone."""

_TYPE_NAMES = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "`true` or `false`",
    "null": "null",
    "object": "a map",
    "array": "a list",
}


@dataclass(slots=True)
class Words:
    """`on`: whether the caret points at the key or the value. `meant`: the key that was probably meant by an unknown one.

    `replacement`: what was surely meant in place of what the caret points at.
    """

    code: str
    message: str
    help: str | None = None
    on: str = "value"
    meant: str | None = None
    replacement: str | None = None


def words(error: ValidationError, path: Path, node: Node) -> Words:
    """The code, message and help for one error of the schema at a path, where `node` stands."""
    return _TABLE[str(error.validator)](error, path, node)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The name that was probably meant."""
    if len(name) > _LONGEST_NAME:
        return None
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def shown(node: Node) -> str:
    """What stands there, as written, in one line."""
    match node:
        case MapNode():
            return "a map"
        case ListNode():
            return "a list"
    if not node.written:
        return "an empty value" if node.plain else "empty text"
    text = node.written if len(node.written) <= 60 else node.written[:57] + "…"
    return f"`{text}`" if "\n" not in text else f"`{text.splitlines()[0]}…`"


def alternatives(names: Iterable[Any]) -> str:
    """`a`, `b` or `c`."""
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}" if quoted else "nothing"


def _unknown_key(error: ValidationError, path: Path, node: Node) -> Words:
    known: Any = error.validator_value
    name = str(path[-1])
    meant = nearest(name, known.properties)
    if meant is not None:
        sure = surely_meant(name, known.properties)
        return Words("unknown-key", f"the key `{name}` is not known here", f"did you mean `{meant}`?", "key", meant, sure)
    for outer, schema in known.properties.items():
        if name in schema.get("properties", {}):
            return Words("unknown-key", f"the key `{name}` is not known here", f"it belongs under `{outer}:`", "key")
    expected = ", ".join(f"`{key}`" for key in known.properties)
    return Words("unknown-key", f"the key `{name}` is not known here", f"known here: {expected}" if expected else None, "key")


def _missing_key(error: ValidationError, path: Path, node: Node) -> Words:
    return Words("missing-key", f"the key `{error.validator_value}` is missing", None, "key", str(error.validator_value))


def _unsupported(error: ValidationError, path: Path, node: Node) -> Words:
    if path and isinstance(path[-1], int):
        return Words("unsupported", f"{shown(node)} cannot be used in this version: {error.validator_value}")
    name = path[-1] if path else ""
    if isinstance(name, int):
        return _unsupported_value(error, path, node)
    return Words("unsupported", f"`{name}` cannot be used in this version: {error.validator_value}", "remove it", "key")


def _unsupported_value(error: ValidationError, path: Path, node: Node) -> Words:
    return Words("unsupported", f"{shown(node)} cannot be used in this version: {error.validator_value}")


def _type(error: ValidationError, path: Path, node: Node) -> Words:
    wanted: Any = error.validator_value
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    expected = " or ".join(dict.fromkeys(_TYPE_NAMES.get(str(name), str(name)) for name in names))
    if not isinstance(node, ScalarNode) or node.plain or node.substituted or "string" in names:
        return Words("wrong-type", f"{expected} is wanted here, not {shown(node)}")
    bare = node.text if any(name in names and _BARE[name].fullmatch(node.text) for name in _BARE) else None
    return Words("wrong-type", f"{expected} is wanted here, not {shown(node)}", "remove the quotes", replacement=bare)


def _enum(error: ValidationError, path: Path, node: Node) -> Words:
    allowed: Any = error.validator_value
    name = _name(error)
    if name is not None:
        return Words("unknown-value", f"the name `{name}` is not allowed here", _neighbour(name, allowed), "key")
    if path and path[-1] == "type" and len(path) == 3 and path[0] == "triggers":
        return _trigger_type(allowed, node)
    if not isinstance(node, ScalarNode):
        return Words("unknown-value", f"{shown(node)} is not {alternatives(allowed)}")
    meant = _neighbour(node.written, allowed) if len(allowed) > 1 else None
    sure = None if node.substituted else surely_meant(node.text, map(str, allowed))
    return Words("unknown-value", f"{shown(node)} is not {alternatives(allowed)}", meant, replacement=sure)


def _neighbour(name: str, known: Iterable[Any]) -> str | None:
    meant = nearest(name, map(str, known)) if any(map(str.isalpha, name)) else None
    return f"did you mean `{meant}`?" if meant else None


def _name(error: ValidationError) -> str | None:
    """The key, where an error speaks about a key and not about a value."""
    return str(error.instance) if "propertyNames" in error.absolute_schema_path else None


def _trigger_type(known: list[str], node: Node) -> Words:
    meant = _neighbour(node.written, known) if isinstance(node, ScalarNode) else None
    help_text = meant or f"known types: {', '.join(f'`{name}`' for name in known)}"
    sure = surely_meant(node.text, known) if isinstance(node, ScalarNode) and not node.substituted else None
    return Words("unknown-type", f"{shown(node)} is no trigger type", help_text, replacement=sure)


def _pattern(error: ValidationError, path: Path, node: Node) -> Words:
    schema: Any = error.schema
    name = _name(error)
    texts = [example for example in schema.get("examples", ()) if isinstance(example, str)]
    help_text = f"for example {alternatives(texts)}" if texts else f"it must match {error.validator_value}"
    if name is not None:
        return Words("wrong-form", f"the name `{name}` is not allowed here", help_text, "key")
    title = schema.get("title", "")
    wanted = f"is not a valid {title[0].lower() + title[1:]}" if title else "is not written as it must be"
    return Words("wrong-form", f"{shown(node)} {wanted}", help_text)


def _bound(code: str, text: str) -> "Callable[[ValidationError, Path, Node], Words]":
    def row(error: ValidationError, path: Path, node: Node) -> Words:
        said, name = text.format(error.validator_value), _name(error)
        if name is not None:
            return Words(code, f"the name `{name}` is {said}", None, "key")
        return Words(code, f"{shown(node)} is {said}")

    return row


def _whole(code: str, text: str) -> "Callable[[ValidationError, Path, Node], Words]":
    return lambda error, path, node: Words(code, text.format(error.validator_value), None, "key")


_TABLE: dict[str, Callable[[ValidationError, Path, Node], Words]] = {
    "unknown-key": _unknown_key,
    "missing-key": _missing_key,
    "unsupported": _unsupported,
    "unsupported-value": _unsupported_value,
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "minimum": _bound("too-small", "less than {}, the least that is allowed"),
    "maximum": _bound("too-large", "more than {}, the most that is allowed"),
    "exclusiveMinimum": _bound("too-small", "not more than {}"),
    "minLength": _bound("too-short", "too short; the least is {}"),
    "maxLength": _bound("too-long", "too long; the most is {}"),
    "minItems": _whole("too-few", "this list has fewer than {} items"),
    "maxItems": _whole("too-many", "this list has more than {} items"),
    "uniqueItems": _whole("repeated-item", "this list holds an item twice"),
    "minProperties": _whole("too-few", "this map has fewer than {} keys"),
    "maxProperties": _whole("too-many", "this map has more than {} keys"),
}
KEYWORDS = frozenset(_TABLE)
"""What the schema may ask of a value; a test holds the schema files to it."""
