"""How event patterns relate: whether one takes all that another takes, and what inside one has no effect.

`pattern_covers` is certain where it says yes. It compares field by field, and so misses what only several fields, or several
alternatives, take together.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from router.patterns.events import RESERVED, Field, Pattern
from router.patterns.invalid import Path
from router.patterns.pieces import Absent, Piece, covered_by_any, pieces

Alternative = tuple[Field, ...]

_MOST_COMPARED = 64
"""Alternatives of one pattern that are compared with each other: beyond that nothing is said."""


def pattern_covers(larger: Pattern, smaller: Pattern) -> bool:
    """Whether every event that `smaller` fits is one that `larger` fits, for certain."""
    if max(len(larger.alternatives), len(smaller.alternatives)) > _MOST_COMPARED:
        return False
    return all(any(_covers(one, other) for one in larger.alternatives) for other in smaller.alternatives)


def _covers(larger: Alternative, smaller: Alternative) -> bool:
    narrow = {field.path: field for field in smaller}
    if any(field.path not in narrow for field in larger):
        return False
    # Inside an array, absence is judged in the element that other fields have chosen: with fewer of them it is not the same.
    if len(larger) < len(smaller) and any(field.values.absent for field in larger):
        return False
    return all(values_cover(field.values.source, narrow[field.path].values.source) for field in larger)


def values_cover(larger: Sequence[Any], smaller: Sequence[Any]) -> bool:
    """Whether one list of match values takes all that another one takes, for certain."""
    wide = pieces(larger)
    return all(covered_by_any(each, wide) for each in pieces(smaller))


Canonical = frozenset[frozenset[tuple[str, frozenset[Piece]]]]


def canonical(pattern: Pattern) -> Canonical:
    """Equal for patterns that differ in nothing but the order and notation of what they say."""
    return frozenset(
        frozenset((field.path, frozenset(pieces(field.values.source))) for field in each) for each in pattern.alternatives
    )


# --- the pattern as it is written ------------------------------------------------------------------------------------


class Written(NamedTuple):
    """A field where it stands. `path`: joined with dots; `place`: keys and indexes; `branches`: of every `$or` around it."""

    path: str
    place: Path
    values: Sequence[Any]
    branches: tuple[tuple[Path, int], ...]


def written_fields(pattern: Mapping[str, Any]) -> list[Written]:
    """Every field of a pattern that has been compiled without complaint."""
    return [*_fields(pattern, "", (), ())]


def _fields(value: Mapping[str, Any], prefix: str, here: Path, branches: tuple[tuple[Path, int], ...]) -> Iterator[Written]:
    for key, inner in value.items():
        place = (*here, key)
        if isinstance(inner, Mapping):
            yield from _fields(inner, f"{prefix}{key}.", place, branches)
        elif key == "$or" and is_or(inner):
            for index, branch in enumerate(inner):
                yield from _fields(branch, prefix, (*place, index), (*branches, (place, index)))
        else:
            yield Written(f"{prefix}{key}", place, inner, branches)


def is_or(inner: Any) -> bool:
    """Whether what stands under `$or` are branches, and not the values of a field of that name."""
    return (
        isinstance(inner, (list, tuple))
        and len(inner) > 1
        and all(isinstance(branch, Mapping) and RESERVED.isdisjoint(branch) for branch in inner)
    )


def replaced(fields: Sequence[Written]) -> Iterator[tuple[Written, Written]]:
    """Fields of one path that can hold at once: the one that stands later replaces the earlier one, as in AWS."""
    by_path: dict[str, list[Written]] = {}
    for field in fields:
        earlier = by_path.setdefault(field.path, [])
        other = next((each for each in reversed(earlier) if _together(each, field)), None)
        if other is not None:
            yield other, field
        earlier.append(field)


def _together(one: Written, other: Written) -> bool:
    chosen = dict(one.branches)
    return all(chosen.get(place, index) == index for place, index in other.branches)


def repeated_branches(pattern: Mapping[str, Any]) -> Iterator[tuple[Path, int, int]]:
    """Branches of `$or` that take nothing which another one would not take: the place of `$or`, the branch, the other one."""
    pending: list[tuple[Path, Mapping[str, Any]]] = [((), pattern)]
    while pending:
        here, level = pending.pop()
        for key, inner in level.items():
            if isinstance(inner, Mapping):
                pending.append(((*here, key), inner))
            elif key == "$or" and is_or(inner):
                place = (*here, key)
                yield from ((place, index, other) for index, other in _needless_branches(inner))
                pending += [((*place, index), branch) for index, branch in enumerate(inner)]


def _needless_branches(branches: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, int]]:
    if len(branches) > _MOST_COMPARED:
        return
    levels = [_level(branch) for branch in branches]
    for index, smaller in enumerate(levels):
        for other, larger in enumerate(levels):
            if index == other or larger is None or smaller is None:
                continue
            if _level_covers(larger, smaller) and (other < index or not _level_covers(smaller, larger)):
                yield index, other
                break


def _level(branch: Mapping[str, Any]) -> dict[str, Sequence[Any]] | None:
    """The fields of a branch by path; None where it has an `$or` of its own, or one path twice."""
    fields = written_fields(branch)
    by_path = {field.path: field.values for field in fields}
    return None if any(field.branches for field in fields) or len(by_path) < len(fields) else by_path


def _level_covers(larger: Mapping[str, Sequence[Any]], smaller: Mapping[str, Sequence[Any]]) -> bool:
    if len(larger) < len(smaller) and any(isinstance(each, Absent) for values in larger.values() for each in pieces(values)):
        return False
    return all(path in smaller and values_cover(values, smaller[path]) for path, values in larger.items())
