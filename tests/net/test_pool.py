"""The pool against servers that behave, that are slow, and that are hostile; on asyncio's loop and on uvloop."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from router.net.errors import ConnectFailed, ConnectionLost, DeadlinePassed, ExchangeError, ResponseInvalid
from router.net.pool import Pool
from router.net.response import Response

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
FOREVER = 30.0
"""Seconds: a limit that a passing test never meets."""

MakePool = Callable[..., Pool]


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def ok(body: bytes) -> Response:
    return Response(200, [(b"Content-Length", b"%d" % len(body))], body)


async def post(pool: Pool, body: bytes = b"", **options: Any) -> Response:
    return await pool.request(HEAD % len(body), body, **({"timeout": FOREVER} | options))


async def test_a_connection_is_used_again(server: Any, make_pool: MakePool) -> None:
    server.scripts = [server.answering(answer(b"1"), answer(b"2"))]
    pool = make_pool()
    assert [await post(pool, b"a"), await post(pool, b"b")] == [ok(b"1"), ok(b"2")]
    assert (server.connections, server.requests) == (1, [HEAD % 1 + b"a", HEAD % 1 + b"b"])
    assert pool.status() == {"connections": 1, "idle": 1, "waiting": 0}


async def test_a_body_of_any_size_arrives_whole(server: Any, make_pool: MakePool) -> None:
    server.scripts = [server.answering(*[answer(b"ok")] * 3)]
    pool = make_pool()
    bodies = [b"", b"a" * 65536, bytes(range(256)) * 24 * 1024]
    for body in bodies:
        assert await post(pool, body) == ok(b"ok")
    assert server.requests == [HEAD % len(body) + body for body in bodies]
    assert server.connections == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n1",
        answer(b"1") + answer(b"2"),
        answer(b"1") + b"stray",
    ],
    ids=["connection: close", "two answers at once", "stray bytes"],
)
async def test_a_spoilt_connection_is_not_used_again(server: Any, make_pool: MakePool, raw: bytes) -> None:
    server.scripts = [server.answering(raw), server.answering(answer(b"clean"))]
    pool = make_pool()
    assert (await post(pool)).body == b"1"
    assert await post(pool) == ok(b"clean")
    assert server.connections == 2


async def test_bytes_that_come_to_an_idle_connection_answer_nobody(server: Any, make_pool: MakePool) -> None:
    more = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(answer(b"1"))
        await more.wait()
        writer.write(answer(b"forged"))
        await reader.read()

    server.scripts = [script, server.answering(answer(b"2"))]
    pool = make_pool()
    assert await post(pool) == ok(b"1")
    more.set()
    assert await server.ended.get() == 0, "the pool closed it"
    assert await post(pool) == ok(b"2")


@pytest.mark.parametrize(
    ("raw", "error", "reason"),
    [
        (b"\x00garbage", ResponseInvalid, "malformed"),
        (b"", ConnectionLost, "before an answer came"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", ConnectionLost, "in the middle of the answer"),
        (b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 70_000, ResponseInvalid, "headers of the answer exceed"),
    ],
    ids=["garbage", "nothing", "truncated", "large headers"],
)
async def test_a_bad_answer_is_an_error_and_never_asked_for_again(
    server: Any, make_pool: MakePool, raw: bytes, error: type[ExchangeError], reason: str
) -> None:
    server.scripts = [server.answering(answer(b"1"), raw, then_close=True), server.answering(answer(b"again"))]
    pool = make_pool()
    assert await post(pool) == ok(b"1")
    with pytest.raises(error, match=reason) as caught:
        await post(pool)
    assert caught.value.sent
    assert len(server.requests) == 2


async def test_an_answer_up_to_the_end_of_the_connection(server: Any, make_pool: MakePool) -> None:
    server.scripts = [server.answering(b"HTTP/1.1 200 OK\r\n\r\nall of it", then_close=True)]
    assert await post(make_pool()) == Response(200, [], b"all of it")


async def test_an_early_answer_to_a_large_request(server: Any, make_pool: MakePool) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    server.scripts = [script]
    pool = make_pool()
    assert (await post(pool, b"a" * 6_000_000)).status == 413


# --- repeating ---------------------------------------------------------------------------------------------------------


async def test_a_connection_that_the_server_closed_costs_nobody_a_request(server: Any, make_pool: MakePool) -> None:
    server.scripts = [server.answering(answer(b"1"), then_close=True), server.answering(answer(b"2"))]
    pool = make_pool()
    assert await post(pool, b"a") == ok(b"1")
    await server.ended.get()
    assert await post(pool, b"b") == ok(b"2")
    assert server.requests == [HEAD % 1 + b"a", HEAD % 1 + b"b"]


class Reset:
    """A script: answer once, read the head of a second request, then break the connection while its body is on the way."""

    def __init__(self, server: Any, first: bytes | None) -> None:
        self._server = server
        self._first = first

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._first is not None:
            await self._server.read_request(reader)
            writer.write(self._first)
        await reader.readuntil(b"\r\n\r\n")
        reset(writer)


def reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()


LARGE = b"a" * 50_000_000


async def test_a_request_that_was_not_sent_whole_is_repeated_from_a_used_connection(server: Any, make_pool: MakePool) -> None:
    server.scripts = [Reset(server, answer(b"1")), server.answering(answer(b"2"))]
    pool = make_pool()
    ends: list[None] = []
    assert await post(pool) == ok(b"1")
    assert await post(pool, LARGE, on_end=lambda: ends.append(None)) == ok(b"2")
    assert (server.connections, len(server.requests), len(ends)) == (2, 2, 1)


async def test_a_request_that_was_not_sent_whole_is_not_repeated_from_a_new_connection(
    server: Any, make_pool: MakePool
) -> None:
    server.scripts = [Reset(server, None), server.answering(answer(b"2"))]
    ends: list[None] = []
    with pytest.raises(ConnectionLost) as caught:
        await post(make_pool(), LARGE, on_end=lambda: ends.append(None))
    assert (caught.value.sent, server.connections, len(ends)) == (False, 1, 1)


# --- time --------------------------------------------------------------------------------------------------------------


class Holding:
    """A script: take a request, wait to be let go, answer; again and again."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self.taken = asyncio.Queue[bytes]()
        self.go: asyncio.Queue[bytes] = asyncio.Queue()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            self.taken.put_nowait(await self._server.read_request(reader))
            waiting = asyncio.ensure_future(self.go.get())
            gone = asyncio.ensure_future(reader.read(1))
            await asyncio.wait([waiting, gone], return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                waiting.cancel()
                return
            gone.cancel()
            await asyncio.wait([gone])
            writer.write(waiting.result())


async def warm_up(pool: Pool, holding: Holding) -> None:
    """Open a connection, so that a short deadline is spent on the exchange alone."""
    holding.go.put_nowait(answer(b"warm"))
    assert await post(pool) == ok(b"warm")


async def test_a_deadline_ends_the_wait_and_not_the_exchange(server: Any, make_pool: MakePool) -> None:
    holding = Holding(server)
    server.scripts = [holding]
    pool = make_pool(max_connections=1)
    await warm_up(pool, holding)
    ended = asyncio.Event()
    with pytest.raises(DeadlinePassed) as caught:
        await post(pool, timeout=0.01, on_end=ended.set)
    assert caught.value.sent
    assert not ended.is_set()
    assert pool.status() == {"connections": 1, "idle": 0, "waiting": 0}
    holding.go.put_nowait(answer(b"late"))
    await ended.wait()
    holding.go.put_nowait(answer(b"2"))
    assert await post(pool) == ok(b"2")
    assert server.connections == 1


async def test_a_cancelled_caller_leaves_the_exchange_running(server: Any, make_pool: MakePool) -> None:
    holding = Holding(server)
    server.scripts = [holding]
    pool = make_pool(max_connections=1)
    ended = asyncio.Event()
    task = asyncio.ensure_future(post(pool, on_end=ended.set))
    await holding.taken.get()
    task.cancel()
    assert await asyncio.gather(task, return_exceptions=True) != [ok(b"late")]
    assert (task.cancelled(), ended.is_set()) == (True, False)
    holding.go.put_nowait(answer(b"late"))
    await ended.wait()
    holding.go.put_nowait(answer(b"2"))
    assert await post(pool) == ok(b"2")
    assert server.connections == 1


async def test_a_cancelled_caller_who_breaks_off_ends_its_own_exchange_alone(server: Any, make_pool: MakePool) -> None:
    """Its answer comes before it wakes, and the next request has its connection by then."""
    arrived = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        arrived.set()
        await server.answering(answer(b"2"))(reader, writer)

    server.scripts = [script]
    pool = make_pool()
    first = asyncio.create_task(post(pool, b"a", timeout=None, limit=FOREVER, breaks_off=True))
    await arrived.wait()
    second = asyncio.create_task(post(pool, b"b"))
    first.cancel()
    [connection] = pool._open
    connection.data_received(answer(b"1"))
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == ok(b"2")
    assert server.requests == [HEAD % 1 + b"a", HEAD % 1 + b"b"]


async def test_a_cancelled_caller_who_breaks_off_ends_the_exchange(server: Any, make_pool: MakePool) -> None:
    arrived = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        arrived.set()
        await reader.read()

    server.scripts = [script]
    pool = make_pool()
    caller = asyncio.create_task(post(pool, limit=FOREVER, breaks_off=True))
    await arrived.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert await server.ended.get() == 0


async def test_an_exchange_is_broken_off_at_its_limit(server: Any, make_pool: MakePool) -> None:
    holding = Holding(server)
    server.scripts = [holding]
    pool = make_pool()
    await warm_up(pool, holding)
    ended = asyncio.Event()
    with pytest.raises(DeadlinePassed):
        await post(pool, timeout=0.01, limit=0.02, on_end=ended.set)
    await ended.wait()
    assert await server.ended.get() == 0


async def test_without_a_timeout_the_limit_ends_the_wait(server: Any, make_pool: MakePool) -> None:
    holding = Holding(server)
    server.scripts = [holding]
    pool = make_pool()
    await warm_up(pool, holding)
    with pytest.raises(DeadlinePassed) as caught:
        await post(pool, timeout=None, limit=0.01)
    assert caught.value.sent


async def test_a_request_that_is_stuck_on_its_way_is_never_completed_after_its_deadline(
    server: Any, make_pool: MakePool
) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(answer(b"warm"))
        await reader.readuntil(b"\r\n\r\n")
        await stop.wait()
        try:
            received.append(len(await reader.read()))
        except ConnectionError:
            received.append(0)

    stop, received = asyncio.Event(), list[int]()
    server.scripts = [script]
    ends: list[None] = []
    pool = make_pool()
    assert await post(pool) == ok(b"warm")
    with pytest.raises(DeadlinePassed) as caught:
        await post(pool, LARGE, timeout=0.05, on_end=lambda: ends.append(None))
    stop.set()
    await server.ended.get()
    assert (caught.value.sent, len(ends), received[0] < len(LARGE)) == (False, 1, True)


async def test_an_idle_connection_is_closed(server: Any, make_pool: MakePool) -> None:
    server.scripts = [server.answering(answer(b"1"))]
    pool = make_pool(idle_timeout=0.01)
    assert await post(pool) == ok(b"1")
    assert await server.ended.get() == 0
    assert pool.status()["idle"] == 0


# --- bounds ------------------------------------------------------------------------------------------------------------


async def test_beyond_the_bound_callers_wait_in_their_order(server: Any, make_pool: MakePool) -> None:
    holding = Holding(server)
    server.scripts = [holding]
    pool = make_pool(max_connections=1)
    callers = [asyncio.ensure_future(post(pool, b"%d" % number)) for number in range(4)]
    await holding.taken.get()
    callers[2].cancel()
    for number in range(3):
        holding.go.put_nowait(answer(b"%d" % number))
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert [result.body if isinstance(result, Response) else type(result) for result in results] == [
        b"0",
        b"1",
        asyncio.CancelledError,
        b"2",
    ]
    assert server.requests == [HEAD % 1 + b"0", HEAD % 1 + b"1", HEAD % 1 + b"3"]


async def test_who_got_no_connection_in_time_has_sent_nothing(server: Any, make_pool: MakePool) -> None:
    holding = Holding(server)
    server.scripts = [holding]
    pool = make_pool(max_connections=1)
    ends: list[None] = []
    first = asyncio.ensure_future(post(pool))
    await holding.taken.get()
    with pytest.raises(DeadlinePassed) as caught:
        await post(pool, timeout=0.01, on_end=lambda: ends.append(None))
    assert (caught.value.sent, len(ends), pool.status()["waiting"]) == (False, 1, 0)
    holding.go.put_nowait(answer(b"1"))
    assert await first == ok(b"1")
    assert len(server.requests) == 1


async def test_the_connection_that_rested_last_is_taken_first(server: Any, make_pool: MakePool) -> None:
    holding = Holding(server)
    server.scripts = [holding]
    pool = make_pool()
    both = [asyncio.ensure_future(post(pool)) for _ in range(2)]
    for _ in both:
        await holding.taken.get()
    for _ in range(2):
        holding.go.put_nowait(answer(b"1"))
    await asyncio.gather(*both)
    for _ in range(5):
        holding.go.put_nowait(answer(b"2"))
        assert await post(pool) == ok(b"2")
    assert server.connections == 2


async def test_nobody_listens(unused_tcp_port: int) -> None:
    pool = Pool("127.0.0.1", unused_tcp_port, None)
    errors = await asyncio.gather(*(post(pool) for _ in range(3)), return_exceptions=True)
    assert [(type(error), error.sent) for error in errors if isinstance(error, ExchangeError)] == [(ConnectFailed, False)] * 3
    await pool.close()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".invalid"])
async def test_no_such_host(host: str) -> None:
    pool = Pool(host, 80, None)
    with pytest.raises(ConnectFailed, match=f"{host}:80"):
        await post(pool)
    await pool.close()


async def test_closing_ends_everything(server: Any, make_pool: MakePool) -> None:
    holding = Holding(server)
    server.scripts = [holding]
    pool = make_pool(max_connections=1)
    busy = asyncio.ensure_future(post(pool))
    await holding.taken.get()
    waiting = asyncio.ensure_future(post(pool))
    await asyncio.sleep(0)
    await pool.close()
    errors = await asyncio.gather(busy, waiting, return_exceptions=True)
    assert [(type(error), getattr(error, "sent", None)) for error in errors] == [
        (ConnectionLost, True),
        (ConnectFailed, False),
    ]
    assert await server.ended.get() == 0
    with pytest.raises(ConnectFailed):
        await post(pool)
    assert pool.status() == {"connections": 0, "idle": 0, "waiting": 0}
