"""What waits to be sent to CloudWatch: bounded, in order, tried again while the service is away. Nothing waits for it.

What finds no room pushes the oldest out; what the service will never take is let go. Both are counted and logged.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from router.errors import SourceError, SourceRefused

T = TypeVar("T")
log = logging.getLogger("router.monitoring")

LONGEST_PAUSE = 60.0
CLOSE_PATIENCE = 5.0
"""Seconds that the last requests may take when the daemon ends."""


class ShippingFigures(Protocol):
    """Counts what becomes of figures and log events on their way."""

    def sent(self, what: str, number: int) -> None:
        """`what`: `metrics` or `logs`."""
        ...

    def dropped(self, what: str, number: int) -> None: ...


class Outbox(Generic[T]):
    """`collect()`: what became ready; `collect(True)`: everything, at the end. `send` raises `SourceError`s.

    `weigh(item)`: how many figures or events it holds. `interval`: seconds between two looks.
    """

    def __init__(
        self,
        what: str,
        collect: Callable[[bool], list[T]],
        send: Callable[[T], Awaitable[None]],
        weigh: Callable[[T], int],
        figures: ShippingFigures,
        *,
        interval: float,
        most: int,
    ) -> None:
        self._what = what
        self._collect = collect
        self._send = send
        self._weigh = weigh
        self._figures = figures
        self._interval = interval
        self._most = most
        self._waiting: deque[T] = deque()
        self._failures = 0
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look, in the running loop."""
        self._task = asyncio.create_task(self._run(), name=f"cloudwatch-{self._what}")

    async def close(self) -> None:
        """Send what is there, within a few seconds; the rest is counted as dropped."""
        self._ending.set()
        try:
            async with asyncio.timeout(CLOSE_PATIENCE):
                if self._task is not None:
                    await self._task
                await self.turn(last=True)
        except TimeoutError:
            log.warning("CloudWatch did not take the last data in time.", extra={"what": self._what})
        self._drop(len(self._waiting))

    async def turn(self, last: bool = False) -> None:
        """Collect, and send as far as the service goes along."""
        for item in self._collect(last):
            self._waiting.append(item)
        self._drop(len(self._waiting) - self._most)
        while self._waiting:
            item = self._waiting[0]
            try:
                await self._send(item)
            except SourceRefused as error:
                log.warning("CloudWatch refuses data.", extra=self._about(error))
                self._drop(1)
                continue
            except SourceError as error:
                level = logging.WARNING if not self._failures else logging.DEBUG
                log.log(level, "CloudWatch does not take data at the moment.", extra=self._about(error))
                self._failures += 1
                return
            self._failures = 0
            self._waiting.popleft()
            self._figures.sent(self._what, self._weigh(item))

    async def _run(self) -> None:
        while not self._ending.is_set():
            try:
                async with asyncio.timeout(self._pause()):
                    await self._ending.wait()
            except TimeoutError:
                await self.turn()

    def _pause(self) -> float:
        return max(self._interval, min(LONGEST_PAUSE, 2.0 ** min(self._failures, 16))) if self._failures else self._interval

    def _drop(self, number: int) -> None:
        """Let go of the oldest."""
        lost = sum(self._weigh(self._waiting.popleft()) for _ in range(number))
        if lost:
            self._figures.dropped(self._what, lost)

    def _about(self, error: SourceError) -> dict[str, object]:
        return {"what": self._what, "code": error.code, "detail": str(error)}
