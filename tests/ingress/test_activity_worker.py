"""The worker of an activity: what it polls, what it tells, and what it does when Step Functions does not take it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from router.arn import FunctionArn
from router.batches import ActivitySource, Message
from router.driver import Driver
from router.errors import MessageGone, SourceError, SourceRefused
from router.fakes import FakeActivities, FakeClock, FakeMetrics, succeeded
from router.ingress.activity_worker import ActivityWorker
from router.model import Function, Invocation, Place, Scope, Target, Trigger
from router.outcome import Outcome, OutcomeKind, function_error
from router.triggers import TYPES

ARN = "arn:aws:states:eu-west-1:111122223333:activity:resize"
RESIZE = Function("resize", FunctionArn("eu-west-1", "111122223333", "resize"), 3.0)
TYPE = TYPES["step_functions"]
ID = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10"


class GatedInvoker:
    """Answers `b"1"`, or what `answer` makes; while `gate` is clear invocations wait. `peak`: most at the same time."""

    def __init__(self, answer: Callable[[Invocation], Outcome] = lambda invocation: succeeded(b"1")) -> None:
        self.answer = answer
        self.gate = asyncio.Event()
        self.gate.set()
        self.invocations: list[Invocation] = []
        self.arrived = asyncio.Event()
        self.running = self.peak = 0

    async def invoke(self, invocation: Invocation) -> Outcome:
        self.invocations.append(invocation)
        self.running += 1
        self.peak = max(self.peak, self.running)
        self.arrived.set()
        await self.gate.wait()
        self.running -= 1
        return self.answer(invocation)

    async def close(self) -> None:
        self.gate.set()


class Pauses:
    """Stands in for sleeping: remembers how long, moves the clock, and returns when it is allowed to."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: list[float] = []
        self.allowed: Callable[[float], bool] = lambda seconds: True

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        if not self.allowed(seconds):
            await asyncio.Event().wait()
        self.clock.advance(seconds)
        await asyncio.sleep(0)


class Worker:
    """A worker with everything around it faked."""

    def __init__(self, activities: FakeActivities, invoker: GatedInvoker, idle: asyncio.Event, **fields: Any) -> None:
        source = ActivitySource(ARN, "eu-west-1", "w", **fields)
        settings = {"activity": ARN, "function": "resize"}
        scope = Scope("worker", "111122223333", "eu-west-1", lambda reference: Target(RESIZE), {})
        trigger = Trigger(
            *("worker", TYPE, frozenset({"sync"}), "main", (), TYPE.build(settings, scope), {}, Place("router.yaml", 1, 1))
        )
        self.activities, self.invoker, self.idle = activities, invoker, idle
        self.clock, self.metrics = FakeClock(), FakeMetrics()
        self.pauses = Pauses(self.clock)
        driver = Driver(invoker, self.clock, lambda: 0.0, self.metrics)
        self.worker = ActivityWorker(
            *(trigger, source, activities, driver, self.metrics, self.clock),
            draw=lambda: 0.5,
            new_id=lambda: ID,
            pause=self.pauses,
        )


Make = Callable[..., Worker]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """`make(*tasks, …)`: a started worker; `idle` is set when the activity has nothing more to hand out."""
    async with AsyncExitStack() as stack:

        def build(
            *tasks: Any,
            answer: Callable[[Invocation], Outcome] = lambda invocation: succeeded(b"1"),
            failures: Any = None,
            gated: bool = False,
            allowed: Callable[[float], bool] | None = None,
            **fields: Any,
        ) -> Worker:
            idle = asyncio.Event()

            async def nothing_left() -> None:
                idle.set()
                await asyncio.Event().wait()  # until the poll is cancelled

            invoker = GatedInvoker(answer)
            if gated:
                invoker.gate.clear()
            made = Worker(FakeActivities(*tasks, idle=nothing_left, failures=failures), invoker, idle, **fields)
            if allowed is not None:
                made.pauses.allowed = allowed
            stack.push_async_callback(made.worker.close, 0.0)
            made.worker.start()
            return made

        yield build


def task(token: str = "t", body: str = "{}") -> Message:
    return Message(token, body)


async def test_a_task_is_worked_on_and_its_result_told(make: Make) -> None:
    made = make(task("t1", '{"a": 1}'), task("t2"), answer=lambda invocation: succeeded(invocation.payload))
    await made.idle.wait()
    assert made.activities.told == [("succeed", "t1", '{"a": 1}'), ("succeed", "t2", "{}")]
    assert [(invocation.payload, invocation.id, invocation.timeout) for invocation in made.invoker.invocations] == [
        (b'{"a": 1}', ID, None),
        (b"{}", ID, None),
    ]
    assert made.invoker.invocations[0].trace_id.startswith("Root=1-6553f100-")
    assert made.metrics.batches == [("worker", "completed", None)] * 2
    assert made.metrics.invocations == [("worker", "resize", OutcomeKind.OK)] * 2
    assert made.worker.status() == {"activity": ARN, "running": 0, "problem": None}


async def test_a_failed_function_is_a_failed_task(make: Make) -> None:
    made = make(task(), answer=lambda invocation: function_error(b'{"errorType":"TooSmall"}', "id"))
    await made.idle.wait()
    assert made.activities.told == [("fail", "t", "TooSmall", '{"errorType":"TooSmall"}')]
    assert made.metrics.batches == [("worker", "rejected", "function_error")]


async def test_nothing_is_polled_that_nobody_has_time_for(make: Make) -> None:
    made = make(*(task(f"t{number}") for number in range(5)), gated=True, max_concurrency=2)
    while len(made.invoker.invocations) < 2:
        await asyncio.sleep(0)
    for _ in range(20):
        await asyncio.sleep(0)
    assert (made.activities.polls, made.worker.status()["running"]) == (2, 2)
    made.invoker.gate.set()
    while made.activities.polls < 7:
        await asyncio.sleep(0)
    assert (made.invoker.peak, len(made.activities.told)) == (2, 5)


async def test_an_answer_without_a_task_that_comes_at_once_is_not_asked_for_in_a_loop(make: Make) -> None:
    made = make(None, None, task())
    await made.idle.wait()
    assert made.pauses.asked == [1.0, 1.0]
    assert made.activities.told == [("succeed", "t", "1")]


async def test_heartbeats_go_out_while_the_function_runs(make: Make) -> None:
    made = make(task(), gated=True, heartbeat=30.0)
    made.activities.on_call = lambda name: made.invoker.gate.set() if len(made.activities.told) == 3 else None
    await made.idle.wait()
    assert made.pauses.asked[:3] == [12.0] * 3
    assert made.activities.told[:3] == [("heartbeat", "t")] * 3
    assert made.activities.told[-1] == ("succeed", "t", "1")


async def test_a_short_task_needs_no_heartbeat(make: Make) -> None:
    made = make(task(), heartbeat=30.0, allowed=lambda seconds: False)
    await made.idle.wait()
    assert made.activities.told == [("succeed", "t", "1")]


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
async def test_a_task_that_timed_out_while_it_ran_is_dropped(code: str, make: Make) -> None:
    made = make(task(), task("next"), gated=True, heartbeat=5.0, failures={"heartbeat": [MessageGone(code, "late")]})
    while not made.metrics.source_failures:
        await asyncio.sleep(0)
    made.pauses.allowed = lambda seconds: False
    made.invoker.gate.set()
    await made.idle.wait()
    assert made.activities.told == [("heartbeat", "t"), ("succeed", "next", "1")]
    assert made.metrics.source_failures == [("worker", "heartbeat", code)]
    assert made.metrics.batches == [("worker", "dropped", None), ("worker", "completed", None)]


async def test_a_heartbeat_that_fails_otherwise_is_sent_again(make: Make) -> None:
    made = make(task(), gated=True, heartbeat=5.0, failures={"heartbeat": [SourceError("ThrottlingException", "slow down")]})
    made.activities.on_call = lambda name: made.invoker.gate.set() if len(made.activities.told) == 2 else None
    await made.idle.wait()
    assert made.activities.told[:2] == [("heartbeat", "t")] * 2
    assert made.activities.told[-1] == ("succeed", "t", "1")
    assert made.metrics.source_failures == [("worker", "heartbeat", "ThrottlingException")]


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
async def test_a_result_that_comes_too_late_is_dropped_and_not_told_again(
    code: str, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    made = make(task(), failures={"succeed": [MessageGone(code, "late")]})
    await made.idle.wait()
    assert made.activities.told == [("succeed", "t", "1")]
    assert made.metrics.source_failures == [("worker", "settle", code)]
    assert made.metrics.batches == [("worker", "dropped", None)]
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    fields = {name: getattr(record, name) for name in ("trigger", "operation", "code", "detail", "consequence")}
    assert (record.message, fields) == (
        "A call of Step Functions failed.",
        {
            "trigger": "worker",
            "operation": "settle",
            "code": code,
            "detail": "late",
            "consequence": "the result is dropped",
        },
    )


THROTTLED = SourceError("ThrottlingException", "slow down")


async def test_telling_is_repeated_with_a_growing_pause(make: Make) -> None:
    made = make(task(), failures={"succeed": [THROTTLED] * 4})
    await made.idle.wait()
    assert made.activities.told == [("succeed", "t", "1")] * 5
    assert made.pauses.asked == [0.75, 1.5, 3.0, 6.0]
    assert made.metrics.batches == [("worker", "completed", None)]


async def test_telling_is_given_up_loudly(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    made = make(task(), failures={"succeed": [THROTTLED] * 8})
    await made.idle.wait()
    assert made.activities.told == [("succeed", "t", "1")] * 8
    assert made.metrics.batches == [("worker", "dropped", None)]
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        "A task's result could not be told."
    ]


async def test_a_task_that_is_gone_after_a_broken_attempt_counts_as_told(make: Make) -> None:
    broken = SourceError("ReadTimeoutError", "no answer")
    made = make(task(), failures={"succeed": [broken, MessageGone("TaskTimedOut", "settled")]})
    await made.idle.wait()
    assert made.metrics.batches == [("worker", "completed", None)]


async def test_an_output_that_is_not_taken_fails_the_task(make: Make) -> None:
    made = make(task(), failures={"succeed": [SourceRefused("InvalidOutput", "no")]})
    await made.idle.wait()
    assert made.activities.told == [("succeed", "t", "1"), ("fail", "t", "InvalidOutput", "no")]
    assert made.metrics.batches == [("worker", "rejected", None)]


async def test_a_failure_that_is_not_taken_either_is_dropped(make: Make) -> None:
    refused = SourceRefused("AccessDeniedException", "no")
    made = make(task(), failures={"succeed": [refused], "fail": [refused]})
    await made.idle.wait()
    assert made.metrics.batches == [("worker", "dropped", None)]


async def test_polls_that_fail_are_repeated_with_jitter_and_shown(make: Make) -> None:
    refused = SourceRefused("ActivityDoesNotExist", "no activity")
    made = make(*[refused] * 9, task(), allowed=lambda seconds: seconds < 45.0)
    while made.pauses.asked[-1:] != [45.0]:
        await asyncio.sleep(0)
    assert made.pauses.asked == [0.75, 1.5, 3.0, 6.0, 12.0, 24.0, 45.0]
    assert made.metrics.source_failures == [("worker", "poll", "ActivityDoesNotExist")] * 7
    assert made.worker.status() == {"activity": ARN, "running": 0, "problem": "ActivityDoesNotExist: no activity"}


async def test_a_poll_that_succeeds_ends_the_back_off(make: Make) -> None:
    made = make(THROTTLED, THROTTLED, task("a"), THROTTLED, task("b"))
    await made.idle.wait()
    assert made.pauses.asked == [0.75, 1.5, 0.75]
    assert made.worker.status()["problem"] is None


async def test_closing_ends_the_open_polls_and_waits_for_tasks(make: Make) -> None:
    made = make(task(), gated=True, max_concurrency=2)
    await asyncio.gather(made.idle.wait(), made.invoker.arrived.wait())
    closing = asyncio.ensure_future(made.worker.close(30.0))
    for _ in range(20):
        await asyncio.sleep(0)
    assert (closing.done(), made.activities.closed) == (False, False)
    made.invoker.gate.set()
    await closing
    assert made.activities.told == [("succeed", "t", "1")]
    assert (made.activities.polls, made.activities.closed) == (2, True)


async def test_a_task_that_outlasts_the_drain_is_left_to_step_functions(make: Make) -> None:
    made = make(task(), gated=True, heartbeat=30.0, allowed=lambda seconds: False)
    await made.invoker.arrived.wait()
    await made.worker.close(0.0)
    assert (made.activities.told, made.activities.closed) == ([], True)
    assert made.metrics.batches == [("worker", "dropped", None)]
    assert made.worker.status()["running"] == 0


async def test_a_task_that_comes_as_the_worker_stops_is_still_worked_on(make: Make) -> None:
    """It was handed out: nobody else gets it before its timeout."""
    made = make()

    async def late() -> Message:
        made.worker.stop()
        return task("late")

    made.activities.idle = late
    while not made.activities.told:
        await asyncio.sleep(0)
    await made.worker.close(30.0)
    assert made.activities.told == [("succeed", "late", "1")]
    assert made.activities.polls == 1


async def test_a_worker_that_never_started_closes(make: Make) -> None:
    async def never() -> None:
        raise AssertionError("nobody polls")

    made = Worker(FakeActivities(idle=never), GatedInvoker(), asyncio.Event())
    await made.worker.close(30.0)
    assert made.activities.closed
