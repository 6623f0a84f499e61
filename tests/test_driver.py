"""The driver performs steps, throws request errors back in, and lets nothing past the door."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from router.arn import FunctionArn
from router.batches import Batch, Completed, Message, Rejected, Settlement
from router.driver import Driver
from router.errors import BodyTooLarge, Invoked, Unavailable
from router.exchange import BatchExchange, Exchange
from router.fakes import FakeClock, FakeInvoker, FakeMetrics, request, succeeded, trigger
from router.model import (
    BatchConversation,
    Conversation,
    ErrorNote,
    Function,
    Invocation,
    Invoke,
    ReadBody,
    Reply,
    Request,
    Target,
)
from router.outcome import Outcome, OutcomeKind, throttled

HELLO = Function("hello", FunctionArn("eu-west-1", "111122223333", "hello"), 3.0)


async def converse(
    handle: Callable[[Request, Any], Conversation],
    invoker: FakeInvoker | None = None,
    *,
    body: bytes = b"",
    limit_reached: bool = False,
    draw: float = 0.0,
    clock: FakeClock | None = None,
) -> tuple[Reply, Exchange, FakeMetrics]:
    async def read_body(limit: int) -> bytes:
        if limit_reached or len(body) > limit:
            raise BodyTooLarge(limit)
        return body

    metrics = FakeMetrics()
    driver = Driver(invoker or FakeInvoker(), clock or FakeClock(), lambda: draw, metrics)
    exchange = Exchange(trigger("t", handle), request("GET", "/"), read_body)
    exchange.request.body = None
    return await driver.run(exchange), exchange, metrics


async def test_steps_get_their_results() -> None:
    def handle(request: Request, built: Any) -> Conversation:
        body = yield ReadBody(10)
        assert request.body == body
        outcome = yield Invoke(Target(HELLO, "live"), b'{"x":' + body + b"}", timeout=29.0, log_tail=True, is_json=True)
        return Reply(200, [("a", "b")], outcome.payload)

    invoker = FakeInvoker({"hello": succeeded(b'"hi"')})
    reply, exchange, metrics = await converse(handle, invoker, body=b"1")

    assert reply == Reply(200, [("a", "b")], b'"hi"')
    assert invoker.invocations == [
        Invocation(
            HELLO,
            "live",
            b'{"x":1}',
            exchange.request.id,
            exchange.request.trace_id,
            timeout=29.0,
            log_tail=True,
            trigger="t",
            is_json=True,
        )
    ]
    assert metrics.invocations == [("t", "hello", OutcomeKind.OK)]


async def test_a_request_error_is_thrown_into_the_conversation() -> None:
    def handle(request: Request, built: Any) -> Conversation:
        try:
            yield ReadBody(3)
        except BodyTooLarge as error:
            return Reply(413, [], str(error.limit).encode())
        raise AssertionError("the error did not come in")

    reply, _, _ = await converse(handle, body=b"four")
    assert reply == Reply(413, [], b"3")


async def test_a_request_error_that_a_trigger_does_not_answer_is_answered_by_its_class() -> None:
    def handle(request: Request, built: Any) -> Conversation:
        yield ReadBody(3)
        raise Unavailable('the "store" is full', retry_after=7)

    reply, _, _ = await converse(handle)
    assert reply == Reply(
        503,
        [("Content-Type", "application/json")],
        b'{"message":"the \\"store\\" is full"}',
        ErrorNote("unavailable", Invoked.NO, 7, 'the "store" is full'),
    )


async def test_a_fault_of_a_trigger_says_whether_the_function_ran(caplog: pytest.LogCaptureFixture) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        yield Invoke(Target(HELLO), b"{}")
        raise KeyError("secret")

    reply, _, _ = await converse(handle)
    assert reply.status == 500
    assert reply.error == ErrorNote("internal", Invoked.YES, None, "The router failed; its log says why.")
    assert b"secret" not in bytes(reply.body)  # type: ignore[arg-type]
    assert [record.message for record in caplog.records] == ["A trigger failed."]


async def test_a_backend_that_raises_is_an_outcome(caplog: pytest.LogCaptureFixture) -> None:
    def explode(invocation: Invocation) -> Outcome:
        raise RuntimeError("boom")

    def handle(request: Request, built: Any) -> Conversation:
        outcome = yield Invoke(Target(HELLO), b"{}")
        return Reply(500, [], outcome.kind.value.encode(), ErrorNote(outcome.kind, outcome.invoked))

    reply, _, _ = await converse(handle, FakeInvoker({"hello": explode}))
    assert reply == Reply(500, [], b"transport", ErrorNote("transport", Invoked.UNKNOWN))


async def test_a_failed_attempt_is_logged_without_its_payload(caplog: pytest.LogCaptureFixture) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        outcome = yield Invoke(Target(HELLO), b'{"password":"x"}')
        return Reply(429, [], b"", ErrorNote(outcome.kind, outcome.invoked))

    _, exchange, metrics = await converse(handle, FakeInvoker({"hello": throttled("CallerRateLimitExceeded")}))
    (record,) = caplog.records
    assert record.message == "An invocation failed."
    fields = {name: getattr(record, name) for name in ("trigger", "function", "outcome", "request_id", "trace_id", "code")}
    assert fields == {
        "trigger": "t",
        "function": "hello",
        "outcome": "throttled",
        "request_id": exchange.request.id,
        "trace_id": exchange.request.trace_id,
        "code": "TooManyRequestsException",
    }
    assert "password" not in str(vars(record))
    assert metrics.invocations == [("t", "hello", OutcomeKind.THROTTLED)]


@pytest.mark.parametrize(
    ("draw", "qualifier"),
    [(0.0, "live"), (0.94, "live"), (0.9500001, "8"), (0.999999, "8")],
)
async def test_weights_split_between_qualifiers(draw: float, qualifier: str) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        yield Invoke(Target(HELLO, weights=(("live", 95), ("never", 0), ("8", 5))), b"{}")
        return Reply(200, [])

    invoker = FakeInvoker()
    await converse(handle, invoker, draw=draw)
    assert [invocation.qualifier for invocation in invoker.invocations] == [qualifier]


async def test_time_waited_for_functions_is_told_apart() -> None:
    clock = FakeClock()

    def slow(invocation: Invocation) -> Outcome:
        clock.advance(2.5)
        return succeeded(b"1")

    def handle(request: Request, built: Any) -> Conversation:
        first = yield Invoke(Target(HELLO), b"{}")
        clock.advance(1.0)
        second = yield Invoke(Target(HELLO), b"{}")
        return Reply(200, [], f"{first.function_seconds} {second.function_seconds}".encode())

    reply, exchange, _ = await converse(handle, FakeInvoker({"hello": slow}), clock=clock)
    assert (reply.body, exchange.waited) == (b"2.5 2.5", 5.0)


# --- messages that were polled ---------------------------------------------------------------------------------------

BATCH = Batch((Message("m1", "{}"), Message("m2", "[]")), "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10", "Root=1-2-3", 1_783_711_144.0)


async def settle(handle: Callable[[Batch, Any], BatchConversation], invoker: FakeInvoker) -> tuple[Settlement, BatchExchange]:
    polled = trigger("t", lambda request, built: iter(()))  # type: ignore[arg-type, return-value]
    polled.type = replace(polled.type, handle_batch=handle)
    exchange = BatchExchange(polled, BATCH)
    return await Driver(invoker, FakeClock(), lambda: 0.0, FakeMetrics()).run_batch(exchange), exchange


async def test_a_batch_is_worked_on_with_its_own_ids() -> None:
    def handle(batch: Batch, built: Any) -> BatchConversation:
        results = []
        for message in batch.messages:
            outcome = yield Invoke(Target(HELLO), message.body.encode())
            results.append(Completed(message.handle, outcome.payload.decode()))
        return Settlement(tuple(results))

    invoker = FakeInvoker({"hello": succeeded(b"1")})
    settlement, exchange = await settle(handle, invoker)
    assert settlement == Settlement((Completed("m1", "1"), Completed("m2", "1")))
    assert invoker.invocations == [
        Invocation(HELLO, None, b"{}", BATCH.id, BATCH.trace_id, trigger="t"),
        Invocation(HELLO, None, b"[]", BATCH.id, BATCH.trace_id, trigger="t"),
    ]
    assert len(exchange.outcomes) == 2


async def test_a_fault_of_a_trigger_rejects_its_messages(caplog: pytest.LogCaptureFixture) -> None:
    def handle(batch: Batch, built: Any) -> BatchConversation:
        yield Invoke(Target(HELLO), b"{}")
        raise KeyError("secret")

    settlement, _ = await settle(handle, FakeInvoker())
    told = ("Router.Internal", "The router failed; its log says why.")
    assert settlement == Settlement((Rejected("m1", *told), Rejected("m2", *told)), "internal", "KeyError")
    assert [record.message for record in caplog.records] == ["A trigger failed."]
