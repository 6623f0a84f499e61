"""One batch of a queue from its first try to its end: the driver's work, its settlement, and waits that pass.

What is completed is deleted, what failed is let go. Source: semantics/async.md §B.3.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence

from router.batches import Batch, Completed, EventCount, Message, QueueFacts, Rejected, Settlement
from router.driver import Driver
from router.errors import Unavailable
from router.exchange import BatchExchange
from router.ingress.queue_hold import Hold
from router.ingress.queue_lanes import Lanes
from router.ingress.request import new_trace_id
from router.model import Trigger
from router.ports import Clock, PollMetrics

log = logging.getLogger("router.ingress")

FIRST_WAIT = 0.5
LONGEST_WAIT = 60.0
"""Seconds before a batch that has to wait is tried again; they double."""
LONGEST_HOLD = 39_600.0
"""Seconds that a batch waits for the journal: letting it go would only raise its receive count. SQS hides 12 hours at most."""


class Work:
    """Works on batches of one trigger. `wait_out(seconds)`: whether that time passed before the poller stopped."""

    def __init__(
        self,
        trigger: Trigger,
        driver: Driver,
        metrics: PollMetrics,
        clock: Clock,
        lanes: Lanes,
        new_id: Callable[[], str],
        wait_out: Callable[[float], Awaitable[bool]],
    ) -> None:
        self.running = 0
        self._trigger = trigger
        self._driver = driver
        self._metrics = metrics
        self._clock = clock
        self._lanes = lanes
        self._new_id = new_id
        self._wait_out = wait_out

    async def run(self, messages: Sequence[Message], hold: Hold, facts: QueueFacts, patience: float) -> bool:
        """Work on the batch; whether that is a reason to slow down. `patience`: monotonic time when waiting is given up."""
        groups = {message.group for message in messages if message.group is not None} if facts.fifo else set()
        blocked = await self._lanes.take(groups)
        failed = groups
        try:
            if not await self._wait_out(0.0):
                return False  # it waited for its groups until the poller stopped, and has not begun
            hold.let_go([message for message in messages if message.group in blocked])
            ready = [message for message in messages if message.group not in blocked]
            left, slow_down = await self._counted(ready, hold, facts, patience) if ready else ([], False)
            failed = groups & {message.group for message in left if message.group is not None}
            hold.let_go([message for message in hold.messages if message.group in failed | blocked])
        finally:
            self._lanes.leave(groups, failed | blocked)
        return slow_down

    async def _counted(
        self, messages: Sequence[Message], hold: Hold, facts: QueueFacts, patience: float
    ) -> tuple[Sequence[Message], bool]:
        """The messages that are to come again, and whether to slow down."""
        self.running += 1
        self._metrics.batch_started(self._trigger.name)
        started, waited, wait = self._clock.monotonic(), 0.0, FIRST_WAIT
        exchange, settlement = self._exchange(messages, facts), Settlement(())
        try:
            while True:
                settlement = await self._driver.run_batch(exchange)
                waited += exchange.waited
                messages = await self._settle(settlement, messages, hold)
                limit = started + LONGEST_HOLD if settlement.error == Unavailable.name else patience
                if not (settlement.again and messages) or self._clock.monotonic() + wait >= limit:
                    hold.let_go(messages)
                    return messages, settlement.slow_down
                if not await self._wait_out(wait):
                    return [], settlement.slow_down  # still in hand: they are given back
                wait = min(LONGEST_WAIT, 2 * wait)
                exchange = self._exchange(messages, facts)
        finally:
            self.running -= 1
            self._ended(exchange, settlement, self._clock.monotonic() - started, waited)

    async def _settle(self, settlement: Settlement, messages: Sequence[Message], hold: Hold) -> list[Message]:
        """Delete what is done; the other messages."""
        done = {result.handle for result in settlement.results if isinstance(result, Completed)}
        done -= {result.handle for result in settlement.results if isinstance(result, Rejected)}
        name = self._trigger.name
        for what, number in settlement.counts.items():
            self._metrics.events_counted(name, what, number)
        if done:
            deleted = await hold.delete([message for message in messages if message.handle in done])
            self._metrics.events_counted(name, EventCount.DELETED, deleted)
        return [message for message in messages if message.handle not in done]

    def _exchange(self, messages: Sequence[Message], facts: QueueFacts) -> BatchExchange:
        """AWS links the traces of all messages; one header can carry the first one's (semantics/async.md §F.7)."""
        now = self._clock.now()
        carried = (message.attributes.get("Attributes", {}).get("AWSTraceHeader") for message in messages)
        trace_id = next(filter(None, carried), None) or new_trace_id(now)
        return BatchExchange(self._trigger, Batch(tuple(messages), self._new_id(), trace_id, now, facts.arn))

    def _ended(self, exchange: BatchExchange, settlement: Settlement, seconds: float, waited: float) -> None:
        rejected = sum(isinstance(result, Rejected) for result in settlement.results)
        status = "rejected" if rejected else "completed" if settlement.results else "dropped"
        self._metrics.batch_finished(self._trigger, status, settlement.error, seconds, waited)
        log.log(
            logging.INFO if settlement.error else logging.DEBUG,
            "A batch ended.",
            extra={
                "trigger": self._trigger.name,
                "status": status,
                "messages": len(exchange.request.messages),
                "rejected": rejected,
                "error": settlement.detail or settlement.error,
                "request_id": exchange.request.id,
                "trace_id": exchange.request.trace_id,
                "seconds": round(seconds, 6),
            },
        )
