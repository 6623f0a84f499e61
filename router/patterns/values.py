"""The leaves of an event pattern: a list of match values, of which one has to fit.

A match value is a string, a number, true, false, null, or an object with exactly one operator. Every error has AWS's own text.

Source: semantics/async.md §D.4 and §D.7 (event-ruler).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.patterns.addresses import Address, address, compile_cidr
from router.patterns.anything_but import LeafTest, compile_anything_but
from router.patterns.invalid import EMPTY_ARRAY, ONE_KEY, InvalidPattern, Path, only_member
from router.patterns.numbers import is_number, number_key
from router.patterns.numeric import Range, compile_numeric
from router.patterns.texts import TextTest, end_test, ignoring_case, string, wildcard_test


@dataclass(slots=True)
class Values:
    """A compiled list of match values. `present`: any leaf fits; `absent`: no leaf at all fits, too."""

    source: Sequence[Any]
    strings: set[str] = field(default_factory=set)
    addresses: set[Address] = field(default_factory=set)
    numbers: set[float | str] = field(default_factory=set)
    literals: set[bool | None] = field(default_factory=set)
    texts: list[TextTest] = field(default_factory=list)
    ranges: list[Range] = field(default_factory=list)
    others: list[LeafTest] = field(default_factory=list)
    present: bool = False
    absent: bool = False

    def fits(self, value: Any) -> bool:
        """Whether a leaf of an event (anything but an object or array) is one of the values. Never raises."""
        if self.present or self._is_listed(value):
            return True
        return bool(self.others) and any(test(value) for test in self.others)

    def _is_listed(self, value: Any) -> bool:
        if isinstance(value, str):
            return value in self.strings or self._fits_text(value)
        if value is None or value is True or value is False:
            return value in self.literals
        if isinstance(value, (int, float)):
            return self._fits_number(value)
        return False

    def _fits_text(self, value: str) -> bool:
        if self.addresses and address(value) in self.addresses:
            return True
        return bool(self.texts) and any(test(value) for test in self.texts)

    def _fits_number(self, value: float) -> bool:
        key = number_key(value)
        return key in self.numbers or (isinstance(key, float) and any(test(key) for test in self.ranges))

    @property
    def only_strings(self) -> frozenset[str] | None:
        """The strings, where a leaf has to be exactly one of them; else None. What an index of patterns may go by."""
        wider = self.addresses or self.numbers or self.literals or self.texts or self.ranges or self.others
        return None if wider or self.present or self.absent else frozenset(self.strings)


def compile_values(values: Sequence[Any], path: Path) -> Values:
    """Raises InvalidPattern. `path`: where the list stands."""
    if not values:
        raise InvalidPattern(EMPTY_ARRAY, path)
    into = Values(values)
    for index, value in enumerate(values):
        _add(into, value, (*path, index))
    return into


def _add(into: Values, value: Any, path: Path) -> None:
    if isinstance(value, str):
        _add_string(into, value)
    elif value is None or isinstance(value, bool):
        into.literals.add(value)
    elif is_number(value):
        into.numbers.add(number_key(value))
    elif isinstance(value, Mapping):
        _add_operator(into, value, path)
    else:
        raise InvalidPattern("Match value must be String, number, true, false, or null", path)


def _add_string(into: Values, value: str) -> None:
    into.strings.add(value)
    same = address(value)
    if same is not None:
        into.addresses.add(same)


def _add_operator(into: Values, expression: Mapping[str, Any], path: Path) -> None:
    name, argument = only_member(expression, path, "Match expression name not found", OPERATORS, "Unrecognized match type ")
    OPERATORS[name](into, argument, (*path, name))
    if len(expression) > 1:
        raise InvalidPattern(ONE_KEY, path)


def _exactly(into: Values, argument: Any, path: Path) -> None:
    _add_string(into, string(argument, "exact", path))


def _cidr(into: Values, argument: Any, path: Path) -> None:
    """AWS names the wrong operator where the block is no string."""
    try:
        into.texts.append(compile_cidr(string(argument, "prefix", path)))
    except ValueError as error:
        raise InvalidPattern(str(error), path, located=False) from None


def _exists(into: Values, argument: Any, path: Path) -> None:
    if not isinstance(argument, bool):
        raise InvalidPattern("exists match pattern must be either true or false.", path)
    if argument:
        into.present = True
    else:
        into.absent = True


OPERATORS: Mapping[str, Callable[[Values, Any, Path], None]] = {
    "exactly": _exactly,
    "prefix": lambda into, argument, path: into.texts.append(end_test("prefix", argument, path)),
    "suffix": lambda into, argument, path: into.texts.append(end_test("suffix", argument, path)),
    "equals-ignore-case": lambda into, argument, path: into.texts.append(
        ignoring_case(string(argument, "equals-ignore-case", path))
    ),
    "wildcard": lambda into, argument, path: into.texts.append(wildcard_test(string(argument, "wildcard", path), path)),
    "anything-but": lambda into, argument, path: into.others.append(compile_anything_but(argument, path)),
    "exists": _exists,
    "numeric": lambda into, argument, path: into.ranges.append(compile_numeric(argument, path)),
    "cidr": _cidr,
}
