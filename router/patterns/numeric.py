"""`{"numeric": ["=", 5]}`, `{"numeric": [">", 0, "<=", 5]}`: numbers that are equal, or in a range.

Source: semantics/async.md §D.4 and §D.7 (event-ruler).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from router import jsontext
from router.patterns.invalid import InvalidPattern, Path
from router.patterns.numbers import is_number, number_key

Range = Callable[[float], bool]


def compile_numeric(argument: Any, path: Path) -> Range:
    """Whether a number fits. Raises InvalidPattern."""
    if not isinstance(argument, (list, tuple)):
        raise InvalidPattern("Value of numeric must be an array.", path)
    if not argument or not isinstance(argument[0], str):
        shown = _shown(argument[0]) if argument else "]"
        raise InvalidPattern(f"Invalid member in numeric match: {shown}", path)
    operator = argument[0]
    if operator not in _COMPARE:
        raise InvalidPattern(f"Unrecognized numeric range operator: {operator}", path)
    first = _bound(argument, 1, "equals" if operator == "=" else operator, path)
    if operator in ("=", "<", "<="):
        _refuse_rest(argument, 2, "Too many elements in numeric expression", path)
    if len(argument) == 2:
        return _COMPARE[operator](first)
    return _between(argument, first, path)


def _between(terms: Sequence[Any], bottom: float, path: Path) -> Range:
    operator = terms[2]
    if not isinstance(operator, str):
        raise InvalidPattern(f"Bad value in numeric range: {_shown(operator)}", path)
    top = _bound(terms, 3, operator, path)
    _refuse_rest(terms, 4, "Too many terms in numeric range expression", path)
    if operator not in ("<", "<="):
        raise InvalidPattern(f"Bad numeric range operator: {operator}", path)
    if bottom >= top:
        raise InvalidPattern("Bottom must be less than top", path)
    above, below = _COMPARE[terms[0]](bottom), _COMPARE[operator](top)
    return lambda number: above(number) and below(number)


def _bound(terms: Sequence[Any], index: int, name: str, path: Path) -> float:
    number = terms[index] if len(terms) > index else None
    if number is None or not is_number(number):
        raise InvalidPattern(f"Value of {name} must be numeric", path)
    key = number_key(number)
    if isinstance(key, str):
        raise InvalidPattern(f"Cannot compare number : {key}", path)
    return key


def _refuse_rest(terms: Sequence[Any], length: int, reason: str, path: Path) -> None:
    if len(terms) > length:
        raise InvalidPattern(reason, path)


def _shown(value: Any) -> str:
    """A token as Jackson shows it: text without quotes, the opening sign of an object or array."""
    if isinstance(value, str):
        return value
    if isinstance(value, (Mapping, list, tuple)):
        return "{" if isinstance(value, Mapping) else "["
    return jsontext.dumps(value).decode()


_COMPARE: Mapping[str, Callable[[float], Range]] = {
    "=": lambda bound: lambda number: number == bound,
    "<": lambda bound: lambda number: number < bound,
    "<=": lambda bound: lambda number: number <= bound,
    ">": lambda bound: lambda number: number > bound,
    ">=": lambda bound: lambda number: number >= bound,
}
