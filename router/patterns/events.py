"""Event patterns: what EventBridge rules, and filters of other triggers, ask of an event.

A pattern is a tree of objects whose leaves are lists of match values; dots join keys to paths, on both sides. It is compiled
to alternatives (one per combination of `$or` branches), each a list of paths in sorted order with their values. An event fits
an alternative when every path has a leaf that fits, and all leaves below one array come from the same element.

Source: semantics/async.md §D.3 to §D.7 (event-ruler).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from operator import itemgetter
from typing import Any

from router import jsontext
from router.patterns.arrays import Demand, consistent
from router.patterns.invalid import InvalidPattern, Path
from router.patterns.leaves import Leaf, Route, leaves, route
from router.patterns.values import OPERATORS, Values, compile_values

__all__ = ["InvalidPattern", "Mismatch", "Pattern", "compile_pattern"]

MAX_ALTERNATIVES = 1000
"""Combinations of `$or` branches (semantics/async.md §D.6)."""
MAX_DEPTH = 200
"""Levels of objects: far beyond what fits into AWS's 4096 characters of sense."""

RESERVED = frozenset(
    {*OPERATORS, "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after"}
    | {"date-on-or-after", "date-before", "date-on-or-before", "in-date-range", "ip-address-in-range"}
    | {"ip-address-not-in-range"}
)
"""Keys that make `$or` an ordinary field where one of its objects begins with them."""


Seen = dict[str, list[Leaf]]
"""The leaves of an event by path, as far as they were asked for."""


@dataclass(slots=True, frozen=True)
class Field:
    """One path of a pattern and what it wants there."""

    path: str
    route: Route
    values: Values


@dataclass(slots=True, frozen=True)
class Mismatch:
    """The first predicate that failed: `path`, the match values there, and the leaves that the event has there.

    `together`: each path fits for itself, but not within the same element of an array; `path` is the first that lies in one.
    `fitted`: how many of the pattern's predicates fit.
    """

    path: str
    wanted: Any
    got: tuple[Any, ...]
    together: bool = False
    fitted: int = dataclass_field(default=0, compare=False)

    def __str__(self) -> str:
        wanted = jsontext.dumps(self.wanted).decode()
        if self.together:
            return f"{self.path}: no one element of the array fits every field of the pattern"
        got = ", ".join(jsontext.dumps(each).decode() for each in self.got) or "nothing"
        return f"{self.path}: wanted {wanted}, got {got}"


@dataclass(slots=True, frozen=True)
class Pattern:
    """A compiled pattern; immutable, to be used for any number of events."""

    alternatives: tuple[tuple[Field, ...], ...]

    def matches(self, event: Mapping[str, Any], seen: Seen | None = None) -> bool:
        """Whether the event (JSON as Python values) fits. Raises nothing, whatever the event holds.

        `seen`: one dictionary for all patterns that are asked about the same event, so that its leaves are looked up once.
        """
        known: Seen = {} if seen is None else seen
        return any(_fits(alternative, event, known) for alternative in self.alternatives)

    def explain(self, event: Mapping[str, Any]) -> Mismatch | None:
        """Why it does not fit: the first failing predicate of the alternative that came nearest; None where it fits."""
        nearest: Mismatch | None = None
        for alternative in self.alternatives:
            failed = _first_failure(alternative, event)
            if failed is None:
                return None
            if nearest is None or failed.fitted > nearest.fitted:
                nearest = failed
        assert nearest is not None, "there is always an alternative"
        return nearest

    def exactly(self, path: str) -> frozenset[str] | None:
        """The strings of which one must stand at `path`; None where other values may, too. What an index may go by."""
        found: set[str] = set()
        for alternative in self.alternatives:
            strings = next((field.values.only_strings for field in alternative if field.path == path), None)
            if strings is None:
                return None
            found |= strings
        return frozenset(found)


def compile_pattern(value: Mapping[str, Any]) -> Pattern:
    """Raises InvalidPattern with AWS's text and the place in the pattern."""
    if not isinstance(value, Mapping):
        raise InvalidPattern("Filter is not an object", ())
    alternatives = _object(value, "", ())
    ordered = (sorted(each.items(), key=itemgetter(0)) for each in alternatives)
    return Pattern(tuple(tuple(Field(path, route(path), values) for path, values in each) for each in ordered))


# --- compiling -------------------------------------------------------------------------------------------------------

_Alternatives = list[dict[str, Values]]


def _object(value: Mapping[str, Any], prefix: str, here: Path) -> _Alternatives:
    """The alternatives of an object. A path that comes twice is decided by what comes last, as AWS's compiler does."""
    if not value:
        raise InvalidPattern("Empty objects are not allowed", here)
    if len(here) > MAX_DEPTH:
        raise InvalidPattern("The pattern is nested too deeply", here)
    alternatives: _Alternatives = [{}]
    for key, inner in value.items():
        branches = _or(inner, prefix, (*here, key)) if key == "$or" else _field(key, inner, prefix, (*here, key))
        if len(alternatives) * len(branches) > MAX_ALTERNATIVES:
            raise InvalidPattern(f"The branches of $or make more than {MAX_ALTERNATIVES} combinations", (*here, key))
        alternatives = [before | branch for before in alternatives for branch in branches]
    return alternatives


def _field(key: str, inner: Any, prefix: str, here: Path) -> _Alternatives:
    if isinstance(inner, Mapping):
        return _object(inner, f"{prefix}{key}.", here)
    if isinstance(inner, (list, tuple)):
        return [{f"{prefix}{key}": compile_values(inner, here)}]
    raise InvalidPattern(f'"{key}" must be an object or an array', here)


def _or(inner: Any, prefix: str, here: Path) -> _Alternatives:
    """A field of this name is older than the operator: what cannot be branches may still be a field."""
    refusal = _not_branches(inner, here)
    if refusal is None:
        return [alternative for index, branch in enumerate(inner) for alternative in _object(branch, prefix, (*here, index))]
    try:
        return _field("$or", inner, prefix, here)
    except InvalidPattern:
        raise refusal from None


def _not_branches(inner: Any, here: Path) -> InvalidPattern | None:
    if not isinstance(inner, (list, tuple)):
        return InvalidPattern("It must be an Array followed with $or.", here)
    for index, branch in enumerate(inner):
        if not isinstance(branch, Mapping):
            return InvalidPattern("Only JSON object is allowed in array of $or relationship.", (*here, index))
        reserved = next((key for key in branch if key in RESERVED), None)
        if reserved is not None:
            reason = f"{reserved} is Ruler reserved fieldName which cannot be used inside $or."
            return InvalidPattern(reason, (*here, index, reserved))
    if len(inner) < 2:
        return InvalidPattern("There must have at least 2 Objects in $or relationship.", here)
    return None


# --- matching --------------------------------------------------------------------------------------------------------


def _fits(alternative: tuple[Field, ...], event: Mapping[str, Any], seen: Seen) -> bool:
    demands: list[Demand] = []
    for field in alternative:
        found = seen.get(field.path)
        if found is None:
            found = seen[field.path] = leaves(event, field.route)
        demand = _demand(field.values, found)
        if demand is False:
            return False
        if demand is not True:
            demands.append(demand)
    return not demands or consistent(demands)


def _demand(values: Values, found: list[Leaf]) -> Demand | bool:
    """Whether a path fits; a demand where that depends on the elements of arrays that other paths choose."""
    if not found:
        return values.absent
    fitting = {leaf.membership for leaf in found if values.fits(leaf.value)}
    if () in fitting:
        return True
    if not values.absent:
        return Demand(tuple(fitting), None) if fitting else False
    present = {leaf.membership for leaf in found}
    return Demand(tuple(fitting), tuple(present)) if fitting or () not in present else False


def _first_failure(alternative: tuple[Field, ...], event: Mapping[str, Any]) -> Mismatch | None:
    """What lies less deep comes first: where an event is from says more than what is in it."""
    failed: Mismatch | None = None
    fitted = 0
    for field in sorted(alternative, key=lambda each: each.path.count(".")):
        found = leaves(event, field.route)
        if _demand(field.values, found) is not False:
            fitted += 1
        elif failed is None:
            failed = Mismatch(field.path, field.values.source, tuple(leaf.value for leaf in found))
    if failed is not None:
        return replace(failed, fitted=fitted)
    if _fits(alternative, event, {}):
        return None
    inside = next(field for field in alternative if any(leaf.membership for leaf in leaves(event, field.route)))
    return Mismatch(inside.path, inside.values.source, (), together=True, fitted=fitted)
