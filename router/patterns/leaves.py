"""The leaves of an event at one path, each with the array elements that it lies in.

Keys are joined with dots, so that `a.b` leads through two objects or to one key that holds a dot. Arrays are passed through;
what is recorded of them is which element of which array holds a leaf, but not of an array of scalars, whose elements are
alternatives of one leaf. An empty array has no leaves; an object is none.

Source: semantics/async.md §D.3 and §D.5.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

Route = tuple[tuple[str, Any], ...]
"""The keys that may come next, each with the route from there; empty at the end of a path."""

Membership = tuple[tuple[int, int], ...]
"""Array and index of each element passed, outermost first."""


class Leaf(NamedTuple):
    """A scalar and where it lies."""

    value: Any
    membership: Membership


@lru_cache(maxsize=4096)
def route(path: str) -> Route:
    """A path with every way to cut it into keys."""
    parts = path.split(".")
    routes: list[Route] = [() for _ in range(len(parts) + 1)]
    for start in reversed(range(len(parts))):
        routes[start] = tuple((".".join(parts[start:end]), routes[end]) for end in range(start + 1, len(parts) + 1))
    return routes[0]


def leaves(event: Mapping[str, Any], path: Route) -> list[Leaf]:
    """Without recursion: an event may be nested as deeply as it likes."""
    found: list[Leaf] = []
    pending: list[tuple[Any, Route, Membership]] = [(event if isinstance(event, dict) else dict(event), path, ())]
    while pending:
        node, rest, membership = pending.pop()
        if isinstance(node, list):
            _enter(node, rest, membership, pending, found)
        elif isinstance(node, dict):
            for key, after in rest:
                if key in node:
                    pending.append((node[key], after, membership))
        elif not rest:
            found.append(Leaf(node, membership))
    return found


def _enter(
    array: list[Any],
    rest: Route,
    membership: Membership,
    pending: list[tuple[Any, Route, Membership]],
    found: list[Leaf],
) -> None:
    identity = id(array)
    for index, element in enumerate(array):
        if isinstance(element, (dict, list)):
            pending.append((element, rest, (*membership, (identity, index))))
        elif not rest:
            found.append(Leaf(element, membership))
