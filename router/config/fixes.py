"""Fixes that can be applied without thinking: a slip of the pen put right, quotes removed, a setting without effect removed.

A replacement is offered where only one word can be meant. It stays a fix only where the setting stands in the file exactly
once, at its own path: what came there through an alias, `<<` or `defaults:` means something at other places, too.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from router.config.nodes import Entry, ListNode, MapNode, Node, ScalarNode
from router.config.problem import Edit, Fix, Path, Problem, Span, source_lines

_REMOVABLE = frozenset({"without-effect", "unused-variable", "fifo-window"})
"""Rules whose advice `remove it` can be followed blindly: the setting does nothing."""
_REMOVE_IT = "remove it"
_SIMPLE = re.compile(r"[A-Za-z0-9$_][A-Za-z0-9$_./-]*")
_ALIASING = re.compile(r"(?:^|[\s\[{,])[&*][^\s,\]}]")
"""An anchor or alias: what is removed may be meant elsewhere, too, or ends where the parser does not tell."""
_REST = re.compile(r"\s*,?\s*(?:#.*)?")
_ROOM = 4
"""A word shorter than this is meant as it stands as easily as with another letter."""

_Place = tuple[Path, MapNode | ListNode | None, Entry | None]
"""Where a key or value stands: its path, what holds it, and its entry, where that is a map."""


def surely_meant(written: str, known: Iterable[str]) -> str | None:
    """The one known word from which a slip of the pen led to `written`: a letter more, less, changed or swapped.

    None where no word is that near, or more than one is. Case and `-` for `_` do not count.
    """
    if len(written) < _ROOM or len(written) > 100:
        return None
    near = [word for word in known if _is_slip(_folded(written), _folded(word))]
    return near[0] if len(near) == 1 and _SIMPLE.fullmatch(near[0]) else None


def _folded(word: str) -> str:
    return word.lower().replace("-", "_")


def _is_slip(one: str, other: str) -> bool:
    if one == other:
        return True
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    if len(one) > 1 and len(other) > 1 and one[0] == other[1] and one[1] == other[0] and one[2:] == other[2:]:
        return True
    return one[1:] == other or one == other[1:] or one[1:] == other[1:]


def written_anew(span: Span, text: str) -> Fix:
    """Another text at a place."""
    return Fix(f"write `{text}`", (Edit(span, text),))


def verified(problems: Iterable[Problem], trees: Mapping[str, MapNode], texts: Mapping[str, str]) -> list[Problem]:
    """The findings with the fixes that are safe. `trees`: each file as it was read, before anything was put in or merged."""
    places: dict[str, Mapping[Span, list[_Place]]] = {}
    result = []
    for problem in problems:
        is_removal = problem.code in _REMOVABLE and problem.help == _REMOVE_IT
        tree = trees.get(problem.file)
        if problem.path and tree is not None and (problem.fix is not None or is_removal):
            if problem.file not in places:
                places[problem.file] = _places(tree)
            result.append(replace(problem, fix=_verified(problem, places[problem.file], texts[problem.file])))
        else:
            result.append(problem)
    return result


def _verified(problem: Problem, places: Mapping[Span, list[_Place]], text: str) -> Fix | None:
    found = places.get(problem.span, ())
    if len(found) != 1 or _slice(text, problem.span).startswith(("&", "!")):
        return None
    path, holder, entry = found[0]
    is_key = entry is not None and entry.key.span == problem.span
    if not _is_at(path, problem.path) or (is_key and len(path) != len(problem.path)):
        return None
    if problem.fix is None:
        return _removal_of(holder, entry, text) if is_key else None
    taken = isinstance(holder, MapNode) and problem.fix.edits[0].text in holder.entries
    return None if is_key and taken else problem.fix


def _is_at(written: Path, meant: Path) -> bool:
    """Whether a path in the file is the path of a finding: less a namespace, and what a shorthand leaves out."""
    return len(written) <= len(meant) and all(
        one == other or (isinstance(other, str) and other.endswith(f".{one}"))
        for one, other in zip(written, meant, strict=False)
    )


def _removal_of(holder: MapNode | ListNode | None, entry: Entry | None, text: str) -> Fix | None:
    """A map that would be empty then is better left to a person."""
    if entry is None or not isinstance(holder, MapNode) or len(holder.entries) < 2:
        return None
    return removal(entry.key.span, entry.value, text)


def removal(key: Span, value: Node, text: str) -> Fix | None:
    """A setting taken out, with its lines where it has lines of its own; None where that is not plain to see."""
    if _ALIASING.search(_slice(text, replace(key, end_line=value.span.end_line, end_column=value.span.end_column))):
        return None
    end_line, end_column = _end(value, text)
    if (end_line, end_column) < (key.end_line, key.end_column):
        return None
    lines = source_lines(text)
    whole = Span(key.file, key.line, key.column, end_line, end_column)
    before, behind = lines[key.line - 1][: key.column - 1], lines[end_line - 1][end_column - 1 :]
    if not before.strip() and _REST.fullmatch(behind):
        return Fix("remove it", (Edit(Span(key.file, key.line, 1, end_line + 1, 1), ""),))
    if key.line != end_line or before.rstrip()[-1:] not in ("{", ","):
        return None
    after = re.match(r"\s*,\s*", behind)
    if after is not None:
        return Fix("remove it", (Edit(replace(whole, end_column=end_column + after.end()), ""),))
    comma = re.search(r"\s*,\s*$", before)
    if comma is not None:
        return Fix("remove it", (Edit(replace(whole, column=comma.start() + 1), ""),))
    return None


def _end(node: Node, text: str) -> tuple[int, int]:
    """Where the last character of a value stands, exclusive. The parser ends blocks where the next thing begins: too far."""
    span = node.span
    if isinstance(node, ScalarNode):
        is_block = span.end_column == 1 and span.end_line > span.line
        return (
            (span.end_line - 1, len(source_lines(text)[span.end_line - 2]) + 1)
            if is_block
            else (span.end_line, span.end_column)
        )
    children = node.items if isinstance(node, ListNode) else [entry.value for entry in node.entries.values()]
    has_brackets = source_lines(text)[span.end_line - 1][: span.end_column - 1].endswith(("]", "}"))
    if has_brackets or not children:
        return span.end_line, span.end_column
    return max(_end(child, text) for child in children)


def _places(root: MapNode) -> Mapping[Span, list[_Place]]:
    found: defaultdict[Span, list[_Place]] = defaultdict(list)
    for place in _walk(root, (), None, None):
        path, holder, entry, node = place
        if isinstance(node, ScalarNode):
            found[node.span].append((path, holder, entry))
        if entry is not None:
            found[entry.key.span].append((path, holder, entry))
    return found


def _walk(
    node: Node, path: Path, holder: MapNode | ListNode | None, entry: Entry | None
) -> Iterator[tuple[Path, MapNode | ListNode | None, Entry | None, Node]]:
    yield path, holder, entry, node
    if isinstance(node, MapNode):
        for name, inner in node.entries.items():
            yield from _walk(inner.value, (*path, name), node, inner)
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            yield from _walk(item, (*path, index), node, None)


def _slice(text: str, span: Span) -> str:
    lines = source_lines(text)[span.line - 1 : span.end_line]
    if not lines:
        return ""
    if span.line == span.end_line:
        return lines[0][span.column - 1 : span.end_column - 1]
    return "\n".join([lines[0][span.column - 1 :], *lines[1:-1], lines[-1][: span.end_column - 1]])
