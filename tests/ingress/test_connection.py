"""What callers may do to a connection: send in crumbs, pipeline, close their side, never finish, ask for other protocols."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.errors import BodyIncomplete, OriginTimeout
from router.ingress import connection as module
from router.ingress.connection import Connection
from router.ingress.incoming import HIGH_WATER, Incoming
from router.ingress.server import Server
from router.model import Conversation, ReadBody, Reply, Request

OpenDoor = Callable[..., Awaitable[Any]]


def echo(request: Request, built: Any) -> Conversation:
    """The method, the path and the body."""
    try:
        body = request.body if request.body is not None else (yield ReadBody(10_000_000))
    except BodyIncomplete as error:
        return Reply(400, [("content-type", "text/plain")], str(error).encode())
    return Reply(200, [("content-type", "text/plain")], f"{request.method} {request.path} {len(body)}".encode())


async def exchange(port: int, *pieces: bytes, half_close: bool = False) -> list[tuple[int, bytes]]:
    """Status and body of every answer until the door ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(20):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            if half_close:
                writer.write_eof()
            return split(await reader.read(-1))
    finally:
        writer.close()


def split(data: bytes) -> list[tuple[int, bytes]]:
    answers = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(fields.get(b"content-length", b"0"))
        answers.append((int(head.split()[1]), data[:length]))
        data = data[length:]
    return answers


GET = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def test_a_request_may_come_byte_by_byte(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    whole = b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    assert await exchange(door.port, *(whole[at : at + 1] for at in range(len(whole)))) == [(200, b"POST /a 3")]


async def test_many_pipelined_requests_are_answered_in_their_order(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    many = b"".join(GET % number for number in range(500)) + LAST
    answers = await exchange(door.port, many)
    assert answers == [*((200, b"GET /%d 0" % number) for number in range(500)), (200, b"GET /last 0")]


async def test_garbage_behind_a_request_is_answered_after_it(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    first, second = await exchange(door.port, GET % 1 + b"nonsense\r\n\r\n")
    assert (first, second[0]) == ((200, b"GET /1 0"), 400)
    assert json.loads(second[1]) == {"message": "The request is malformed."}


async def test_a_caller_that_closes_its_side_gets_its_answer(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    assert await exchange(door.port, GET % 1, half_close=True) == [(200, b"GET /1 0")]


async def test_a_caller_that_closes_its_side_within_a_body_is_told(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    sent = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf"
    assert await exchange(door.port, sent, half_close=True) == [
        (400, b"the request body ended early: the caller closed its side")
    ]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_each_version_keeps_the_connection_in_its_way(open_door: OpenDoor, version: str) -> None:
    door = await open_door(echo)
    kept = b"Connection: keep-alive\r\n" if version == "1.0" else b""
    first = b"GET /1 HTTP/%b\r\nHost: x\r\n%b\r\n" % (version.encode(), kept)
    assert await exchange(door.port, first, b"GET /2 HTTP/1.0\r\n\r\n") == [(200, b"GET /1 0"), (200, b"GET /2 0")]


async def test_the_head_of_an_answer_comes_without_its_body(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"HEAD /1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read(-1)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 9\r\n")
    assert answer.endswith(b"Connection: close\r\n\r\n")


@pytest.mark.parametrize("status", [204, 304])
async def test_some_answers_never_have_a_body(open_door: OpenDoor, status: int) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        return Reply(status, [], b"not sent")
        yield ReadBody(0)

    door = await open_door(handle)
    assert await exchange(door.port, GET % 1 + LAST) == [(status, b""), (status, b"")]


async def test_another_protocol_is_not_switched_to(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    asked = b"GET /1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello"
    assert await exchange(door.port, asked) == [(200, b"GET /1 0")]


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize("framed", [b"Content-Length: 5\r\n\r\nhello", CHUNKED + b"\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"])
@pytest.mark.parametrize("crumbs", [False, True])
async def test_the_body_of_a_request_that_asks_for_another_protocol_is_read(
    open_door: OpenDoor, framed: bytes, crumbs: bool
) -> None:
    door = await open_door(echo)
    whole = b"POST /a HTTP/1.1\r\nHost: x\r\n" + UPGRADE + framed
    pieces = [whole[at : at + 1] for at in range(len(whole))] if crumbs else [whole + GET % 2]
    assert await exchange(door.port, *pieces) == [(200, b"POST /a 5")]


async def test_bad_framing_is_refused_behind_a_wish_for_another_protocol_too(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    sent = b"POST /a HTTP/1.1\r\nHost: x\r\n" + UPGRADE + b"Transfer-Encoding: gzip\r\n\r\nhello"
    ((status, _),) = await exchange(door.port, sent)
    assert status == 400


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"])
async def test_a_request_names_exactly_one_host(open_door: OpenDoor, hosts: bytes) -> None:
    door = await open_door(echo)
    ((status, body),) = await exchange(door.port, b"GET /1 HTTP/1.1\r\n" + hosts + b"\r\n" + LAST)
    assert (status, json.loads(body)) == (400, {"message": "The request is malformed."})


async def test_chunks_frame_nothing_that_follows_for_a_caller_of_http_1_0(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    first = b"POST /1 HTTP/1.0\r\nConnection: keep-alive\r\n" + CHUNKED + b"\r\n0\r\n\r\n"
    assert await exchange(door.port, first + GET % 2) == [(200, b"POST /1 0")]


async def test_a_caller_of_http_1_0_is_not_told_to_go_on(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    sent = b"POST /1 HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
    assert await exchange(door.port, sent, b"hello") == [(200, b"POST /1 5")]


async def test_everything_that_was_asked_before_a_caller_closed_its_side_is_answered(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    answers = await exchange(door.port, b"".join(GET % number for number in range(4)), half_close=True)
    assert answers == [(200, b"GET /%d 0" % number) for number in range(4)]


async def test_bad_bytes_in_a_body_do_not_hurt_the_requests_before_it(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    first, second = await exchange(door.port, GET % 1 + b"POST /2 HTTP/1.1\r\nHost: x\r\n" + CHUNKED + b"\r\nnonsense\r\n")
    assert (first, second[0]) == ((200, b"GET /1 0"), 400)


async def test_the_sender_of_bad_bytes_sees_the_answer_though_it_goes_on_sending(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    ((status, _),) = await exchange(door.port, b"nonsense\r\n\r\n", *[b"x" * 65536] * 64, half_close=True)
    assert status == 400


@pytest.mark.parametrize("endless", [b"0\r\nX: ", b"0\r\n", b"5;extension="])
async def test_what_stands_between_the_pieces_of_a_body_is_limited(open_door: OpenDoor, endless: bytes) -> None:
    door = await open_door(echo)
    head = b"POST / HTTP/1.1\r\nHost: x\r\n" + CHUNKED + b"\r\n1\r\na\r\n" + endless
    filling = b"x" * 65536 if endless != b"0\r\n" else b"x: y\r\n" * 10_000
    ((status, body),) = await exchange(door.port, head, *[filling] * 8)
    assert status == 400
    assert b"between pieces of the body" in body


async def test_the_rest_of_a_refused_body_is_dropped_so_that_its_sender_sees_the_answer(open_door: OpenDoor) -> None:
    def refuse(request: Request, built: Any) -> Conversation:
        return Reply(403, [], b"no")
        yield ReadBody(0)

    door = await open_door(refuse)
    size = 8 * 1024 * 1024
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    assert await exchange(door.port, head, *[b"x" * (size // 64)] * 64) == [(403, b"no")]


async def test_a_header_that_would_break_out_of_its_line_is_not_sent(open_door: OpenDoor) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        return Reply(200, [("x-a", "b\r\nSet-Cookie: stolen=1")], b"fine")
        yield ReadBody(0)

    door = await open_door(handle)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(LAST)
    answer = await reader.read(-1)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"x-router-error: internal\r\nx-router-invoked: unknown\r\n" in answer
    assert b"stolen" not in answer


async def test_the_length_that_a_reply_announces_is_not_believed(open_door: OpenDoor) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        return Reply(200, [("content-length", "3"), ("content-type", "text/plain")], b"longer")
        yield ReadBody(0)

    door = await open_door(handle)
    assert await exchange(door.port, LAST) == [(200, b"longer")]


def streaming(*pieces: bytes | Exception, headers: list[tuple[str, str]] | None = None) -> Any:
    async def chunks() -> AsyncIterator[bytes]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    def handle(request: Request, built: Any) -> Conversation:
        return Reply(200, headers or [], chunks())
        yield ReadBody(0)

    return handle


async def raw(port: int, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        async with asyncio.timeout(20):
            return (await reader.read(-1)).partition(b"\r\n\r\n")[2]
    finally:
        writer.close()


async def test_a_stream_to_a_caller_of_http_1_0_ends_with_the_connection(open_door: OpenDoor) -> None:
    door = await open_door(streaming(b"one", b"", b"two"))
    assert await raw(door.port, b"GET / HTTP/1.0\r\n\r\n") == b"onetwo"


async def test_a_stream_whose_length_is_known_is_not_chunked(open_door: OpenDoor) -> None:
    door = await open_door(streaming(b"one", b"two", headers=[("Content-Length", "6")]))
    assert await exchange(door.port, GET % 1 + LAST) == [(200, b"onetwo")] * 2


@pytest.mark.parametrize("failure", [OriginTimeout("the origin fell silent"), RuntimeError("a fault of ours")])
async def test_nobody_takes_a_part_for_the_whole(open_door: OpenDoor, failure: Exception) -> None:
    door = await open_door(streaming(b"one", failure))
    with pytest.raises(ConnectionResetError):
        await raw(door.port, b"GET / HTTP/1.0\r\n\r\n")


@pytest.mark.parametrize("half_closed", [False, True])
async def test_nor_where_the_server_ends_or_the_caller_says_no_more(open_door: OpenDoor, half_closed: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.Event().wait()

    def handle(request: Request, built: Any) -> Conversation:
        return Reply(200, [], chunks())
        yield ReadBody(0)

    door = await open_door(handle)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    await reader.readuntil(b"one")
    async with asyncio.timeout(20):
        if half_closed:
            writer.write_eof()
        else:
            await door.listening.close()
        with pytest.raises(ConnectionResetError):
            await reader.read(-1)
    writer.close()


class Door:
    """Counts what comes, and reads bodies when it is told to."""

    def __init__(self) -> None:
        self.seen: list[Incoming] = []
        self.go = asyncio.Event()

    async def serve(self, incoming: Incoming, connection: Connection) -> bool:
        self.seen.append(incoming)
        await self.go.wait()
        size = 0
        while piece := await incoming.body.piece():
            size += len(piece)
        connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%d" % (len(str(size)), size))
        return incoming.keep_alive


class Transport:
    """Remembers whether reading goes on, and whether it was closed."""

    def __init__(self) -> None:
        self.reading = True
        self.closed = False
        self.written = b""

    def get_extra_info(self, name: str) -> Any:
        return None

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    abort = close


def connected(server: Server | None = None) -> tuple[Door, Connection, Transport]:
    door, transport = Door(), Transport()
    connection = (server or Server(door))()
    connection.connection_made(transport)  # type: ignore[arg-type]
    return door, connection, transport


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def test_a_body_that_nobody_reads_stops_the_reading_until_it_is_taken() -> None:
    door, connection, transport = connected()
    connection.data_received(b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (2 * HIGH_WATER))
    connection.data_received(b"x" * HIGH_WATER)
    assert transport.reading
    connection.data_received(b"x")
    assert not transport.reading
    door.go.set()
    await until(lambda: transport.reading)
    connection.data_received(b"x" * (HIGH_WATER - 1))
    await until(lambda: transport.written.endswith(str(2 * HIGH_WATER).encode()))
    connection.connection_lost(None)


async def test_pipelined_requests_stop_the_reading_until_they_are_worked_off() -> None:
    door, connection, transport = connected()
    connection.data_received(GET % 1 * module.MOST_PIPELINED)
    assert transport.reading
    connection.data_received(GET % 1)
    assert not transport.reading
    door.go.set()
    await until(lambda: transport.reading)
    await until(lambda: len(door.seen) == module.MOST_PIPELINED + 1)
    connection.connection_lost(None)


@pytest.mark.parametrize("sent", [b"", b"GET / HT"])
async def test_a_connection_that_is_silent_or_never_ends_its_head_is_closed(
    monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(module, "KEEPALIVE_SECONDS", 0.01)
    monkeypatch.setattr(module, "HEAD_SECONDS", 0.01)
    _, connection, transport = connected()
    if sent:
        connection.data_received(sent)
    await until(lambda: transport.closed)
    connection.connection_lost(None)


async def test_a_conversation_goes_on_when_its_caller_leaves_and_is_waited_for() -> None:
    door, transport = Door(), Transport()
    server = Server(door)
    connection = server()
    connection.connection_made(transport)  # type: ignore[arg-type]
    connection.data_received(GET % 1)
    await until(lambda: bool(door.seen))
    connection.connection_lost(None)
    assert (server.connections, server.serving) == (set(), {connection})
    ending = asyncio.create_task(server.shutdown(10))
    await asyncio.sleep(0)
    assert not ending.done()
    door.go.set()
    await ending
    assert (server.serving, transport.written) == (set(), b"")


async def test_who_comes_while_the_server_ends_is_not_served() -> None:
    server = Server(Door())
    await server.shutdown(10)
    _, _, transport = connected(server)
    assert transport.closed


async def test_a_conversation_that_is_cut_before_it_began_is_not_waited_for() -> None:
    server = Server(Door())
    _, connection, transport = connected(server)
    connection.data_received(GET % 1)
    assert server.serving == {connection}
    await server.shutdown(0)
    assert (server.serving, transport.closed) == (set(), True)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40),
            st.sampled_from([GET % 1, LAST, b"\r\n", b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", b"hello", b"\x00"]),
        ),
        max_size=12,
    ),
    st.booleans(),
)
async def test_no_bytes_whatever_hurt_the_connection(pieces: list[bytes], leave: bool) -> None:
    door, transport = Door(), Transport()
    server = Server(door)
    connection = server()
    connection.connection_made(transport)  # type: ignore[arg-type]
    door.go.set()
    for piece in pieces:
        connection.data_received(piece)
    if leave:
        connection.connection_lost(None)
    else:
        connection.eof_received()
        for _ in range(200):
            await asyncio.sleep(0)
        connection.connection_lost(None)
    for _ in range(200):
        await asyncio.sleep(0)
    assert (server.connections, server.serving) == (set(), set())
    assert all(incoming.malformed is None or incoming is door.seen[-1] for incoming in door.seen)
    assert transport.written.count(b"HTTP/1.1 200 OK") <= len(door.seen)
