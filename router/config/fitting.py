"""What of a tree fits the schema: the value, what is wrong, and which parts are to be left out of everything that follows."""

from collections.abc import Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

from router.config.construct import construct
from router.config.nodes import Entry, ListNode, MapNode, Node, locate
from router.config.problem import Path, Problem
from router.config.reporting import Reporter
from router.config.shape import Shapes
from router.config.validation import errors
from router.config.wording import Words, words

BY_NAME = ("functions", "triggers", "listeners", "tests")
"""Sections whose entries stand for themselves: one that is wrong does not spoil the others."""


def fitted(shapes: Shapes, root: MapNode, problems: list[Problem]) -> tuple[MapNode, Any, set[Path]]:
    """The tree and value to check further, and the parts to leave out; what does not fit is added to `problems`.

    A part whose only fault is a key that is not known is still worth checking: a misspelt key is taken as the one that
    was meant, another one is left out.
    """
    value = construct(shapes, shapes.root, root)
    reporter = Reporter(root, problems)
    said = [_said(root, error) for error in errors(shapes, value)]
    misspelt = {(path[:-1], word.meant) for path, word in said if word.code == "unknown-key"}
    unknown: dict[Path, str | None] = {}
    broken: set[Path] = set()
    for path, word in said:
        if word.code == "unknown-key":
            unknown[path] = word.meant
        elif word.code != "missing-key" or (path, word.meant) not in misspelt:
            broken.add(_part(path))
        if word.code != "missing-key" or (path, word.meant) not in misspelt:
            reporter.report(path, word.code, word.message, help=word.help, on=word.on, replacement=word.replacement)
    if not unknown:
        return root, value, broken
    mended = _mended(root, unknown)
    assert isinstance(mended, MapNode)
    value = construct(shapes, shapes.root, mended)
    return mended, value, broken | {_part(tuple(error.absolute_path)) for error in errors(shapes, value)}


def _said(root: MapNode, error: ValidationError) -> tuple[Path, Words]:
    path: Path = tuple(error.absolute_path)
    word = words(error, path, locate(root, path).value)
    return ((*path, str(error.instance)) if "propertyNames" in error.schema_path else path), word


def _part(path: Path) -> Path:
    """What a finding spoils: a section, or one item of those that are named."""
    return path[:2] if path[:1] and path[0] in BY_NAME else path[:1]


def _mended(node: Node, unknown: Mapping[Path, str | None], at: Path = ()) -> Node:
    """The tree with misspelt keys put right, unless the right one is there, too, and without other unknown keys."""
    if isinstance(node, ListNode):
        return ListNode(node.span, [_mended(item, unknown, (*at, index)) for index, item in enumerate(node.items)])
    if not isinstance(node, MapNode):
        return node
    entries: dict[str, Entry] = {}
    for key, entry in node.entries.items():
        path = (*at, key)
        name = unknown.get(path, key)
        if name == key or (name is not None and name not in node.entries):
            entries[name] = Entry(entry.key, _mended(entry.value, unknown, path))
    return MapNode(node.span, entries)
