"""YAML text to a tree of nodes with positions, from the parser's events.

Events instead of ready-made nodes: nesting and alias expansion are bounded here, before anything recursive sees them, and
several mistakes are found in one go. Anchors, aliases and `<<` are resolved; duplicate keys, unknown tags, several
documents are findings. Nothing that a file may hold raises.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from router.config.fixes import removal
from router.config.nodes import Entry, ListNode, MapNode, Node, ScalarNode, equal
from router.config.problem import Problem, Related, Span
from router.config.yaml_errors import explain

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 500_000
"""Nodes after every alias is expanded."""

_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SURROGATE = re.compile("[\ud800-\udfff]")
_CORE = "tag:yaml.org,2002:"
_BOTH_HALVES = "write both halves, or the character itself"
_STRING_TAGS = frozenset({"!", f"{_CORE}str"})
_PLAIN_TAGS = frozenset({f"{_CORE}{name}" for name in ("int", "float", "bool", "null", "map", "seq")})


@dataclass(slots=True)
class Parsed:
    """`root` is None where the file holds nothing usable; `problems` says why."""

    root: MapNode | None
    text: str
    problems: list[Problem]


@dataclass(slots=True)
class _Frame:
    """An open collection. `key`: read, its value still to come; `merges`: the values of `<<`."""

    node: ListNode | MapNode
    anchor: str | None
    weight: int = 1
    key: ScalarNode | None = None
    merges: list[Node] = field(default_factory=list)


_UNUSABLE = ScalarNode(Span("", 1, 1, 1, 1), "", False, "")
"""Stands for a key that is none, so that its value is read over."""


class _Stop(Exception):
    """The rest of the file cannot be read."""


def parse(data: bytes, file: str) -> Parsed:
    """The tree of one file. Never raises; an unusable file is a finding."""
    start = Span(file, 1, 1, 1, 1)
    if len(data) > MAX_BYTES:
        return Parsed(None, "", [Problem("file-too-large", f"the file is larger than {MAX_BYTES >> 20} MiB", start)])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        read = error.object[: error.start]  # without a byte order mark
        line, before = read.count(b"\n") + 1, read[read.rfind(b"\n") + 1 :].decode()
        span = Span(file, line, len(before) + 1, line, len(before) + 2)
        return Parsed(None, "", [Problem("not-utf-8", "the file is not UTF-8 text", span, help="save it as UTF-8")])
    composer = _Composer(file)
    root = composer.compose(text)
    if root is None and not composer.problems:
        composer.problems.append(Problem("empty-file", "the file is empty", start))
    if root is not None and not isinstance(root, MapNode):
        composer.problems.append(Problem("root-not-a-map", "the file must be a map of settings", root.span))
    return Parsed(root if isinstance(root, MapNode) else None, text, composer.problems)


class _Composer:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._root: Node | None = None
        self._documents = 0
        self._text = ""

    def compose(self, text: str) -> Node | None:
        self._text = text
        try:
            for event in events(text):
                self._take(event)
        except yaml.YAMLError as error:
            self.problems.append(explain(error, text, self.file))
            return None
        except (ValueError, OverflowError) as error:  # the pure-Python scanner on impossible escapes
            self.problems.append(Problem("yaml-syntax", f"the YAML cannot be read: {error}", Span(self.file, 1, 1, 1, 1)))
            return None
        except _Stop:
            return None
        return self._root

    def _take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                self._add(self._scalar(event), event.anchor, 1)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.MappingStartEvent():
                self._open(MapNode(self._span(event), {}), event)
            case yaml.SequenceStartEvent():
                self._open(ListNode(self._span(event), []), event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close(event)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._fail("multiple-documents", "the file holds several YAML documents", event, "remove the `---` line")

    def _scalar(self, event: Any) -> ScalarNode:
        if _SURROGATE.search(event.value):  # libyaml refuses these escapes itself
            self._fail("yaml-syntax", "half of a surrogate pair is no character", event, _BOTH_HALVES)
        plain = not event.style
        if event.tag in _STRING_TAGS:
            plain = False
        elif event.tag is not None and event.tag not in _PLAIN_TAGS:
            self._unknown_tag(event)
        return ScalarNode(self._span(event), event.value, plain, event.value)

    def _unknown_tag(self, event: Any) -> None:
        help_text = "write the plain value; variables are written `${NAME}`"
        shown = event.tag.replace(_CORE, "!!")
        self._problem("unknown-tag", f"the tag `{shown}` is not known here", event, help_text)

    def _alias(self, event: Any) -> None:
        if any(frame.anchor == event.anchor for frame in self._stack):
            self._fail("recursive-alias", f"the alias `*{event.anchor}` contains itself", event)
        if event.anchor not in self._anchors:
            help_text = f'quote the text if no alias is meant: "*{event.anchor}"'
            self._fail("undefined-alias", f"there is no anchor `&{event.anchor}`", event, help_text)
        node, weight = self._anchors[event.anchor]
        self._add(node, None, weight)

    def _open(self, node: ListNode | MapNode, event: Any) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self._fail("nested-too-deeply", f"the file is nested more than {MAX_DEPTH} levels deep", event)
        if event.tag is not None and event.tag not in _PLAIN_TAGS:
            self._unknown_tag(event)
        self._stack.append(_Frame(node, event.anchor))

    def _close(self, event: Any) -> None:
        frame = self._stack.pop()
        node = frame.node
        span = node.span
        node.span = Span(span.file, span.line, span.column, event.end_mark.line + 1, event.end_mark.column + 1)
        if isinstance(node, MapNode):
            for merged in frame.merges:
                self._merge(node, merged)
        self._add(node, frame.anchor, frame.weight)

    def _add(self, node: Node, anchor: str | None, weight: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (node, weight)
        if not self._stack:
            self._root = node
            return
        frame = self._stack[-1]
        frame.weight += weight
        if frame.weight > MAX_NODES:
            self._fail_at("too-many-nodes", f"the file expands to more than {MAX_NODES} values", node.span, "use fewer aliases")
        if isinstance(frame.node, ListNode):
            frame.node.items.append(node)
        elif frame.key is None:
            frame.key = self._key(node)
        else:
            key, frame.key = frame.key, None
            self._entry(frame, key, node)

    def _key(self, node: Node) -> ScalarNode:
        if isinstance(node, ScalarNode):
            if node.plain and node.text == "":
                self.problems.append(Problem("empty-key", "a key is missing before `:`", node.span))
                return _UNUSABLE
            return node
        self.problems.append(Problem("complex-key", "a key must be plain text, not a map or a list", node.span))
        return _UNUSABLE

    def _entry(self, frame: _Frame, key: ScalarNode, value: Node) -> None:
        if key is _UNUSABLE:
            return
        if key.plain and key.text == "<<":
            if frame.merges:
                message, help_text = "`<<` is written twice in the same map", "write one, with a list: `<<: [*one, *other]`"
                self.problems.append(Problem("duplicate-key", message, key.span, help=help_text))
            frame.merges.append(value)
            return
        assert isinstance(frame.node, MapNode)
        first = frame.node.entries.get(key.text)
        if first is None:
            frame.node.entries[key.text] = Entry(key, value)
            return
        related = (Related("first written here", first.key.span),)
        fix = removal(key.span, value, self._text) if equal(first.value, value) else None
        message = f"the key `{key.text}` is written twice in the same map"
        self.problems.append(Problem("duplicate-key", message, key.span, related=related, fix=fix))

    def _merge(self, node: MapNode, merged: Node) -> None:
        for source in merged.items if isinstance(merged, ListNode) else [merged]:
            if not isinstance(source, MapNode):
                self.problems.append(Problem("merge-not-a-map", "`<<` takes a map, or a list of maps", source.span))
                continue
            for name, entry in source.entries.items():
                node.entries.setdefault(name, entry)

    def _span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        return Span(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def _problem(self, code: str, message: str, event: Any, help_text: str | None = None) -> None:
        self.problems.append(Problem(code, message, self._span(event), help=help_text))

    def _fail(self, code: str, message: str, event: Any, help_text: str | None = None) -> None:
        self._fail_at(code, message, self._span(event), help_text)

    def _fail_at(self, code: str, message: str, span: Span, help_text: str | None = None) -> None:
        self.problems.append(Problem(code, message, span, help=help_text))
        raise _Stop


def events(text: str) -> Iterator[Any]:
    """The parser's events. Raises yaml.YAMLError, ValueError or OverflowError where the text is no YAML."""
    return iter(yaml.parse(text, Loader=_LOADER))
