"""Upkeep that goes on by itself: one turn, a pause, the next turn."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from router.errors import Unavailable

UPKEEP_EVERY = 30.0
"""Seconds between two turns."""


class Turns:
    """A task that takes turns from `start` to `stop`. A turn that is `Unavailable` has been logged; the next tries again."""

    def __init__(self, turn: Callable[[], Awaitable[None]]) -> None:
        self._turn = turn
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """The first turn is taken at once."""
        self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Give up the turn that is being taken."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _go_on(self) -> None:
        while True:
            with contextlib.suppress(Unavailable):
                await self._turn()
            await asyncio.sleep(UPKEEP_EVERY)
