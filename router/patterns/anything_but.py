"""`{"anything-but": …}`: a leaf that is there and is none of something. null and values of other kinds fit, too.

Source: semantics/async.md §D.4 and §D.7 (event-ruler).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from router.patterns.invalid import EMPTY_ARRAY, ONE_KEY, InvalidPattern, Path, only_member
from router.patterns.numbers import is_number, number_key
from router.patterns.texts import ENDS, TextTest, ends, ignoring_case, starts, wildcard_test

_NOT_A_VALUE = "Value of anything-but must be an array or single string/number value."

LeafTest = Callable[[Any], bool]


def compile_anything_but(argument: Any, path: Path) -> LeafTest:
    """Whether a leaf is none of them. Raises InvalidPattern."""
    if isinstance(argument, Mapping):
        return _no_text_fits(_nested_tests(argument, path))
    if isinstance(argument, (list, tuple)):
        return _not_listed(argument, path)
    if isinstance(argument, str) or is_number(argument):
        return _not_listed([argument], path)
    raise InvalidPattern(_NOT_A_VALUE, path)


def _not_listed(values: Sequence[Any], path: Path) -> LeafTest:
    if not values:
        raise InvalidPattern(EMPTY_ARRAY, path)
    if not all(isinstance(value, str) or is_number(value) for value in values):
        raise InvalidPattern("Inside anything but list, start|null|boolean is not supported.", path)
    strings = frozenset(value for value in values if isinstance(value, str))
    numbers = frozenset(number_key(value) for value in values if is_number(value))
    if strings and numbers:
        raise InvalidPattern(
            "Inside anything but list, either all values are number or string, mixed type is not supported", path
        )
    if strings:
        return lambda leaf: not (isinstance(leaf, str) and leaf in strings)
    return lambda leaf: not (is_number(leaf) and number_key(leaf) in numbers)


def _no_text_fits(tests: Sequence[TextTest]) -> LeafTest:
    return lambda leaf: not (isinstance(leaf, str) and any(test(leaf) for test in tests))


def _nested_tests(expression: Mapping[str, Any], path: Path) -> list[TextTest]:
    nothing = "Anything-But expression name not found"
    name, argument = only_member(expression, path, nothing, _NESTED, "Unsupported anything-but pattern: ")
    here = (*path, name)
    if isinstance(argument, (list, tuple)):
        tests = [_nested_test(name, each, (*here, index), listed=True) for index, each in enumerate(argument)]
    else:
        tests = [_nested_test(name, argument, here, listed=False)]
    if not tests:
        raise InvalidPattern(EMPTY_ARRAY, here)
    if len(expression) > 1:
        raise InvalidPattern(ONE_KEY, path)
    return tests


def _nested_test(name: str, argument: Any, path: Path, *, listed: bool) -> TextTest:
    if not isinstance(argument, str):
        raise InvalidPattern(_nested_complaint(name, argument, listed), path)
    if not argument and name in ENDS:
        raise InvalidPattern("Null prefix/suffix not allowed", path)
    return _NESTED[name](argument, path)


def _nested_complaint(name: str, argument: Any, listed: bool) -> str:
    if name in ENDS and not listed:
        return "prefix/suffix match pattern must be a string"
    if name == "equals-ignore-case" and not listed and not is_number(argument):
        return _NOT_A_VALUE
    if name == "wildcard" and not listed:
        return "wildcard match pattern must be a string"
    return f"Inside anything-but/{name} list, number|start|null|boolean is not supported."


_NESTED: Mapping[str, Callable[[str, Path], TextTest]] = {
    "prefix": lambda wanted, path: starts(wanted),
    "suffix": lambda wanted, path: ends(wanted),
    "equals-ignore-case": lambda wanted, path: ignoring_case(wanted),
    "wildcard": wildcard_test,
}
