"""Makes events durable: an `Acceptance` becomes a `Delivery`, and is in the journal before anybody is told so.

The qualifier is drawn here and kept, so that the retries of a delivery stay with the version of its first attempt.
"""

from collections.abc import Callable, Sequence

from router.batches import Batch
from router.deliveries import MAX_EVENT, Acceptance, Condition, Delivery, Receipt
from router.model import Request, Trigger
from router.policies.lineage import hops_of
from router.ports import Appender, Clock, DeliveryMetrics


class JournalAcceptor:
    """The port `Acceptor` over a journal. `draw()`: uniform floats in [0, 1); `new_id()`: UUID text."""

    def __init__(
        self,
        journal: Appender,
        clock: Clock,
        metrics: DeliveryMetrics,
        *,
        draw: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._metrics = metrics
        self._draw = draw
        self._new_id = new_id

    async def accept(self, trigger: Trigger, request: Request | Batch, acceptances: Sequence[Acceptance]) -> list[Receipt]:
        """See `ports.Acceptor`. What is larger than Lambda takes becomes a dead letter: front doors refuse it before."""
        if not acceptances:
            return []
        deliveries = [self._delivery(trigger.name, request, acceptance) for acceptance in acceptances]
        receipts = await self._journal.append(deliveries, trigger.durability)
        for delivery, receipt in zip(deliveries, receipts, strict=True):
            if not receipt.duplicate:
                self._metrics.event_accepted(delivery.trigger, delivery.function)
        return receipts

    def _delivery(self, trigger: str, request: Request | Batch, acceptance: Acceptance) -> Delivery:
        now = self._clock.now()
        trace_id = acceptance.trace_id or request.trace_id
        header = request.header("x-router-hops") if isinstance(request, Request) else None
        condition, detail = acceptance.failed, acceptance.detail
        if condition is None and len(acceptance.payload) > MAX_EVENT:
            condition, detail = Condition.REFUSED, f"The event has {len(acceptance.payload)} bytes, more than {MAX_EVENT}."
        return Delivery(
            id=self._new_id(),
            trigger=acceptance.trigger or trigger,
            route=acceptance.route,
            function=acceptance.target.function.name,
            qualifier=acceptance.target.drawn(self._draw),
            payload=acceptance.payload,
            accepted_at=now,
            trace_id=trace_id,
            due_at=now,
            deduplication_id=acceptance.deduplication_id,
            group=acceptance.group,
            hops=hops_of(trace_id, header),
            attributes=dict(acceptance.attributes),
            condition=condition,
            detail=detail,
        )
