"""Many patterns at once: those that want one of a few strings in the fields that nearly all of them name are looked up by them.

Source: design.md §7, promise 5: cost does not grow with the number of rules.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from router.patterns.events import Pattern, Seen

FIELDS = ("source", "detail-type")
_MAX_KEYS = 64
"""Buckets of one pattern: one with more strings than that is asked for every event."""

_Key = tuple[str | None, ...]


class PatternIndex:
    """Patterns by their position in a sequence."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self.patterns = patterns
        self._buckets: dict[_Key, list[int]] = {}
        for position, pattern in enumerate(patterns):
            for key in _keys(pattern):
                self._buckets.setdefault(key, []).append(position)

    def matching(self, event: Mapping[str, Any]) -> list[int]:
        """The positions of the patterns that the event fits, in order."""
        seen: Seen = {}
        return [position for position in self._candidates(event) if self.patterns[position].matches(event, seen)]

    def _candidates(self, event: Mapping[str, Any]) -> Sequence[int]:
        values = [event.get(field) for field in FIELDS]
        if not all(value is None or isinstance(value, str) for value in values):
            return range(len(self.patterns))
        found: list[int] = []
        for key in set(product(*((value, None) for value in values))):
            found.extend(self._buckets.get(key, ()))
        found.sort()
        return found


def _keys(pattern: Pattern) -> Iterator[_Key]:
    choices = [pattern.exactly(field) for field in FIELDS]
    wanted = [choice if choice is not None and len(choice) <= _MAX_KEYS else (None,) for choice in choices]
    if len(wanted[0]) * len(wanted[1]) > _MAX_KEYS:
        wanted[1] = (None,)
    return product(*wanted)
