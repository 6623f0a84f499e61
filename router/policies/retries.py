"""What happens after an attempt: the queue of asynchronous invocation as a table without a clock.

Managed (semantics/async.md §A.3): a function error uses up a retry and waits 60 s, 120 s or what `retry_delays` says; a
throttle or a fault of the service waits 1 s doubling to 300 s and uses up none. What would be due beyond the maximum age ends
at once: AWS looks ahead. Delegated (§D.10): only the hand-over is retried, as EventBridge retries a target.

An attempt without an answer is repeated like a throttle where the request provably had not left whole, else it uses up a retry:
the function may have run, and hours of duplicates would follow.
"""

from dataclasses import dataclass

from router.deliveries import MAX_HOPS, Condition, Delivery
from router.errors import Invoked
from router.functions import AsyncPolicy, Function
from router.outcome import Outcome, OutcomeKind

LONGEST_RETRY_DELAY = 3600.0
"""Seconds up to which the last of `retry_delays` doubles."""
LONGEST_BACK_OFF = 300.0
HAND_OVER_RETRIES = 185
HAND_OVER_AGE = 86_400.0
LONGEST_HAND_OVER_DELAY = 600.0
PATIENCE_WITH_STARTS = 3
"""Attempts of one delivery that the router itself may die in, before it waits between them."""
_SPREAD = 0.1
"""The share of a back-off that jitter takes away."""

_CALLER_CODES = frozenset(
    {
        *{"ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException"},
        *{"IncompleteSignatureException", "MissingAuthenticationTokenException", "SignatureDoesNotMatch", "ExpiredToken"},
    }
)
"""Lambda does not know the router's credentials: no fault of the event, and over once they are renewed."""
_TRANSIENT_STATUS = frozenset({408, 409})
_LOOP_CODE = "RecursiveInvocationException"


@dataclass(slots=True, frozen=True)
class Succeed:
    """The function has the event (managed: and has done its work)."""


@dataclass(slots=True, frozen=True)
class Retry:
    """Another attempt at `at` (epoch seconds). `consumes`: it is one of `max_retries`."""

    at: float
    consumes: bool


@dataclass(slots=True, frozen=True)
class GiveUp:
    """No more attempts; `detail` says why where the condition does not."""

    condition: Condition
    detail: str = ""


Verdict = Succeed | Retry | GiveUp


def before(policy: AsyncPolicy, function: Function, delivery: Delivery, now: float) -> Retry | GiveUp | None:
    """What keeps an attempt from being made; None: nothing. `policy.delivery` is decided by now."""
    if function.max_concurrency == 0:
        return GiveUp(Condition.ZERO_RESERVED_CONCURRENCY)
    if delivery.hops >= MAX_HOPS:
        return GiveUp(Condition.LOOP, f"The event has passed {delivery.hops} functions.")
    if now - delivery.accepted_at > max_age(policy):
        return GiveUp(Condition.EVENT_AGE_EXCEEDED)
    if delivery.starts >= PATIENCE_WITH_STARTS:
        return _later(policy, delivery, now, _back_off(delivery), consumes=False)
    return None


def decide(policy: AsyncPolicy, delivery: Delivery, outcome: Outcome, now: float, jitter: float) -> Verdict:
    """What an attempt's outcome means. `jitter`: uniform in [0, 1). `policy.delivery` is decided by now."""
    if outcome.kind is OutcomeKind.OK:
        return Succeed()
    refusal = _permanent(outcome)
    if refusal is not None:
        return refusal
    if policy.delivery == "delegated":
        return _hand_over_again(policy, delivery, now, jitter)
    if _uses_up_a_retry(outcome):
        if delivery.retries_used >= policy.max_retries:
            return GiveUp(Condition.RETRIES_EXHAUSTED)
        return _later(policy, delivery, now, retry_delay(policy.retry_delays, delivery.retries_used), consumes=True)
    return _later(policy, delivery, now, _back_off(delivery) * (1 - _SPREAD * jitter), consumes=False)


def retry_delay(delays: tuple[float, ...], used: int) -> float:
    """Seconds to wait after so many retries: the delays in order, then the last one doubled again and again, to an hour."""
    if used < len(delays):
        return delays[used]
    last = delays[-1]
    doublings = min(used - len(delays) + 1, 32)
    return max(last, min(LONGEST_RETRY_DELAY, last * 2.0**doublings))


def max_age(policy: AsyncPolicy) -> float:
    """Seconds after its acceptance at which a delivery ends."""
    return HAND_OVER_AGE if policy.delivery == "delegated" else policy.max_event_age


def ran(outcome: Outcome) -> bool:
    """Whether the function ran, or may have: what `approximateInvokeCount` counts."""
    if outcome.kind in (OutcomeKind.TRANSPORT, OutcomeKind.TIMEOUT):
        return outcome.invoked is not Invoked.NO
    return outcome.kind in (OutcomeKind.OK, OutcomeKind.FUNCTION_ERROR)


def _uses_up_a_retry(outcome: Outcome) -> bool:
    return outcome.kind is not OutcomeKind.OK and ran(outcome)


def _permanent(outcome: Outcome) -> GiveUp | None:
    if outcome.kind is not OutcomeKind.CLIENT_ERROR:
        return None
    if outcome.code == _LOOP_CODE:
        return GiveUp(Condition.LOOP, outcome.message or "")
    if outcome.status in _TRANSIENT_STATUS or outcome.code in _CALLER_CODES:
        return None
    return GiveUp(Condition.REFUSED, " ".join(filter(None, (outcome.code, outcome.message))))


def _hand_over_again(policy: AsyncPolicy, delivery: Delivery, now: float, jitter: float) -> Verdict:
    """Full jitter, as the spread over many deliveries matters more than the exact wait (semantics/async.md §D.10)."""
    if delivery.throttles >= HAND_OVER_RETRIES:
        return GiveUp(Condition.RETRIES_EXHAUSTED)
    longest = min(LONGEST_HAND_OVER_DELAY, 2.0 ** min(delivery.throttles, 16))
    return _later(policy, delivery, now, longest * (1 - jitter), consumes=False)


def _back_off(delivery: Delivery) -> float:
    return min(LONGEST_BACK_OFF, 2.0 ** min(delivery.throttles, 16))


def _later(policy: AsyncPolicy, delivery: Delivery, now: float, delay: float, *, consumes: bool) -> Retry | GiveUp:
    """The look-ahead: what would come too late ends now (semantics/async.md §A.3, recorded in November 2025)."""
    if now + delay > delivery.accepted_at + max_age(policy):
        return GiveUp(Condition.EVENT_AGE_EXCEEDED)
    return Retry(now + delay, consumes)
