"""Answers of local functions that are passed on as they come: real handlers in Node.js, and a runtime of ours."""

import asyncio
import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from router.backends.local import streaming
from router.errors import StreamFailed
from router.outcome import HTTP_RESPONSE, Outcome, OutcomeKind, timed_out

REQUEST = "8f5e4f3e-0b43-4b6e-9e0a-2f9b5a5c1d11"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js on this machine")


async def read(outcome: Outcome) -> bytes:
    assert outcome.stream is not None
    return b"".join([piece async for piece in outcome.stream])


async def broken(outcome: Outcome) -> tuple[bytes, StreamFailed]:
    """What came before the stream broke off, and why it did."""
    assert outcome.stream is not None
    came = b""
    try:
        async for piece in outcome.stream:
            came += piece
    except StreamFailed as error:
        return came, error
    raise AssertionError("the stream came to its end")


# --- Node.js ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def node(start):
    async def started(handler: str, **fields: Any):
        return await start(runtime="nodejs", handler=f"local_node_streams.{handler}", memory=512 * 1024 * 1024, **fields)

    return started


@needs_node
async def test_status_and_headers_come_first(node):
    page = await node("page")
    for _ in range(2):
        outcome = await page.call(b'{"a":1}', id=REQUEST, stream=True)
        assert (outcome.kind, outcome.payload, outcome.content_type) == (OutcomeKind.OK, b"", HTTP_RESPONSE)
        prelude, body = (await read(outcome)).split(bytes(8))
        assert json.loads(prelude) == {"statusCode": 201, "headers": {"content-type": "text/plain"}, "cookies": ["a=1"]}
        assert body == b'hello 8f5e{"event":{"a":1}}'
    assert page.status.cold_starts == 1


@needs_node
@pytest.mark.parametrize(
    ("handler", "content_type", "body"),
    [("raw", "text/event-stream", b"abc"), ("empty", "application/octet-stream", b"")],
)
async def test_a_stream_without_a_prelude(node, handler, content_type, body):
    outcome = await (await node(handler)).call(stream=True)
    assert (outcome.content_type, await read(outcome)) == (content_type, body)


@needs_node
async def test_a_handler_that_does_not_stream_answers_whole(node):
    outcome = await (await node("buffered")).call(stream=True)
    assert (outcome.payload, outcome.stream) == (b'{"statusCode":200,"body":"whole"}', None)


@needs_node
async def test_who_asks_for_no_stream_gets_it_whole(node):
    outcome = await (await node("raw")).call()
    assert (outcome.payload, outcome.stream) == (b"abc", None)


@needs_node
async def test_the_first_piece_comes_before_the_function_ends(node, tmp_path: Path):
    gated = await node("gated", max_concurrency=1)
    outcome = await gated.call(json.dumps({"gate": str(tmp_path / "gate")}).encode(), stream=True, log_tail=True)
    pieces = aiter(outcome.stream)
    assert await anext(pieces) == b"first"
    assert gated.status.running == 1
    assert (await gated.call(stream=True)).kind is OutcomeKind.THROTTLED
    (tmp_path / "gate").touch()
    assert [piece async for piece in pieces] == []
    assert gated.status.running == 0
    assert b"REPORT" in base64.b64decode(outcome.stream.log_tail)


@needs_node
async def test_a_handler_that_fails(node):
    """Before its first byte it is a failed invocation; later its trailers say why the stream breaks off."""
    fails = await node("fails")
    outcome = await fails.call(stream=True)
    report = json.loads(outcome.payload)
    assert (outcome.kind, outcome.stream) == (OutcomeKind.FUNCTION_ERROR, None)
    assert (report["errorType"], report["errorMessage"]) == ("Oöps", "no luck")
    came, failure = await broken(await fails.call(b'{"begin":true}', stream=True))
    assert (came, failure.name, json.loads(failure.details)) == (b"begun", "function_error", report)
    assert fails.status.cold_starts == 1


@needs_node
async def test_a_handler_that_is_not_asynchronous(node):
    outcome = await (await node("synchronous")).call(stream=True)
    if outcome.stream is not None:  # it had ended its stream before that was found out
        assert await read(outcome) == b""
    else:
        assert "non-async" in json.loads(outcome.payload)["errorMessage"]


@needs_node
async def test_the_content_type_comes_too_late(node):
    body = await read(await (await node("late")).call(stream=True))
    assert body == b"begunRuntime.InvalidStreamingOperation: Cannot set content-type, too late."


@needs_node
@pytest.mark.parametrize(
    ("handler", "fields", "error_types"),
    [
        ("breaks", {}, {"Runtime.TruncatedResponse", "Error"}),
        ("exits", {}, {"Runtime.TruncatedResponse", "Runtime.ExitError"}),
        ("hangs", {"timeout": 0.6}, {"Sandbox.Timedout"}),
    ],
)
async def test_a_stream_that_does_not_come_to_its_end(node, handler, fields, error_types):
    """However that happens the next call is served."""
    function = await node(handler, **fields)
    for _ in range(2):
        outcome = await function.call(stream=True)
        if outcome.stream is None:
            error = outcome.payload
        else:
            came, failure = await broken(outcome)
            assert b"begun".startswith(came)
            error = failure.details
        assert json.loads(error)["errorType"] in error_types


# --- a runtime of our own --------------------------------------------------------------------------------------------


class Runtime:
    """Speaks the Runtime API byte by byte."""

    def __init__(self, address: str) -> None:
        self.host, _, port = address.rpartition(":")
        self.port = int(port)
        self.writers: list[asyncio.StreamWriter] = []

    async def next(self) -> str:
        """Take an invocation; its id."""
        await self._connect()
        self.writer.write(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: r\r\n\r\n")
        head = await self.reader.readuntil(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
        await self.reader.readexactly(int(lines["Content-Length"]))
        return lines["Lambda-Runtime-Aws-Request-Id"]

    async def post(self, request_id: str, *parts: bytes, what: str = "response", mode: str = "streaming") -> None:
        """Begin an answer on a connection of its own."""
        await self._connect()
        self.writer.write(
            f"POST /2018-06-01/runtime/invocation/{request_id}/{what} HTTP/1.1\r\nHost: r\r\nContent-Type: a/b\r\n"
            f"Lambda-Runtime-Function-Response-Mode: {mode}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        self.writer.write(b"".join(parts))

    async def _connect(self) -> None:
        self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        self.writers.append(self.writer)

    async def status(self) -> bytes:
        return (await self.reader.readuntil(b"\r\n\r\n"))[9:12]


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.fixture
async def attached(start):
    function = await start(attach=True)
    while not function.status.addresses:
        await asyncio.sleep(0)
    runtime = Runtime(function.status.addresses[0])
    yield function, runtime
    for writer in runtime.writers:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def began(attached, *parts: bytes, **fields: Any) -> Outcome:
    """A call whose answer has begun with these bytes."""
    function, runtime = attached
    asked = asyncio.create_task(function.call(stream=True, **fields))
    await runtime.post(await runtime.next(), *parts)
    return await asked


async def test_a_whole_stream_and_its_answer(attached):
    _, runtime = attached
    outcome = await began(attached, chunk(b"ab"), chunk(b"c"), b"0\r\n\r\n")
    assert (outcome.content_type, outcome.request_id, await read(outcome)) == ("a/b", outcome.request_id, b"abc")
    assert await runtime.status() == b"202"


@pytest.mark.parametrize("ending", [b"", b"zz\r\n", b"5\r\nab"])
async def test_a_connection_that_breaks_in_mid_stream(attached, ending):
    _, runtime = attached
    outcome = await began(attached, chunk(b"ab"), ending)
    runtime.writer.close()
    came, failure = await broken(outcome)
    assert came.startswith(b"ab")
    assert json.loads(failure.details)["errorType"] == "Runtime.TruncatedResponse"
    outcome = await began(attached, chunk(b"next"), b"0\r\n\r\n")
    assert await read(outcome) == b"next"


async def test_an_error_in_the_trailers(attached):
    body = base64.b64encode(b'{"errorType":"Oops"}')
    trailers = b"0\r\nLambda-Runtime-Function-Error-Type: Oops\r\nLambda-Runtime-Function-Error-Body: %b\r\n\r\n" % body
    came, failure = await broken(await began(attached, chunk(b"ab"), trailers))
    assert (came, failure.details) == (b"ab", b'{"errorType":"Oops"}')
    function, runtime = attached
    asked = asyncio.create_task(function.call(stream=True))
    await runtime.post(await runtime.next(), trailers)
    assert ((await asked).kind, (await asked).payload) == (OutcomeKind.FUNCTION_ERROR, b'{"errorType":"Oops"}')


async def test_trailers_are_bounded(attached):
    _, runtime = attached
    outcome = await began(attached, chunk(b"ab"), b"0\r\n")
    line = b"x: " + b"y" * 60_000 + b"\r\n"
    for _ in range(50):
        runtime.writer.write(line)
    came, failure = await broken(outcome)
    assert (came, json.loads(failure.details)["errorType"]) == (b"ab", "Runtime.TruncatedResponse")


@pytest.mark.parametrize("what", ["response", "error"])
async def test_a_stream_that_has_begun_is_the_only_answer(attached, what):
    function, runtime = attached
    asked = asyncio.create_task(function.call(stream=True, id=REQUEST))
    await runtime.post(await runtime.next(), chunk(b"ab"))
    outcome = await asked
    first = runtime.writer
    await runtime.post(REQUEST, chunk(b"{}"), b"0\r\n\r\n", what=what)
    assert await runtime.status() == b"403"
    first.write(b"0\r\n\r\n")
    assert await read(outcome) == b"ab"


async def test_an_unknown_mode(attached):
    function, runtime = attached
    asked = asyncio.create_task(function.call(stream=True, id=REQUEST))
    await runtime.post(await runtime.next(), chunk(b"ab"), b"0\r\n\r\n", mode="dripping")
    assert await runtime.status() == b"400"
    await runtime.post(REQUEST, chunk(b"ab"), b"0\r\n\r\n")
    assert await read(await asked) == b"ab"


async def settled(count: list[int]) -> int:
    """What was written, once nothing moves any more."""
    before = -1
    while count[0] != before:
        before = count[0]
        for _ in range(200):
            await asyncio.sleep(0)
    return count[0]


async def test_a_reader_that_is_slow_holds_the_function_up(attached):
    """Of 64 MiB only what sockets and one buffer hold leaves the runtime, until somebody reads."""
    outcome = await began(attached, chunk(b"x"))
    _, runtime = attached
    sent = [0]

    async def write() -> None:
        for _ in range(64):
            runtime.writer.write(chunk(bytes(1024 * 1024)))
            await runtime.writer.drain()
            sent[0] += 1
        runtime.writer.write(b"0\r\n\r\n")

    writing = asyncio.create_task(write())
    assert await settled(sent) < 16
    assert len(await read(outcome)) == 64 * 1024 * 1024 + 1
    await writing


async def test_a_reader_that_goes_away_lets_the_function_end(attached):
    function, runtime = attached
    outcome = await began(attached, chunk(b"x"))
    await outcome.stream.aclose()
    for _ in range(8):
        runtime.writer.write(chunk(bytes(1024 * 1024)))
        await runtime.writer.drain()
    runtime.writer.write(b"0\r\n\r\n")
    assert await runtime.status() == b"202"
    assert function.status.running == 0


async def test_a_caller_that_gave_up_before_the_first_byte(attached):
    function, runtime = attached
    asked = asyncio.create_task(function.call(stream=True))
    request_id = await runtime.next()
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    await runtime.post(request_id, chunk(bytes(1024 * 1024)), b"0\r\n\r\n")
    assert await runtime.status() == b"202"


async def test_an_answer_is_cut_at_its_limit(attached, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(streaming, "MAX_STREAM", 10)
    _, runtime = attached
    outcome = await began(attached, chunk(b"12345"), chunk(b"67890"), chunk(b"x"), b"0\r\n\r\n")
    came, failure = await broken(outcome)
    assert (came, json.loads(failure.details)["errorType"]) == (b"1234567890", "Function.ResponseSizeTooLarge")
    assert await runtime.status() == b"202"


@needs_node
async def test_the_callers_deadline_before_the_first_byte(node):
    function = await node("synchronous", timeout=5.0)
    outcome = await function.call(stream=True, timeout=0.0)
    assert outcome.kind is timed_out(0.0).kind
