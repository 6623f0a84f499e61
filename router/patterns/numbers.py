"""Numbers as event patterns compare them: by value where a double holds it, else by text.

Source: semantics/async.md §D.4 (event-ruler's comparable numbers): 300 is 300.0 and 3.0e2; a number whose shortest double has
another value is equal to nothing but its own text, and lies in no range.
"""

import json
import math
import re
from decimal import Decimal
from typing import Any

from router import jsontext

_EXACT_INTEGERS = 1 << 53
_MANY_DIGITS = re.compile(r"[0-9][0-9.]{15}|[eE][+-]?[0-9]{3}")


class InexactNumber(float):
    """A number that no double holds: `text` is how it was written."""

    text: str

    def __new__(cls, text: str) -> "InexactNumber":
        made = super().__new__(cls, text)
        made.text = text
        return made

    def __repr__(self) -> str:
        return self.text


def number_key(value: float) -> float | str:
    """What is equal for numbers that are equal: a float, or the text of a number that no double holds."""
    if isinstance(value, InexactNumber):
        return value.text
    if isinstance(value, int) and not -_EXACT_INTEGERS <= value <= _EXACT_INTEGERS:
        return _key_of_large(value)
    return float(value) if math.isfinite(value) else repr(value)


def _key_of_large(value: int) -> float | str:
    text = str(Decimal(value))
    try:
        double = float(value)
    except OverflowError:
        return text
    return double if Decimal(repr(double)) == Decimal(text) else text


def read_json(text: str) -> Any:
    """A JSON value with its numbers as patterns compare them; of duplicate keys the last wins. Raises ValueError."""
    if _MANY_DIGITS.search(text) is None:
        return jsontext.loads(text, constants=False)
    jsontext.check_depth(text.encode("utf-8", "surrogatepass"))
    try:
        return json.loads(text, parse_float=_read_float, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def _read_float(text: str) -> float:
    double = float(text)
    held = math.isfinite(double) and Decimal(text) == Decimal(repr(double))
    return double if held else InexactNumber(text)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number; true and false are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
