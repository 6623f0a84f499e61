"""How much runs at the same time: a capacity for each kind of backend, shared so that no function starves another.

A function may hold as many permits as are still free, and no more. So k functions that take all they get have 1/(k+1) of the
capacity each, and as much stays free for the next one that comes.
"""

from collections import defaultdict
from collections.abc import Mapping


class Permits:
    """`capacity`: how many invocations may run for each kind of backend. Counts asynchronous invocations alone."""

    def __init__(self, capacity: Mapping[str, int]) -> None:
        self._free = dict(capacity)
        self._held: dict[tuple[str, str], int] = defaultdict(int)

    def take(self, kind: str, function: str, limit: int | None) -> bool:
        """Whether one more of this function may run; then it counts. `limit`: its `max_concurrency`."""
        key = (kind, function)
        held, free = self._held[key], self._free[kind]
        if held >= free or (limit is not None and held >= max(1, limit)):
            return False
        self._held[key] += 1
        self._free[kind] -= 1
        return True

    def give_back(self, kind: str, function: str) -> None:
        """One of them has ended."""
        key = (kind, function)
        self._held[key] -= 1
        self._free[kind] += 1
        if not self._held[key]:
            del self._held[key]

    @property
    def running(self) -> int:
        """How many permits are held."""
        return sum(self._held.values())
