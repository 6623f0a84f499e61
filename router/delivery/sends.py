"""Tells destinations and dead-letter queues about a delivery that ended. A send that fails is counted and repeated.

What a crash interrupts is repeated as well, so that a destination may hear of a delivery twice, never not at all.
"""

import logging
from collections.abc import Callable
from uuid import UUID, uuid5

from router.deliveries import Condition, Delivery, Durability, Fate, Letter
from router.delivery.book import Plan
from router.errors import DestinationError, Unavailable
from router.functions import DestinationAddress
from router.policies import records
from router.ports import Clock, DeliveryMetrics, Destinations, Journal

log = logging.getLogger("router.delivery")

MOST_FAILURES = 300
"""Sends of one delivery that may fail, about a day of them; then it is a dead letter in the journal."""
_LONGEST_BACK_OFF = 300.0
_SPREAD = 0.1
_NAMESPACE = UUID("6f0c1f4e-3b0f-5d0c-9a53-1f0a3d0c6a55")


class Sends:
    """Sends letters. A function gets its record as a delivery of its own, through the journal."""

    def __init__(
        self,
        destinations: Destinations,
        journal: Journal,
        clock: Clock,
        metrics: DeliveryMetrics,
        draw: Callable[[], float],
    ) -> None:
        self._destinations = destinations
        self._journal = journal
        self._clock = clock
        self._metrics = metrics
        self._draw = draw

    async def make(self, delivery: Delivery, plan: Plan | None) -> Fate:
        """Send what is pending, once each; the delivery's fate. `pending`, `sent`, `send_failures`, `due_at` say what is left.

        Where something is left the fate is `LATER`.
        """
        left: list[str] = []
        waiting = [*delivery.pending]
        while waiting:
            name = waiting.pop(0)
            if not await self._settled(delivery, plan, name):
                left.append(name)
            delivery.pending = (*left, *waiting)
            if waiting:
                await self._journal.record([delivery])
        if left:
            delivery.send_failures += 1
            back_off = min(_LONGEST_BACK_OFF, 2.0 ** min(delivery.send_failures - 1, 16))
            delivery.due_at = self._clock.now() + back_off * (1 - _SPREAD * self._draw())
            return Fate.LATER
        return Fate.DONE if delivery.condition is Condition.SUCCESS or delivery.sent else Fate.DEAD

    async def _settled(self, delivery: Delivery, plan: Plan | None, name: str) -> bool:
        """Whether nothing is left to do for this destination: it has the letter, or never will."""
        address: DestinationAddress | None = getattr(plan.policy, name) if plan is not None else None
        if plan is None or address is None:
            return True
        try:
            if address.service == "lambda":
                await self._invoke(delivery, plan, name, address)
            else:
                await self._destinations.send(address, self._letter(delivery, plan, name, address))
        except (DestinationError, Unavailable) as error:
            permanent = isinstance(error, DestinationError) and error.permanent
            self._failed(delivery, name, address, error, permanent)
            return permanent or delivery.send_failures >= MOST_FAILURES
        delivery.sent = (*delivery.sent, name)
        return True

    def _letter(self, delivery: Delivery, plan: Plan, name: str, address: DestinationAddress) -> Letter:
        if name == "dead_letter":
            return records.dead_letter(delivery)
        return records.record_letter(delivery, plan.function.arn, address, self._clock.now())

    async def _invoke(self, delivery: Delivery, plan: Plan, name: str, address: DestinationAddress) -> None:
        """The record is accepted as an event for the function; its id follows from the delivery's, so that it is one event."""
        assert address.target is not None
        now = self._clock.now()
        follower = Delivery(
            id=str(uuid5(_NAMESPACE, f"{delivery.id}/{name}")),
            trigger=delivery.trigger,
            route=name,
            function=address.target.function.name,
            qualifier=address.target.drawn(self._draw),
            payload=records.record(delivery, plan.function.arn, now),
            accepted_at=now,
            trace_id=delivery.trace_id,
            due_at=now,
            deduplication_id=f"{name} of {delivery.id}",
            hops=delivery.hops + 1,
        )
        receipts = await self._journal.append([follower], Durability.DISK)
        if not receipts[0].duplicate:
            self._metrics.event_accepted(follower.trigger, follower.function)

    def _failed(
        self, delivery: Delivery, name: str, address: DestinationAddress, error: DestinationError | Unavailable, permanent: bool
    ) -> None:
        self._metrics.send_failed(delivery.trigger, delivery.function, name)
        log.warning(
            "A destination did not take what it was sent.",
            extra={
                "trigger": delivery.trigger,
                "function": delivery.function,
                "delivery_id": delivery.id,
                "destination": name,
                "address": address.arn,
                "failures": delivery.send_failures + 1,
                "permanent": permanent,
                "detail": str(error),
            },
        )
