"""What two configurations say differently: settings by what they mean, not by how they are written.

What one side has and the other has not is one difference, however much stands below it. A default that is written out is no
difference. Order counts where the first rule that fits wins.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from router.config.effective import Branch, Leaf, Tree, Words
from router.config.problem import Path
from router.model import Place

IN_ORDER = {"alb": "rules", "lambda_edge": "behaviors"}
"""By trigger type the settings in which the first that fits wins."""
_NAMED = ("functions", "triggers", "listeners")
_PARTS = ("routes", "rules", "behaviors", "notifications", "subscriptions", "schedules", "operations")


class How(StrEnum):
    """How a setting differs. `REORDERED`: the same rules in another order, which decides who gets what."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REORDERED = "reordered"


@dataclass(slots=True, frozen=True)
class Difference:
    """One setting. `before`, `after`: as JSON values without secrets; None where there is nothing, with its place."""

    path: Path
    how: How
    before: Any = None
    after: Any = None
    before_place: Place | None = None
    after_place: Place | None = None
    hidden: bool = False
    """It is a secret: that it differs is all that is said."""


@dataclass(slots=True)
class Settings:
    """`differences`: in the order of the file. `only_order`: paths of maps whose order differs and does not matter."""

    differences: list[Difference]
    only_order: list[Path]


def compare(before: Branch, after: Branch) -> Settings:
    """Of two effective configurations, with their defaults."""
    comparison = _Comparison(_decisive(before, after))
    return Settings(list(comparison.trees(before, after, ())), comparison.only_order)


@dataclass(slots=True)
class _Comparison:
    decisive: frozenset[Path]
    only_order: list[Path] = field(default_factory=list)

    def trees(self, before: Tree, after: Tree, path: Path) -> Iterator[Difference]:
        if isinstance(before, Branch) and isinstance(after, Branch):
            if isinstance(before.items, Mapping) and isinstance(after.items, Mapping):
                yield from self._maps(before.items, after.items, path)
                yield from self._order(before, after, path)
                return
            if not isinstance(before.items, Mapping) and not isinstance(after.items, Mapping):
                yield from self._lists(before, after, path)
                return
        if _meaning(before) != _meaning(after):
            yield _difference(path, How.CHANGED, before, after)

    def _maps(self, before: Mapping[str, Tree], after: Mapping[str, Tree], path: Path) -> Iterator[Difference]:
        for key in [*before, *(key for key in after if key not in before)]:
            here, there = before.get(key), after.get(key)
            if here is not None and there is not None:
                yield from self.trees(here, there, (*path, key))
            elif here is not None and not _is_default(here):
                yield _difference((*path, key), How.REMOVED, here, None)
            elif there is not None and not _is_default(there):
                yield _difference((*path, key), How.ADDED, None, there)

    def _lists(self, before: Branch, after: Branch, path: Path) -> Iterator[Difference]:
        """Item by item where both have as many maps, else whole."""
        pairs = list(zip(before.items, after.items, strict=False))
        maps = all(isinstance(each, Branch) for pair in pairs for each in pair)
        if maps and len(before.items) == len(after.items):
            for index, (one, other) in enumerate(pairs):
                assert isinstance(one, Branch)
                assert isinstance(other, Branch)
                yield from self.trees(one, other, (*path, index))
        elif _meaning(before) != _meaning(after):
            yield _difference(path, How.CHANGED, before, after)

    def _order(self, before: Branch, after: Branch, path: Path) -> Iterator[Difference]:
        here = [key for key in before.items if key in after.items]
        there = [key for key in after.items if key in before.items]
        if here == there:
            return
        if path in self.decisive:
            yield Difference(path, How.REORDERED, here, there, before.origin.place, after.origin.place)
        elif (len(path) == 1 and path[0] in _NAMED) or (len(path) == 3 and path[0] == "triggers" and path[2] in _PARTS):
            self.only_order.append(path)


def _decisive(*trees: Branch) -> frozenset[Path]:
    """The maps whose order decides."""
    found: set[Path] = set()
    for tree in trees:
        triggers = tree.items.get("triggers") if isinstance(tree.items, Mapping) else None
        for name, trigger in _entries(triggers):
            kind = dict(_entries(trigger)).get("type")
            section = IN_ORDER.get(str(kind.value)) if isinstance(kind, Leaf) else None
            if section is not None:
                found.add(("triggers", name, section))
    return frozenset(found)


def _entries(tree: Tree | None) -> list[tuple[str, Tree]]:
    return [*tree.items.items()] if isinstance(tree, Branch) and isinstance(tree.items, Mapping) else []


# --- values ----------------------------------------------------------------------------------------------------------


def _difference(path: Path, how: How, before: Tree | None, after: Tree | None) -> Difference:
    here, there = _shown(before), _shown(after)
    hidden = how is How.CHANGED and here == there
    return Difference(path, how, here, there, _place(before), _place(after), hidden)


def _shown(tree: Tree | None) -> Any:
    """As it is written, without what is left out; what a default says in words is a text in brackets."""
    match tree:
        case Leaf(value=value):
            return value
        case Words(words=words):
            return f"({words})"
        case Branch(items=items) if isinstance(items, Mapping):
            return {key: _shown(each) for key, each in items.items() if not _is_default(each)}
        case Branch(items=tuple() as listed):
            return [_shown(each) for each in listed]
    return None


def _meaning(tree: Tree) -> Any:
    """What is compared. 1 and true are different, and so are a variable and its text."""
    match tree:
        case Leaf(meaning=meaning):
            return (type(meaning).__name__, repr(meaning))
        case Words(words=words):
            return ("default", words)
        case Branch(items=items) if isinstance(items, Mapping):
            return {key: _meaning(each) for key, each in items.items()}
        case Branch(items=tuple() as listed):
            return [_meaning(each) for each in listed]
    return None


def _is_default(tree: Tree) -> bool:
    return isinstance(tree, Words) or tree.origin.is_default


def _place(tree: Tree | None) -> Place | None:
    return None if tree is None or isinstance(tree, Words) else tree.origin.place
