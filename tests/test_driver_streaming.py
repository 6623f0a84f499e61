"""Answers of functions that are passed on as they come: what the driver reads of them, when they end, who closes them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from router.arn import FunctionArn
from router.driver import Driver
from router.errors import BadStream, BodyIncomplete, StreamFailed
from router.exchange import Exchange
from router.fakes import FakeClock, FakeInvoker, FakeMetrics, FakeStream, request, streaming, succeeded, trigger
from router.model import Conversation, Function, Invocation, Invoke, Reply, Request, Stream, Target
from router.outcome import HTTP_RESPONSE, Outcome, OutcomeKind
from router.streams import MAX_PRELUDE

HELLO = Target(Function("hello", FunctionArn("eu-west-1", "111122223333", "hello"), 900.0))
NULS = bytes(8)
PRELUDE = b'{"statusCode":201}'


class Slow:
    """A function's answer that goes on when it is told to; `taken` counts the pieces that somebody asked for."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.log_tail: str | None = None
        self.taken = 0
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.taken += 1
            piece = await self.pieces.get()
            if piece is None:
                self.log_tail = "bG9n"
                return
            yield piece

    async def aclose(self) -> None:
        self.closed += 1


class Play:
    """One request to a trigger that invokes `hello` with `step`, and keeps the outcome."""

    def __init__(self, answer: Outcome | Callable[[Invocation], Outcome], **step: Any) -> None:
        self.invoker = FakeInvoker({"hello": answer})
        self.metrics = FakeMetrics()
        self.outcome: Outcome | None = None
        self.error: Exception | None = None
        self.step = Invoke(HELLO, b"{}", **({"stream": True, "http": True} | step))
        self.clock = FakeClock()

    def handle(self, asked: Request, built: Any) -> Conversation:
        try:
            self.outcome = outcome = yield self.step
        except BadStream as error:
            self.error = error
            return Reply(502, [])
        return Reply(200, [], outcome.stream or outcome.payload)

    async def reply(self) -> Reply:
        driver = Driver(self.invoker, self.clock, lambda: 0.0, self.metrics)

        async def nothing(limit: int) -> bytes:
            return b""

        return await driver.run(Exchange(trigger("t", self.handle), request("GET", "/"), nothing))


async def read(body: bytes | Stream) -> bytes:
    assert not isinstance(body, bytes)
    return b"".join([piece async for piece in body])


@pytest.mark.parametrize("content_type", [None, HTTP_RESPONSE, f"{HTTP_RESPONSE}; charset=utf-8"])
@pytest.mark.parametrize(
    "pieces",
    [
        (PRELUDE + NULS + b"body\0more",),
        (PRELUDE, NULS, b"body\0more"),
        (PRELUDE + NULS[:3], NULS[3:] + b"body\0", b"more"),
        (*(bytes([byte]) for byte in PRELUDE + NULS), b"", b"body\0more"),
    ],
)
async def test_the_prelude_is_taken_off(content_type: str | None, pieces: tuple[bytes, ...]) -> None:
    play = Play(streaming(*pieces, content_type=content_type))
    reply = await play.reply()
    assert play.outcome is not None
    assert (play.outcome.payload, play.outcome.content_type) == (PRELUDE, HTTP_RESPONSE)
    assert await read(reply.body) == b"body\0more"
    assert play.invoker.invocations[0].stream


@pytest.mark.parametrize(
    "pieces",
    [
        (b"hello", b" world"),
        (b"",),
        (),
        (b'{"a":1}',),
        (b'{"a":"}', b'\\"{"}', b"\nx" + NULS),
        (b'{"a":[', b"1]}" + NULS[:7], b"x" + NULS),
        (b"[]" + NULS,),
        (b'{"a":"' + b"x" * MAX_PRELUDE, b"yz"),
        (b'{"a":"' + b"x" * (MAX_PRELUDE - 8), b'"}' + NULS),
    ],
)
async def test_what_begins_otherwise_is_all_body(pieces: tuple[bytes, ...]) -> None:
    """The backend does not know the type; nothing is lost, and what can be no prelude is not waited for."""
    play = Play(streaming(*pieces))
    reply = await play.reply()
    assert play.outcome is not None
    assert (play.outcome.payload, play.outcome.content_type) == (b"", None)
    assert await read(reply.body) == b"".join(pieces)


async def test_another_type_is_all_body() -> None:
    play = Play(streaming(PRELUDE + NULS, content_type="text/plain"))
    assert await read((await play.reply()).body) == PRELUDE + NULS


async def test_nobody_looks_for_a_prelude_where_none_is_wanted() -> None:
    play = Play(streaming(PRELUDE + NULS, content_type=HTTP_RESPONSE), http=False)
    assert await read((await play.reply()).body) == PRELUDE + NULS


@pytest.mark.parametrize("pieces", [(b"hello",), (), (b"x" * (MAX_PRELUDE - 7) + NULS,), (b"x" * MAX_PRELUDE, b"y")])
async def test_a_promised_prelude_that_does_not_come(pieces: tuple[bytes, ...]) -> None:
    answer = streaming(*pieces, content_type=HTTP_RESPONSE)
    source = answer.stream
    play = Play(answer)
    assert (await play.reply()).status == 502
    assert "no eight NUL bytes" in str(play.error)
    assert isinstance(source, FakeStream)
    assert source.closed
    assert play.metrics.invocations == [("t", "hello", OutcomeKind.OK)]


async def test_the_longest_prelude() -> None:
    longest = b"x" * (MAX_PRELUDE - 8)
    play = Play(streaming(longest[:9000], longest[9000:] + NULS + b"body", content_type=HTTP_RESPONSE))
    assert await read((await play.reply()).body) == b"body"
    assert play.outcome is not None
    assert play.outcome.payload == longest


async def test_a_failure_before_the_prelude_is_whole_is_a_failed_outcome() -> None:
    failure = StreamFailed("function_error", "the function failed: Oops", b'{"errorType":"Oops"}', "bG9n")
    play = Play(streaming(b'{"status', failure, content_type=HTTP_RESPONSE))
    await play.reply()
    found = play.outcome
    assert found is not None
    assert (found.kind, found.payload, found.stream) == (OutcomeKind.FUNCTION_ERROR, b'{"errorType":"Oops"}', None)
    assert (found.function_error, found.log_tail) == ("Unhandled", "bG9n")
    assert play.metrics.invocations == [("t", "hello", OutcomeKind.FUNCTION_ERROR)]


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (StreamFailed("timeout", "late"), OutcomeKind.TIMEOUT),
        (StreamFailed("transport", "broken"), OutcomeKind.TRANSPORT),
        (BodyIncomplete("of an origin"), OutcomeKind.TRANSPORT),
        (OSError("a fault of a backend"), OutcomeKind.TRANSPORT),
    ],
)
async def test_a_failure_in_mid_stream_breaks_off_and_is_counted(raised: Exception, kind: OutcomeKind) -> None:
    play = Play(streaming(b"begun", raised))
    body = (await play.reply()).body
    assert play.metrics.invocations == []
    with pytest.raises(StreamFailed) as caught:
        await read(body)
    assert caught.value.name == kind.value
    assert play.metrics.invocations == [("t", "hello", kind)]


async def test_the_first_piece_is_passed_on_before_the_second_is_asked_for() -> None:
    source = Slow()
    answer = succeeded(b"")
    answer.stream = source
    play = Play(answer)
    source.pieces.put_nowait(b"first")
    reply = await play.reply()
    assert source.taken == 1
    assert not isinstance(reply.body, bytes)
    body = aiter(reply.body)
    assert await anext(body) == b"first"
    assert (source.taken, play.metrics.invocations) == (1, [])
    source.pieces.put_nowait(None)
    with pytest.raises(StopAsyncIteration):
        await anext(body)
    assert play.outcome is not None
    assert play.outcome.stream is not None
    assert play.outcome.stream.log_tail == "bG9n"
    assert play.metrics.invocations == [("t", "hello", OutcomeKind.OK)]


@pytest.mark.parametrize("step", [{"timeout": 0.01}, {"idle": 0.01}, {"timeout": 900.0, "idle": 0.01}])
async def test_a_stream_that_does_not_go_on_is_given_up(step: dict[str, float]) -> None:
    source = Slow()
    answer = succeeded(b"")
    answer.stream = source
    play = Play(answer, http=False, **step)
    body = (await play.reply()).body
    with pytest.raises(StreamFailed, match="in time"):
        await read(body)
    assert source.closed
    assert play.metrics.invocations == [("t", "hello", OutcomeKind.TIMEOUT)]


async def test_a_stream_that_is_not_passed_on_is_closed() -> None:
    answer = streaming(b"theirs")
    source = answer.stream
    play = Play(answer)
    driver = Driver(play.invoker, FakeClock(), lambda: 0.0, play.metrics)

    def handle(asked: Request, built: Any) -> Conversation:
        yield play.step
        return Reply(200, [], b"mine")

    async def nothing(limit: int) -> bytes:
        return b""

    assert (await driver.run(Exchange(trigger("t", handle), request("GET", "/"), nothing))).body == b"mine"
    assert isinstance(source, FakeStream)
    assert source.closed
    assert play.metrics.invocations == [("t", "hello", OutcomeKind.OK)]


async def test_an_answer_that_came_whole_stays_whole() -> None:
    play = Play(succeeded(PRELUDE + NULS))
    assert (await play.reply()).body == PRELUDE + NULS
