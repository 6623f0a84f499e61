"""`max_concurrency` of a function, counted here: for a backend that has no processes of its own to count."""

from collections import Counter
from typing import Protocol


class Permit(Protocol):
    """Counts what runs. A function keeps its permit until it has really ended, also when nobody waits for it any more."""

    async def take(self) -> bool:
        """One more runs from now on; False, and nothing is taken, where the limit is reached. A limit of 0 allows none."""
        ...

    def give_back(self) -> None:
        """One has ended."""
        ...


class PermitCount:
    """What runs of each function, whoever counts: this process itself, or others through it."""

    def __init__(self) -> None:
        self.running: Counter[str] = Counter()

    def take(self, name: str, limit: int) -> bool:
        """As `Permit.take`."""
        if self.running[name] >= limit:
            return False
        self.running[name] += 1
        return True

    def of(self, name: str, limit: int) -> "OwnPermit":
        """The permit of one function."""
        return OwnPermit(self, name, limit)


class OwnPermit:
    """A permit that is counted in this process."""

    __slots__ = ("_count", "_limit", "_name")

    def __init__(self, count: PermitCount, name: str, limit: int) -> None:
        self._count = count
        self._name = name
        self._limit = limit

    async def take(self) -> bool:
        """As `Permit.take`."""
        return self._count.take(self._name, self._limit)

    def give_back(self) -> None:
        """As `Permit.give_back`."""
        self._count.running[self._name] -= 1
