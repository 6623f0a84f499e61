"""Many patterns at once: each is found by one of its fields (`router.patterns.access`), and only then looked at whole.

The cost of an event is that of its own leaves and of the patterns that it nearly fits, not that of all patterns.
Source: design.md §7, promise 5: cost does not grow with the number of rules.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from router.patterns.access import PAIR, Access, Key, choose
from router.patterns.addresses import address
from router.patterns.events import Pattern, Seen
from router.patterns.leaves import Route, leaves, route
from router.patterns.lookup import AddressLookup, NumberLookup, TextLookup
from router.patterns.numbers import is_number, number_key

_FEW_PATHS = 24
"""Up to so many, each is looked for in the event; beyond, the event is walked through once."""


class PatternIndex:
    """Patterns by their position in a sequence."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = patterns
        same: dict[str, list[int]] = {}
        for position, pattern in enumerate(patterns):
            same.setdefault(_written(pattern), []).append(position)
        self._positions = [*same.values()]
        self._distinct = [patterns[positions[0]] for positions in self._positions]
        self._always: list[int] = []
        self._pairs: dict[tuple[str, str], list[int]] = {}
        gathered: dict[str, list[tuple[Key, int]]] = {}
        for number, accesses in enumerate(choose(self._distinct)):
            if accesses is None:
                self._always.append(number)
            else:
                self._gather(accesses, number, gathered)
        self._paths: dict[str, tuple[Route, _Wanted]] = {}
        self._tree = _Node()
        for path, keys in gathered.items():
            wanted = _Wanted(keys)
            self._paths[path] = route(path), wanted
            self._tree.add(path, wanted)

    def _gather(self, accesses: Iterable[Access], position: int, gathered: dict[str, list[tuple[Key, int]]]) -> None:
        for access in accesses:
            for key in access.keys:
                if key[0] == "pair":
                    self._pairs.setdefault((key[1], key[2]), []).append(position)
                else:
                    gathered.setdefault(access.path, []).append((key, position))

    def matching(self, event: Mapping[str, Any]) -> list[int]:
        """The positions of the patterns that the event fits, in order."""
        seen: Seen = {}
        fitting = [number for number in self._candidates(event, seen) if self._distinct[number].matches(event, seen)]
        positions = [position for number in fitting for position in self._positions[number]]
        positions.sort()
        return positions

    def _candidates(self, event: Mapping[str, Any], seen: Seen) -> Collection[int]:
        """Which of the distinct patterns are worth a close look."""
        found: set[int] = set()
        if self._pairs:
            self._find_pairs(event, found)
        if len(self._paths) <= _FEW_PATHS:
            for path, (way, wanted) in self._paths.items():
                there = seen[path] = leaves(event, way)
                for leaf in there:
                    wanted.find(leaf.value, found)
        else:
            for value, wanted in self._tree.walk(event):
                wanted.find(value, found)
        if not found:
            return self._always
        found.update(self._always)
        return found

    def _find_pairs(self, event: Mapping[str, Any], found: set[int]) -> None:
        """Both are text in every event that AWS made; elsewhere each may be a list, and hold lists."""
        one, other = ([value] if isinstance(value := event.get(path), str) else _texts(event, path) for path in PAIR)
        if len(one) * len(other) > len(self._pairs):
            found.update(position for positions in self._pairs.values() for position in positions)
            return
        for source in one:
            for kind in other:
                found.update(self._pairs.get((source, kind), ()))


def _texts(event: Mapping[str, Any], path: str) -> list[str]:
    return [leaf.value for leaf in leaves(event, route(path)) if isinstance(leaf.value, str)]


def _written(pattern: Pattern) -> str:
    """The same text for patterns that are the same: many rules of one bus often are."""
    return repr([[(field.path, field.values.source) for field in alternative] for alternative in pattern.alternatives])


class _Wanted:
    """What patterns want at one path."""

    def __init__(self, keys: Iterable[tuple[Key, int]]) -> None:
        self._texts = TextLookup()
        self._folded = TextLookup(fold=True)
        self._folds = False
        self._addresses = AddressLookup()
        self._present: list[int] = []
        self._numbers: dict[float | str, list[int]] = {}
        self._literals: dict[bool | None, list[int]] = {}
        ranges = []
        for key, position in keys:
            match key:
                case ("exact", text):
                    self._texts.add_exact(text, position)
                case ("prefix", text):
                    self._texts.add_prefix(text, position)
                case ("suffix", text):
                    self._texts.add_suffix(text, position)
                case ("fold", text):
                    self._folds = True
                    self._folded.add_exact(text, position)
                case ("address", same):
                    self._addresses.add_exact(same, position)
                case ("block", block):
                    self._addresses.add_block(block, position)
                case ("present",):
                    self._present.append(position)
                case ("number", number):
                    self._numbers.setdefault(number, []).append(position)
                case ("literal", value):
                    self._literals.setdefault(value, []).append(position)
                case ("range", bottom, top):
                    ranges.append((bottom, top, position))
        self._ranges = NumberLookup(ranges)

    def find(self, value: Any, found: set[int]) -> None:
        """Add who may want a leaf of this value."""
        if self._present:
            found.update(self._present)
        if isinstance(value, str):
            for positions in self._texts.find(value):
                found.update(positions)
            if self._folds:
                for positions in self._folded.find(value):
                    found.update(positions)
            if self._addresses and (same := address(value)) is not None:
                for positions in self._addresses.find(same):
                    found.update(positions)
        elif value is None or isinstance(value, bool):
            found.update(self._literals.get(value, ()))
        elif is_number(value):
            key = number_key(value)
            found.update(self._numbers.get(key, ()))
            if isinstance(key, float):
                found.update(self._ranges.find(key))


class _Node:
    """Paths as a tree of their keys; an event's own keys may hold several of them, joined by dots."""

    __slots__ = ("children", "wanted")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.wanted: _Wanted | None = None

    def add(self, path: str, wanted: _Wanted) -> None:
        node = self
        for part in path.split("."):
            node = node.children.setdefault(part, _Node())
        node.wanted = wanted

    def below(self, key: str) -> "_Node | None":
        node: _Node | None = self.children.get(key) if "." not in key else self
        if node is self:
            for part in key.split("."):
                node = node.children.get(part) if node is not None else None
        return node

    def walk(self, event: Mapping[str, Any]) -> Iterator[tuple[Any, _Wanted]]:
        """Every leaf of the event at one of the paths. Without recursion: an event may be nested as deeply as it likes."""
        pending: list[tuple[Any, _Node]] = [(event, self)]
        while pending:
            value, node = pending.pop()
            if isinstance(value, Mapping):
                for key, inner in value.items():
                    child = node.below(key)
                    if child is not None:
                        pending.append((inner, child))
            elif isinstance(value, list):
                pending.extend((element, node) for element in value)
            elif node.wanted is not None:
                yield value, node.wanted
