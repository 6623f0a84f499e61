"""The worker of a Step Functions activity: polls for tasks, has the driver work on them, tells what became of them.

As many slots as `max_concurrency`; each polls, works on the task that came, and polls again, so that nothing is taken that
nobody has time for. While a task is worked on its heartbeat goes out. What fails at the source is tried again after a while;
a task that is not ours any more is dropped, because Step Functions has decided about it (semantics/sync.md §11.1).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from router.batches import ActivitySource, Batch, Completed, Message, Rejected, Settlement
from router.driver import Driver
from router.errors import MessageGone, SourceError, SourceRefused
from router.exchange import BatchExchange
from router.ingress.request import new_trace_id
from router.model import Trigger
from router.ports import Activities, Clock, PollMetrics

log = logging.getLogger("router.ingress")

HEARTBEAT_SHARE = 0.4
"""Of HeartbeatSeconds between two heartbeats: one may get lost."""
LONGEST_BACK_OFF = 60.0
SHORTEST_POLL = 1.0
"""Seconds. A source that has nothing answers after a minute; one that answers at once is not asked more often than this."""
MAX_TELLS = 8
"""How often a result is told, over about two minutes, before it is given up."""

T = TypeVar("T")


class ActivityWorker:
    """One trigger's worker. `draw()`: uniform floats in [0, 1), for jitter; `new_id()`: UUID text."""

    def __init__(
        self,
        trigger: Trigger,
        source: ActivitySource,
        activities: Activities,
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
        self._activities = activities
        self._driver = driver
        self._metrics = metrics
        self._clock = clock
        self._draw = draw
        self._new_id = new_id
        self._pause = pause
        self._stopping = asyncio.Event()
        self._slots: set[asyncio.Task[None]] = set()
        self._running = 0
        self._problem: str | None = None

    def start(self) -> None:
        """Begin to poll."""
        loop = asyncio.get_running_loop()
        self._slots = {loop.create_task(self._slot()) for _ in range(self._source.max_concurrency)}
        log.info(
            "Polling.", extra={"trigger": self._trigger.name, "activity": self._source.activity, "slots": len(self._slots)}
        )

    def stop(self) -> None:
        """Poll no more. Tasks that were taken are worked on to their end."""
        self._stopping.set()

    async def close(self, drain_timeout: float) -> None:
        """Stop, and wait so many seconds for the tasks that were taken; Step Functions' own timeouts deal with the others."""
        self.stop()
        if self._slots:
            _, late = await asyncio.wait(self._slots, timeout=drain_timeout)
            for slot in late:
                slot.cancel()
            await asyncio.gather(*self._slots, return_exceptions=True)
        await self._activities.close()

    def status(self) -> Mapping[str, object]:
        """For the operator."""
        return {"activity": self._source.activity, "running": self._running, "problem": self._problem}

    async def _slot(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            started = self._clock.monotonic()
            try:
                task = await self._unless_stopping(self._activities.get_task())
            except SourceError as error:
                failures += 1
                delay = self._back_off(failures)
                self._failed("poll", error, failures=failures, next_try=round(delay, 3))
                self._problem = f"{error.code}: {error}"
                await self._unless_stopping(self._wait(delay))
                continue
            failures = 0
            self._problem = None
            if task is not None:
                await self._work(task)
            else:
                await self._unless_stopping(self._wait(SHORTEST_POLL - (self._clock.monotonic() - started)))

    async def _work(self, task: Message) -> None:
        name, started, now = self._trigger.name, self._clock.monotonic(), self._clock.now()
        exchange = BatchExchange(self._trigger, Batch((task,), self._new_id(), new_trace_id(now), now))
        status, settlement = "dropped", Settlement(())
        heart = asyncio.get_running_loop().create_task(self._beat(task.handle))
        self._running += 1
        self._metrics.batch_started(name)
        try:
            settlement = await self._driver.run_batch(exchange)
            if not heart.done():
                for result in settlement.results:
                    status = await self._tell(result)
        finally:
            heart.cancel()
            self._running -= 1
            seconds = self._clock.monotonic() - started
            self._metrics.batch_finished(self._trigger, status, settlement.error, seconds, exchange.waited)
            log.debug(
                "A task ended.",
                extra={
                    "trigger": name,
                    "status": status,
                    "error": settlement.detail or None,
                    "request_id": exchange.request.id,
                    "trace_id": exchange.request.trace_id,
                    "seconds": round(seconds, 6),
                },
            )

    async def _beat(self, token: str) -> None:
        """Heartbeats, until the task is not ours any more; without a `heartbeat` setting: nothing, for ever."""
        if self._source.heartbeat is None:
            await asyncio.Event().wait()
            return
        while True:
            await self._wait(self._source.heartbeat * HEARTBEAT_SHARE)
            try:
                await self._activities.heartbeat(token)
            except MessageGone as error:
                self._failed("heartbeat", error, consequence="the result will be dropped")
                return
            except SourceError as error:
                self._failed("heartbeat", error)

    async def _tell(self, result: Completed | Rejected) -> str:
        """What became of telling it: `completed`, `rejected` or `dropped`."""
        failures = 0
        while True:
            try:
                return await self._tell_once(result)
            except MessageGone as error:
                if failures:  # an earlier attempt broke off, and may well be what settled the task
                    return _STATUS[type(result)]
                self._failed("settle", error, consequence="the result is dropped")
                return "dropped"
            except SourceRefused as error:
                self._failed("settle", error)
                if isinstance(result, Rejected):
                    return "dropped"
                result = Rejected(result.handle, error.code, str(error))
            except SourceError as error:
                failures += 1
                self._failed("settle", error, failures=failures)
                if failures >= MAX_TELLS:
                    log.error("A task's result could not be told.", extra={"trigger": self._trigger.name, "code": error.code})
                    return "dropped"
                await self._wait(self._back_off(failures))

    async def _tell_once(self, result: Completed | Rejected) -> str:
        match result:
            case Completed(handle, output):
                await self._activities.succeed(handle, output)
            case Rejected(handle, error, cause):
                await self._activities.fail(handle, error, cause)
        return _STATUS[type(result)]

    def _failed(self, operation: str, error: SourceError, **fields: Any) -> None:
        self._metrics.source_failed(self._trigger.name, operation, error.code)
        log.warning(
            "A call of Step Functions failed.",
            extra={"trigger": self._trigger.name, "operation": operation, "code": error.code, "detail": str(error), **fields},
        )

    def _back_off(self, failures: int) -> float:
        """Doubling from one second, at most a minute, between half of it and all of it."""
        return min(LONGEST_BACK_OFF, 2.0 ** min(failures - 1, 10)) * (0.5 + self._draw() / 2)

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            await self._pause(seconds)

    async def _unless_stopping(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The result, or None where the worker stops first; a result that is there at that moment still counts."""
        loop = asyncio.get_running_loop()
        waiting, stopping = loop.create_task(work), loop.create_task(self._stopping.wait())
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not waiting.done():
                waiting.cancel()
        await asyncio.wait({waiting})
        return None if waiting.cancelled() else waiting.result()


_STATUS: Mapping[type, str] = {Completed: "completed", Rejected: "rejected"}
