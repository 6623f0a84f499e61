"""`max_concurrency` of a function, counted here: for a backend that has no processes of its own to count."""


class Permit:
    """Counts what runs. A function keeps its permit until it has really ended, also when nobody waits for it any more."""

    __slots__ = ("_limit", "_running")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running = 0

    def take(self) -> bool:
        """One more runs from now on; False, and nothing is taken, where the limit is reached. A limit of 0 allows none."""
        if self._running >= self._limit:
            return False
        self._running += 1
        return True

    def give_back(self) -> None:
        """One has ended."""
        self._running -= 1
