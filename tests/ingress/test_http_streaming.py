"""Answers of functions that stream, as bytes at the door: a function URL and a REST API over functions that are played."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from router.arn import FunctionArn
from router.driver import Driver
from router.errors import StreamFailed
from router.fakes import FakeClock, FakeInvoker, FakeMetrics, FakeStream, streaming
from router.ingress.http import HttpDoor
from router.ingress.listen import listen
from router.model import Function, Place, Scope, Target, Trigger
from router.outcome import HTTP_RESPONSE, Outcome, OutcomeKind
from router.routing import compile_tables
from router.settings import Address, Listener
from router.triggers import TYPES

HELLO = Function("hello", FunctionArn("eu-west-1", "111122223333", "hello"), 3.0)
SCOPE = Scope("t", "111122223333", "eu-west-1", lambda reference: Target(HELLO), {"hello": HELLO})
URL = {"type": "function_url", "function": "hello", "invoke_mode": "response_stream"}
REST = {
    "type": "api_gateway",
    "api": "rest",
    "stage": "prod",
    "base_path": "/",
    "response_transfer_mode": "stream",
    "routes": {"ANY /": "hello"},
}
NULS = bytes(8)


class Served:
    """A listening door with one trigger."""

    def __init__(self) -> None:
        self.invoker, self.metrics, self.port = FakeInvoker(), FakeMetrics(), 0
        self.server: Any = None

    async def ask(self, method: str = "GET", version: str = "1.1") -> tuple[list[str], bytes]:
        """The lines of the answer's head, and all that follows until the connection ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"{method} / HTTP/{version}\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        try:
            async with asyncio.timeout(20):
                head = await reader.readuntil(b"\r\n\r\n")
                return head.decode().split("\r\n")[:-2], await reader.read()
        finally:
            writer.close()


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[dict[str, Any]], Awaitable[Served]]]:
    opened = []

    async def served(settings: dict[str, Any]) -> Served:
        type, made = TYPES[settings["type"]], Served()
        settings = {"invocation": ["sync"], **settings}
        built, claims = type.build(settings, SCOPE), type.claims(settings)
        trigger = Trigger("t", type, frozenset({"sync"}), "main", claims, built, {}, Place("router.yaml", 1, 1))
        driver = Driver(made.invoker, FakeClock(), lambda: 0.0, made.metrics)
        listener = Listener("main", Address("127.0.0.1", 0))
        door = HttpDoor(listener, compile_tables([trigger])["main"], driver, made.metrics, FakeClock())
        made.server = door.server()
        opened.append(await listen(made.server, listener.address, None, 1.0))
        made.port = opened[-1].address.port
        return made

    yield served
    for listening in opened:
        await listening.close()


def answer(*pieces: bytes | Exception) -> Callable[[Any], Outcome]:
    return lambda invocation: streaming(*pieces, content_type=HTTP_RESPONSE)


@pytest.mark.parametrize("settings", [URL, REST])
async def test_pieces_go_out_as_chunks(serve: Any, settings: dict[str, Any]) -> None:
    served = await serve(settings)
    served.invoker.answers["hello"] = answer(b'{"statusCode":201}' + NULS + b"a", b"", b"bc")
    head, body = await served.ask()
    assert head[0] == "HTTP/1.1 201 Created"
    assert "Transfer-Encoding: chunked" in head
    assert body == b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"
    assert served.metrics.invocations == [("t", "hello", OutcomeKind.OK)]


async def test_callers_of_http_1_0_get_it_without_chunks(serve: Any) -> None:
    served = await serve(URL)
    served.invoker.answers["hello"] = answer(b"{}" + NULS + b"a", b"bc")
    head, body = await served.ask(version="1.0")
    assert (head[0], body) == ("HTTP/1.0 200 OK", b"abc")


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_an_answer_that_has_no_body_is_not_read(serve: Any, method: str, status: int) -> None:
    source = FakeStream(b'{"statusCode":%d}' % status + NULS, b"never")
    served = await serve(URL)
    outcome = streaming(content_type=HTTP_RESPONSE)
    outcome.stream = source
    served.invoker.answers["hello"] = outcome
    head, body = await served.ask(method)
    assert (head[0].split()[1], body) == (str(status), b"")
    assert "Transfer-Encoding: chunked" not in head
    assert source.closed


@pytest.mark.parametrize(("length", "sent"), [("3", b"abc"), ("2", b"a"), ("4", b"abc")])
async def test_a_function_is_held_to_the_length_that_it_announces(serve: Any, length: str, sent: bytes) -> None:
    """Whatever does not fit would be taken for the next answer: the connection is cut instead."""
    served = await serve(REST)
    prelude = b'{"headers":{"Content-Length":"%b"}}' % length.encode()
    served.invoker.answers["hello"] = answer(prelude + NULS + b"a", b"bc")
    try:
        head, body = await served.ask()
    except (ConnectionError, asyncio.IncompleteReadError):
        assert length != "3"
        return
    assert f"content-length: {length}" in head
    assert (length, body) == ("3", sent)


async def test_a_stream_that_fails_cuts_the_connection(serve: Any, caplog: pytest.LogCaptureFixture) -> None:
    served = await serve(URL)
    failure = StreamFailed("function_error", "the function failed", b'{"errorType":"Oops"}')
    served.invoker.answers["hello"] = answer(b"{}" + NULS + b"a", failure)
    try:
        _, body = await served.ask()
    except (ConnectionError, asyncio.IncompleteReadError):
        body = b""
    assert not body.endswith(b"0\r\n\r\n")
    assert served.metrics.invocations == [("t", "hello", OutcomeKind.FUNCTION_ERROR)]
    logged = [record for record in caplog.records if record.message == "An invocation failed."]
    assert [(each.outcome, each.error_type) for each in logged] == [("function_error", "Oops")]


@pytest.mark.parametrize(("settings", "status"), [(URL, "502"), (REST, "500")])
async def test_a_prelude_that_never_comes(serve: Any, settings: dict[str, Any], status: str) -> None:
    served = await serve(settings)
    served.invoker.answers["hello"] = answer(b"x" * 20_000)
    head, _ = await served.ask()
    assert head[0].split()[1] == status
    assert {"x-router-error: bad_response", "x-router-invoked: yes"} <= {*head}


class Silent:
    """A source that sends one piece once it `begins`, and another when it `goes_on`. A `FunctionStream`."""

    log_tail = None

    def __init__(self, first: bytes) -> None:
        self._first = first
        self.begins, self.goes_on, self.closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        await self.begins.wait()
        yield self._first
        await self.goes_on.wait()
        yield b"more"

    async def aclose(self) -> None:
        self.closed.set()


async def asked(served: Served, source: Silent) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A caller whose request is answered with this."""
    outcome = streaming(content_type=HTTP_RESPONSE)
    outcome.stream = source
    served.invoker.answers["hello"] = outcome
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    return reader, writer


async def begun(served: Served, source: Silent) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A caller that has got the first piece."""
    reader, writer = await asked(served, source)
    source.begins.set()
    async with asyncio.timeout(20):
        await reader.readuntil(b"first\r\n")
    return reader, writer


@pytest.mark.parametrize("leave", ["close", "abort", "write_eof"])
async def test_a_source_in_which_nothing_comes_is_closed_when_its_caller_leaves(serve: Any, leave: str) -> None:
    served, source = await serve(URL), Silent(b"{}" + NULS + b"first")
    _, writer = await begun(served, source)
    getattr(writer.transport, leave)()
    async with asyncio.timeout(20):
        await source.closed.wait()
    assert served.metrics.invocations == [("t", "hello", OutcomeKind.OK)]
    writer.close()


async def test_a_caller_that_has_closed_its_side_before_the_answer_gets_all_of_it(serve: Any) -> None:
    served, source = await serve(URL), Silent(b"{}" + NULS + b"first")
    reader, writer = await asked(served, source)
    writer.write_eof()
    async with asyncio.timeout(20):
        while not any(connection.is_last for connection in served.server.connections):
            await asyncio.sleep(0)
        source.begins.set()
        assert (await reader.readuntil(b"first\r\n")).startswith(b"HTTP/1.1 200")
        source.goes_on.set()
        assert await reader.read() == b"4\r\nmore\r\n0\r\n\r\n"
    writer.close()


async def test_a_connection_carries_another_request_after_a_stream(serve: Any) -> None:
    served, source = await serve(URL), Silent(b"{}" + NULS + b"first")
    reader, writer = await begun(served, source)
    source.goes_on.set()
    async with asyncio.timeout(20):
        await reader.readuntil(b"0\r\n\r\n")
        served.invoker.answers["hello"] = answer(b"{}" + NULS + b"again")
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"5\r\nagain\r\n0\r\n\r\n")
    writer.close()
