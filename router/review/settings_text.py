"""Effective settings as YAML with the origin of every value as a comment, and as JSON pairs of value and origin.

The YAML can be loaded again: with the same variables it is the same configuration (secrets that are hidden aside).
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from router.config.effective import Branch, Leaf, Origin, Tree, Words, leaves
from router.config.nodes import Opaque
from router.config.problem import dotted

_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./+-]*(?: [A-Za-z0-9_./+{}-]+)*|[0-9]+(?:ms|s|m|h|d|KiB|MiB|GiB)")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_WORDS = frozenset(["null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"])
_INDENT = "  "


def to_yaml(tree: Tree, overlays: Collection[str]) -> str:
    """A map. `overlays`: the files that were laid over; their values say so."""
    return "\n".join(_Writer(overlays).block(tree, "")) + "\n"


def to_json(tree: Tree, overlays: Collection[str]) -> list[dict[str, Any]]:
    """`[{path, value, origin}]`; `value` is null where a setting is left out and `origin.words` says what stands in for it.

    `origin`: `{kind: file | default, file, line, column, overlay, section, variables: [{written, state}], words}`.
    """
    return [_pair(dotted(path), leaf, overlays) for path, leaf in leaves(tree)]


def _pair(path: str, leaf: Leaf | Words | Branch, overlays: Collection[str]) -> dict[str, Any]:
    if isinstance(leaf, Words):
        return {"path": path, "value": None, "origin": {"kind": "default", "words": leaf.words}}
    value = leaf.value if isinstance(leaf, Leaf) else {} if isinstance(leaf.items, Mapping) else []
    place = leaf.origin.place
    if place is None:
        return {"path": path, "value": value, "origin": {"kind": "default"}}
    origin: dict[str, Any] = {"kind": "file", "file": place.file, "line": place.line, "column": place.column}
    if place.file in overlays:
        origin["overlay"] = True
    if leaf.origin.section:
        origin["section"] = leaf.origin.section
    if leaf.origin.variables:
        origin["variables"] = [{"written": written, "state": state} for written, state in leaf.origin.variables]
    return {"path": path, "value": value, "origin": origin}


class _Writer:
    def __init__(self, overlays: Collection[str]) -> None:
        self._overlays = overlays

    def block(self, tree: Tree, indent: str) -> Iterator[str]:
        """The lines of a map or list that is not empty."""
        assert isinstance(tree, Branch)
        if isinstance(tree.items, Mapping):
            for key, below in tree.items.items():
                yield from self._entry(f"{indent}{_key(key)}:", below, indent)
            return
        for item in tree.items:
            yield from self._item(item, indent)

    def _item(self, item: Tree, indent: str) -> Iterator[str]:
        """A map or list begins behind the dash."""
        if isinstance(item, Branch) and self._one_line(item) is None and not _is_hollow(item):
            lines = self.block(item, indent + _INDENT)
            yield f"{indent}- {next(lines).lstrip()}"
            yield from lines
        else:
            yield from self._entry(f"{indent}-", item, indent)

    def _entry(self, head: str, value: Tree, indent: str) -> Iterator[str]:
        if isinstance(value, Words):
            yield f"{head.replace(head.lstrip(), '# ' + head.lstrip(), 1)} {value.words} (default)"
            return
        text = self._one_line(value)
        if text is not None:
            yield f"{head} {text}  # {self._origin(value.origin)}"
            return
        yield f"{head}{' {}' if _is_hollow(value) else ''}  # {self._origin(value.origin)}"
        yield from self.block(value, indent + _INDENT)

    def _one_line(self, value: Leaf | Branch) -> str | None:
        if isinstance(value, Leaf):
            return _scalar(value)
        if not value.items:
            return "{}" if isinstance(value.items, Mapping) else "[]"
        if isinstance(value.items, Mapping):
            return None
        items = [item for item in value.items if isinstance(item, Leaf)]
        if len(items) < len(value.items) or any(not self._same(item.origin, value.origin) for item in items):
            return None
        return f"[{', '.join(_scalar(item, flow=True) for item in items)}]"

    def _same(self, one: Origin, other: Origin) -> bool:
        if one == other:
            return True
        if one.place is None or other.place is None:
            return False
        return not one.variables and (one.place.file, one.place.line) == (other.place.file, other.place.line)

    def _origin(self, origin: Origin) -> str:
        if origin.place is None:
            return "default"
        overlay = "overlay " if origin.place.file in self._overlays else ""
        place = f"{overlay}{_comment(origin.place.file)}:{origin.place.line}"
        notes = [f"({origin.section})"] if origin.section else []
        notes += [f"{_comment(written)} ({state})" for written, state in origin.variables]
        return " ".join([place, *notes])


def _is_hollow(value: Tree) -> bool:
    """A map that holds comments alone: YAML wants to see that it is one."""
    return (
        isinstance(value, Branch)
        and isinstance(value.items, Mapping)
        and all(isinstance(below, Words) for below in value.items.values())
    )


def _comment(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def _key(text: str) -> str:
    return text if _is_plain(text) or text == "$default" else quoted(text)


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS


def _scalar(leaf: Leaf, *, flow: bool = False) -> str:
    value = leaf.value
    if not isinstance(value, str):
        return _number(value) if isinstance(value, float) else json.dumps(value)
    if leaf.hidden:
        return quoted(value)
    text = value if isinstance(value, Opaque) else value.replace("${", "$${")
    return text if _is_plain(text) and not (flow and ("{" in text or "}" in text)) else quoted(text)


def _number(value: float) -> str:
    """As YAML 1.2 reads it again."""
    if value != value:
        return ".nan"
    return {float("inf"): ".inf", float("-inf"): "-.inf"}.get(value) or repr(value)


def quoted(text: str) -> str:
    """A text between double quotes, as YAML reads it."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
