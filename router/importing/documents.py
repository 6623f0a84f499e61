"""The text of a template to a tree of nodes: YAML with CloudFormation's short tags, or JSON.

`cfn_tools` says what each short tag is in long form; PyYAML's composer gives the places. Nesting is bounded before anything
recursive sees it, and so is what aliases expand to. JSON is read as the YAML that it nearly is, for the sake of places.
"""

import json
import re
from typing import Any

import yaml
from cfn_tools.yaml_loader import multi_constructor

from router.importing.nodes import Node
from router.importing.notes import Notes
from router.model import Place

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100
MAX_NODES = 500_000
"""Nodes after every alias is expanded."""

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_SURROGATE = re.compile("[\ud800-\udfff]")
_OPENING = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING = (yaml.MappingEndEvent, yaml.SequenceEndEvent)
_TRUE = frozenset({"true", "yes", "on"})


class Unreadable(ValueError):
    """A document that cannot be read, with its place. The message says why."""

    def __init__(self, place: Place, reason: str) -> None:
        super().__init__(f"{place}: {reason}")


def read_document(data: bytes, file: str, notes: Notes) -> Node:
    """The tree of one file. Raises Unreadable."""
    start = Place(file, 1, 1)
    if len(data) > MAX_BYTES:
        raise Unreadable(start, f"the file is larger than {MAX_BYTES >> 20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(Place(file, data.count(b"\n", 0, error.start) + 1, 1), "the file is not UTF-8 text") from None
    try:
        return _read(_as_yaml(text), file, notes)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark is not None else start
        raise Unreadable(place, f"this is neither YAML nor JSON: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable(start, f"this is neither YAML nor JSON: {error}") from None
    except RecursionError:  # merges of merges
        raise Unreadable(start, "the file is nested too deeply") from None


def _as_yaml(text: str) -> str:
    """JSON allows tabs between its parts and writes characters beyond 16 bits as two escapes; YAML does neither."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return text
    return _PAIR.sub(lambda pair: pair[1] + _joined(pair[2], pair[3]), text.replace("\t", " "))


def _joined(high: str, low: str) -> str:
    return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)


def _read(text: str, file: str, notes: Notes) -> Node:
    _check_nesting(text, file)
    composed = yaml.compose(text, Loader=_LOADER)
    if composed is None:
        raise Unreadable(Place(file, 1, 1), "the file is empty")
    return _Reader(file, notes).node(composed)


def _check_nesting(text: str, file: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, _OPENING)
        depth -= isinstance(event, _CLOSING)
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark is not None else 1
            raise Unreadable(Place(file, line, 1), f"the file is nested more than {MAX_DEPTH} levels deep")


class _Reader(yaml.constructor.SafeConstructor):
    """Nodes of PyYAML to ours. `multi_constructor` calls `construct_*` for what a tag stands before."""

    def __init__(self, file: str, notes: Notes) -> None:
        super().__init__()
        self._file = file
        self._notes = notes
        self._count = 0
        self._depth = 0

    def node(self, node: Any) -> Node:
        """One node with all below it."""
        self._count += 1
        self._depth += 1
        if self._count > MAX_NODES or self._depth > MAX_DEPTH:
            raise Unreadable(self._place(node), "the file's aliases expand to too much, or to themselves")
        try:
            return self._tagged(node) if node.tag.startswith("!") and len(node.tag) > 1 else self._plain(node)
        finally:
            self._depth -= 1

    def _plain(self, node: Any) -> Node:
        match node:
            case yaml.ScalarNode():
                scalar: Node = self.construct_scalar(node)
                return scalar
            case yaml.SequenceNode():
                return Node(self._place(node), self.construct_sequence(node))
            case _:
                return Node(self._place(node), self.construct_mapping(node))

    def _tagged(self, node: Any) -> Node:
        """The long form, as the library gives it: `{"Fn::Sub": …}`."""
        place = self._place(node)
        try:
            ((name, value),) = multi_constructor(self, node.tag[1:], node).items()
        except (AttributeError, TypeError):  # the library takes the parts of `!GetAtt` for scalars
            raise Unreadable(place, f"`{node.tag}` does not stand before what it needs") from None
        return Node(place, {name: self._below_tag(value, place)})

    def _below_tag(self, value: Any, place: Place) -> Node:
        match value:
            case Node():
                return value
            case str():
                return Node(place, value, value)
            case list():
                return Node(place, [self._below_tag(item, place) for item in value])
            case dict():
                return Node(place, value)
            case _:
                raise Unreadable(place, "this is nothing that the tag could stand before")

    def construct_scalar(self, node: Any) -> Any:
        """Typed as YAML 1.1 has it; numbers are decimal, dates are text."""
        text = node.value
        if _SURROGATE.search(text):
            raise Unreadable(self._place(node), "half of a surrogate pair is no character")
        return Node(self._place(node), _scalar(node.tag.removeprefix(_CORE), text), text)

    def construct_sequence(self, node: Any, deep: bool = False) -> Any:
        return [self.node(item) for item in node.value]

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """A value stands where its key stands."""
        self._check_doubles(node)
        self.flatten_mapping(node)
        entries: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise Unreadable(self._place(key), "a key must be plain text, not a map or a list")
            place = self._place(key)
            below = self.node(value)
            entries[key.value] = Node(place, below.value, below.text, key.value)
        return entries

    def _check_doubles(self, node: Any) -> None:
        """A key that is written twice; what `<<` brings in may be written again."""
        seen: dict[str, Place] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_CORE}merge":
                continue
            place = self._place(key)
            if key.value in seen:
                reason = f"it is written twice in the same map: the one in line {place.line} counts"
                self._notes.unsupported(seen[key.value], "the file", key.value, reason)
            seen[key.value] = place

    def _place(self, node: Any) -> Place:
        return Place(self._file, node.start_mark.line + 1, node.start_mark.column + 1)


def _scalar(kind: str, text: str) -> str | int | float | bool | None:
    match kind:
        case "null":
            return None
        case "bool":
            return text.lower() in _TRUE
        case "int" | "float":
            return _number(text)
        case _:
            return text


def _number(text: str) -> str | int | float:
    """Decimal, as JSON has it; what YAML 1.1 alone takes for a number (`0x1F`, `1:30`) stays text."""
    for read in (int, float):
        try:
            value = read(text)
        except ValueError:
            continue
        return value if value == value and abs(value) != float("inf") and "_" not in text else text
    return text
