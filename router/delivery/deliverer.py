"""Works the journal off: claim, attempt, record what came of it, tell the destinations, settle last.

A crash between any two steps repeats a step. An outcome stands in the journal before anything is sent, so that a function whose
success was recorded never runs again. What is claimed and has no permit yet waits here; of such a function nothing more is
claimed, so that no backlog holds up another function's deliveries.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from router.deliveries import Delivery, Fate
from router.delivery.attempts import Attempts
from router.delivery.book import Book, Plan
from router.delivery.course import Course
from router.delivery.permits import Permits
from router.delivery.sends import Sends
from router.delivery.settling import LONGEST_PAUSE, Settling, doubled
from router.ports import Clock, DeliveryMetrics, Journal

log = logging.getLogger("router.delivery")

CLAIM = 128
"""Deliveries of one claim."""
MOST_AT_WORK = 2048
"""Deliveries that are in memory at most, those that wait for a slow destination among them."""
_LONGEST_BACK_OFF = 300.0


class Deliverer:
    """The loop over a journal. `start` it; `stop` claims no more; `close` waits for what is under way, or cuts it.

    `pause(seconds)`: how it waits for a journal that cannot commit.
    """

    def __init__(
        self,
        journal: Journal,
        attempts: Attempts,
        sends: Sends,
        book: Book,
        clock: Clock,
        metrics: DeliveryMetrics,
        *,
        capacity: Mapping[str, int],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._journal = journal
        self._freed = asyncio.Event()
        self._settling = Settling(journal, metrics, pause, self._freed.set)
        self._course = Course(attempts, sends, metrics, self._settling.record)
        self._book = book
        self._clock = clock
        self._permits = Permits(capacity)
        self._pause = pause
        self._waiting: dict[str, deque[Delivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to claim."""
        self._loop = asyncio.create_task(self._claim_on())

    def stop(self) -> None:
        """Claim no more; what waits for a permit stays in the journal."""
        self._stopping.set()
        self._freed.set()
        self._waiting.clear()

    async def close(self) -> None:
        """Wait for what is under way. When cancelled meanwhile, cut it: the journal still has it."""
        self.stop()
        try:
            if self._loop is not None:
                await self._loop
            while self._tasks:
                await asyncio.wait(self._tasks)
            await self._settling.finish()
        finally:
            running = [task for task in (self._loop, *self._tasks) if task is not None]
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            await self._settling.cut()

    def status(self) -> Mapping[str, int]:
        """For the operator: how much is under way, and how much waits for a permit."""
        return {"running": self._permits.running, "waiting": self._waiting_for_permits(), "at_work": self._at_work()}

    def _at_work(self) -> int:
        return len(self._tasks) + self._settling.unwritten

    def _waiting_for_permits(self) -> int:
        return sum(map(len, self._waiting.values()))

    # --- claiming -----------------------------------------------------------------------------------------------------

    async def _claim_on(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                await self._claim_once()
                failures = 0
            except Exception:  # a journal may fail in its own ways; deliveries go on as soon as it can
                failures += 1
                log.exception("The journal could not be asked for deliveries.", extra={"failures": failures})
                await self._pause(doubled(failures, LONGEST_PAUSE))

    async def _claim_once(self) -> None:
        self._freed.clear()
        room = MOST_AT_WORK - self._at_work() - self._waiting_for_permits()
        claimed = await self._journal.claim(self._clock.now(), min(CLAIM, room), tuple(self._waiting)) if room > 0 else []
        for delivery in claimed:
            self._waiting.setdefault(delivery.function, deque()).append(delivery)
        self._dispatch()
        if not claimed:
            await self._wait(room > 0)

    async def _wait(self, for_the_journal: bool) -> None:
        """Until a permit is free, or the journal may have something."""
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._freed.wait())]
        if for_the_journal:
            waits.append(asyncio.ensure_future(self._journal.wait(None)))
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        for wait in done:
            wait.result()

    def _dispatch(self) -> None:
        """Start what may run, one of each function in turn."""
        if self._stopping.is_set():
            self._waiting.clear()
        stuck: set[str] = set()
        while len(stuck) < len(self._waiting):
            for function in [name for name in self._waiting if name not in stuck]:
                queue = self._waiting[function]
                if not self._begin(queue[0]):
                    stuck.add(function)
                    continue
                queue.popleft()
                if not queue:
                    del self._waiting[function]

    def _begin(self, delivery: Delivery) -> bool:
        """Give it a permit and start it; False where there is none. Only a function that is to be called needs one."""
        plan = self._book.plan(delivery)
        kind = None
        if plan is not None and delivery.condition is None:
            kind = "local" if plan.here else "aws"
            limit = None if plan.delegated else plan.function.max_concurrency
            if not self._permits.take(kind, delivery.function, limit):
                return False
        task = asyncio.create_task(self._work(delivery, plan, kind))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._freed.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("A delivery has no fate; the next process repeats it.", exc_info=task.exception())

    def _give_back(self, kind: str, function: str) -> None:
        self._permits.give_back(kind, function)
        self._dispatch()
        self._freed.set()

    # --- one delivery -------------------------------------------------------------------------------------------------

    async def _work(self, delivery: Delivery, plan: Plan | None, kind: str | None) -> None:
        try:
            attempted = None if kind is None else partial(self._give_back, kind, delivery.function)
            fate = await self._course.fate(delivery, plan, attempted)
        except Exception:
            log.exception("A delivery failed within the router.", extra={"delivery_id": delivery.id})
            fate = self._postponed(delivery)
        self._settling.settle(delivery, fate)

    def _postponed(self, delivery: Delivery) -> Fate:
        """After a fault of our own: as after a fault of Lambda's, so that no delivery keeps the router busy."""
        if delivery.condition is None:
            delivery.throttles += 1
        else:
            delivery.send_failures += 1
        delivery.due_at = self._clock.now() + doubled(delivery.throttles + delivery.send_failures, _LONGEST_BACK_OFF)
        return Fate.LATER
