"""What a pattern can be found by: for one of its fields, the values that an event must have there.

A field can serve where each of its match values says something that can be looked up. Of several fields the one is taken whose
values the fewest patterns share. `source` and `detail-type` serve together, too, because nearly all rules name both.

Source: semantics/async.md §D.4; which field is taken changes the cost, never the result.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from router.patterns.addresses import address, block
from router.patterns.events import Field, Pattern
from router.patterns.numbers import is_number, number_key

PAIR = ("source", "detail-type")
_MOST_KEYS = 64
"""Values of one field by which a pattern is found; one with more is asked for every event."""
_RANGE_WEIGHT = 8
_AFFIX_WEIGHT = 3
_PRESENT_WEIGHT = 16
"""How much less a range, a prefix, a suffix or block, or that anything is there, tells apart than a value does."""
_WEIGHTS: Mapping[str, int] = {
    "range": _RANGE_WEIGHT,
    "prefix": _AFFIX_WEIGHT,
    "suffix": _AFFIX_WEIGHT,
    "block": _AFFIX_WEIGHT,
    "present": _PRESENT_WEIGHT,
}
_INFINITE = float("inf")

Key = tuple[Any, ...]
"""`("exact", text)`, `("prefix", text)`, `("suffix", text)`, `("fold", text)`, `("address", address)`, `("number", key)`,
`("literal", value)`, `("range", bottom, top)`, `("block", block)`, `("present",)`; of the pair `("pair", text, text)`."""


@dataclass(slots=True, frozen=True)
class Access:
    """How an alternative of a pattern is found: by these keys at a path; the empty path: by the pair."""

    path: str
    keys: tuple[Key, ...]


def choose(patterns: Sequence[Pattern]) -> list[list[Access] | None]:
    """For each pattern an access per alternative; None: it is asked for every event."""
    possible = [[list(_accesses(alternative)) for alternative in pattern.alternatives] for pattern in patterns]
    shared = Counter(
        (access.path, key) for pattern in possible for alternative in pattern for access in alternative for key in access.keys
    )
    chosen: list[list[Access] | None] = []
    for alternatives in possible:
        if any(not accesses for accesses in alternatives):
            chosen.append(None)
        else:
            chosen.append([min(accesses, key=lambda access: _cost(access, shared)) for accesses in alternatives])
    return chosen


def _cost(access: Access, shared: Mapping[tuple[str, Key], int]) -> int:
    return sum(shared[access.path, key] * _WEIGHTS.get(key[0], 1) for key in access.keys)


def _accesses(alternative: tuple[Field, ...]) -> Iterator[Access]:
    by_path: dict[str, tuple[Key, ...]] = {}
    for field in alternative:
        keys = _keys_of(field)
        if keys is not None:
            by_path[field.path] = keys
            yield Access(field.path, keys)
    if all(path in by_path and all(key[0] == "exact" for key in by_path[path]) for path in PAIR):
        pairs = [("pair", one[1], other[1]) for one, other in product(by_path[PAIR[0]], by_path[PAIR[1]])]
        if len(pairs) <= _MOST_KEYS:
            yield Access("", tuple(pairs))


def _keys_of(field: Field) -> tuple[Key, ...] | None:
    keys: list[Key] = []
    for value in field.values.source:
        found = _keys(value)
        if found is None:
            return None
        keys += found
    return tuple(keys) if len(keys) <= _MOST_KEYS else None


def _keys(value: Any) -> list[Key] | None:
    """Keys of which an event that fits this match value has at least one; None where there are none."""
    if isinstance(value, str):
        return _text(value)
    if value is None or isinstance(value, bool):
        return [("literal", value)]
    if is_number(value):
        return [("number", number_key(value))]
    operator, argument = next(iter(value.items()))
    row = _OPERATORS.get(operator)
    return row(argument) if row is not None else None


def _text(text: str) -> list[Key]:
    same = address(text)
    return [("exact", text)] if same is None else [("exact", text), ("address", same)]


def _affix(kind: str, argument: Any) -> list[Key] | None:
    return [(kind, argument)] if isinstance(argument, str) and argument else None


def _wildcard(argument: str) -> list[Key] | None:
    """By the text before the first star, else by the one behind the last; escapes end what is certain."""
    if "*" not in argument and "\\" not in argument:
        return [("exact", argument)]
    beginning, end = argument.partition("*")[0].partition("\\")[0], argument.rpartition("*")[2]
    if beginning:
        return [("prefix", beginning)]
    return [("suffix", end)] if end and "\\" not in argument else None


_PRESENT: list[Key] = [("present",)]


def _numeric(argument: Sequence[Any]) -> list[Key] | None:
    operator, bound = argument[0], float(argument[1])
    if operator == "=":
        return [("number", number_key(argument[1]))]
    if len(argument) == 4:
        return [("range", bound, float(argument[3]))]
    return [("range", -_INFINITE, bound)] if operator in ("<", "<=") else [("range", bound, _INFINITE)]


_OPERATORS: Mapping[str, Callable[[Any], list[Key] | None]] = {
    "exactly": _text,
    "prefix": lambda argument: _affix("prefix", argument),
    "suffix": lambda argument: _affix("suffix", argument),
    "equals-ignore-case": lambda argument: [("fold", argument.lower())],
    "wildcard": _wildcard,
    "numeric": _numeric,
    "cidr": lambda argument: [("block", block(argument))],
    "exists": lambda argument: _PRESENT if argument else None,
    "anything-but": lambda argument: _PRESENT,
}
"""What has to be absent cannot be looked up."""
