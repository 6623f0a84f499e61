"""One tree out of several files: reads them, puts variables in, expands `include:`, lays overlays over.

Order: each file's own includes first, then the overlays over all of that, then the root's `defaults:` and `labels:` under
every trigger. An included file's `defaults:`, `labels:` and `namespace:` hold for that file alone.
"""

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from router.config.files import Files
from router.config.merging import overlay, section, spread_defaults, union, with_section
from router.config.nodes import Entry, ListNode, MapNode, Node, ScalarNode
from router.config.problem import Problem, Span
from router.config.source import parse
from router.config.substitution import Substitution

INCLUDABLE = ("functions", "authorizers", "triggers", "tests", "defaults", "labels", "namespace")
_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_JOINED = ("functions", "authorizers", "triggers", "tests")
_PREFIXED = ("functions", "triggers", "tests")


@dataclass(slots=True)
class Assembly:
    """`root` is None where nothing usable was read. `namespaces`: file to its prefix. `texts`: file to its text.

    `trees`: file to what stands in it, before variables, includes and overlays.
    """

    root: MapNode | None = None
    problems: list[Problem] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    namespaces: dict[str, str] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    trees: dict[str, MapNode] = field(default_factory=dict)


def assemble(paths: Sequence[str], overlays: Sequence[str], files: Files, substitution: Substitution) -> Assembly:
    """The whole configuration as one tree. Never raises: what cannot be read is a finding."""
    assembler = _Assembler(files, substitution)
    roots = [assembler.expanded(path) for path in paths]
    tops = [assembler.expanded(path) for path in overlays]
    result = assembler.result
    usable = [root for root in roots if root is not None]
    if usable and len(usable) == len(roots):
        joined: Node = union(usable[0], usable[1:], result.problems)
        for top in tops:
            joined = joined if top is None else overlay(joined, top)
        assert isinstance(joined, MapNode)
        result.root = spread_defaults(joined, joined)
    result.problems.extend(substitution.problems)
    return result


class _Assembler:
    def __init__(self, files: Files, substitution: Substitution) -> None:
        self.files = files
        self.substitution = substitution
        self.result = Assembly()

    def expanded(self, path: str) -> MapNode | None:
        """A file with its includes in place, without `include:` and `x-*`."""
        root = self._read(path, Span(path, 1, 1, 1, 1))
        if root is None:
            return None
        include = root.entries.get("include")
        bare = MapNode(root.span, {name: entry for name, entry in root.entries.items() if name != "include"})
        if include is None:
            return bare
        included = [self._included(found, span) for found, span in self._matches(include.value, path)]
        return union(bare, [tree for tree in included if tree is not None], self.result.problems)

    def _read(self, path: str, asked: Span) -> MapNode | None:
        try:
            data = self.files.read(path)
        except OSError as error:
            self.result.unreadable.append(path)
            self._problem("unreadable-file", f"`{path}` cannot be read: {error.strerror}", asked)
            return None
        parsed = parse(data, path)
        self.result.texts[path] = parsed.text
        self.result.problems.extend(parsed.problems)
        if parsed.root is None:
            return None
        self.result.trees[path] = parsed.root
        kept = {name: entry for name, entry in parsed.root.entries.items() if not name.startswith("x-")}
        filled = self.substitution.apply(MapNode(parsed.root.span, kept))
        assert isinstance(filled, MapNode)
        return filled

    def _matches(self, globs: Node, path: str) -> list[tuple[str, Span]]:
        found: dict[str, Span] = {}
        for node in globs.items if isinstance(globs, ListNode) else [globs]:
            if not isinstance(node, ScalarNode) or (node.plain and not node.text):
                self._problem("wrong-type", "`include:` takes file names and globs", node.span)
            elif not node.opaque:
                self._match(node, path, found)
        return list(found.items())

    def _match(self, node: ScalarNode, path: str, found: dict[str, Span]) -> None:
        matches = self.files.glob(posixpath.normpath(posixpath.join(posixpath.dirname(path), node.text)))
        if not matches:
            self._problem("include-matches-nothing", f"no file matches `{node.written}`", node.span)
        for match in matches:
            if self.files.absolute(match) in map(self.files.absolute, self.result.texts):
                message = f"`{node.written}` includes {match}, which is read already"
                self._problem("include-cycle", message, node.span, "narrow the glob")
            else:
                found.setdefault(match, node.span)

    def _included(self, path: str, asked: Span) -> MapNode | None:
        root = self._read(path, asked)
        if root is None:
            return None
        usable = {name: entry for name, entry in root.entries.items() if self._is_includable(name, entry)}
        root = MapNode(root.span, usable)
        named = self._namespaced(spread_defaults(root, root), path)
        return MapNode(named.span, {name: entry for name, entry in named.entries.items() if name in _JOINED})

    def _is_includable(self, name: str, entry: Entry) -> bool:
        if name not in INCLUDABLE:
            help_text = f"an included file holds only {', '.join(INCLUDABLE)}"
            self._problem("not-includable", f"`{name}` may not stand in an included file", entry.key.span, help_text)
            return False
        if name == "defaults" and isinstance(entry.value, MapNode) and "async" in entry.value.entries:
            help_text = "write it into the main file, or `async:` into the functions and triggers of this one"
            span = entry.value.entries["async"].key.span
            self._problem("not-includable", "`defaults.async` may not stand in an included file", span, help_text)
            return False
        if name != "namespace" and not isinstance(entry.value, MapNode):
            self._problem("wrong-type", f"`{name}:` takes a map", entry.value.span)
            return False
        return True

    def _namespaced(self, root: MapNode, path: str) -> MapNode:
        entry = root.entries.get("namespace")
        if entry is None:
            return root
        if not isinstance(entry.value, ScalarNode) or not _NAMESPACE.fullmatch(entry.value.text):
            self._problem("bad-namespace", "`namespace:` takes a name of letters, digits, `_` and `-`", entry.value.span)
            return root
        namespace = self.result.namespaces[path] = entry.value.text
        for name in _PREFIXED:
            own = section(root, name)
            if own is not None:
                root = with_section(root, name, _prefixed(own, namespace))
        return root

    def _problem(self, code: str, message: str, span: Span, help_text: str | None = None) -> None:
        self.result.problems.append(Problem(code, message, span, help=help_text))


def _prefixed(names: MapNode, namespace: str) -> MapNode:
    entries = {}
    for name, entry in names.entries.items():
        key = entry.key
        full = f"{namespace}.{name}"
        entries[full] = Entry(ScalarNode(key.span, full, False, key.written), entry.value)
    return MapNode(names.span, entries)
