"""The tree of a YAML file with a position for every key and value.

Nodes are shared where the file uses aliases, so nothing changes a node: merging and substitution make new ones.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from router.config.problem import Path, Span


@dataclass(slots=True)
class ScalarNode:
    """A scalar. `text`: its value; `plain`: written without quotes, so that it may be read as a number.

    `written`: what stands in the file, for messages. `substituted`: a variable or a file went into `text`.
    `opaque`: a variable that is not set stands in it, so that its value is unknown.
    """

    span: Span
    text: str
    plain: bool
    written: str
    substituted: bool = False
    opaque: bool = False


@dataclass(slots=True)
class ListNode:
    span: Span
    items: "list[Node]"


@dataclass(slots=True)
class Entry:
    key: ScalarNode
    value: "Node"


@dataclass(slots=True)
class MapNode:
    span: Span
    entries: dict[str, Entry]


Node = ScalarNode | ListNode | MapNode


class Opaque(str):
    """The text of a scalar whose value is unknown because a variable is not set: fits wherever a scalar fits."""

    __slots__ = ()


@dataclass(slots=True)
class Location:
    """Where a path leads: `exact` is False where the path goes on below `value` (a default, or a list's only item)."""

    key: Span | None
    value: Node
    exact: bool


def locate(root: Node, path: Path) -> Location:
    """The key and value at a path, or the nearest ancestor that is written down."""
    here = Location(None, root, True)
    for part in path:
        below = child(here.value, part)
        if below is None:
            return Location(here.key, here.value, False)
        key, value = below
        here = Location(key or here.key, value, True)
    return here


def child(node: Node, part: str | int) -> tuple[Span | None, Node] | None:
    """The key's span and the value below a node; None where there is none."""
    match node:
        case MapNode(entries=entries) if isinstance(part, str) and part in entries:
            return entries[part].key.span, entries[part].value
        case ListNode(items=items) if isinstance(part, int) and part < len(items):
            return None, items[part]
        case MapNode() | ScalarNode() if part == 0:  # alone where a list is wanted: its only item
            return None, node
        case _:
            return None


def scalars(root: Node) -> Iterator[ScalarNode]:
    """Every scalar value, each shared node once."""
    seen: set[int] = set()
    pending: list[Node] = [root]
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        match node:
            case ScalarNode():
                yield node
            case ListNode(items=items):
                pending.extend(reversed(items))
            case MapNode(entries=entries):
                pending.extend(entry.value for entry in reversed(entries.values()))


def equal(one: Node, other: Node) -> bool:
    """Whether two nodes say the same, wherever they stand."""
    match one, other:
        case ScalarNode(), ScalarNode():
            return (one.text, one.plain) == (other.text, other.plain)
        case ListNode(), ListNode():
            return len(one.items) == len(other.items) and all(map(equal, one.items, other.items))
        case MapNode(), MapNode():
            mine, theirs = one.entries, other.entries
            return mine.keys() == theirs.keys() and all(equal(mine[name].value, theirs[name].value) for name in mine)
        case _:
            return False
