"""One attempt of a delivery: the function is called once, and what came of it stands in the delivery."""

import logging
from collections.abc import Callable

from router.deliveries import Attempt, Condition, Delivery
from router.delivery.book import Plan
from router.model import Invocation
from router.outcome import Outcome, OutcomeKind, transport
from router.policies import records, retries
from router.policies.retries import GiveUp, Verdict
from router.ports import Clock, DeliveryMetrics, Invoker, Metrics

log = logging.getLogger("router.delivery")

_MOST_ATTEMPTS = 32
"""Attempts that a delivery remembers, the latest ones: hours of throttling are many."""
_UNKNOWN_FUNCTION = GiveUp(Condition.REFUSED, "The configuration does not declare the function any more.")


class Attempts:
    """Makes attempts. `draw()`: uniform floats in [0, 1), the jitter."""

    def __init__(
        self, invoker: Invoker, clock: Clock, metrics: DeliveryMetrics, figures: Metrics, draw: Callable[[], float]
    ) -> None:
        self._invoker = invoker
        self._clock = clock
        self._metrics = metrics
        self._figures = figures
        self._draw = draw

    async def make(self, delivery: Delivery, plan: Plan | None) -> Verdict:
        """What comes after it. The delivery has the attempt and its counters; nothing is written to the journal here."""
        if plan is None:
            return _UNKNOWN_FUNCTION
        began = self._clock.now()
        obstacle = retries.before(plan.policy, plan.function, delivery, began)
        if obstacle is not None:
            return obstacle
        self._metrics.attempt_started(delivery.trigger, delivery.function, max(0.0, began - delivery.accepted_at))
        outcome = await self._invoke(delivery, plan)
        self._figures.invocation_finished(delivery.trigger, delivery.function, outcome)
        _note(delivery, outcome, began)
        verdict = retries.decide(plan.policy, delivery, outcome, self._clock.now(), self._draw())
        if outcome.kind is not OutcomeKind.OK:
            _log_failure(delivery, outcome, verdict)
        return verdict

    async def _invoke(self, delivery: Delivery, plan: Plan) -> Outcome:
        invocation = Invocation(
            plan.function,
            delivery.qualifier,
            delivery.payload,
            delivery.id,
            records.passed_on(delivery),
            "Event" if plan.delegated else "RequestResponse",
            log_tail=not plan.delegated,
            asynchronous=True,
            trigger=delivery.trigger,
        )
        started = self._clock.monotonic()
        try:
            outcome = await self._invoker.invoke(invocation)
        except Exception as error:
            log.exception("A backend failed.", extra={"function": plan.function.name, "delivery_id": delivery.id})
            outcome = transport(f"the backend failed: {type(error).__name__}", sent=True)
        outcome.function_seconds = self._clock.monotonic() - started
        return outcome


def _note(delivery: Delivery, outcome: Outcome, began: float) -> None:
    attempt = Attempt(
        began,
        outcome.function_seconds,
        outcome.kind.value,
        outcome.status,
        outcome.request_id,
        outcome.code,
        outcome.message,
        outcome.log_tail if outcome.kind is OutcomeKind.FUNCTION_ERROR else None,
    )
    delivery.attempts = [*delivery.attempts, attempt][-_MOST_ATTEMPTS:]
    delivery.invoke_count += retries.ran(outcome)
    delivery.response = records.response_of(outcome) or delivery.response


def _log_failure(delivery: Delivery, outcome: Outcome, verdict: Verdict) -> None:
    log.warning(
        "An asynchronous invocation failed.",
        extra={
            "trigger": delivery.trigger,
            "function": delivery.function,
            "delivery_id": delivery.id,
            "outcome": outcome.kind.value,
            "trace_id": delivery.trace_id,
            "lambda_request_id": outcome.request_id or None,
            "status": outcome.status or None,
            "code": outcome.code,
            "detail": outcome.message,
            "next_attempt_at": verdict.at if isinstance(verdict, retries.Retry) else None,
        },
    )
