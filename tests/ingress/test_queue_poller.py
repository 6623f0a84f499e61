"""The poller of a queue: what it gives to the function, what it tells the queue, and when."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.arn import FunctionArn
from router.batches import Batch, EventCount
from router.deliveries import Acceptance
from router.errors import SourceError, SourceRefused, Unavailable
from router.fakes import succeeded
from router.model import Accept, BatchConversation, Function, Invocation, Target
from router.outcome import Outcome, function_error, throttled
from router.triggers import TYPES
from router.triggers._queue_source import all_completed

Poll = Callable[..., Any]
WORKER = Target(Function("worker", FunctionArn("eu-west-1", "111122223333", "worker"), 10.0))
NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"


def bodies_of(invocation: Invocation) -> list[str]:
    return [record["body"] for record in json.loads(invocation.payload)["Records"]]


def fails(*bodies: str) -> Callable[[Invocation], Outcome]:
    """A function that reports these messages as failed."""

    def answer(invocation: Invocation) -> Outcome:
        failed = [{"itemIdentifier": body} for body in bodies_of(invocation) if body in bodies]
        return succeeded(json.dumps({"batchItemFailures": failed}).encode())

    return answer


def raises(invocation: Invocation) -> Outcome:
    return function_error(b'{"errorMessage":"no"}', "id")


async def test_a_batch_is_worked_on_and_deleted(poll: Poll) -> None:
    made = poll("a", "b", "c")
    await made.time.pass_(1)
    assert made.batches == [["a", "b", "c"]]
    assert made.queue.bodies == []
    assert made.queue.calls("receive")[0] == (10, 20.0, None)
    assert made.queue.calls("delete") == [("a#1", "b#1", "c#1")]
    assert made.metrics.batches == [("jobs", "completed", None)]
    assert made.metrics.events == {EventCount.POLLED: 3, EventCount.INVOKED: 3, EventCount.DELETED: 3}
    assert made.poller.status() == {"queue": made.queue.arn, "slots": 5, "running": 0, "problem": None}
    (record, *_) = json.loads(made.invocations[0].payload)["Records"]
    assert record["eventSourceARN"] == made.queue.arn


async def test_the_first_trace_header_of_a_batch_is_handed_on(poll: Poll) -> None:
    made = poll()
    header = "Root=1-5e3d83c1-e6a0db584850d61342823d4c;Parent=9f11aa2bcd3e4f56;Sampled=1"
    made.queue.send("a")
    made.queue.send("b", attributes={"Attributes": {"AWSTraceHeader": header}})
    await made.time.pass_(1)
    assert [invocation.trace_id for invocation in made.invocations] == [header]


async def test_what_failed_is_let_go_and_comes_again_when_its_visibility_timeout_ends(poll: Poll) -> None:
    made = poll("a", answer=raises)
    await made.time.pass_(29)
    assert (made.batches, made.queue.bodies) == ([["a"]], ["a"])
    await made.time.pass_(2)
    assert made.batches == [["a"], ["a"]]
    assert (made.queue.calls("delete"), made.queue.calls("change_visibility")) == ([], [])
    assert made.metrics.batches == [("jobs", "rejected", "function_error")] * 2


async def test_only_what_is_reported_stays(poll: Poll) -> None:
    made = poll("a", "b", "c", answer=fails("b"), report_batch_item_failures=True)
    await made.time.pass_(1)
    assert made.queue.calls("delete") == [("a#1", "c#1")]
    assert made.queue.bodies == ["b"]
    assert made.metrics.events[EventCount.FAILED_INVOKE] == 1


async def test_a_throttled_batch_is_tried_again_with_growing_waits(poll: Poll) -> None:
    times: list[float] = []

    def answer(invocation: Invocation) -> Outcome:
        times.append(made.time.clock.monotonic())
        return throttled("ConcurrentInvocationLimitExceeded") if len(times) < 4 else succeeded(b"null")

    made = poll("a", answer=answer)
    await made.time.pass_(20)
    assert times == [0.0, 0.5, 1.5, 3.5]
    assert made.batches == [["a"]] * 4
    assert made.queue.bodies == []
    assert made.metrics.batches == [("jobs", "completed", None)]


async def test_a_throttled_batch_is_let_go_when_its_visibility_runs_out(poll: Poll) -> None:
    made = poll("a", answer=lambda invocation: throttled("ConcurrentInvocationLimitExceeded"))
    await made.time.pass_(29)
    assert len(made.batches) == 6  # after 0, 0.5, 1.5, 3.5, 7.5 and 15.5 seconds; the next wait would pass 30
    assert made.metrics.batches == [("jobs", "rejected", "throttled")]
    await made.time.pass_(60)
    assert made.queue.kept[0].received >= 2


async def test_messages_stay_hidden_while_the_function_runs(poll: Poll) -> None:
    made = poll("a", "b")
    made.gate.clear()
    await made.time.pass_(100)
    assert made.queue.calls("change_visibility") == [(30.0, "a#1", "b#1")] * 6
    made.gate.set()
    await made.time.pass_(1)
    assert made.batches == [["a", "b"]]
    assert made.queue.bodies == []
    await made.time.pass_(40)
    assert len(made.queue.calls("change_visibility")) == 6


async def test_a_heartbeat_that_fails_is_told_and_the_batch_goes_on(poll: Poll, caplog: pytest.LogCaptureFixture) -> None:
    made = poll("a", queue={"lost": {"a"}, "failures": {"change_visibility": [SourceError("Throttling", "slow down")]}})
    made.gate.clear()
    await made.time.pass_(29)
    assert made.metrics.source_failures == [("jobs", "heartbeat", "Throttling")]
    await made.time.pass_(2)
    assert made.metrics.source_failures[1:] == [("jobs", "heartbeat", "BatchEntriesFailed")]
    assert {record.message for record in caplog.records} == {"A call of SQS failed."}


async def test_a_window_gathers_a_batch_until_it_is_over(poll: Poll) -> None:
    made = poll("a", batching_window=5.0, batch_size=100)
    await made.time.pass_(3)
    made.queue.send("b")
    await made.time.pass_(1.5)
    assert made.batches == []
    await made.time.pass_(1.5)
    assert made.batches == [["a", "b"]]
    assert made.queue.bodies == []


async def test_a_batch_that_is_full_does_not_wait_for_its_window(poll: Poll) -> None:
    names = [f"{number:03}" for number in range(100)]
    made = poll(*names, batching_window=300.0, batch_size=100, max_concurrency=2)
    await made.time.pass_(0)
    assert made.batches == [names]
    assert made.queue.bodies == []
    assert len(made.queue.calls("delete")) == 10


async def test_gathered_messages_are_hidden_for_the_window_the_function_and_a_margin(poll: Poll) -> None:
    made = poll("a", batching_window=25.0, batch_size=20)
    await made.time.pass_(1)
    assert {visibility for _, _, visibility in made.queue.calls("receive")} == {65}


async def test_a_queue_with_a_long_timeout_keeps_its_own(poll: Poll) -> None:
    made = poll("a", batching_window=25.0, batch_size=20, queue={"visibility": 100.0})
    await made.time.pass_(1)
    assert {visibility for _, _, visibility in made.queue.calls("receive")} == {None}


async def test_a_queue_that_hides_nothing_is_overruled(poll: Poll) -> None:
    made = poll("a", queue={"visibility": 0.0})
    await made.time.pass_(1)
    assert made.queue.calls("receive")[0] == (10, 20.0, 40)


async def test_an_event_stays_below_6_mb_and_the_rest_begins_the_next_batch(poll: Poll) -> None:
    made = poll(*(letter * 1_000_000 for letter in "abcdefgh"))
    await made.time.pass_(1)
    assert [[body[0] for body in batch] for batch in made.batches] == [["a", "b", "c", "d", "e", "f"], ["g", "h"]]
    assert max(len(invocation.payload) for invocation in made.invocations) <= 6_291_456
    assert made.queue.bodies == []


async def test_a_message_that_comes_twice_while_a_batch_is_gathered_is_deleted_by_its_newest_handle(poll: Poll) -> None:
    made = poll("a", batching_window=60.0, batch_size=20, max_concurrency=2, queue={"visibility": 75.0})
    await made.time.pass_(1)
    made.queue.kept[0].hidden_until = 0.0
    await made.time.pass_(100)
    assert made.queue.bodies == []
    assert [handle for call in made.queue.calls("delete") for handle in call][-1] == "a#2"


CHOICES = st.sampled_from(["done", "fails", "throttled", "some fail", "nonsense"])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CHOICES, max_size=12), st.booleans(), st.booleans(), st.integers(1, 10))
async def test_nothing_is_deleted_that_no_function_has_worked_on(
    poll: Poll, script: list[str], reports: bool, is_fifo: bool, size: int
) -> None:
    names, worked_on, pending = [f"m{number}" for number in range(12)], set[str](), [*script]

    def answer(invocation: Invocation) -> Outcome:
        choice, given_ = pending.pop(0) if pending else "done", bodies_of(invocation)
        if choice == "fails":
            return raises(invocation)
        if choice == "throttled":
            return throttled("ConcurrentInvocationLimitExceeded")
        if choice == "nonsense" and reports:
            return succeeded(b'{"batchItemFailures":[{"itemIdentifier":"nobody"}]}')
        if choice == "some fail" and reports:
            worked_on.update(given_[1:])
            return fails(given_[0])(invocation)
        worked_on.update(given_)
        return succeeded(b"null")

    made = poll(answer=answer, queue={"fifo": is_fifo}, report_batch_item_failures=reports, batch_size=size)
    for index, name in enumerate(names):
        made.queue.send(name, group=f"g{index % 3}" if is_fifo else None)
    for _ in range(10):
        await made.time.pass_(10)
        assert set(names) - set(made.queue.bodies) <= worked_on
    await made.time.pass_(500)
    assert (made.queue.bodies, worked_on) == ([], set(names))
    await made.close()


# --- FIFO ------------------------------------------------------------------------------------------------------------


def fifo(made: Any, **groups: str) -> None:
    for group, bodies in groups.items():
        made.queue.send(*bodies, group=group)


async def test_a_group_is_worked_on_in_order_by_one_batch_at_a_time(poll: Poll) -> None:
    made = poll(queue={"fifo": True, "locks_groups": False}, batch_size=2)
    made.gate.clear()
    fifo(made, one="abcd", two="xy")
    await made.time.pass_(5)
    assert made.batches == [["a", "b"], ["x", "y"]]
    made.gate.set()
    await made.time.pass_(5)
    assert made.batches == [["a", "b"], ["x", "y"], ["c", "d"]]
    assert made.queue.bodies == []


async def test_nothing_of_a_group_passes_a_message_that_failed(poll: Poll) -> None:
    made = poll(queue={"fifo": True, "locks_groups": False}, batch_size=1, answer=fails("a"), report_batch_item_failures=True)
    made.gate.clear()
    fifo(made, one="ab", two="x")
    await made.time.pass_(1)
    made.gate.set()
    await made.time.pass_(5)
    assert sorted(made.batches) == [["a"], ["x"]]
    made.answer = lambda invocation: succeeded(b"null")
    await made.time.pass_(40)
    assert made.batches[2:] == [["a"], ["b"]]


# --- scaling ---------------------------------------------------------------------------------------------------------


async def test_no_more_batches_than_max_concurrency_run_at_the_same_time(poll: Poll) -> None:
    made = poll(*map(str, range(100)), batch_size=1, max_concurrency=3)
    made.gate.clear()
    await made.time.pass_(60)
    assert (made.peak, made.poller.status()["running"]) == (3, 3)
    made.gate.set()
    await made.time.pass_(15)
    assert (made.peak, made.queue.bodies) == (3, [])


async def test_more_batches_run_while_messages_wait(poll: Poll) -> None:
    made = poll(*map(str, range(500)), batch_size=1)
    made.answer = lambda invocation: succeeded(b"null")
    for _ in range(20):
        made.gate.clear()
        await made.time.pass_(1)
        made.gate.set()
        await made.time.pass_(0)
    assert 20 <= made.peak <= 110
    assert made.queue.bodies == []
    await made.time.pass_(3000)
    assert made.poller.status()["slots"] == 2


async def test_a_function_that_fails_gets_fewer_batches(poll: Poll) -> None:
    made = poll(*map(str, range(100)), batch_size=1, answer=raises, queue={"visibility": 5.0})
    await made.time.pass_(30)
    assert made.poller.status()["slots"] == 1
    made.answer = lambda invocation: succeeded(b"null")
    await made.time.pass_(600)
    assert made.queue.bodies == []


async def test_reported_failures_do_not_slow_down(poll: Poll) -> None:
    names = [str(number) for number in range(100)]
    made = poll(*names, answer=fails(*names), report_batch_item_failures=True, queue={"visibility": 5.0})
    await made.time.pass_(30)
    assert made.poller.status()["slots"] >= 2


# --- what goes wrong -------------------------------------------------------------------------------------------------


async def test_a_queue_that_does_not_exist_is_looked_for_until_it_does(poll: Poll, caplog: pytest.LogCaptureFixture) -> None:
    missing = SourceRefused(NO_QUEUE, "Error occurred while ReceiveMessage. The specified queue does not exist.")
    made = poll("a", queue={"failures": {"describe": [missing] * 4}})
    await made.time.pass_(14)
    assert made.poller.status() == {"queue": made.queue.arn, "slots": 0, "running": 0, "problem": f"{NO_QUEUE}: {missing}"}
    told = [(record.message, record.__dict__["next_try"]) for record in caplog.records]
    assert told == [("A call of SQS failed.", wait) for wait in (1.0, 2.0, 4.0, 8.0)]
    await made.time.pass_(2)
    assert (made.batches, made.poller.status()["problem"]) == ([["a"]], None)


async def test_an_answer_that_is_none_is_asked_for_again(poll: Poll, caplog: pytest.LogCaptureFixture) -> None:
    made = poll("a", queue={"failures": {"describe": [KeyError("QueueUrl")]}})
    await made.time.pass_(2)
    assert made.batches == [["a"]]
    assert [record.message for record in caplog.records][:1] == ["A queue gave an answer that is none."]


async def test_polls_that_fail_wait_together_and_one_alone_goes_on(poll: Poll, caplog: pytest.LogCaptureFixture) -> None:
    made = poll(queue={"failures": {"receive": [SourceError("ConnectionError", "refused")] * 8}})
    await made.time.pass_(0)
    assert len(made.queue.calls("receive")) == 5
    await made.time.pass_(10)
    assert made.metrics.source_failures == [("jobs", "poll", "ConnectionError")] * 4
    assert len(made.queue.calls("receive")) == 8
    made.queue.send("a")
    await made.time.pass_(6)
    assert (made.batches, made.poller.status()["problem"], made.poller.status()["slots"]) == ([["a"]], None, 5)


async def test_a_receive_that_fails_ends_the_gathering(poll: Poll) -> None:
    made = poll("a", batching_window=20.0, batch_size=20, max_concurrency=2)
    made.queue.failures["receive"] = []
    await made.time.pass_(1)
    made.queue.failures["receive"] = [SourceError("ConnectionError", "refused")] * 2
    await made.time.pass_(30)
    assert (made.batches, made.queue.bodies) == ([["a"]], [])


async def test_a_receive_that_fails_as_none_should_is_told(poll: Poll, caplog: pytest.LogCaptureFixture) -> None:
    """What has been gathered is worked on, and the queue is left alone for a while."""
    made = poll("a", queue={"failures": {}}, batching_window=100.0, max_concurrency=2)
    await made.time.pass_(0.5)
    made.queue.failures["receive"] = [KeyError("MessageId")] * 8
    await made.time.pass_(60)
    assert made.batches == [["a"]]
    assert {record.message for record in caplog.records} == {"A poller failed."}
    assert all(record.exc_info for record in caplog.records)


async def test_a_delete_that_breaks_off_is_repeated(poll: Poll) -> None:
    made = poll("a", queue={"failures": {"delete": [SourceError("ConnectionError", "reset")] * 2}})
    await made.time.pass_(10)
    assert made.queue.calls("delete") == [("a#1",)] * 3
    assert (made.queue.bodies, made.metrics.events[EventCount.DELETED]) == ([], 1)


async def test_what_cannot_be_deleted_is_told_and_comes_again(poll: Poll) -> None:
    made = poll("a", "b", queue={"lost": {"b"}})
    await made.time.pass_(1)
    assert made.metrics.source_failures == [("jobs", "settle", "BatchEntriesFailed")]
    assert (made.queue.bodies, made.metrics.events[EventCount.DELETED]) == (["b"], 1)
    await made.time.pass_(40)
    assert made.batches == [["a", "b"], ["b"]]


async def test_a_fault_of_ours_does_not_end_the_polling(poll: Poll, caplog: pytest.LogCaptureFixture) -> None:
    made = poll()
    made.queue.send("broken", attributes={"MessageAttributes": {"n": 7}})
    await made.time.pass_(5)
    made.queue.send("a")
    await made.time.pass_(30)
    assert made.batches == [["a"]]
    assert "A poller failed." in [record.message for record in caplog.records]


def into_the_journal(batch: Batch, built: Any) -> BatchConversation:
    """What triggers with `source: {sqs: …}` do."""
    yield Accept(tuple(Acceptance(WORKER, message.body.encode()) for message in batch.messages))
    return all_completed(batch.messages)


async def test_messages_are_deleted_after_they_are_in_the_journal(poll: Poll) -> None:
    journaled = replace(TYPES["sqs"], handle_batch=into_the_journal)
    made = poll("a", "b", type=journaled)
    made.acceptor.error = Unavailable("the journal is full")
    await made.time.pass_(600)
    assert (made.queue.bodies, made.acceptor.accepted, made.metrics.batches) == (["a", "b"], [], [])
    assert [kept.received for kept in made.queue.kept] == [1, 1], "while the journal is full nothing is let go"
    made.acceptor.error = None
    await made.time.pass_(60)
    assert [(name, accepted.payload) for name, accepted in made.acceptor.accepted] == [("jobs", b"a"), ("jobs", b"b")]
    assert (made.queue.bodies, made.metrics.batches) == ([], [("jobs", "completed", None)])


# --- stopping --------------------------------------------------------------------------------------------------------


async def test_a_batch_that_runs_is_worked_on_to_its_end(poll: Poll) -> None:
    made = poll("a")
    made.gate.clear()
    await made.time.pass_(1)
    made.poller.stop()
    await made.time.pass_(5)
    made.gate.set()
    await made.close()
    assert (made.queue.bodies, made.queue.closed) == ([], True)
    assert len(made.queue.calls("receive")) == 5


async def test_what_was_received_and_not_begun_is_given_back(poll: Poll) -> None:
    made = poll("a", "b", batching_window=60.0, batch_size=20)
    await made.time.pass_(5)
    await made.close()
    assert made.batches == []
    assert made.queue.calls("change_visibility") == [(0, "a#1", "b#1")]


async def test_a_batch_that_waits_for_its_group_is_given_back(poll: Poll) -> None:
    made = poll(queue={"fifo": True, "locks_groups": False}, batch_size=1)
    made.gate.clear()
    fifo(made, one="ab")
    await made.time.pass_(1)
    made.poller.stop()
    await made.close()
    assert (made.batches, made.queue.bodies) == ([["a"]], ["b"])
    assert made.queue.calls("change_visibility") == [(0, "b#1")]


async def test_a_throttled_batch_is_given_back(poll: Poll) -> None:
    made = poll("a", answer=lambda invocation: throttled("ConcurrentInvocationLimitExceeded"))
    await made.time.pass_(1)
    await made.close()
    assert made.queue.calls("change_visibility") == [(0, "a#1")]


async def test_a_batch_that_runs_too_long_is_left_to_the_queue(poll: Poll, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    made = poll("a")
    made.gate.clear()
    await made.time.pass_(1)
    await asyncio.wait_for(made.time.until(made.poller.close(0.0)), 10)
    assert (made.queue.bodies, made.queue.closed) == (["a"], True)
    assert [record.message for record in caplog.records] == [
        "Batches still ran when the time to drain was over; their messages come again."
    ]
