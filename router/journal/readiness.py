"""Which functions have something due, as far as this process knows, whose turn it is, and who is told when that changes.

A bound per function, never later than its earliest claimable delivery: a claim asks the engine only about functions whose
bound has passed, and there only for what is due from the bound on, so that it does not read again what is in somebody's hands.
It takes the bounds away before it looks, and puts back what it found, so that what is noted meanwhile counts.
Functions are served in turn, the one that waited longest first.
"""

import asyncio
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import zip_longest

from router.ports import Clock

RECHECK = 0.25
"""Seconds after which a wait looks at the clock again: it may jump, or run faster than the event loop's."""


class Readiness:
    """Bounds of due times by function. Belongs to one event loop."""

    def __init__(self) -> None:
        self._earliest: dict[str, float] = {}
        self._unsure: set[str] = set()
        """Functions whose bound only says when to look again."""
        self._served: dict[str, int] = {}
        self._turn = 0
        self._without: frozenset[str] = frozenset()
        self._changed = asyncio.Event()

    def note(self, function: str, due_at: float) -> None:
        """Something of this function became claimable at `due_at`."""
        self._lower(function, due_at)
        self._changed.set()

    def note_all(self, due: Mapping[str, float]) -> None:
        """Of each of these functions something became claimable."""
        for function, due_at in due.items():
            self.note(function, due_at)

    def look_again(self, functions: Iterable[str], at: float) -> None:
        """Nobody knows what these functions have, since it could not be read or changed; look `at` this time, everywhere."""
        for function in functions:
            self.note(function, at)
            self._unsure.add(function)

    def begin(self, now: float, without: Collection[str], limit: int) -> dict[str, float]:
        """Up to `limit` functions that a claim has to look at, in their turn, with their bounds; `finish` must follow."""
        self._changed.clear()
        self._without = frozenset(without)
        due = [name for name, at in self._earliest.items() if at <= now and name not in self._without]
        chosen = sorted(due, key=lambda name: self._served.get(name, 0))[:limit]
        bounds = {name: self._earliest.pop(name) for name in chosen}
        unsure = self._unsure.intersection(bounds)
        self._unsure -= unsure
        return bounds | dict.fromkeys(unsure, -math.inf)

    def finish(self, served: Iterable[str], left: Mapping[str, float]) -> None:
        """The claim took something of the functions `served`; `left` is when each function has more."""
        self._turn += 1
        self._served |= dict.fromkeys(served, self._turn)
        for name, due_at in left.items():
            self._lower(name, due_at)

    def next_due(self) -> float:
        """When something may be claimable that the last claim did not exclude; infinity where nothing is known."""
        return min((at for name, at in self._earliest.items() if name not in self._without), default=math.inf)

    async def wait(self, clock: Clock, until: float | None) -> None:
        """Return when something changed since the last claim began, or at a due time, or at `until`."""
        while not self._changed.is_set():
            limit = min(self.next_due(), math.inf if until is None else until)
            left = limit - clock.now()
            if left <= 0:
                return
            try:
                async with asyncio.timeout(None if limit == math.inf else min(left, RECHECK)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    def _lower(self, function: str, due_at: float) -> None:
        self._earliest[function] = min(due_at, self._earliest.get(function, math.inf))


def in_turn(queues: Sequence[Sequence[int]], limit: int) -> list[int]:
    """One of each queue, then the second of each, up to `limit`."""
    rounds = zip_longest(*queues)
    return [item for items in rounds for item in items if item is not None][:limit]
