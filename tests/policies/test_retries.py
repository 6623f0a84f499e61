"""The queue of asynchronous invocation, row by row and as whole timelines (semantics/async.md §A.3, §D.10)."""

import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from router.arn import FunctionArn
from router.deliveries import Condition, Delivery
from router.errors import Invoked
from router.fakes import FakeClock, succeeded
from router.functions import AsyncPolicy, Function
from router.outcome import Outcome, function_error, refused, throttled, timed_out, transport
from router.policies.retries import GiveUp, Retry, Succeed, Verdict, before, decide, ran, retry_delay

MANAGED = AsyncPolicy("managed")
DELEGATED = AsyncPolicy("delegated")
FUNCTION = Function("f", FunctionArn("eu-west-1", "111122223333", "f"), 3.0)
BOOM = function_error(b'{"errorMessage":"boom"}', "r")
THROTTLED = throttled("ConcurrentInvocationLimitExceeded")
FAULT = refused(500, "ServiceException", "An error occurred.")
AGED = GiveUp(Condition.EVENT_AGE_EXCEEDED)
EXHAUSTED = GiveUp(Condition.RETRIES_EXHAUSTED)


def delivery(**fields: Any) -> Delivery:
    made = Delivery("d", "t", "", "f", None, b"{}", accepted_at=1000.0, trace_id="", due_at=1000.0)
    return replace(made, **fields)


def timeline(policy: AsyncPolicy, outcomes: Iterable[Outcome], jitter: float = 0.0) -> tuple[list[float], Verdict | None]:
    """Seconds after acceptance at which attempts begin, each answered at once; and how it ended, None: it did not."""
    clock, event, starts = FakeClock(1000.0), delivery(), []
    for outcome in outcomes:
        obstacle = before(policy, FUNCTION, event, clock.now())
        if obstacle is not None:
            return starts, obstacle
        starts.append(clock.now() - event.accepted_at)
        verdict = decide(policy, event, outcome, clock.now(), jitter)
        if not isinstance(verdict, Retry):
            return starts, verdict
        event.retries_used += verdict.consumes
        event.throttles += not verdict.consumes
        clock.advance(verdict.at - clock.now())
    return starts, None


@pytest.mark.parametrize(
    ("policy", "outcomes", "starts", "end"),
    [
        (MANAGED, [succeeded(b"1")], [0], Succeed()),
        (MANAGED, [BOOM] * 3, [0, 60, 180], EXHAUSTED),
        (MANAGED, [BOOM, BOOM, succeeded(b"1")], [0, 60, 180], Succeed()),
        (replace(MANAGED, max_retries=0), [BOOM], [0], EXHAUSTED),
        (replace(MANAGED, max_retries=1), [BOOM] * 2, [0, 60], EXHAUSTED),
        # Recorded in November 2025: a maximum age of 60 s ends after one attempt, one of 90 s after two.
        (replace(MANAGED, max_event_age=60), [BOOM] * 2, [0, 60], AGED),
        (replace(MANAGED, max_event_age=59.9), [BOOM], [0], AGED),
        (replace(MANAGED, max_event_age=90), [BOOM] * 2, [0, 60], AGED),
        (replace(MANAGED, max_event_age=180), [BOOM] * 3, [0, 60, 180], EXHAUSTED),
        # Throttles and faults back off and use up no retry.
        (MANAGED, [THROTTLED, FAULT, THROTTLED, FAULT, succeeded(b"1")], [0, 1, 3, 7, 15], Succeed()),
        (MANAGED, [THROTTLED, BOOM, THROTTLED, BOOM, BOOM], [0, 1, 61, 63, 183], EXHAUSTED),
        (replace(MANAGED, max_event_age=100), [THROTTLED] * 9, [0, 1, 3, 7, 15, 31, 63], AGED),
        # Delays of one's own, the last one doubled up to an hour.
        (replace(MANAGED, max_retries=3, retry_delays=(5.0,)), [BOOM] * 4, [0, 5, 15, 35], EXHAUSTED),
    ],
)
def test_timelines(policy: AsyncPolicy, outcomes: list[Outcome], starts: list[float], end: Verdict) -> None:
    assert timeline(policy, outcomes) == (starts, end)


def test_the_recorded_case_of_60_seconds_with_an_attempt_that_takes_time() -> None:
    """An attempt that ends any time after its start looks ahead beyond the age: the record says one invocation."""
    policy = replace(MANAGED, max_event_age=60)
    assert decide(policy, delivery(), BOOM, 1000.2, 0.0) == AGED
    policy = replace(MANAGED, max_event_age=90)
    assert decide(policy, delivery(), BOOM, 1000.2, 0.0) == Retry(1060.2, consumes=True)
    assert decide(policy, delivery(retries_used=1), BOOM, 1060.4, 0.0) == AGED


def test_throttles_double_to_five_minutes_and_end_after_six_hours() -> None:
    starts, end = timeline(MANAGED, [THROTTLED] * 200)
    waits = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert waits[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert set(waits[9:]) == {300}
    assert (end, starts[-1] <= 21_600 < starts[-1] + 300) == (AGED, True)


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, 1.0), (0.5, 0.95), (0.999, 0.9001)])
def test_jitter_shortens_back_off_by_a_tenth_and_no_retry_delay(jitter: float, wait: float) -> None:
    assert decide(MANAGED, delivery(), THROTTLED, 1000.0, jitter) == Retry(pytest.approx(1000.0 + wait), consumes=False)
    assert decide(MANAGED, delivery(), BOOM, 1000.0, jitter) == Retry(1060.0, consumes=True)


@pytest.mark.parametrize(
    ("delays", "expected"),
    [
        ((60.0, 120.0), [60, 120, 240, 480, 960, 1920, 3600, 3600]),
        ((7200.0,), [7200, 7200, 7200]),
        ((1.0, 1.0, 5.0), [1, 1, 5, 10, 20]),
    ],
)
def test_retry_delays(delays: tuple[float, ...], expected: list[float]) -> None:
    assert [retry_delay(delays, used) for used in range(len(expected))] == expected
    assert retry_delay((1.0,), 10**6) == 3600


@pytest.mark.parametrize(
    ("outcome", "verdict", "counts"),
    [
        (succeeded(b"1"), Succeed(), True),
        (BOOM, Retry(1060.0, True), True),
        (timed_out(900.0), Retry(1060.0, True), True),
        (timed_out(900.0, Invoked.NO), Retry(1001.0, False), False),
        (transport("reset", sent=True), Retry(1060.0, True), True),
        (transport("refused", sent=False), Retry(1001.0, False), False),
        (THROTTLED, Retry(1001.0, False), False),
        (FAULT, Retry(1001.0, False), False),
        (refused(502, "EC2ThrottledException", ""), Retry(1001.0, False), False),
        (refused(408, "EFSMountTimeoutException", ""), Retry(1001.0, False), False),
        (refused(409, "ResourceConflictException", ""), Retry(1001.0, False), False),
        (refused(403, "ExpiredTokenException", ""), Retry(1001.0, False), False),
        (refused(403, "AccessDeniedException", "no"), GiveUp(Condition.REFUSED, "AccessDeniedException no"), False),
        (refused(404, "ResourceNotFoundException", "none"), GiveUp(Condition.REFUSED, "ResourceNotFoundException none"), False),
        (
            refused(400, "InvalidRequestContentException", "x"),
            GiveUp(Condition.REFUSED, "InvalidRequestContentException x"),
            False,
        ),
        (refused(413, "RequestTooLargeException", "x"), GiveUp(Condition.REFUSED, "RequestTooLargeException x"), False),
        (
            refused(415, "UnsupportedMediaTypeException", "x"),
            GiveUp(Condition.REFUSED, "UnsupportedMediaTypeException x"),
            False,
        ),
        (refused(400, "RecursiveInvocationException", "loop"), GiveUp(Condition.LOOP, "loop"), False),
    ],
)
def test_what_an_outcome_means(outcome: Outcome, verdict: Verdict, counts: bool) -> None:
    assert (decide(MANAGED, delivery(), outcome, 1000.0, 0.0), ran(outcome)) == (verdict, counts)


def test_used_up_retries_come_before_the_age() -> None:
    """Both hold: the order is AWS's (semantics/async.md §A.3)."""
    old = delivery(retries_used=2)
    assert decide(replace(MANAGED, max_event_age=60), old, BOOM, 5000.0, 0.0) == EXHAUSTED


@pytest.mark.parametrize(
    ("fields", "limit", "now", "obstacle"),
    [
        ({}, None, 1000.0, None),
        ({}, 0, 1000.0, GiveUp(Condition.ZERO_RESERVED_CONCURRENCY)),
        ({}, 1, 1000.0, None),
        ({}, None, 22_600.0, None),
        ({}, None, 22_600.1, AGED),
        ({"hops": 15}, None, 1000.0, None),
        ({"hops": 16}, None, 1000.0, GiveUp(Condition.LOOP, "The event has passed 16 functions.")),
        ({"starts": 2}, None, 1000.0, None),
        ({"starts": 3}, None, 1000.0, Retry(1001.0, False)),
        ({"starts": 3, "throttles": 4}, None, 1000.0, Retry(1016.0, False)),
        ({"starts": 3, "throttles": 9}, None, 22_500.0, AGED),
    ],
)
def test_what_keeps_an_attempt_from_being_made(
    fields: dict[str, object], limit: int | None, now: float, obstacle: Retry | GiveUp | None
) -> None:
    assert before(MANAGED, replace(FUNCTION, max_concurrency=limit), delivery(**fields), now) == obstacle


# --- delegated ---------------------------------------------------------------------------------------------------------


def test_a_hand_over_is_retried_as_eventbridge_retries_a_target() -> None:
    starts, end = timeline(DELEGATED, [FAULT] * 300, jitter=0.0)
    waits = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert waits[:11] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600]
    assert (end, starts[-1] <= 86_400 < starts[-1] + 600) == (AGED, True)
    starts, end = timeline(DELEGATED, [FAULT] * 300, jitter=0.5)
    assert (len(starts), end) == (186, EXHAUSTED)


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome(succeeded(b"").kind, status=202), Succeed()),
        (THROTTLED, Retry(1000.25, False)),
        (transport("reset", sent=True), Retry(1000.25, False)),
        (timed_out(30.0), Retry(1000.25, False)),
        (refused(404, "ResourceNotFoundException", "x"), GiveUp(Condition.REFUSED, "ResourceNotFoundException x")),
    ],
)
def test_what_a_hand_over_means(outcome: Outcome, verdict: Verdict) -> None:
    assert decide(DELEGATED, delivery(), outcome, 1000.0, 0.75) == verdict


def test_lambdas_own_limits_do_not_hold_for_a_hand_over() -> None:
    assert before(DELEGATED, FUNCTION, delivery(), 1000.0 + 86_400) is None
    assert before(DELEGATED, FUNCTION, delivery(), 1000.1 + 86_400) == AGED
