"""Writes to the journal what becomes of deliveries, and writes it again until it is written: the claims hold meanwhile.

What ends while one settlement is being written is settled together with the next one. What alone cannot be written (a damaged
record) is set aside and holds nobody; where nothing can be written (a full disk), everything waits.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from router.deliveries import Delivery, DeliverySettlement, Fate
from router.delivery.course import described
from router.errors import RouterError
from router.ports import DeliveryMetrics, Journal

log = logging.getLogger("router.delivery")

LONGEST_PAUSE = 30.0
PASSING = (RouterError, OSError)
"""Errors of a journal that may take the same thing later."""


class Refused(NamedTuple):
    """A settlement that the journal has not taken, and may take later."""

    settlement: DeliverySettlement
    error: Exception


class Settling:
    """`pause(seconds)`: how it waits for a journal that cannot commit. `settled()`: some claims have ended."""

    def __init__(
        self,
        journal: Journal,
        metrics: DeliveryMetrics,
        pause: Callable[[float], Awaitable[None]],
        settled: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._metrics = metrics
        self._pause = pause
        self._settled = settled
        self._ended: list[DeliverySettlement] = []
        self._writing = 0
        self._aside = 0
        self._task: asyncio.Task[None] | None = None
        self._tasks_aside: set[asyncio.Task[None]] = set()

    @property
    def unwritten(self) -> int:
        """Deliveries that have a fate, and whose claims have not ended."""
        return len(self._ended) + self._writing + self._aside

    def settle(self, delivery: Delivery, fate: Fate) -> None:
        """It is written soon."""
        self._ended.append(DeliverySettlement(delivery, fate))
        if self._task is None:
            self._task = asyncio.create_task(self._settle_on())

    async def record(self, delivery: Delivery) -> None:
        """Write its progress and keep the claim; returns when it is written."""
        failures = 0
        while True:
            try:
                return await self._journal.record([delivery])
            except PASSING as error:
                failures += 1
                await self._hold([delivery], failures, error)

    async def finish(self) -> None:
        """Wait until all is written."""
        while tasks := self._tasks():
            await asyncio.wait(tasks)

    async def cut(self) -> None:
        """Give up what is not written: the journal still has it."""
        tasks = self._tasks()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [*self._tasks_aside, *([] if self._task is None else [self._task])]

    async def _settle_on(self) -> None:
        failures = 0
        try:
            while self._ended:
                ended, self._ended = self._ended, []
                self._writing = len(ended)
                refused = await self._write(ended)
                self._writing = 0
                if len(refused) < len(ended):
                    failures = 0
                    self._set_aside(refused)
                    self._settled()
                else:
                    failures += 1
                    self._ended = ended + self._ended
                    await self._hold([settlement.delivery for settlement in ended], failures, refused[0].error)
        finally:
            self._task = None

    def _set_aside(self, refused: list[Refused]) -> None:
        if refused:
            self._aside += len(refused)
            task = asyncio.create_task(self._settle_aside(refused))
            self._tasks_aside.add(task)
            task.add_done_callback(self._tasks_aside.discard)

    async def _settle_aside(self, refused: list[Refused]) -> None:
        failures = 0
        while refused:
            failures += 1
            settlements = [each.settlement for each in refused]
            await self._hold([settlement.delivery for settlement in settlements], failures, refused[0].error)
            refused = await self._write(settlements)
            if len(refused) < len(settlements):
                self._aside -= len(settlements) - len(refused)
                self._settled()

    async def _write(self, ended: list[DeliverySettlement]) -> list[Refused]:
        """Together, or else each alone: one of them may be to blame, and must not hold the others."""
        refused = []
        for settlement, error in zip(ended, await self._errors(ended), strict=True):
            if error is None:
                self._tell(settlement)
            elif isinstance(error, PASSING):
                refused.append(Refused(settlement, error))
            else:
                log.error(
                    "A delivery could not be settled; the next process repeats it.",
                    extra=described(settlement.delivery),
                    exc_info=error,
                )
        return refused

    async def _errors(self, ended: list[DeliverySettlement]) -> Sequence[BaseException | None]:
        try:
            await self._journal.settle(ended)
        except Exception as error:
            if len(ended) == 1:
                return [error]
        else:
            return [None] * len(ended)
        alone = [self._journal.settle([settlement]) for settlement in ended]
        return await asyncio.gather(*alone, return_exceptions=True)

    def _tell(self, settlement: DeliverySettlement) -> None:
        delivery, fate = settlement.delivery, settlement.fate
        if fate is Fate.LATER:
            return
        self._metrics.event_settled(delivery.trigger, delivery.function, fate)
        if fate is Fate.DEAD:
            log.error(
                "No destination has a delivery that gave up; it stays in the journal as a dead letter.",
                extra=described(delivery),
            )

    async def _hold(self, deliveries: Sequence[Delivery], failures: int, error: Exception) -> None:
        log.error(
            "The journal cannot write what became of a delivery; it is tried again.",
            extra={
                "delivery_id": deliveries[0].id,
                "deliveries": len(deliveries),
                "failures": failures,
                "error": str(error),
            },
        )
        await self._pause(doubled(failures, LONGEST_PAUSE))


def doubled(failures: int, longest: float) -> float:
    """Seconds to wait after so many failures: 1, 2, 4, … up to `longest`."""
    return min(longest, 2.0 ** min(failures - 1, 16))
