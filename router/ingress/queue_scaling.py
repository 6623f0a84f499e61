"""How many batches of a queue are worked on at the same time: grows while messages wait, shrinks when none come.

Starts and grows as AWS's pollers do; AWS's numbers for backing off are not public. After a failure: half as many, then a
quarter more for every minute without one. Source: semantics/async.md §B.8.
"""

START = 5
CEILING = 1250
QUIET = 2
GROWTH_PER_SECOND = 5.0
CALM = 60.0
"""Seconds without a failure."""
REGROWTH = 1.25


class Scaling:
    """`limit` is the number. Times are monotonic seconds.

    `max_concurrency`: the ceiling, where one is set; then fewer than the five at the start only after failures.
    """

    def __init__(self, max_concurrency: int | None, now: float) -> None:
        self.ceiling = max_concurrency or CEILING
        self.limit = self._start = min(START, self.ceiling)
        self._floor = self._start if max_concurrency else QUIET
        self._cap = self.ceiling
        self._grown_at = now
        self._calm_since = now
        self._lowered_at = -1.0

    def all_busy(self, now: float) -> None:
        """Every batch that may be worked on is, so that more messages would wait."""
        self._recover(now)
        earned = int((now - self._grown_at) * GROWTH_PER_SECOND)
        if earned > 0:
            self.limit = max(1, min(self._cap, self.limit + min(earned, self.limit)))
            self._grown_at = now

    def idle(self) -> None:
        """A poll brought nothing."""
        if self.limit > self._floor:
            self.limit -= 1

    def failed(self, began: float, now: float) -> None:
        """A batch failed that began then. What was under way when the number was lowered does not lower it once more."""
        self._recover(now)
        self._calm_since = now
        if began > self._lowered_at:
            self._lowered_at = now
            self._cap = max(1, min(self._cap, self.limit) // 2)
            self.limit = min(self.limit, self._cap)

    def unreachable(self) -> None:
        """The queue cannot be polled: one poll is enough to learn when it can."""
        self.limit = 1

    def reachable(self) -> None:
        """The queue answers again."""
        self.limit = max(self.limit, min(self._start, self._cap))

    def _recover(self, now: float) -> None:
        while self._cap < self.ceiling and now - self._calm_since >= CALM:
            self._calm_since += CALM
            self._cap = min(self.ceiling, max(self._cap + 1, int(self._cap * REGROWTH)))
