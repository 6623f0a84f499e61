"""Settings that passed the schema, made complete: defaults filled in, units converted, paths made absolute.

A property without a default becomes None, so that every setting is there. References to functions are written out with the
namespace of the file that writes them. What is not known because a variable is not set becomes a placeholder; where none can
be right (one of several constants), its path goes into `undecided`. Every reference to a function goes into `references`,
every written secret into `secrets`.
"""

import posixpath
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.config.destinations import function_reference
from router.config.nodes import Node, Opaque, child
from router.config.problem import Path
from router.config.schemas import Schema
from router.config.shape import Pieces, Shapes, types_of
from router.config.units import duration, size

_UNITS: Mapping[str, Callable[[str], Any]] = {"duration": duration, "size": size}
_PLACEHOLDERS: Mapping[str, Any] = {"duration": 1.0, "size": 1, "integer": 1, "number": 1.0}


@dataclass(slots=True)
class Completion:
    """`functions`: the declared names. `absolute`: of the port. `namespaces`: file to its prefix."""

    shapes: Shapes
    functions: Container[str]
    absolute: Callable[[str], str]
    namespaces: Mapping[str, str]
    undecided: list[Path] = field(default_factory=list)
    references: list[tuple[Path, str]] = field(default_factory=list)
    secrets: list[Path] = field(default_factory=list)

    def complete(self, schema: Schema | bool, value: Any, node: Node, path: Path = ()) -> Any:
        """The complete form of a value; `node` is what stands there, or the nearest place that does."""
        pieces = self.shapes.pieces(schema, value)
        if isinstance(value, dict):
            return self._map(pieces, value, node, path)
        if isinstance(value, list):
            items = self.shapes.items(pieces)
            return [self.complete(items, item, _below(node, index), (*path, index)) for index, item in enumerate(value)]
        return self._scalar(pieces, value, node, path)

    def _map(self, pieces: Pieces, value: dict[str, Any], node: Node, path: Path) -> dict[str, Any]:
        result = {
            name: self.complete(self.shapes.property(pieces, name), item, _below(node, name), (*path, name))
            for name, item in value.items()
        }
        for omitted in self.shapes.omitted(pieces):
            name = omitted.name
            if name not in result:
                result[name] = (
                    self.complete(omitted.schema, omitted.default, node, (*path, name)) if omitted.has_default else None
                )
        return result

    def _scalar(self, pieces: Pieces, value: Any, node: Node, path: Path) -> Any:
        if any(piece.get("x-secret") for piece in pieces):
            self.secrets.append(path)
        if isinstance(value, Opaque):
            if any("x-reference" in piece for piece in pieces):
                self.references.append((path, value))
            return self._placeholder(pieces, value, path)
        if not isinstance(value, str):
            return value
        for piece in pieces:
            if "x-unit" in piece:
                return _UNITS[piece["x-unit"]](value)
            if piece.get("x-path"):
                return self._absolute(value, node)
            if piece.get("x-address") and value.startswith("unix:") and value != "unix:":
                return "unix:" + self._absolute(value.removeprefix("unix:"), node)
            if piece.get("x-journal") and value.startswith("sqlite:"):
                return "sqlite:" + self._absolute(value.removeprefix("sqlite:"), node)
            if piece.get("x-reference") == "function":
                full = self._reference(value, node)
                self.references.append((path, full))
                return full
            if piece.get("x-destination"):
                return self._destination(value, node, path)
        return value

    def _absolute(self, path: str, node: Node) -> str:
        return self.absolute(posixpath.join(posixpath.dirname(node.span.file), path))

    def _destination(self, text: str, node: Node, path: Path) -> str:
        reference = function_reference(text)
        if reference is None:
            return text
        full = self._reference(reference, node)
        self.references.append((path, full))
        return full if full.startswith("arn:") else f"function:{full}"

    def _reference(self, reference: str, node: Node) -> str:
        namespace = self.namespaces.get(node.span.file)
        if namespace is None or reference.startswith("arn:"):
            return reference
        name, colon, qualifier = reference.partition(":")
        full = f"{namespace}.{name}"
        return f"{full}{colon}{qualifier}" if full in self.functions else reference

    def _placeholder(self, pieces: Pieces, value: Opaque, path: Path) -> Any:
        for piece in pieces:
            if "default" in piece and not isinstance(piece["default"], dict | list):
                unit = next((other["x-unit"] for other in pieces if "x-unit" in other), None)
                return _UNITS[unit](piece["default"]) if unit else piece["default"]
        if any("enum" in piece or "const" in piece for piece in pieces):
            self.undecided.append(path)
            return value
        wanted = [piece["x-unit"] for piece in pieces if "x-unit" in piece]
        wanted += [name for piece in pieces for name in types_of(piece)]
        least = [piece["minimum"] for piece in pieces if "minimum" in piece]
        if wanted and wanted[0] in ("integer", "number") and least:
            return max(least)
        if wanted and wanted[0] == "boolean":
            self.undecided.append(path)
        return _PLACEHOLDERS.get(wanted[0], value) if wanted else value


def _below(node: Node, part: str | int) -> Node:
    below = child(node, part)
    return below[1] if below else node
