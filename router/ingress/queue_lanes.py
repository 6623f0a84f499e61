"""One batch at a time for each message group of a FIFO queue, and none past a failure of its group.

SQS itself holds a group back while messages of it are in flight; emulators and visibility timeouts that ran out do not.
Source: semantics/async.md §B.5.
"""

import asyncio
from collections import Counter
from collections.abc import Collection


class Lanes:
    """The groups that are being worked on."""

    def __init__(self) -> None:
        self._busy: set[str] = set()
        self._failures: Counter[str] = Counter()
        self._waiting = 0
        self._changed = asyncio.Event()

    async def take(self, groups: Collection[str]) -> set[str]:
        """Wait until nobody works on any of these groups, and take them; those of which messages failed meanwhile."""
        before = {group: self._failures[group] for group in groups}
        self._waiting += 1
        try:
            while not self._busy.isdisjoint(groups):
                self._changed.clear()
                await self._changed.wait()
        finally:
            self._waiting -= 1
        self._busy |= set(groups)
        failed = {group for group in groups if self._failures[group] != before[group]}
        if not self._waiting:
            self._failures.clear()
        return failed

    def leave(self, groups: Collection[str], failed: Collection[str]) -> None:
        """Nobody works on them any more; of `failed` some messages are to come again first."""
        self._busy -= set(groups)
        if self._waiting:
            self._failures.update(failed)
        self._changed.set()
