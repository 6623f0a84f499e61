"""Tree to plain values, directed by the schema: a scalar is read as what the schema wants, from its source text.

`account_id: 012345678901` stays text, `payload: 2.0` is the text `2.0`, `NO` is text where text is wanted; text that came
from a variable is read the same way. Where the schema wants nothing in particular, YAML 1.2's core rules apply. A value
alone where a list is wanted (`x-list`) becomes that list; a scalar where a map has a shorthand becomes that map.
"""

import re
from collections.abc import Callable
from typing import Any

from router.config.nodes import ListNode, MapNode, Node, Opaque, ScalarNode
from router.config.schemas import Schema
from router.config.shape import Pieces, Shapes, types_of

_LONGEST_INTEGER = 400
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = {
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_BOOLEANS = {**dict.fromkeys(("true", "True", "TRUE"), True), **dict.fromkeys(("false", "False", "FALSE"), False)}
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


class _No:
    """The text is not of that type."""


_NO = _No()


def construct(shapes: Shapes, schema: Schema | bool, node: Node) -> Any:
    """The value of a node: dicts, lists, text, numbers, booleans, None; `Opaque` where it is not known."""
    pieces = shapes.pieces(schema, node)
    match node:
        case MapNode():
            if _wants_list(pieces):
                return [_item(shapes, pieces, node)]
            return {name: _property(shapes, pieces, name, entry.value) for name, entry in node.entries.items()}
        case ListNode():
            return [_item(shapes, pieces, item) for item in node.items]
        case ScalarNode():
            return _short(shapes, pieces, node)


def _wants_list(pieces: Pieces) -> bool:
    return any(piece.get("x-list") is True for piece in pieces)


def _short(shapes: Shapes, pieces: Pieces, node: ScalarNode) -> Any:
    if _wants_list(pieces):
        return [_item(shapes, pieces, node)]
    shorthand = next((piece["x-shorthand"] for piece in pieces if "x-shorthand" in piece), None)
    if shorthand is not None and not (node.plain and node.text == ""):
        return {shorthand: _property(shapes, pieces, shorthand, node)}
    return read_scalar(node, frozenset(name for piece in pieces for name in types_of(piece)))


def _property(shapes: Shapes, pieces: Pieces, name: str, node: Node) -> Any:
    return construct(shapes, shapes.property(pieces, name), node)


def _item(shapes: Shapes, pieces: Pieces, node: Node) -> Any:
    return construct(shapes, shapes.items(pieces), node)


def read_scalar(node: ScalarNode, wanted: frozenset[str]) -> Any:
    """A scalar's value as one of the JSON types `wanted` (none: free-form)."""
    if node.opaque:
        return Opaque(node.written)
    scalar_types = wanted - {"object", "array"}
    if not wanted:
        return _core(node.text) if node.plain else node.text
    if not node.plain and not node.substituted:
        return node.text
    if node.plain and node.text == "" and not node.substituted:
        return None
    for name in ("boolean", "integer", "number", "null"):
        if name in scalar_types:
            value = _READERS[name](node.text)
            if value is not _NO:
                return value
    if "string" in scalar_types or node.substituted:
        return node.text
    value = _core(node.text)
    return int(value) if "integer" in scalar_types and isinstance(value, float) and value.is_integer() else value


def _core(text: str) -> Any:
    for reader in (_null, _boolean, _based, _integer, _number):
        value = reader(text)
        if value is not _NO:
            return value
    return text


def _null(text: str) -> Any:
    return None if text in _NULLS else _NO


def _boolean(text: str) -> Any:
    return _BOOLEANS.get(text, _NO)


def _integer(text: str) -> Any:
    return int(text) if len(text) <= _LONGEST_INTEGER and _INTEGER.fullmatch(text) else _NO


def _based(text: str) -> Any:
    return int(text, 0) if len(text) <= _LONGEST_INTEGER and _BASED.fullmatch(text) else _NO


def _number(text: str) -> Any:
    if text in _SPECIAL:
        return _SPECIAL[text]
    return float(text) if _FLOAT.fullmatch(text) else _NO


_READERS: dict[str, Callable[[str], Any]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "null": _null,
}
