"""The edge whole: sockets to viewers, sockets to a real origin, bodies that do not fit into memory, functions in Node."""

import asyncio
import hashlib
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from router.backends.origin import OriginClient
from router.config.load import load
from router.driver import Driver
from router.fakes import FakeClock, FakeInvoker, FakeMetrics, succeeded
from router.files import LocalFiles
from router.generation import LocalSelection
from router.ingress.http import HttpDoor
from router.ingress.listen import Listening, listen
from router.model import Invocation, Place, Trigger
from router.outcome import Outcome
from router.routing import Table
from router.runtime import Daemon
from router.settings import Address, Listener
from router.triggers import TYPES

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Serve = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
MEBIBYTE = 1024 * 1024
LARGE = 200 * MEBIBYTE
PIECE = bytes(range(256)) * 1024


@dataclass
class Origin:
    """A real origin; `heads` are the requests that it got."""

    port: int
    heads: list[str] = field(default_factory=list)


@pytest.fixture
async def serving() -> AsyncIterator[Callable[[Serve], Awaitable[Origin]]]:
    """`await serving(serve)`: an origin that hands each request's head to `serve`."""
    servers: list[asyncio.Server] = []

    async def start(serve: Serve) -> Origin:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    origin.heads.append(head.decode())
                    await serve(head, reader, writer)
                    await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        servers.append(server)
        origin = Origin(server.sockets[0].getsockname()[1])
        return origin

    yield start
    for server in servers:
        server.close()


Functions = dict[str, Callable[[dict[str, Any]], Any]]


@dataclass
class Edge:
    """A listening edge. `connect` opens a viewer's connection, `exchange` sends bytes and reads the answer to its end."""

    port: int
    metrics: FakeMetrics

    async def connect(self) -> Streams:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def exchange(self, raw: bytes) -> tuple[int, dict[str, str], bytes]:
        reader, writer = await self.connect()
        try:
            writer.write(raw)
            return await read_answer(reader)
        finally:
            writer.close()


async def read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    return int(lines[0].split(" ")[1]), headers


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    status, headers = await read_head(reader)
    if headers.get("transfer-encoding") == "chunked":
        body = b""
        while size := int((await reader.readuntil(b"\r\n")), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        return status, headers, body
    return status, headers, await reader.readexactly(int(headers.get("content-length", "0")))


def get(path: str = "/", more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: www.example.com\r\n{more}\r\n".encode()


OpenEdge = Callable[..., Awaitable[Edge]]


@pytest.fixture
async def open_edge(door: Callable[..., Any]) -> AsyncIterator[OpenEdge]:
    """`await open_edge(origin_port, functions, **behavior)`: functions are Python, given and returning a record's side."""
    opened: list[Listening] = []
    clients: list[OriginClient] = []

    async def open_(port: int, functions: Functions | None = None, max_body: int = 2 * LARGE, **behavior: Any) -> Edge:
        origin = {"url": f"http://127.0.0.1:{port}", "connection_attempts": 1, **behavior.pop("origin", {})}
        built = door({"type": "lambda_edge", "behaviors": {"*": {"origin": origin, **behavior}}}).built
        claims = TYPES["lambda_edge"].claims({})
        trigger = Trigger("www", TYPES["lambda_edge"], frozenset({"sync"}), "main", claims, built, {}, Place("r.yaml", 1, 1))
        metrics, clock, client = FakeMetrics(), FakeClock(), OriginClient()
        invoker = FakeInvoker({name: running(function) for name, function in (functions or {}).items()})
        listener = Listener("main", Address("127.0.0.1", 0), max_body=max_body)
        driver = Driver(invoker, clock, lambda: 0.0, metrics, client)
        http = HttpDoor(listener, Table([trigger]), driver, metrics, clock)
        clients.append(client)
        opened.append(await listen(http.server(), listener.address, None, 1.0))
        return Edge(opened[-1].address.port, metrics)

    yield open_
    for listening in opened:
        await listening.close()
    for client in clients:
        await client.close()


def running(function: Callable[[dict[str, Any]], Any]) -> Callable[[Invocation], Outcome]:
    return lambda invocation: succeeded(json.dumps(function(json.loads(invocation.payload)["Records"][0]["cf"])).encode())


def answering(raw: bytes) -> Serve:
    async def serve(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    return serve


Serving = Callable[[Serve], Awaitable[Origin]]
HELLO = b"HTTP/1.1 200 Quite OK\r\nContent-Length: 5\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello"


# --- small things, to the byte ---------------------------------------------------------------------------------------


async def test_an_answer_goes_through_as_it_is(serving: Serving, open_edge: OpenEdge) -> None:
    origin = await serving(answering(HELLO))
    edge = await open_edge(origin.port)
    reader, writer = await edge.connect()
    writer.write(get("/a%2Fb?x=%20&y", "Cookie: a=b\r\nAccept-Encoding: br\r\n"))
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    assert lines[0] == "HTTP/1.1 200 Quite OK"
    assert lines[1:4] == ["X-A: 1", "x-a: 2", "Content-Length: 5"]
    assert sorted(line.split(":")[0] for line in lines[4:] if line) == ["Date", "Via", "X-Amz-Cf-Id", "X-Cache"]
    assert await reader.readexactly(5) == b"hello"
    writer.write(get())
    assert await read_answer(reader) is not None
    writer.close()
    sent = origin.heads[0].split("\r\n")
    assert sent[:4] == ["GET /a%2Fb?x=%20&y HTTP/1.1", "Host: 127.0.0.1", "Cookie: a=b", "Accept-Encoding: br"]
    assert "X-Forwarded-For: 127.0.0.1" in sent


@pytest.mark.parametrize(
    ("method", "raw", "status", "length"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", 200, "99"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", 204, None),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 99\r\n\r\n", 304, None),
        ("GET", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "0"),
        ("DELETE", b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", 500, "0"),
    ],
)
async def test_answers_without_a_body_keep_the_connection(
    serving: Serving, open_edge: OpenEdge, method: str, raw: bytes, status: int, length: str | None
) -> None:
    origin = await serving(answering(raw))
    edge = await open_edge(origin.port)
    reader, writer = await edge.connect()
    for _ in range(2):
        writer.write(f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        found, headers = await read_head(reader)
        assert (found, headers.get("content-length"), headers.get("transfer-encoding")) == (status, length, None)
        assert "content-type" not in headers
    writer.close()


async def test_chunks_go_through(serving: Serving, open_edge: OpenEdge) -> None:
    origin = await serving(answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
    status, headers, body = await (await open_edge(origin.port)).exchange(get())
    assert (status, headers["transfer-encoding"], body) == (200, "chunked", b"abcde")


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
    ],
)
async def test_an_answer_that_breaks_off_is_cut_not_ended(serving: Serving, open_edge: OpenEdge, raw: bytes) -> None:
    async def serve(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        writer.close()

    edge = await open_edge((await serving(serve)).port)
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await edge.exchange(get())
    reader, writer = await edge.connect()
    writer.write(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n")
    with pytest.raises(ConnectionError):
        await reader.read()
    writer.close()


@pytest.mark.parametrize(
    ("raw", "status", "error"),
    [
        (b"garbage\r\n\r\n", 502, "bad_origin_response"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", 502, "bad_origin_response"),
    ],
)
async def test_garbage(serving: Serving, open_edge: OpenEdge, raw: bytes, status: int, error: str) -> None:
    found, headers, body = await (await open_edge((await serving(answering(raw))).port)).exchange(get())
    assert (found, headers["x-router-error"], headers["x-router-invoked"]) == (status, error, "no")
    assert body.startswith(b"<!DOCTYPE HTML")


async def test_a_slow_origin(serving: Serving, open_edge: OpenEdge) -> None:
    async def serve(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    edge = await open_edge((await serving(serve)).port, origin={"read_timeout": "1s"})
    status, headers, _ = await edge.exchange(get())
    assert (status, headers["x-router-error"]) == (504, "origin_timeout")


async def test_an_origin_that_is_not_there(serving: Serving, open_edge: OpenEdge) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    status, headers, _ = await (await open_edge(port)).exchange(get())
    assert (status, headers["x-router-error"]) == (502, "origin_unreachable")


@pytest.mark.parametrize(
    ("raw", "status"),
    [(b"HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno", 413), (b"garbage\r\n\r\n", 502), (b"", 502)],
)
async def test_an_origin_that_does_not_wait_for_the_body(
    serving: Serving, open_edge: OpenEdge, caplog: pytest.LogCaptureFixture, raw: bytes, status: int
) -> None:
    """The rest of the body is read off the connection by the door alone: nobody else may still be waiting for it."""

    async def serve(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        if not raw:
            writer.close()

    reader, writer = await (await open_edge((await serving(serve)).port)).connect()
    writer.write(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
    assert (await read_answer(reader))[0] == status
    writer.write(b"def")
    assert await reader.read() == b""
    writer.close()
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_an_expected_continue(serving: Serving, open_edge: OpenEdge) -> None:
    async def serve(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + await reader.readexactly(3))

    origin = await serving(serve)
    reader, writer = await (await open_edge(origin.port)).connect()
    writer.write(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"abc")
    assert (await read_answer(reader))[0::2] == (200, b"abc")
    writer.close()
    assert "expect" not in origin.heads[0].lower()


async def test_a_body_beyond_the_listeners_limit(serving: Serving, open_edge: OpenEdge) -> None:
    edge = await open_edge((await serving(answering(HELLO))).port, max_body=3)
    status, headers, _ = await edge.exchange(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd")
    assert (status, headers["x-router-error"]) == (413, "request_too_large")


async def test_a_websocket_is_refused(serving: Serving, open_edge: OpenEdge) -> None:
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n"
    status, headers, body = await (await open_edge((await serving(answering(HELLO))).port)).exchange(get("/", upgrade))
    assert (status, headers["x-router-error"]) == (501, "upgrade_refused")
    assert b"WebSocket" in body


# --- functions -------------------------------------------------------------------------------------------------------


async def test_a_function_sees_the_beginning_and_the_origin_gets_all(serving: Serving, open_edge: OpenEdge) -> None:
    size = 100_000

    async def serve(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        digest = hashlib.sha256(await reader.readexactly(size)).hexdigest()
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n{digest}".encode())

    seen: list[dict[str, Any]] = []

    def look(record: dict[str, Any]) -> Any:
        seen.append(record["request"]["body"])
        return record["request"]

    edge = await open_edge((await serving(serve)).port, {"f": look}, viewer_request={"function": "f:1", "include_body": True})
    body = (PIECE * 2)[:size]
    raw = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode() + body
    assert (await edge.exchange(raw))[2] == hashlib.sha256(body).hexdigest().encode()
    assert [(each["inputTruncated"], len(each["data"])) for each in seen] == [(True, (40_960 + 2) // 3 * 4)]


async def test_switching_between_origins(serving: Serving, open_edge: OpenEdge) -> None:
    other = await serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother"))
    first = await serving(answering(HELLO))

    def switch(record: dict[str, Any]) -> Any:
        request = record["request"]
        port = {"/other": other.port, "/evil": 1024}.get(request["uri"])
        if port:
            request["origin"]["custom"]["port"] = port
        return request

    allowed = f"http://127.0.0.1:{other.port}"
    edge = await open_edge(first.port, {"f": switch}, origin_request="f:1", allowed_origins=allowed)
    assert [(await edge.exchange(get(path)))[2] for path in ("/", "/other")] == [b"hello", b"other"]
    status, headers, _ = await edge.exchange(get("/evil"))
    assert (status, headers["x-router-error"]) == (502, "undeclared_origin")


async def test_a_replaced_body_lets_the_origins_go(serving: Serving, open_edge: OpenEdge) -> None:
    ended = asyncio.Event()

    async def endless(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"5\r\nagain\r\n")
                await writer.drain()
        finally:
            ended.set()

    replace = {"f": lambda record: {"status": "200", "body": "short"}}
    edge = await open_edge((await serving(endless)).port, replace, origin_response="f:1")
    assert (await edge.exchange(get()))[2] == b"short"
    await ended.wait()


async def test_a_viewer_that_goes_away_lets_the_origin_go(serving: Serving, open_edge: OpenEdge) -> None:
    ended = asyncio.Event()

    async def endless(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(PIECE)
                await writer.drain()
        finally:
            ended.set()

    reader, writer = await (await open_edge((await serving(endless)).port)).connect()
    writer.write(get())
    await reader.readexactly(1000)
    writer.transport.abort()
    await ended.wait()


# --- large bodies ----------------------------------------------------------------------------------------------------


def pieces() -> Iterable[bytes]:
    return (PIECE for _ in range(LARGE // len(PIECE)))


def digest_of_all() -> str:
    digest = hashlib.sha256()
    for piece in pieces():
        digest.update(piece)
    return digest.hexdigest()


class Memory:
    """How far the resident size of this process, which plays viewer, edge and origin, grows."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._start = self.most = self._process.memory_info().rss

    def look(self) -> None:
        self.most = max(self.most, self._process.memory_info().rss)

    def growth(self) -> int:
        return self.most - self._start


async def test_a_large_download_does_not_fill_memory(serving: Serving, open_edge: OpenEdge) -> None:
    async def serve(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n".encode())
        for piece in pieces():
            writer.write(piece)
            await writer.drain()

    reader, writer = await (await open_edge((await serving(serve)).port)).connect()
    writer.write(get())
    status, headers = await read_head(reader)
    assert (status, headers["content-length"]) == (200, str(LARGE))
    digest, left, memory = hashlib.sha256(), LARGE, Memory()
    while left:
        piece = await reader.read(MEBIBYTE)
        digest.update(piece)
        left -= len(piece)
        memory.look()
    writer.close()
    assert digest.hexdigest() == digest_of_all()
    assert memory.growth() < 64 * MEBIBYTE


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_large_upload_does_not_fill_memory(serving: Serving, open_edge: OpenEdge, framing: str) -> None:
    async def serve(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        digest = hashlib.sha256()
        async for piece in received(head, reader):
            digest.update(piece)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: 64\r\n\r\n{digest.hexdigest()}".encode())

    origin = await serving(serve)
    reader, writer = await (await open_edge(origin.port)).connect()
    header = f"Content-Length: {LARGE}" if framing == "length" else "Transfer-Encoding: chunked"
    writer.write(f"PUT / HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n".encode())
    memory = Memory()
    for piece in pieces():
        writer.write(piece if framing == "length" else b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
        memory.look()
    writer.write(b"" if framing == "length" else b"0\r\n\r\n")
    assert (await read_answer(reader))[2].decode() == digest_of_all()
    writer.close()
    assert header in origin.heads[0]
    assert memory.growth() < 64 * MEBIBYTE


async def received(head: bytes, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    if b"chunked" in head:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            yield (await reader.readexactly(size + 2))[:-2]
        return
    left = LARGE
    while left:
        piece = await reader.read(min(left, MEBIBYTE))
        left -= len(piece)
        yield piece


# --- the daemon, with functions in Node ------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
async def test_the_example_with_node_in_front_of_real_origins(
    root: Path, serving: Serving, clean_environment: None, tmp_path: Path
) -> None:
    beta = await serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbeta"))

    async def site(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        missing = b"GET /missing" in head
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone" if missing else HELLO)

    origin = await serving(site)
    text = (root / "configs" / "examples" / "lambda_edge.yaml").read_text(encoding="utf-8")
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{origin.port}").replace("localhost:8001", f"localhost:{beta.port}")
    text = text.replace("127.0.0.1:8080, ", "127.0.0.1:0, ").replace("../functions", str(tmp_path))
    shutil.copytree(root / "configs" / "functions" / "edge", tmp_path / "edge")
    code = tmp_path / "edge" / "index.mjs"
    code.write_text(code.read_text(encoding="utf-8").replace("8001", str(beta.port)), encoding="utf-8")
    (tmp_path / "router.yaml").write_text(text, encoding="utf-8")
    found = load([str(tmp_path / "router.yaml")], files=LocalFiles(), env={})
    assert found.config is not None, found.problems
    daemon = Daemon(found.config, LocalSelection(), {})
    try:
        await daemon.start()
        edge = Edge(daemon.addresses["main"].port, FakeMetrics())
        redirect = await edge.exchange(get("/private"))
        assert (redirect[0], redirect[1]["location"], origin.heads) == (302, "/sign-in?to=%2fprivate", [])
        page = await edge.exchange(get("/", "Cookie: session=1\r\n"))
        assert (page[0], page[1]["x-frame-options"], page[2]) == (200, "deny", b"hello")
        assert origin.heads[0].startswith("GET /index.html HTTP/1.1\r\n")
        assert "x-from: edge" in origin.heads[0]
        missing = await edge.exchange(get("/missing", "Cookie: session=1\r\n"))
        assert (missing[0], "x-frame-options" in missing[1], missing[2]) == (404, False, b"<h1>There is no such page.</h1>")
        assert (await edge.exchange(get("/", "Cookie: session=1; beta=yes\r\n")))[2] == b"beta"
        assert (await edge.exchange(get("/assets/x.css")))[2] == b"hello"
    finally:
        await daemon.close()
