"""What events of some origin can look like, and whether an event pattern can fit any of them.

A shape says which keys an event can have and what can stand there. A field that no event of the shape can satisfy by itself
makes its alternative impossible; what is only impossible together (two fields that exclude each other) is not seen.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.patterns.events import Field, Pattern
from router.patterns.inclusion import Glob, literal
from router.patterns.leaves import Route
from router.patterns.pieces import EVERY_TEXT, Absent, Piece, Text, covers, meets, pieces


@dataclass(slots=True, frozen=True)
class Anything:
    """Nothing is known."""


@dataclass(slots=True, frozen=True)
class Leaf:
    """A scalar out of `kinds`, but never one of `never`. `why`: in words, for what is none: `it is a text`."""

    kinds: tuple[Piece, ...]
    why: str
    never: tuple[tuple[Piece, str], ...] = ()


@dataclass(slots=True, frozen=True)
class Object:
    """An object. `keys`: what stands under them; `more`: what may stand under others, None: there are none.

    `always`: the keys that every such object has. `refuses`: why `more` cannot have a key, in words; None: it can.
    """

    keys: Mapping[str, "Shape"] = field(default_factory=dict)
    more: "Shape | None" = None
    always: frozenset[str] = frozenset()
    refuses: Callable[[str], str | None] = lambda key: None


@dataclass(slots=True, frozen=True)
class Array:
    """An array of any length; patterns look through it."""

    items: "Shape"


@dataclass(slots=True, frozen=True)
class Either:
    """One of several."""

    shapes: tuple["Shape", ...]


Shape = Anything | Leaf | Object | Array | Either
ANYTHING = Anything()
TEXT = Leaf((EVERY_TEXT,), "it is a text")


def text(*globs: Glob, why: str) -> Leaf:
    """A text out of some sets of texts."""
    return Leaf(tuple(map(Text, globs)), why)


def exactly(*values: str, why: str | None = None) -> Leaf:
    """One of a few texts."""
    said = " or ".join(f"`{value}`" for value in values)
    return text(*map(literal, values), why=why or f"it is always {said}")


@dataclass(slots=True, frozen=True)
class Impossible:
    """A field that no event can satisfy: `path` joined with dots, and why in words."""

    path: str
    why: str


def never_matches(pattern: Pattern, shape: Shape) -> Impossible | None:
    """Why no event of the shape fits: the first impossible field of the first alternative; None where one may fit."""
    first: Impossible | None = None
    for alternative in pattern.alternatives:
        found = impossible(alternative, shape)
        if found is None:
            return None
        first = first or found
    return first


def impossible(alternative: Sequence[Field], shape: Shape) -> Impossible | None:
    """The first field of one alternative that no event of the shape can satisfy."""
    for each in alternative:
        why = why_never(each.values.source, each.route, shape)
        if why is not None:
            return Impossible(each.path, why)
    return None


def why_never(values: Sequence[Any], route: Route, shape: Shape) -> str | None:
    """Why no leaf at a path can be one of the values; None where it can."""
    reasons = [reason for _, reason in useless(values, route, shape)]
    return reasons[0] if len(reasons) == len(values) else None


def useless(values: Sequence[Any], route: Route, shape: Shape) -> Iterator[tuple[int, str]]:
    """The match values (by index) that nothing at this path can be, with the reason."""
    for index, wanted in enumerate(pieces(values)):
        if isinstance(wanted, Absent):
            if _always_there(shape, route):
                yield index, "it is always there"
        else:
            reasons = [*_refusals(shape, route, wanted)]
            if None not in reasons:
                yield index, next((reason for reason in reasons if reason), "an event has no such field")


def _refusals(shape: Shape, route: Route, wanted: Piece) -> Iterator[str | None]:
    """For every place that the path may lead to: why it cannot be what is wanted; None where it can."""
    match shape:
        case Anything():
            yield None
        case Array(items):
            yield from _refusals(items, route, wanted)
        case Leaf():
            yield _leaf_refusal(shape, wanted) if not route else f"{shape.why}, and has no fields"
        case Object() if not route:
            yield "it is an object: write the fields inside it"
        case Either(shapes):
            for each in shapes:
                yield from _refusals(each, route, wanted)
        case Object():
            for key, after in route:
                yield from _below(shape, key, after, wanted)


def _below(shape: Object, key: str, after: Route, wanted: Piece) -> Iterator[str | None]:
    if key in shape.keys:
        yield from _refusals(shape.keys[key], after, wanted)
    elif shape.more is not None:
        refusal = shape.refuses(key)
        yield from [refusal] if refusal else _refusals(shape.more, after, wanted)


def _leaf_refusal(leaf: Leaf, wanted: Piece) -> str | None:
    if not any(meets(kind, wanted) for kind in leaf.kinds):
        return leaf.why
    return next((why for refused, why in leaf.never if covers(refused, wanted)), None)


def _always_there(shape: Shape, route: Route) -> bool:
    """Whether every event of the shape has a leaf at a path."""
    match shape:
        case Leaf():
            return not route
        case Object(keys, _, always):
            return any(key in always and _always_there(keys[key], after) for key, after in route)
        case Either(shapes):
            return all(_always_there(each, route) for each in shapes)
    return False
