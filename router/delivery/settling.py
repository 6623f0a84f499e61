"""Writes to the journal what becomes of deliveries, and writes it again until it is written: the claims hold meanwhile.

What ends while one settlement is being written is settled together with the next one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from router.deliveries import Delivery, DeliverySettlement, Fate
from router.delivery.course import described
from router.errors import RouterError
from router.ports import DeliveryMetrics, Journal

log = logging.getLogger("router.delivery")

LONGEST_PAUSE = 30.0


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
        self._task: asyncio.Task[None] | None = None

    @property
    def unwritten(self) -> int:
        """Deliveries that have a fate, and whose claims have not ended."""
        return len(self._ended) + self._writing

    def settle(self, delivery: Delivery, fate: Fate) -> None:
        """It is written soon."""
        self._ended.append(DeliverySettlement(delivery, fate))
        if self._task is None:
            self._task = asyncio.create_task(self._settle_on())

    async def record(self, delivery: Delivery) -> None:
        """Write its progress and keep the claim; returns when it is written."""
        await self._persist(lambda: self._journal.record([delivery]), [delivery])

    async def finish(self) -> None:
        """Wait until all is written."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def cut(self) -> None:
        """Give up what is not written: the journal still has it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _settle_on(self) -> None:
        try:
            while self._ended:
                ended, self._ended = self._ended, []
                self._writing = len(ended)
                await self._write(ended)
                self._writing = 0
                self._settled()
        finally:
            self._task = None

    async def _write(self, ended: list[DeliverySettlement]) -> None:
        try:
            await self._persist(lambda: self._journal.settle(ended), [settlement.delivery for settlement in ended])
        except Exception:
            if len(ended) > 1:  # one of them may be to blame; it must not hold the others
                for settlement in ended:
                    await self._write([settlement])
            else:
                log.exception(
                    "A delivery could not be settled; the next process repeats it.", extra=described(ended[0].delivery)
                )
            return
        for settlement in ended:
            if settlement.fate is not Fate.LATER:
                self._tell(settlement.delivery, settlement.fate)

    def _tell(self, delivery: Delivery, fate: Fate) -> None:
        self._metrics.event_settled(delivery.trigger, delivery.function, fate)
        if fate is Fate.DEAD:
            log.error(
                "No destination has a delivery that gave up; it stays in the journal as a dead letter.",
                extra=described(delivery),
            )

    async def _persist(self, write: Callable[[], Awaitable[None]], deliveries: list[Delivery]) -> None:
        failures = 0
        while True:
            try:
                return await write()
            except (RouterError, OSError) as error:
                failures += 1
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
