"""Deliveries from claim to settlement: retries, destinations, dead letters, permits, and what is counted on the way."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from router.deliveries import Attempt, Condition, Fate
from router.errors import DestinationError, Unavailable
from router.fakes import succeeded
from router.functions import AsyncPolicy, DestinationAddress, Target
from router.outcome import OutcomeKind, function_error, refused, throttled, transport

BOOM = function_error(b'{"errorMessage":"boom"}', "r-1")
THROTTLED = throttled("ConcurrentInvocationLimitExceeded")
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:"
Make = Callable[..., Any]


def sent(world: Any) -> list[tuple[str, str]]:
    """Queue and condition of each record; `event` for the event itself."""
    told = []
    for arn, letter in world.mail.sent:
        body = json.loads(letter.body)
        told.append((arn.rpartition(":")[2], body["requestContext"]["condition"] if "requestContext" in body else "event"))
    return told


async def test_a_success_is_forgotten(world: Make) -> None:
    it = world(answers={"f": [succeeded(b"1")]})
    it.accept(qualifier="live", trace_id="Root=1-1-1;Lineage=1:a:0", hops=2)
    await it.run()
    (call,) = it.invoker.calls
    assert (call.type, call.id, call.qualifier, call.payload, call.log_tail, call.asynchronous) == (
        *("RequestResponse", "d", "live", b'{"n":1}', True, True),
    )
    assert (call.trace_id, call.timeout) == ("Root=1-1-1;Lineage=1:a:0;RouterHops=3", None)
    assert it.disk.deliveries == {}
    assert it.metrics.counted == [("attempt", "jobs", "f", 0.0), ("settled", "jobs", "f", Fate.DONE)]
    assert it.figures.invocations == [("jobs", "f", OutcomeKind.OK)]


async def test_a_failure_is_retried_under_one_id_and_becomes_a_dead_letter_with_its_attempts(world: Make) -> None:
    it = world(answers={"f": [BOOM]})
    it.accept()
    await it.run()
    assert [call.id for call in it.invoker.calls] == ["d", "d", "d"]
    dead = it.disk.deliveries["d"]
    assert it.dead == [("d", Condition.RETRIES_EXHAUSTED)]
    assert [attempt.at for attempt in dead.attempts] == [1000.0, 1060.0, 1180.0]
    assert dead.attempts[0] == Attempt(1000.0, 0.0, "function_error", 200, "r-1")
    assert (dead.invoke_count, dead.retries_used, dead.throttles) == (3, 2, 0)
    assert it.metrics.counted == [
        ("attempt", "jobs", "f", 0.0),
        ("attempt", "jobs", "f", 60.0),
        ("attempt", "jobs", "f", 180.0),
        ("dropped", "jobs", "f", Condition.RETRIES_EXHAUSTED),
        ("settled", "jobs", "f", Fate.DEAD),
    ]


async def test_both_destination_and_dead_letter_queue_are_told(world: Make, make_function: Make, make_address: Make) -> None:
    policy = AsyncPolicy(max_retries=0, on_failure=make_address("failed"), dead_letter=make_address("dlq"))
    it = world(make_function(policy=policy), answers={"f": [BOOM]})
    it.accept()
    await it.run()
    assert sent(it) == [("failed", "RetriesExhausted"), ("dlq", "event")]
    assert it.disk.deliveries == {}
    steps = [name for name in it.crash.calls if name != "claim"]
    assert steps == ["invoke", "record", "send", "record", "send", "settle"]


async def test_successes_are_told_to_their_own_destination(world: Make, make_function: Make, make_address: Make) -> None:
    policy = AsyncPolicy(on_success=make_address("done"), on_failure=make_address("failed"), dead_letter=make_address("dlq"))
    it = world(make_function(policy=policy))
    it.accept()
    await it.run()
    assert sent(it) == [("done", "Success")]


async def test_a_triggers_own_policy_replaces_the_functions(world: Make, make_function: Make, make_address: Make) -> None:
    own = AsyncPolicy(max_retries=0, on_failure=make_address("of-trigger"))
    it = world(
        make_function(policy=AsyncPolicy(on_failure=make_address("of-function"))), answers={"f": [BOOM]}, overrides={"f": own}
    )
    it.accept("a")
    it.accept("b", trigger="gone")
    await it.run()
    assert sorted(sent(it)) == [("of-function", "RetriesExhausted"), ("of-trigger", "RetriesExhausted")]
    assert len(it.invoker.calls) == 1 + 3


@pytest.mark.parametrize(
    ("fields", "limit", "condition"),
    [
        ({}, 0, Condition.ZERO_RESERVED_CONCURRENCY),
        ({"hops": 16}, None, Condition.LOOP),
        ({"accepted_at": 1000.0 - 21_601}, None, Condition.EVENT_AGE_EXCEEDED),
        ({"function": "nobody"}, None, Condition.REFUSED),
    ],
)
async def test_what_is_never_attempted(
    fields: dict[str, Any], limit: int | None, condition: Condition, world: Make, make_function: Make
) -> None:
    it = world(make_function(max_concurrency=limit))
    it.accept(**fields)
    await it.run()
    assert (it.invoker.calls, it.dead) == ([], [("d", condition)])
    name = fields.get("function", "f")
    assert it.metrics.counted == [("dropped", "jobs", name, condition), ("settled", "jobs", name, Fate.DEAD)]


async def test_what_failed_at_its_acceptance_is_told_like_any_failure(
    world: Make, make_function: Make, make_address: Make
) -> None:
    it = world(make_function(policy=AsyncPolicy(on_failure=make_address("failed"))))
    it.accept(condition=Condition.RENDERING_FAILED, detail="no such path")
    await it.run()
    assert (it.invoker.calls, sent(it), it.disk.deliveries) == ([], [("failed", "RenderingFailed")], {})


async def test_throttles_use_up_no_retry(world: Make) -> None:
    it = world(answers={"f": [THROTTLED, THROTTLED, transport("refused", sent=False), succeeded(b"1")]})
    it.accept()
    await it.run()
    assert [entry[3] for entry in it.metrics.counted if entry[0] == "attempt"] == [0.0, 1.0, 3.0, 7.0]


async def test_a_backend_that_raises_uses_up_a_retry(world: Make) -> None:
    def broken(invocation: Any) -> Any:
        raise RuntimeError("a fault")

    it = world(answers={"f": [broken]})
    it.accept()
    await it.run()
    assert it.dead == [("d", Condition.RETRIES_EXHAUSTED)]
    assert it.disk.deliveries["d"].attempts[-1].message == "the backend failed: RuntimeError"


# --- delegated ---------------------------------------------------------------------------------------------------------


async def test_a_function_in_aws_is_handed_the_event(world: Make, make_function: Make, make_address: Make) -> None:
    accepted = replace(succeeded(b""), status=202)
    it = world(make_function(max_concurrency=1), here=False, answers={"f": [refused(500, "ServiceException", ""), accepted]})
    it.accept()
    await it.run()
    assert [(call.type, call.log_tail) for call in it.invoker.calls] == [("Event", False)] * 2
    assert it.disk.deliveries == {}


async def test_a_hand_over_that_lambda_refuses_is_a_dead_letter(world: Make) -> None:
    it = world(here=False, answers={"f": [refused(404, "ResourceNotFoundException", "none")]})
    it.accept()
    await it.run()
    assert it.dead == [("d", Condition.REFUSED)]
    assert it.disk.deliveries["d"].detail == "ResourceNotFoundException none"


async def test_managed_delivery_of_a_function_in_aws(world: Make, make_function: Make) -> None:
    it = world(make_function(policy=AsyncPolicy("managed")), here=False)
    it.accept()
    await it.run()
    assert [call.type for call in it.invoker.calls] == ["RequestResponse"]


# --- destinations that fail ----------------------------------------------------------------------------------------------


async def test_a_failed_send_is_counted_and_repeated_until_it_arrives(
    world: Make, make_function: Make, make_address: Make
) -> None:
    policy = AsyncPolicy(max_retries=0, on_failure=make_address("failed"), dead_letter=make_address("dlq"))
    failures = {f"{QUEUE}failed": [DestinationError("throttled")] * 3}
    it = world(make_function(policy=policy), answers={"f": [BOOM]}, failures=failures)
    it.accept()
    await it.run()
    assert sent(it) == [("dlq", "event"), ("failed", "RetriesExhausted")]
    assert len(it.invoker.calls) == 1
    assert it.clock.now() == 1000.0 + 1 + 2 + 4
    assert [entry for entry in it.metrics.counted if entry[0] == "send_failed"] == [
        ("send_failed", "jobs", "f", "on_failure")
    ] * 3
    assert it.metrics.counted[-1] == ("settled", "jobs", "f", Fate.DONE)


async def test_what_no_destination_takes_stays_as_a_dead_letter(world: Make, make_function: Make, make_address: Make) -> None:
    policy = AsyncPolicy(max_retries=0, on_failure=make_address("failed"), dead_letter=make_address("dlq"))
    gone = DestinationError("no such queue", permanent=True)
    it = world(make_function(policy=policy), answers={"f": [BOOM]}, failures={f"{QUEUE}failed": [gone], f"{QUEUE}dlq": [gone]})
    it.accept()
    await it.run()
    assert (sent(it), it.dead) == ([], [("d", Condition.RETRIES_EXHAUSTED)])
    assert [entry[3] for entry in it.metrics.counted if entry[0] == "send_failed"] == ["on_failure", "dead_letter"]


async def test_a_destination_that_never_takes_it_is_given_up_after_about_a_day(
    world: Make, make_function: Make, make_address: Make
) -> None:
    policy = AsyncPolicy(max_retries=0, on_failure=make_address("failed"))
    it = world(
        make_function(policy=policy), answers={"f": [BOOM]}, failures={f"{QUEUE}failed": [DestinationError("down")] * 999}
    )
    it.accept()
    await it.run()
    assert it.dead == [("d", Condition.RETRIES_EXHAUSTED)]
    assert 80_000 < it.clock.now() - 1000.0 < 90_000


async def test_one_destination_is_enough(world: Make, make_function: Make, make_address: Make) -> None:
    policy = AsyncPolicy(max_retries=0, on_failure=make_address("failed"), dead_letter=make_address("dlq"))
    it = world(
        make_function(policy=policy),
        answers={"f": [BOOM]},
        failures={f"{QUEUE}failed": [DestinationError("too large", permanent=True)]},
    )
    it.accept()
    await it.run()
    assert (sent(it), it.disk.deliveries) == ([("dlq", "event")], {})


async def test_a_function_as_destination_gets_its_record_as_a_delivery(world: Make, make_function: Make) -> None:
    sink = make_function("sink")
    address = DestinationAddress("lambda", "arn:aws:lambda:eu-west-1:111122223333:function:sink", Target(sink, "live"))
    it = world(make_function(policy=AsyncPolicy(on_success=address)), sink)
    it.accept(hops=3)
    await it.run()
    first, second = it.invoker.calls
    assert (first.function.name, second.function.name, second.qualifier) == ("f", "sink", "live")
    assert json.loads(second.payload)["requestContext"]["condition"] == "Success"
    assert second.trace_id == "Root=1-1-1;RouterHops=5"
    assert ("accepted", "jobs", "sink") in it.metrics.counted


# --- the journal fails ---------------------------------------------------------------------------------------------------


async def test_what_cannot_be_written_is_written_later_and_not_run_again(world: Make) -> None:
    it = world()
    it.accept()
    it.journal.failures = [Unavailable("the disk is full"), OSError(28, "No space left on device")]
    await it.run()
    assert (len(it.invoker.calls), it.disk.deliveries, it.pauses) == (1, {}, [1.0, 2.0])


async def test_a_fault_of_our_own_postpones_the_delivery(world: Make, make_function: Make, make_address: Make) -> None:
    it = world(make_function(policy=AsyncPolicy(max_retries=0, on_failure=make_address("q"))), answers={"f": [BOOM]})
    it.accept()
    faults: list[Any] = [KeyError("a fault")]
    send = it.mail.send

    async def broken(address: Any, letter: Any) -> None:
        if faults:
            raise faults.pop()
        await send(address, letter)

    it.mail.send = broken
    await it.run()
    assert (sent(it), len(it.invoker.calls), it.clock.now()) == ([("q", "RetriesExhausted")], 1, 1001.0)


# --- permits -------------------------------------------------------------------------------------------------------------


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError("it does not happen")


async def test_max_concurrency_makes_deliveries_wait_without_an_attempt(world: Make, make_function: Make) -> None:
    it = world(make_function(max_concurrency=2))
    it.invoker.holds["f"] = asyncio.Event()
    for number in range(5):
        it.accept(f"d{number}")
    it.deliverer.start()
    await until(lambda: len(it.invoker.calls) == 2)
    await until(lambda: it.deliverer.status() == {"running": 2, "waiting": 3, "at_work": 2})
    it.invoker.holds["f"].set()
    await it.drain()
    await it.deliverer.close()
    assert (it.invoker.most, len(it.invoker.calls), it.disk.deliveries) == (2, 5, {})
    assert all(entry[0] in ("attempt", "settled") for entry in it.metrics.counted)


async def test_a_slow_function_never_starves_another(world: Make, make_function: Make) -> None:
    it = world(make_function("slow"), make_function("quick"), capacity=4)
    it.invoker.holds["slow"] = asyncio.Event()
    for number in range(200):
        it.accept(f"slow-{number}", "slow")
    it.deliverer.start()
    await until(lambda: it.invoker.running == 2)
    for number in range(3):
        it.accept(f"quick-{number}", "quick")
    it.journal.wake()
    await until(lambda: [call.function.name for call in it.invoker.calls].count("quick") == 3)
    assert it.invoker.running == 2
    it.invoker.holds["slow"].set()
    await it.drain()
    await it.deliverer.close()
    assert (len(it.invoker.calls), it.disk.deliveries) == (203, {})
    assert it.invoker.most <= 4


async def test_stopping_finishes_what_runs_and_leaves_the_rest_in_the_journal(world: Make, make_function: Make) -> None:
    it = world(make_function(max_concurrency=1))
    it.invoker.holds["f"] = asyncio.Event()
    for number in range(3):
        it.accept(f"d{number}")
    it.deliverer.start()
    await until(lambda: len(it.invoker.calls) == 1)
    it.deliverer.stop()
    closing = asyncio.create_task(it.deliverer.close())
    it.invoker.holds["f"].set()
    await closing
    assert (len(it.invoker.calls), sorted(it.disk.deliveries)) == (1, ["d1", "d2"])


async def test_closing_can_be_cut(world: Make) -> None:
    it = world()
    it.invoker.holds["f"] = asyncio.Event()
    it.accept()
    it.deliverer.start()
    await until(lambda: len(it.invoker.calls) == 1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await it.deliverer.close()
    assert (it.invoker.running, sorted(it.disk.deliveries)) == (0, ["d"])
