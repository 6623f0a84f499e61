"""From a value to the positions of those who may want it: texts by what they are, begin or end with, addresses by their blocks,
numbers by ranges.

What is found may be too much, never too little: whoever asks looks at each one closely. An answer costs look-ups by the number
of different lengths of prefixes, suffixes and blocks, and of ranges around a number, not by the number of positions.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import takewhile
from operator import itemgetter

from router.patterns.addresses import Address, Block


class TextLookup:
    """Texts. `fold`: upper and lower case are the same."""

    def __init__(self, *, fold: bool = False) -> None:
        self._fold = fold
        self._exact: dict[str, list[int]] = {}
        self._prefixes: dict[str, list[int]] = {}
        self._suffixes: dict[str, list[int]] = {}
        self._lengths: tuple[list[int], list[int]] = ([], [])

    def add_exact(self, text: str, position: int) -> None:
        """Who wants this text."""
        self._exact.setdefault(self._key(text), []).append(position)

    def add_prefix(self, text: str, position: int) -> None:
        """Who wants what begins so."""
        self._add(self._prefixes, self._lengths[0], self._key(text), position)

    def add_suffix(self, text: str, position: int) -> None:
        """Who wants what ends so."""
        self._add(self._suffixes, self._lengths[1], self._key(text), position)

    def find(self, text: str) -> Iterator[list[int]]:
        """Lists of positions; one may come more than once."""
        key = self._key(text)
        if (found := self._exact.get(key)) is not None:
            yield found
        size = len(key)
        for length in self._lengths[0]:
            if length > size:
                break
            if (found := self._prefixes.get(key[:length])) is not None:
                yield found
        for length in self._lengths[1]:
            if length > size:
                break
            if (found := self._suffixes.get(key[size - length :])) is not None:
                yield found

    def _key(self, text: str) -> str:
        return text.lower() if self._fold else text

    @staticmethod
    def _add(into: dict[str, list[int]], lengths: list[int], key: str, position: int) -> None:
        into.setdefault(key, []).append(position)
        at = bisect_left(lengths, len(key))
        if at == len(lengths) or lengths[at] != len(key):
            lengths.insert(at, len(key))


class AddressLookup:
    """IP addresses, and the blocks that they lie in."""

    def __init__(self) -> None:
        self._exact: dict[Address, list[int]] = {}
        self._blocks: dict[tuple[int, int], dict[int, list[int]]] = {}

    def __bool__(self) -> bool:
        return bool(self._exact or self._blocks)

    def add_exact(self, address: Address, position: int) -> None:
        """Who wants this address."""
        self._exact.setdefault(address, []).append(position)

    def add_block(self, block: Block, position: int) -> None:
        """Who wants what lies in this block."""
        version, shift, number = block
        self._blocks.setdefault((version, shift), {}).setdefault(number, []).append(position)

    def find(self, address: Address) -> Iterator[list[int]]:
        """Lists of positions."""
        yield self._exact.get(address, [])
        for (version, shift), numbers in self._blocks.items():
            if version == address[0]:
                yield numbers.get(address[1] >> shift, [])


Range = tuple[float, float, int]
"""Bottom, top, position."""

_FEW = 8


class NumberLookup:
    """Closed ranges of numbers; a bound that is open outside counts as closed here. A range without end has an infinite one.

    What lies on both sides of a middle is kept twice, sorted by either end, so that an answer costs what it holds.
    """

    def __init__(self, ranges: Iterable[Range]) -> None:
        given = sorted(ranges)
        self._middle = given[len(given) // 2][0] if len(given) > _FEW else 0.0
        around = given if len(given) <= _FEW else [each for each in given if each[0] <= self._middle <= each[1]]
        self._upwards = around
        self._downwards = sorted(around, key=itemgetter(1), reverse=True)
        below = [each for each in given if each[1] < self._middle] if len(given) > _FEW else []
        above = [each for each in given if each[0] > self._middle] if len(given) > _FEW else []
        self._is_small = len(given) <= _FEW
        self._below = NumberLookup(below) if below else None
        self._above = NumberLookup(above) if above else None

    def find(self, number: float) -> Iterator[int]:
        """The positions of the ranges around a number."""
        if self._is_small:
            yield from (position for bottom, top, position in self._upwards if bottom <= number <= top)
        elif number <= self._middle:
            yield from (position for _, _, position in takewhile(lambda each: each[0] <= number, self._upwards))
            if self._below is not None:
                yield from self._below.find(number)
        if not self._is_small and number > self._middle:
            yield from (position for _, _, position in takewhile(lambda each: each[1] >= number, self._downwards))
            if self._above is not None:
                yield from self._above.find(number)
