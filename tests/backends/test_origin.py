"""The origin client against origins that are right, slow, rude and gone, over real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme

from router.backends.origin import OriginClient
from router.errors import BodyIncomplete, OriginBroken, OriginError, OriginTimeout, OriginUnreachable
from router.model import Headers, Origin, OriginRequest, OriginResponse, Stream

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
NO_TIME = 0.2
"""Seconds that an origin of these tests never needs, and a silent one is given."""


@dataclass
class Served:
    """An origin on a port of its own. `heads`: what it was asked; `connections`: how many were made."""

    origin: Origin
    heads: list[bytes] = field(default_factory=list)
    connections: int = 0


Listen = Callable[..., Awaitable[Served]]


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """`await listen(serve)`: `serve` is called with each request's head read, for as long as the connection lives."""
    servers: list[asyncio.Server] = []
    tasks: set[asyncio.Task[Any]] = set()

    async def listen_(serve: Serve, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", **fields: Any) -> Served:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            served.connections += 1
            try:
                while not writer.is_closing():
                    served.heads.append(await reader.readuntil(b"\r\n\r\n"))
                    await serve(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls, limit=2**20)
        servers.append(server)
        served = Served(Origin(tls is not None, host, server.sockets[0].getsockname()[1], **fields))
        return served

    yield listen_
    for server in servers:
        server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def client() -> AsyncIterator[OriginClient]:
    made = OriginClient()
    yield made
    await made.close()
    await asyncio.sleep(0)


def asked(
    served: Served, method: str = "GET", target: str = "/", headers: Headers | None = None, **fields: Any
) -> OriginRequest:
    return OriginRequest(served.origin, method, target, headers or [("Host", "www")], **fields)


def answering(raw: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()

    return serve


def closing(raw: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        writer.close()

    return serve


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def whole(body: Stream) -> bytes:
    return b"".join([piece async for piece in body])


async def in_pieces(*pieces: bytes | Exception) -> AsyncIterator[bytes]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


# --- exactness -------------------------------------------------------------------------------------------------------


async def test_the_request_goes_out_as_it_is(listen: Listen, client: OriginClient) -> None:
    served = await listen(answering(OK))
    headers = [("Host", "example.com"), ("X-B", "2"), ("x-a", "1"), ("X-B", "é"), ("Cookie", "a=b; a=c")]
    answer = await client.forward(asked(served, "DELETE", "//a/../%2f%zz;?q=%20+&&=[]|", headers))
    assert await whole(answer.body) == b"ok"
    assert served.heads == [
        b"DELETE //a/../%2f%zz;?q=%20+&&=[]| HTTP/1.1\r\nHost: example.com\r\nX-B: 2\r\nx-a: 1\r\nX-B: \xc3\xa9\r\n"
        b"Cookie: a=b; a=c\r\nContent-Length: 0\r\n\r\n"
    ]


async def test_the_answer_comes_as_it_is(listen: Listen, client: OriginClient) -> None:
    raw = (
        b"HTTP/1.1 299 All  Fine\r\nset-COOKIE: a\r\nContent-Encoding: gzip\r\nSet-Cookie: b\r\nX-L: caf\xe9\r\n"
        b"Content-Length: 5\r\n\r\n\x1f\x8bxyz"
    )
    served = await listen(answering(raw))
    answer = await client.forward(asked(served))
    assert (answer.status, answer.reason, answer.headers, await whole(answer.body)) == (
        299,
        "All  Fine",
        [("set-COOKIE", "a"), ("Content-Encoding", "gzip"), ("Set-Cookie", "b"), ("X-L", "café"), ("Content-Length", "5")],
        b"\x1f\x8bxyz",
    )


@pytest.mark.parametrize(
    ("method", "raw", "body"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b""),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n\r\n", b""),
        (
            "GET",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\nTrailer: t\r\n\r\n",
            b"abc",
        ),
        ("GET", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        ("GET", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b""),
    ],
)
async def test_framings_of_an_answer_keep_the_connection(
    listen: Listen, client: OriginClient, method: str, raw: bytes, body: bytes
) -> None:
    served = await listen(answering(raw))
    for _ in range(2):
        answer = await client.forward(asked(served, method))
        assert await whole(answer.body) == body
        await answer.body.aclose()
    assert (len(served.heads), served.connections) == (2, 1)


async def test_an_answer_may_end_with_the_connection(listen: Listen, client: OriginClient) -> None:
    served = await listen(closing(b"HTTP/1.0 200 OK\r\n\r\nto the end"))
    assert await whole((await client.forward(asked(served))).body) == b"to the end"


async def test_long_headers_come_through(listen: Listen, client: OriginClient) -> None:
    served = await listen(answering(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 30_000 + b"\r\nContent-Length: 0\r\n\r\n"))
    assert dict((await client.forward(asked(served))).headers)["X"] == "x" * 30_000


# --- bodies of requests ----------------------------------------------------------------------------------------------


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" + await reader.readexactly(6))


@pytest.mark.parametrize("body", [b"abcdef", (b"abc", b"d", b"ef")])
async def test_a_body_with_a_length_goes_with_it(listen: Listen, client: OriginClient, body: Any) -> None:
    served = await listen(echo)
    sent = body if isinstance(body, bytes) else in_pieces(*body)
    answer = await client.forward(asked(served, "POST", body=sent, length=6))
    assert await whole(answer.body) == b"abcdef"
    assert served.heads == [b"POST / HTTP/1.1\r\nHost: www\r\nContent-Length: 6\r\n\r\n"]


async def test_a_body_without_a_length_goes_in_chunks(listen: Listen, client: OriginClient) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    served = await listen(serve)
    answer = await client.forward(asked(served, "PUT", body=in_pieces(b"abc", b"def")))
    assert await whole(answer.body) == b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"
    assert served.heads == [b"PUT / HTTP/1.1\r\nHost: www\r\nTransfer-Encoding: chunked\r\n\r\n"]


@pytest.mark.parametrize("length", [None, 6])
async def test_a_body_that_breaks_off_never_looks_whole(listen: Listen, client: OriginClient, length: int | None) -> None:
    rest: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rest.set_result(await reader.read())

    served = await listen(serve)
    gone = BodyIncomplete("the caller went away")
    with pytest.raises(BodyIncomplete) as raised:
        await client.forward(asked(served, "PUT", body=in_pieces(b"abc", gone), length=length))
    assert raised.value is gone
    assert not (await rest).endswith(b"0\r\n\r\n")


async def test_an_answer_may_come_before_the_body_is_sent(listen: Listen, client: OriginClient) -> None:
    served = await listen(answering(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"))
    forever = asyncio.Event()
    closed = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        try:
            yield b"abc"
            await forever.wait()
        finally:
            closed.set()

    answer = await client.forward(asked(served, "POST", body=body(), length=6))
    assert (answer.status, await whole(answer.body)) == (413, b"no")
    await closed.wait()
    assert await whole((await client.forward(asked(served))).body) == b"no"
    assert served.connections == 2


async def test_both_ways_at_once(listen: Listen, client: OriginClient) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n")
        for _ in range(2):
            writer.write(await reader.readexactly(3))

    served = await listen(serve)
    go_on = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"abc"
        await go_on.wait()
        yield b"def"

    answer = await client.forward(asked(served, "POST", body=body(), length=6))
    seen = []
    async for piece in answer.body:
        seen.append(piece)
        go_on.set()
    assert b"".join(seen) == b"abcdef"


async def test_a_slow_caller_is_not_the_origins_fault(listen: Listen, client: OriginClient) -> None:
    served = await listen(echo, read_timeout=2 * NO_TIME)

    async def slow() -> AsyncIterator[bytes]:
        yield b"abc"
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 3 * NO_TIME)
        yield b"def"

    answer = await client.forward(asked(served, "POST", body=slow(), length=6))
    assert await whole(answer.body) == b"abcdef"


async def test_an_origin_that_takes_nothing_is_given_up(listen: Listen, client: OriginClient) -> None:
    forever = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await forever.wait()

    served = await listen(serve, read_timeout=NO_TIME)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(2**18)

    with pytest.raises(OriginTimeout):
        await client.forward(asked(served, "POST", body=endless()))


# --- attempts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "attempts", "tried"), [("GET", 3, 3), ("HEAD", 2, 2), ("GET", 1, 1), ("POST", 3, 1), ("DELETE", 3, 1)]
)
async def test_only_get_and_head_are_sent_again_to_a_slow_origin(
    listen: Listen, client: OriginClient, method: str, attempts: int, tried: int
) -> None:
    served = await listen(silent, read_timeout=NO_TIME, attempts=attempts)
    with pytest.raises(OriginTimeout):
        await client.forward(asked(served, method))
    assert len(served.heads) == tried


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "POST"])
async def test_nothing_but_get_and_head_is_sent_twice_over_a_kept_connection(
    listen: Listen, client: OriginClient, method: str
) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(served.heads) == 1:
            writer.write(OK)
        else:
            writer.close()

    served = await listen(once)
    assert await whole((await client.forward(asked(served))).body) == b"ok"
    with pytest.raises(OriginBroken):
        await client.forward(asked(served, method))
    assert len(served.heads) == 2


async def test_a_get_survives_a_kept_connection_that_dies(listen: Listen, client: OriginClient) -> None:
    async def every_other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(served.heads) == 2:
            writer.close()
        else:
            writer.write(OK)

    served = await listen(every_other)
    for _ in range(2):
        assert await whole((await client.forward(asked(served))).body) == b"ok"
    assert (len(served.heads), served.connections) == (3, 2)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_refused_connection_is_tried_again_whatever_the_method(
    client: OriginClient, unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    tried: list[int] = []
    connect = asyncio.get_running_loop().sock_connect

    async def counted(sock: Any, address: Any) -> None:
        tried.append(address[1])
        await connect(sock, address)

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", counted)
    origin = Origin(False, "127.0.0.1", unused_tcp_port)
    body = in_pieces(b"abc") if method == "POST" else None
    with pytest.raises(OriginUnreachable, match=f"http://127.0.0.1:{unused_tcp_port} cannot be reached"):
        await client.forward(OriginRequest(origin, method, "/", [("Host", "x")], body, 3))
    assert tried == [unused_tcp_port] * 3


@pytest.fixture
def unused_tcp_port() -> int:
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


# --- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nNo colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x01b\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x7fb\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 O\x01K\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 666 No\r\nContent-Length: 0\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
    ],
)
async def test_what_is_no_answer(listen: Listen, client: OriginClient, raw: bytes) -> None:
    served = await listen(closing(raw))
    with pytest.raises(OriginBroken):
        await client.forward(asked(served, "POST"))


@pytest.mark.parametrize(
    "raw",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"],
)
async def test_an_answer_that_breaks_off_says_so(listen: Listen, client: OriginClient, raw: bytes) -> None:
    served = await listen(closing(raw))
    answer = await client.forward(asked(served))
    with pytest.raises(OriginBroken):
        await whole(answer.body)


@pytest.mark.parametrize("fields", [{"read_timeout": NO_TIME}, {"completion_timeout": NO_TIME}])
async def test_an_answer_that_stops_is_a_timeout(listen: Listen, client: OriginClient, fields: dict[str, Any]) -> None:
    served = await listen(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"), **fields)
    with pytest.raises(OriginTimeout):
        await whole((await client.forward(asked(served, "POST"))).body)


async def test_a_name_that_leads_nowhere(client: OriginClient) -> None:
    origin = Origin(False, "nowhere.invalid", 80, attempts=1)
    with pytest.raises(OriginUnreachable, match=r"nowhere\.invalid does not resolve"):
        await client.resolve(origin)
    with pytest.raises(OriginUnreachable):
        await client.forward(OriginRequest(origin, "GET", "/", [("Host", "x")]))


async def test_a_connection_that_takes_too_long(client: OriginClient, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    async def never(self: object, host: str, *_: object) -> None:
        tried.append(host)
        await asyncio.Event().wait()

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", never)
    origin = Origin(False, "slow.example.com", 80, connect_timeout=NO_TIME, attempts=2)
    with pytest.raises(OriginTimeout, match="did not take the connection in time"):
        await client.forward(OriginRequest(origin, "POST", "/", [("Host", "x")]))
    assert tried == ["slow.example.com"] * 2
    with pytest.raises(OriginUnreachable, match=r"does not resolve within 0\.2 seconds"):
        await client.resolve(origin)


async def test_addresses_are_remembered_for_a_while(client: OriginClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for: list[str] = []
    system = aiohttp.ThreadedResolver.resolve

    async def counted(self: aiohttp.ThreadedResolver, host: str, *rest: Any) -> Any:
        asked_for.append(host)
        return await system(self, host, *rest)

    monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", counted)
    for _ in range(3):
        await client.resolve(Origin(False, "localhost", 80))
    await client.resolve(Origin(False, "127.0.0.1", 80))
    assert asked_for == ["localhost"]


async def test_a_name_that_leads_somewhere(client: OriginClient) -> None:
    await client.resolve(Origin(False, "localhost", 80))
    await client.resolve(Origin(False, "192.0.2.1", 80))


# --- TLS -------------------------------------------------------------------------------------------------------------


@dataclass
class Authority:
    """A certificate authority of the test, and a server context for a name."""

    ca: trustme.CA
    path: str

    def server(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(name).configure_cert(context)
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    ca = trustme.CA()
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return Authority(ca, str(path))


async def test_tls_with_an_authority_of_its_own(listen: Listen, client: OriginClient, authority: Authority) -> None:
    served = await listen(answering(OK), authority.server("localhost"), "localhost", ca_file=authority.path)
    answer: OriginResponse = await client.forward(asked(served))
    assert await whole(answer.body) == b"ok"


@pytest.mark.parametrize("case", ["unknown authority", "another name", "no such file"])
async def test_tls_is_verified(listen: Listen, client: OriginClient, authority: Authority, case: str) -> None:
    name = "elsewhere" if case == "another name" else "localhost"
    served = await listen(answering(OK), authority.server(name), "localhost", ca_file=authority.path)
    if case == "unknown authority":
        served.origin = replace(served.origin, ca_file=None)
    if case == "no such file":
        served.origin = replace(served.origin, ca_file=f"{authority.path}.gone")
    with pytest.raises(OriginError) as raised:
        await client.forward(asked(served))
    assert type(raised.value) is OriginUnreachable
    assert served.heads == []
