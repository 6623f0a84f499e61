"""Consistency over arrays: all leaves below one array have to come from the same element of it.

A choice of elements is carried from path to path, in the pattern's order, and forgotten as soon as no later path lies in its
array. The leaves of a path are kept in a tree by array and element, so that a choice is joined with those that agree with it
and no others: the work grows with the event, not with the product of its arrays.

Source: semantics/async.md §D.5 (event-ruler's array membership).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from router.patterns.leaves import Membership

Choice = dict[int, int]
"""Element by array."""


class Demand(NamedTuple):
    """One path. `fitting`: where the leaves that fit lie. `present`: where any leaf lies, if the path may be absent, too."""

    fitting: tuple[Membership, ...]
    present: tuple[Membership, ...] | None


class _Tree(dict[int, dict[int, "_Tree"]]):
    """Array, element, and what lies below; `ends`: whether a leaf lies here itself."""

    ends = False


def consistent(demands: Sequence[Demand]) -> bool:
    """Whether one choice of array elements satisfies every demand, in this order."""
    needed = _needed_later(demands)
    choices: list[Choice] = [{}]
    for demand, later in zip(demands, needed, strict=True):
        choices = _distinct(_joined(demand, choices), later)
        if not choices:
            return False
    return True


def _joined(demand: Demand, choices: list[Choice]) -> Iterator[Choice]:
    fitting = _tree(demand.fitting)
    present = _tree(demand.present) if demand.present is not None else None
    for choice in choices:
        for membership in _agreeing(fitting, choice):
            yield choice | dict(membership)
        if present is not None and next(_agreeing(present, choice), None) is None:
            yield choice


def _distinct(choices: Iterable[Choice], later: set[int]) -> list[Choice]:
    kept: dict[frozenset[tuple[int, int]], Choice] = {}
    for choice in choices:
        rest = {array: element for array, element in choice.items() if array in later}
        kept.setdefault(frozenset(rest.items()), rest)
    return [*kept.values()]


def _needed_later(demands: Sequence[Demand]) -> list[set[int]]:
    """For each demand, the arrays that those after it lie in."""
    needed: list[set[int]] = [set()]
    for demand in reversed(demands[1:]):
        arrays = {array for membership in (*demand.fitting, *(demand.present or ())) for array, _ in membership}
        needed.append(needed[-1] | arrays)
    return needed[::-1]


def _tree(memberships: Iterable[Membership]) -> _Tree:
    root = _Tree()
    for membership in memberships:
        at = root
        for array, element in membership:
            at = at.setdefault(array, {}).setdefault(element, _Tree())
        at.ends = True
    return root


def _agreeing(root: _Tree, choice: Choice) -> Iterator[Membership]:
    """The memberships that contradict no element of the choice."""
    pending: list[tuple[_Tree, Membership]] = [(root, ())]
    while pending:
        tree, membership = pending.pop()
        if tree.ends:
            yield membership
        for array, elements in tree.items():
            chosen = choice.get(array)
            candidates = elements.items() if chosen is None else [(chosen, elements[chosen])] if chosen in elements else ()
            pending.extend((below, (*membership, (array, element))) for element, below in candidates)
