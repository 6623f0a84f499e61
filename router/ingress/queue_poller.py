"""The poller of a queue: an event source mapping's engine, for every trigger that is fed by SQS.

A slot polls, gathers a batch, has the driver work on it, deletes what is done, and polls again; so nothing is received that
nobody has time for. `queue_scaling` says how many slots there are. A batch that only has to wait (a throttle, a full journal)
is tried again until its visibility timeout ends; one that failed is let go. Source: semantics/async.md §B.2, §B.3, §B.5.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, TypeVar

from router.batches import EventCount, QueueFacts, QueueSource
from router.driver import Driver
from router.errors import SourceError
from router.ingress.queue_hold import CALL, PARALLEL, Hold
from router.ingress.queue_lanes import Lanes
from router.ingress.queue_scaling import Scaling
from router.ingress.queue_work import Work
from router.model import Trigger
from router.ports import Clock, PollMetrics, Queue

log = logging.getLogger("router.ingress")

LONG_POLL = 20.0
SHORTEST_POLL = 1.0
"""Seconds. A queue that answers an empty poll at once is not asked more often than this."""
GRACE = 1.0
"""Seconds for a poll under way when the poller stops: a busy queue answers at once, and what it gives is given back."""
LONGEST_BACK_OFF = 60.0
REFRESH = 300.0
"""Seconds between two looks at the queue's own visibility timeout."""
MAX_VISIBILITY = 43_200.0
DEFAULT_VISIBILITY = 30.0
WINDOW_MARGIN = 30.0

T = TypeVar("T")


class QueuePoller:
    """One trigger's poller. `draw()`: uniform floats in [0, 1), for jitter; `new_id()`: UUID text."""

    def __init__(
        self,
        trigger: Trigger,
        source: QueueSource,
        queue: Queue,
        driver: Driver,
        metrics: PollMetrics,
        clock: Clock,
        *,
        draw: Callable[[], float],
        new_id: Callable[[], str],
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._trigger = trigger
        self._source = source
        self._queue = queue
        self._metrics = metrics
        self._clock = clock
        self._draw = draw
        self._pause = pause
        self._scaling = Scaling(source.max_concurrency, clock.monotonic())
        self._lanes = Lanes()
        self._stopping = asyncio.Event()
        self._slots: set[asyncio.Task[None]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._facts: QueueFacts | None = None
        self._problem: str | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._polling = self._receiving = 0
        self._quiet = asyncio.Event()
        # Slots that gathered side by side would share what comes in a window, and call the function more often for less.
        self._gathering: AbstractAsyncContextManager[None] = asyncio.Lock() if source.batching_window > 0 else nullcontext()
        self._work = Work(trigger, driver, metrics, clock, self._lanes, new_id, self._wait_out)

    def start(self) -> None:
        """Begin: find the queue, then poll it."""
        self._keeper = asyncio.get_running_loop().create_task(self._keep())

    def stop(self) -> None:
        """Receive no more. Batches that have begun are worked on to their end; what has not begun is given back."""
        self._stopping.set()

    async def close(self, drain_timeout: float) -> None:
        """Stop, and wait so many seconds for batches that run; the messages of others come again."""
        self.stop()
        if self._keeper is not None:
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._slots:
            _, late = await asyncio.wait(set(self._slots), timeout=drain_timeout)
            for slot in late:
                slot.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            if late:
                extra = {"trigger": self._trigger.name, "batches": len(late)}
                log.warning("Batches still ran when the time to drain was over; their messages come again.", extra=extra)
        await self._queue.close()

    def status(self) -> Mapping[str, object]:
        """For the operator."""
        return {
            "queue": self._facts.arn if self._facts else self._source.queue,
            "slots": self._polling,
            "running": self._work.running,
            "problem": self._problem,
        }

    # --- the queue itself --------------------------------------------------------------------------------------------

    async def _keep(self) -> None:
        """Find the queue, however long that takes; then look at it again from time to time."""
        while not self._stopping.is_set():
            try:
                facts = await self._unless_stopping(self._queue.describe())
            except SourceError as error:
                await self._back_off(error)
                continue
            except Exception as error:  # an answer that SQS would never give
                log.exception("A queue gave an answer that is none.", extra={"trigger": self._trigger.name})
                await self._back_off(SourceError(type(error).__name__, str(error)))
                continue
            if facts is not None:
                self._found(facts)
                await self._wait(REFRESH)

    def _found(self, facts: QueueFacts) -> None:
        first, self._facts = self._facts is None, facts
        if not first:
            return
        self._reached()
        extra = {"trigger": self._trigger.name, "visibility_timeout": facts.visibility}
        log.info("Polling.", extra={**extra, "queue": facts.arn, "fifo": facts.fifo})
        if self._source.function_timeout > facts.visibility:
            log.info(
                "The function may run longer than messages stay hidden, which Lambda refuses; the router keeps them hidden.",
                extra={**extra, "timeout": self._source.function_timeout},
            )
        self._fill()

    def _visibility(self) -> float:
        """Seconds that messages stay hidden at a time."""
        return self._override() or (self._facts.visibility if self._facts else 0.0) or DEFAULT_VISIBILITY

    def _override(self) -> float | None:
        """AWS's rule for batches that are gathered: longer than the queue says, where its own time could run out."""
        needed = self._source.batching_window + self._source.function_timeout
        own = self._facts.visibility if self._facts else 0.0
        if own <= 0 or (self._source.batching_window > 0 and needed > own):
            return min(MAX_VISIBILITY, math.ceil(max(DEFAULT_VISIBILITY, needed + WINDOW_MARGIN)))
        return None

    # --- slots -------------------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        loop = asyncio.get_running_loop()
        while self._polling < self._scaling.limit and not self._stopping.is_set():
            self._polling += 1
            slot = loop.create_task(self._slot())
            self._slots.add(slot)
            slot.add_done_callback(self._slots.discard)

    async def _slot(self) -> None:
        assert self._facts is not None
        hold = Hold(self._queue, self._facts.arn, self._source, self._visibility, self._pause, self._failed)
        try:
            while not self._stopping.is_set() and (len(hold) or self._polling <= self._scaling.limit):
                await self._round(hold)
            self._polling -= 1  # before anything is awaited: other slots look at it
            if len(hold):
                await self._quiet.wait()  # or polls under way would be given it, to give it back once more
                await hold.give_back()
        finally:
            hold.close()

    async def _round(self, hold: Hold) -> None:
        """Poll, and work on what came."""
        try:
            async with self._gathering:
                began = await self._gather(hold)
            if not len(hold):
                self._scaling.idle()
            elif not self._stopping.is_set():
                await self._batch(hold, began)
        except SourceError as error:
            self._scaling.unreachable()
            await self._back_off(error)
        except Exception:  # a fault of ours must not end the polling
            log.exception("A poller failed.", extra={"trigger": self._trigger.name})
            hold.let_go(hold.messages)
            await self._wait(SHORTEST_POLL)

    async def _batch(self, hold: Hold, began: float) -> None:
        assert self._facts is not None
        if self._work.running + 1 >= self._scaling.limit:
            self._scaling.all_busy(self._clock.monotonic())
            self._fill()
        slow_down = await self._work.run(hold.fitting(), hold, self._facts, began + self._visibility())
        if slow_down:
            self._scaling.failed(began, self._clock.monotonic())

    # --- receiving ---------------------------------------------------------------------------------------------------

    async def _gather(self, hold: Hold) -> float:
        """Have a batch in hand, or nothing. When its first message came, on the monotonic clock."""
        source = self._source
        if not len(hold) and not self._stopping.is_set():
            await self._first(hold)
        began = self._clock.monotonic()
        width = 1
        while 0 < len(hold) < source.batch_size and not hold.is_full and not self._stopping.is_set():
            left = began + source.batching_window - self._clock.monotonic()
            if left <= 0:
                break
            wait, before = min(LONG_POLL, float(math.ceil(left))), len(hold)
            limits = _shares(source.batch_size - before, width)
            results = await asyncio.gather(*(self._receive(hold, limit, wait) for limit in limits), return_exceptions=True)
            errors = [result for result in results if isinstance(result, SourceError)]
            faults = [result for result in results if isinstance(result, BaseException) and result not in errors]
            if errors:
                self._failed("poll", errors[0])
            for fault in faults:  # of ours: what is in hand is worked on all the same
                log.error("A poller failed.", exc_info=fault, extra={"trigger": self._trigger.name})
            if errors or faults:
                break
            width = min(PARALLEL, 2 * width) if len(hold) - before >= sum(limits) else 1
        return began

    async def _first(self, hold: Hold) -> None:
        started = self._clock.monotonic()
        await self._receive(hold, min(CALL, self._source.batch_size), LONG_POLL)
        self._reached()
        if not len(hold) and not self._stopping.is_set():
            await self._wait(SHORTEST_POLL - (self._clock.monotonic() - started))

    async def _receive(self, hold: Hold, limit: int, wait: float) -> None:
        self._receiving += 1
        self._quiet.clear()
        try:
            messages = await self._unless_stopping(self._queue.receive(limit, wait, self._override()))
        finally:
            self._receiving -= 1
            if not self._receiving:
                self._quiet.set()
        if messages:
            hold.add(messages)
            self._metrics.events_counted(self._trigger.name, EventCount.POLLED, len(messages))

    # --- what goes wrong, and waiting --------------------------------------------------------------------------------

    def _reached(self) -> None:
        if self._problem is not None:
            self._problem, self._failures = None, 0
            self._scaling.reachable()
            self._fill()

    async def _back_off(self, error: SourceError) -> None:
        """Doubling from one second, at most a minute, between half of it and all of it; slots wait together."""
        now = self._clock.monotonic()
        if now >= self._retry_at:
            self._failures += 1
            delay = min(LONGEST_BACK_OFF, 2.0 ** min(self._failures - 1, 10)) * (0.5 + self._draw() / 2)
            self._retry_at = now + delay
            self._problem = f"{error.code}: {error}"
            self._failed("poll", error, failures=self._failures, next_try=round(delay, 3))
        await self._wait(self._retry_at - now)

    def _failed(self, operation: str, error: SourceError, **fields: Any) -> None:
        self._metrics.source_failed(self._trigger.name, operation, error.code)
        extra = {"trigger": self._trigger.name, "queue": self._source.queue, "operation": operation, "code": error.code}
        log.warning("A call of SQS failed.", extra={**extra, "detail": str(error), **fields})

    async def _wait_out(self, seconds: float) -> bool:
        """Whether the whole time passed before the poller stopped."""
        await self._wait(seconds)
        return not self._stopping.is_set()

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            await self._unless_stopping(self._paused(seconds), grace=0.0)

    async def _paused(self, seconds: float) -> None:
        await self._pause(seconds)

    async def _unless_stopping(self, work: Coroutine[Any, Any, T], grace: float = GRACE) -> T | None:
        """The result, or None where the poller stops and the work does not end within `grace` seconds more."""
        loop = asyncio.get_running_loop()
        waiting, stopping = loop.create_task(work), loop.create_task(self._stopping.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if grace and not waiting.done():
                ending = loop.create_task(self._paused(grace))
                await asyncio.wait({waiting, ending}, return_when=asyncio.FIRST_COMPLETED)
                ending.cancel()
        finally:
            stopping.cancel()
            if not waiting.done():
                waiting.cancel()
        await asyncio.wait({waiting})
        return None if waiting.cancelled() else waiting.result()


def _shares(missing: int, width: int) -> list[int]:
    """How many messages each of at most `width` calls asks for."""
    return [min(CALL, missing - start) for start in range(0, missing, CALL)][:width]
