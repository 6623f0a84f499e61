"""The settings that count in the end, in the language's own words, each with the place that it comes from.

Where completion (`router.config.complete`) gives what the program works with (seconds, bytes, absolute paths), this keeps `30s`
and `10MiB`, so that what is shown can be written into a file. What came from a variable or a file stays `${…}`; a secret that
is written out is hidden.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.config.complete import Completion
from router.config.construct import construct
from router.config.load import REDACTED, Written
from router.config.nodes import MapNode, Node, Opaque, ScalarNode, child
from router.config.problem import Path
from router.config.rules.secrets import is_secret
from router.config.schemas import Schema
from router.config.shape import Pieces
from router.model import Place

_SPREAD = (("defaults",), ("labels",))
"""Sections that stand under triggers, too."""
_TOKEN = re.compile(r"(?<!\$)\$\{(?P<body>[^}]*)\}")


@dataclass(slots=True, frozen=True)
class Origin:
    """Where a value comes from. `place`: None: it is a default. `section`: `defaults.sqs` or `labels`, where it stands there.

    `variables`: what was put in: `${PORT}` and `set`, `not set`, `default`, `read` or `not read`.
    """

    place: Place | None = None
    section: str = ""
    variables: tuple[tuple[str, str], ...] = ()

    @property
    def is_default(self) -> bool:
        return self.place is None


@dataclass(slots=True, frozen=True)
class Leaf:
    """A scalar. `value`: what is written where variables were put in (an `Opaque`). `hidden`: it is a secret, and not shown.

    `meaning`: what the program works with, to compare with another one: never to be shown.
    """

    value: Any
    origin: Origin
    hidden: bool = False
    meaning: Any = field(default=None, repr=False)


@dataclass(slots=True, frozen=True)
class Words:
    """A setting that is left out, and what stands in for it in words: it depends on other settings."""

    words: str


@dataclass(slots=True, frozen=True)
class Branch:
    """A map or a list."""

    items: "Mapping[str, Tree] | tuple[Tree, ...]"
    origin: Origin


Tree = Leaf | Words | Branch


def effective(written: Written, main: str, env: Mapping[str, str], *, defaults: bool = True) -> Branch:
    """Of a configuration without errors. `main`: the file to whose folder paths are shown relative.

    `env`: what variables were put in from. `defaults`: whether settings that are left out are there, too.
    """
    folder = posixpath.dirname(main) or "."
    completion = _Effective(
        written.shapes,
        _function_names(written.root),
        lambda path: posixpath.relpath(path, folder),
        written.namespaces,
        env=env,
        with_defaults=defaults,
        sections=dict(_sections(written.root)),
    )
    root = written.shapes.root
    tree = completion.complete(root, construct(written.shapes, root, written.root), written.root)
    assert isinstance(tree, Branch)
    return tree


def _function_names(root: MapNode) -> frozenset[str]:
    found = child(root, "functions")
    return frozenset(found[1].entries) if found is not None and isinstance(found[1], MapNode) else frozenset()


def leaves(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Leaf | Words | Branch]]:
    """Every value with its path; of maps and lists only those that are empty."""
    if not isinstance(tree, Branch) or not tree.items:
        yield path, tree
    elif isinstance(tree.items, Mapping):
        for key, below in tree.items.items():
            yield from leaves(below, (*path, key))
    else:
        for index, below in enumerate(tree.items):
            yield from leaves(below, (*path, index))


@dataclass(slots=True)
class _Effective(Completion):
    """Completion that keeps what is written, and notes where. `in_default`: what is completed now stands nowhere."""

    env: Mapping[str, str] = field(default_factory=dict)
    with_defaults: bool = True
    sections: Mapping[int, str] = field(default_factory=dict)
    in_default: bool = False

    def complete(self, schema: Schema | bool, value: Any, node: Node, path: Path = ()) -> Any:
        pieces = self.shapes.pieces(schema, value)
        if isinstance(value, dict):
            return Branch(self._map(pieces, value, node, path), self._origin(node, path))
        if isinstance(value, list):
            items = self.shapes.items(pieces)
            below = (self.complete(items, item, _below(node, index), (*path, index)) for index, item in enumerate(value))
            return Branch(tuple(below), self._origin(node, path))
        return self._scalar(pieces, value, node, path)

    def _map(self, pieces: Pieces, value: dict[str, Any], node: Node, path: Path) -> dict[str, Any]:
        result = {
            name: self.complete(self.shapes.property(pieces, name), item, _below(node, name), (*path, name))
            for name, item in value.items()
        }
        if self.with_defaults:
            result |= self._omitted(pieces, value, node, path)
        return result

    def _omitted(self, pieces: Pieces, value: dict[str, Any], node: Node, path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        outside, self.in_default = self.in_default, True
        for omitted in self.shapes.omitted(pieces):
            if omitted.name in value:
                continue
            if omitted.has_default:
                result[omitted.name] = self.complete(omitted.schema, omitted.default, node, (*path, omitted.name))
            elif words := self._words(omitted.schema):
                result[omitted.name] = Words(words)
        self.in_default = outside
        return result

    def _words(self, schema: Schema | bool) -> str:
        found = (piece["x-default"] for piece in self.shapes.pieces(schema, None) if "x-default" in piece)
        return next(found, "")

    def _scalar(self, pieces: Pieces, value: Any, node: Node, path: Path) -> Leaf:
        origin = self._origin(node, path)
        if not self.in_default and isinstance(node, ScalarNode) and node.substituted:
            return Leaf(Opaque(node.written), origin, meaning=Opaque(node.written))
        meaning = Completion._scalar(self, pieces, value, node, path)
        is_told = not self.in_default and isinstance(node, ScalarNode) and is_secret(path, node)
        if value is not None and (is_told or any(piece.get("x-secret") for piece in pieces)):
            return Leaf(REDACTED, origin, hidden=True, meaning=meaning)
        shown = value if any("x-unit" in piece for piece in pieces) else meaning
        return Leaf(shown, origin, meaning=meaning)

    def _origin(self, node: Node, path: Path) -> Origin:
        if self.in_default:
            return Origin()
        place = Place(node.span.file, node.span.line, node.span.column)
        tokens = _TOKEN.finditer(node.written) if isinstance(node, ScalarNode) and node.substituted else ()
        variables = tuple((token[0], self._state(token["body"], node)) for token in tokens)
        section = "" if path[:1] in _SPREAD else self.sections.get(id(node), "")
        return Origin(place, section, variables)

    def _state(self, body: str, node: Node) -> str:
        opaque = isinstance(node, ScalarNode) and node.opaque
        if body.startswith("file:"):
            return "not read" if opaque else "read"
        name, with_default, _ = body.partition(":-")
        if with_default:
            return "set" if self.env.get(name) else "default"
        return "set" if name in self.env else "not set"


def _sections(root: MapNode) -> Iterator[tuple[int, str]]:
    """The nodes that stand under `defaults:` and `labels:`, which are spread over triggers."""
    defaults = child(root, "defaults")
    if defaults is not None and isinstance(defaults[1], MapNode):
        for name, entry in defaults[1].entries.items():
            yield from ((id(node), f"defaults.{name}") for node in _nodes(entry.value))
    labels = child(root, "labels")
    if labels is not None:
        yield from ((id(node), "labels") for node in _nodes(labels[1]))


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    if isinstance(node, MapNode):
        for entry in node.entries.values():
            yield from _nodes(entry.value)
    elif not isinstance(node, ScalarNode):
        for item in node.items:
            yield from _nodes(item)


def _below(node: Node, part: str | int) -> Node:
    below = child(node, part)
    return below[1] if below else node
