"""InvokeWithResponseStream of the AWS backend: against an endpoint that says every byte itself, also the wrong ones."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from router.arn import FunctionArn
from router.backends.aws import AwsInvoker, invoker
from router.errors import Invoked, StreamFailed
from router.eventstream import event, message
from router.fakes import FakeClock
from router.model import Function, Invocation
from router.outcome import Outcome, OutcomeKind, throttled
from router.settings import Aws

ARN = FunctionArn("eu-west-1", "111122223333", "orders")
PATH = "/2021-11-15/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Aorders/response-streaming-invocations"
ID = "6f0c0d5e-7a43-4a6a-9d8e-0123456789ab"
STREAM_TYPE = "application/vnd.amazon.eventstream"

Start = Callable[..., Awaitable[AwsInvoker]]
pytestmark = pytest.mark.usefixtures("keys_in_environment")


def function(**fields: Any) -> Function:
    return Function("orders", ARN, **({"timeout": 30.0} | fields))


def invocation(target: Function, **fields: Any) -> Invocation:
    base = {"function": target, "qualifier": None, "payload": b"{}", "id": ID, "trace_id": "Root=1-a", "stream": True}
    return Invocation(**(base | fields))


@pytest.fixture
async def start(endpoint: Any) -> AsyncIterator[Start]:
    started = []

    async def start(target: Function, url: str = "") -> AwsInvoker:
        aws = Aws("eu-west-1", "111122223333", endpoint_url=url or endpoint.url)
        started.append(AwsInvoker(aws, {target.name: target}, FakeClock()))
        await started[-1].start()
        return started[-1]

    yield start
    for each in started:
        await each.close()


def chunk(payload: bytes) -> bytes:
    return event("PayloadChunk", payload, "application/octet-stream")


def complete(**members: Any) -> bytes:
    return event("InvokeComplete", json.dumps(members).encode(), "application/json")


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", "x-amz-executed-version: 7", f"x-amzn-requestid: {ID}", *lines, "", ""]).encode()


def answer(*messages: bytes, content_type: str = STREAM_TYPE) -> bytes:
    """A whole answer, each message in a chunk of its own."""
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in messages if each)
    return head("Transfer-Encoding: chunked", f"Content-Type: {content_type}") + chunks + b"0\r\n\r\n"


async def read(outcome: Outcome) -> bytes:
    assert outcome.stream is not None
    return b"".join([piece async for piece in outcome.stream])


# --- good answers ----------------------------------------------------------------------------------------------------


async def test_a_request_is_signed_and_its_answer_streamed_over_one_connection(endpoint: Any, start: Start) -> None:
    endpoint.answers = [answer(chunk(b"ab"), chunk(b""), chunk(b"c"), complete(LogResult="bG9n"))]
    orders = function()
    backend = await start(orders)
    for _ in range(2):
        outcome = await backend.invoke(invocation(orders, qualifier="live", log_tail=True, payload=b'{"a":1}'))
        assert (outcome.kind, outcome.payload, outcome.content_type) == (OutcomeKind.OK, b"", None)
        assert (outcome.executed_version, outcome.request_id, outcome.invoked) == ("7", ID, Invoked.YES)
        assert await read(outcome) == b"abc"
        assert outcome.stream is not None
        assert outcome.stream.log_tail == "bG9n"
    for received in endpoint.requests:
        assert received.line == f"POST {PATH}?Qualifier=live HTTP/1.1"
        assert (received.body, received.headers["content-length"]) == (b'{"a":1}', "7")
        assert received.headers["x-amzn-trace-id"] == "Root=1-a"
        assert received.headers["x-amz-log-type"] == "Tail"
        assert received.headers["x-amz-invocation-type"] == "RequestResponse"
        assert received.signed_by("secret", "eu-west-1")
        assert not {"accept", "accept-encoding"} & received.headers.keys()
    assert len(endpoint.requests) == 2


async def test_calls_with_and_without_a_stream_stand_beside_each_other(endpoint: Any, start: Start) -> None:
    endpoint.answers = [
        answer(chunk(b"a"), complete()),
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
    ]
    orders = function()
    backend = await start(orders)
    assert await read(await backend.invoke(invocation(orders))) == b"a"
    assert (await backend.invoke(invocation(orders, stream=False))).payload == b"null"
    assert ["/2021-11-15/" in received.line for received in endpoint.requests] == [True, False]


async def test_an_empty_stream(endpoint: Any, start: Start) -> None:
    endpoint.answers = [answer(complete())]
    orders = function()
    assert await read(await (await start(orders)).invoke(invocation(orders))) == b""


async def test_a_content_type_that_is_the_functions_own(endpoint: Any, start: Start) -> None:
    endpoint.answers = [answer(chunk(b"a"), complete(), content_type="text/html")]
    orders = function()
    outcome = await (await start(orders)).invoke(invocation(orders))
    assert (outcome.content_type, await read(outcome)) == ("text/html", b"a")


async def test_unknown_events_are_passed_over(endpoint: Any, start: Start) -> None:
    endpoint.answers = [answer(event("Tomorrow", b"?", "a/b"), chunk(b"a"), complete())]
    orders = function()
    assert await read(await (await start(orders)).invoke(invocation(orders))) == b"a"


# --- failures --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "payload"),
    [
        ({"ErrorCode": "Unhandled", "ErrorDetails": '{"errorType":"Oops"}'}, b'{"errorType":"Oops"}'),
        ({"ErrorCode": "Oops", "ErrorDetails": "no"}, b'{"errorType":"Oops","errorMessage":"no"}'),
        ({"ErrorCode": "Oops"}, b'{"errorType":"Oops","errorMessage":""}'),
    ],
)
async def test_a_function_that_fails(endpoint: Any, start: Start, members: dict[str, str], payload: bytes) -> None:
    """Before it has sent anything it is a failed invocation; later the stream breaks off."""
    failed = complete(**members, LogResult="bG9n")
    endpoint.answers = [answer(failed), answer(chunk(b"begun"), failed)]
    orders = function()
    backend = await start(orders)
    outcome = await backend.invoke(invocation(orders))
    assert (outcome.kind, outcome.payload, outcome.stream) == (OutcomeKind.FUNCTION_ERROR, payload, None)
    assert (outcome.log_tail, outcome.function_error) == ("bG9n", "Unhandled")
    outcome = await backend.invoke(invocation(orders))
    assert outcome.stream is not None
    pieces = aiter(outcome.stream)
    assert await anext(pieces) == b"begun"
    with pytest.raises(StreamFailed) as caught:
        await anext(pieces)
    assert (caught.value.name, caught.value.details, caught.value.log_tail) == ("function_error", payload, "bG9n")


async def test_lambda_refuses(endpoint: Any, start: Start, reply_with: Callable[..., bytes]) -> None:
    body = json.dumps({"Reason": "CallerRateLimitExceeded", "Type": "User", "message": "Rate Exceeded."}).encode()
    endpoint.answers = [reply_with(429, body, x_amzn_ErrorType="TooManyRequestsException", Retry_After="3")]
    orders = function(max_concurrency=1)
    backend = await start(orders)
    for _ in range(2):
        outcome = await backend.invoke(invocation(orders))
        assert (outcome.kind, outcome.reason, outcome.retry_after) == (OutcomeKind.THROTTLED, "CallerRateLimitExceeded", 3)
        assert (outcome.payload, outcome.stream) == (body, None)


BROKEN = bytearray(chunk(b"begun"))
BROKEN[-1] ^= 1


@pytest.mark.parametrize(
    ("sent", "detail"),
    [
        (answer(chunk(b"begun")), "ended before it was complete"),
        (answer(), "ended before it was complete"),
        (answer(chunk(b"begun"))[:-5], "broke off"),
        (answer(chunk(b"begun"), complete()[:-4]), "ended before it was complete"),
        (answer(bytes(BROKEN)), "checksum"),
        (answer(b"garbage that is no event stream"), "checksum"),
        (answer(chunk(b"begun"), b"\xff" * 12), "checksum"),
        (answer(chunk(b"begun"), event("InvokeComplete", b"[", "a/b")), "no JSON object"),
        (answer(chunk(b"begun"), event("InvokeComplete", b"[]", "a/b")), "no JSON object"),
        (answer(chunk(b"begun"), message({":message-type": "exception", ":exception-type": "Bad"}, b"x")), "Bad x"),
        (answer(message({":message-type": "error", ":error-code": "c", ":error-message": "m"}, b"")), "c m"),
        (answer(message({}, b"")), "broke off"),
        (head("Content-Length: 100000") + chunk(b"begun"), "broke off"),
        (head("Transfer-Encoding: chunked") + b"5\r\nbegun\r\nzz\r\n", ""),
    ],
)
async def test_a_stream_that_cannot_be_read(endpoint: Any, start: Start, sent: bytes, detail: str) -> None:
    """It is a failure whenever it shows, never an end; the next call has nothing of it."""
    endpoint.answers = [sent, answer(chunk(b"next"), complete())]
    orders = function(max_concurrency=1)
    backend = await start(orders)
    asked = asyncio.create_task(backend.invoke(invocation(orders)))
    if not sent.endswith(b"0\r\n\r\n"):
        await endpoint.arrived.get()
        await endpoint.stop()
    outcome = await asked
    if outcome.stream is not None:
        with pytest.raises(StreamFailed) as caught:
            await read(outcome)
        assert caught.value.name == "transport"
        outcome.message = str(caught.value)
    else:
        assert outcome.kind is OutcomeKind.TRANSPORT
    assert detail in (outcome.message or "")
    if sent.endswith(b"0\r\n\r\n"):
        assert await read(await backend.invoke(invocation(orders))) == b"next"


async def test_a_message_behind_the_last_one(endpoint: Any, start: Start) -> None:
    endpoint.answers = [answer(complete() + chunk(b"more"))]
    orders = function()
    outcome = await (await start(orders)).invoke(invocation(orders))
    assert (outcome.kind, "after the last one" in (outcome.message or "")) == (OutcomeKind.TRANSPORT, True)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        (b"garbage\r\n\r\n", OutcomeKind.TRANSPORT),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n", OutcomeKind.TRANSPORT),
        (b"HTTP/1.1 500 No\r\nContent-Length: 2000000\r\n\r\n" + b"x" * 2_000_000, OutcomeKind.TRANSPORT),
        (b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}", OutcomeKind.SERVICE_ERROR),
        (None, OutcomeKind.TRANSPORT),
    ],
)
async def test_what_is_no_stream(endpoint: Any, start: Start, sent: bytes | None, kind: OutcomeKind) -> None:
    endpoint.answers = [sent]
    orders = function(max_concurrency=1)
    backend = await start(orders)
    for _ in range(2):
        assert (await backend.invoke(invocation(orders))).kind is kind
    assert len(endpoint.requests) == 2


async def test_no_stream_is_counted_that_never_began(endpoint: Any, start: Start, unused_tcp_port: int) -> None:
    orders = function()
    endpoint.answers = [b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"]
    for url in ("", f"http://127.0.0.1:{unused_tcp_port}"):
        backend = await start(orders, url)
        assert (await backend.invoke(invocation(orders))).kind is not OutcomeKind.OK
        assert streams(backend) == 0


async def test_nobody_is_there(start: Start, unused_tcp_port: int) -> None:
    orders = function()
    backend = await start(orders, f"http://127.0.0.1:{unused_tcp_port}")
    outcome = await backend.invoke(invocation(orders))
    assert (outcome.kind, outcome.invoked) == (OutcomeKind.TRANSPORT, Invoked.NO)


async def test_servers_are_verified(endpoint: Any, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    endpoint.answers = [answer(chunk(b"ab"), complete())]
    await endpoint.stop()
    await endpoint.start(ssl=context)
    url = f"https://localhost:{endpoint.port}"
    orders = function()
    outcome = await (await start(orders, url)).invoke(invocation(orders))
    assert (outcome.kind, outcome.invoked, len(endpoint.requests)) == (OutcomeKind.TRANSPORT, Invoked.NO, 0)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    trusting = await start(orders, url)
    for _ in range(2):
        assert await read(await trusting.invoke(invocation(orders))) == b"ab"


# --- time, permits, back-pressure ------------------------------------------------------------------------------------


class Source:
    """An endpoint that answers with a head, and then with what it is given; `sent` counts bytes that the kernel took."""

    def __init__(self) -> None:
        self.pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.sent = 0
        self.asked, self.gone = asyncio.Event(), asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        self.asked.set()
        writing = asyncio.create_task(self._write(writer))
        await reader.read()  # until the other side is gone
        writing.cancel()
        self.gone.set()
        writer.close()

    async def _write(self, writer: asyncio.StreamWriter) -> None:
        writer.write(head("Connection: close", "Transfer-Encoding: chunked", f"Content-Type: {STREAM_TYPE}"))
        while (piece := await self.pieces.get()) is not None:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            self.sent += len(piece)
        writer.write(b"0\r\n\r\n")


@pytest.fixture
async def source() -> AsyncIterator[tuple[Source, str]]:
    source = Source()
    server = await asyncio.start_server(source.serve, "127.0.0.1", 0)
    yield source, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_the_first_piece_comes_before_the_function_ends(source: tuple[Source, str], start: Start) -> None:
    said, url = source
    orders = function()
    backend = await start(orders, url)
    said.pieces.put_nowait(chunk(b"first"))
    outcome = await backend.invoke(invocation(orders))
    assert outcome.stream is not None
    pieces = aiter(outcome.stream)
    assert await anext(pieces) == b"first"
    assert streams(backend) == 1
    said.pieces.put_nowait(chunk(b"second") + complete())
    said.pieces.put_nowait(None)
    assert [piece async for piece in pieces] == [b"second"]
    assert streams(backend) == 0


def streams(backend: AwsInvoker) -> Any:
    """Those that are under way, as the operator sees them."""
    status: Any = backend.status()
    return status["routes"][0]["streams"]


async def test_a_reader_that_is_slow_holds_the_source_up(source: tuple[Source, str], start: Start) -> None:
    """Of 64 MiB only what sockets and one buffer hold leaves the endpoint, until somebody reads."""
    said, url = source
    orders = function()
    piece = chunk(bytes(1024 * 1024))
    for _ in range(64):
        said.pieces.put_nowait(piece)
    said.pieces.put_nowait(complete())
    said.pieces.put_nowait(None)
    outcome = await (await start(orders, url)).invoke(invocation(orders))
    before = -1
    while said.sent != before:
        before = said.sent
        for _ in range(200):
            await asyncio.sleep(0)
    assert said.sent < 16 * 1024 * 1024
    assert len(await read(outcome)) == 64 * 1024 * 1024


async def test_a_permit_is_held_until_the_stream_ends(source: tuple[Source, str], start: Start) -> None:
    said, url = source
    orders = function(max_concurrency=1)
    backend = await start(orders, url)
    said.pieces.put_nowait(chunk(b"first"))
    outcome = await backend.invoke(invocation(orders))
    refused = throttled("ReservedFunctionConcurrentInvocationLimitExceeded", request_id=ID)
    assert await backend.invoke(invocation(orders)) == refused
    said.pieces.put_nowait(complete())
    said.pieces.put_nowait(None)
    assert await read(outcome) == b"first"
    await said.gone.wait()
    said.gone.clear()
    said.pieces.put_nowait(chunk(b"again"))
    outcome = await backend.invoke(invocation(orders))
    assert outcome.stream is not None
    await outcome.stream.aclose()
    await outcome.stream.aclose()
    await said.gone.wait()
    said.pieces.put_nowait(chunk(b"third"))
    outcome = await backend.invoke(invocation(orders))
    assert outcome.kind is OutcomeKind.OK
    assert outcome.stream is not None
    await outcome.stream.aclose()


async def test_a_caller_that_gives_up_gives_the_permit_back(source: tuple[Source, str], start: Start) -> None:
    said, url = source
    orders = function(max_concurrency=1)
    backend = await start(orders, url)
    asked = asyncio.create_task(backend.invoke(invocation(orders)))
    await said.asked.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    outcome = await backend.invoke(invocation(orders, timeout=0.01))
    assert (outcome.kind, outcome.invoked) == (OutcomeKind.TIMEOUT, Invoked.UNKNOWN)


async def test_the_functions_own_time_bounds_the_stream(
    source: tuple[Source, str], start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invoker, "_MARGIN", 0.0)
    said, url = source
    orders = function(timeout=0.2)
    said.pieces.put_nowait(chunk(b"first"))
    outcome = await (await start(orders, url)).invoke(invocation(orders))
    with pytest.raises(StreamFailed) as caught:
        await read(outcome)
    assert caught.value.name == "timeout"
    await said.gone.wait()
