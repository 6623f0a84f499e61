"""Match values and mismatches of event patterns in words, for people: `"shop"`, `prefix "a"`, `numeric > 0`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from router import jsontext
from router.patterns.events import Mismatch
from router.patterns.numbers import InexactNumber
from router.verdicts import Predicate

NOTHING = "nothing"
"""In place of a value where there is none."""
_SHOWN = 200
"""Characters of a value from outside."""
_MOST = 8
"""Values of a list that are named; the others are counted."""


def predicates_of(failed: Mismatch | None) -> list[Predicate]:
    """What a pattern says of an event; empty where it fits. The predicate is the path."""
    if failed is None:
        return []
    fitting = [Predicate("pattern", "", "", True)] * failed.fitted
    if failed.together:
        return [*fitting, Predicate(failed.path, "all fields within one element of the array", "in different ones", False)]
    got = ", ".join(shown(_leaf(each)) for each in failed.got) or NOTHING
    return [*fitting, Predicate(failed.path, in_words(failed.wanted), shown(got), False)]


def _leaf(value: Any) -> str:
    return value.text if isinstance(value, InexactNumber) else jsontext.dumps(value).decode("utf-8", "replace")


def shown(text: str) -> str:
    """A value from outside, cut where it is long."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def in_words(values: Sequence[Any]) -> str:
    """A list of match values, of which one has to fit."""
    words = [_value(value) for value in values[:_MOST]]
    if len(values) > _MOST:
        words.append(f"one of {len(values) - _MOST} more")
    return " or ".join(words)


def _value(value: Any) -> str:
    if not isinstance(value, Mapping) or len(value) != 1:
        return _json(value)
    ((operator, argument),) = value.items()
    return _OPERATORS.get(operator, lambda given: f"{operator} {_json(given)}")(argument)


def _anything_but(argument: Any) -> str:
    inner = argument if isinstance(argument, (list, tuple)) else [argument]
    return f"anything but {in_words(inner)}"


def _numeric(argument: Any) -> str:
    bounds = [f"{comparison} {_json(number)}" for comparison, number in zip(argument[::2], argument[1::2], strict=False)]
    return f"numeric {' and '.join(bounds)}"


def _end(side: str) -> Callable[[Any], str]:
    def words(argument: Any) -> str:
        if isinstance(argument, Mapping):
            ((_, inner),) = argument.items()
            return f"{side} {_json(inner)} in any case"
        return f"{side} {_json(argument)}"

    return words


_OPERATORS: Mapping[str, Callable[[Any], str]] = {
    "exactly": lambda argument: _json(argument),
    "prefix": _end("prefix"),
    "suffix": _end("suffix"),
    "equals-ignore-case": lambda argument: f"{_json(argument)} in any case",
    "anything-but": _anything_but,
    "exists": lambda argument: "any value" if argument else "no value",
    "numeric": _numeric,
}


def _json(value: Any) -> str:
    return jsontext.dumps(value).decode("utf-8", "replace")
