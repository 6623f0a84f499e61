"""What becomes of one delivery that is claimed: an attempt, what came of it recorded, the destinations told, its fate.

Whoever claims and settles (the `Deliverer`, a simulation) leaves this part to it. An outcome stands in the journal before
anything is sent, so that a function whose success was recorded never runs again.
"""

import logging
from collections.abc import Awaitable, Callable

from router.deliveries import Condition, Delivery, Fate
from router.delivery.attempts import Attempts
from router.delivery.book import Plan
from router.delivery.sends import Sends
from router.policies.retries import GiveUp, Retry, Verdict
from router.ports import DeliveryMetrics

log = logging.getLogger("router.delivery")

_SUCCESS_LETTERS = ("on_success",)
_FAILURE_LETTERS = ("on_failure", "dead_letter")


class Course:
    """Takes claimed deliveries to their fates. `record(delivery)`: writes its progress and keeps the claim."""

    def __init__(
        self, attempts: Attempts, sends: Sends, metrics: DeliveryMetrics, record: Callable[[Delivery], Awaitable[None]]
    ) -> None:
        self._attempts = attempts
        self._sends = sends
        self._metrics = metrics
        self._record = record

    async def fate(self, delivery: Delivery, plan: Plan | None, attempted: Callable[[], None] | None = None) -> Fate:
        """Everything but the settlement. `attempted()`: the attempt has ended, where one was to be made."""
        if delivery.condition is None:
            try:
                verdict = await self._attempts.make(delivery, plan)
            finally:
                if attempted is not None:
                    attempted()
            if isinstance(verdict, Retry):
                return _again(delivery, verdict)
            self._end(delivery, plan, verdict)
            if delivery.pending:
                await self._record(delivery)
        elif not delivery.pending and not delivery.sent:
            self._end(delivery, plan, GiveUp(delivery.condition, delivery.detail))
        return await self._sends.make(delivery, plan)

    def _end(self, delivery: Delivery, plan: Plan | None, verdict: Verdict) -> None:
        """No more attempts: the condition, and who is to be told."""
        success = not isinstance(verdict, GiveUp)
        if isinstance(verdict, GiveUp):
            delivery.condition, delivery.detail = verdict.condition, verdict.detail
            self._metrics.event_dropped(delivery.trigger, delivery.function, verdict.condition)
            log.warning("A delivery gave up.", extra=described(delivery))
        else:
            delivery.condition = Condition.SUCCESS
        if plan is not None and not plan.delegated:
            names = _SUCCESS_LETTERS if success else _FAILURE_LETTERS
            delivery.pending = tuple(name for name in names if getattr(plan.policy, name) is not None)


def _again(delivery: Delivery, retry: Retry) -> Fate:
    delivery.due_at = retry.at
    if retry.consumes:
        delivery.retries_used += 1
    else:
        delivery.throttles += 1
    return Fate.LATER


def described(delivery: Delivery) -> dict[str, object]:
    """The fields of a log line about it."""
    return {
        "trigger": delivery.trigger,
        "route": delivery.route or None,
        "function": delivery.function,
        "delivery_id": delivery.id,
        "condition": delivery.condition.value if delivery.condition is not None else None,
        "attempts": delivery.invoke_count,
        "detail": delivery.detail or None,
    }
