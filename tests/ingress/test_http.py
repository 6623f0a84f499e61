"""The door over real sockets: requests arrive as they were sent, replies leave as the trigger said, garbage stays out."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from router.errors import BodyIncomplete, BodyTooLarge, Invoked
from router.model import Conversation, ErrorNote, ReadBody, Reply, Request

OpenDoor = Callable[..., Awaitable[Any]]


def echo(request: Request, built: Any) -> Conversation:
    """Tell what arrived."""
    try:
        body = request.body if request.body is not None else (yield ReadBody(1000))
    except BodyTooLarge as error:
        return Reply(413, [], b"too large", ErrorNote(error.name))
    except BodyIncomplete as error:
        return Reply(400, [], b"incomplete", ErrorNote(error.name))
    seen = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "host": request.host,
        "headers": request.headers,
        "body": body.decode("latin-1"),
    }
    return Reply(200, [("Content-Type", "application/json")], json.dumps(seen).encode())


async def talk(port: int, sent: bytes) -> bytes:
    """The one answer that the door gives to these bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        async with asyncio.timeout(10):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"Content-Length: (\d+)", head)
            return head + (await reader.readexactly(int(length[1])) if length else b"")
    finally:
        writer.close()


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def head_of(answer: bytes) -> list[str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return [line for line in lines if not line.startswith("Date: ")]


async def test_a_request_arrives_as_it_was_sent(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    answer = await talk(
        door.port,
        b"POST /a%2Fb//c/../d?x=1&x=%20+&y HTTP/1.1\r\nhost: Shop.Example.COM:8080\r\nX-Odd-CASE: a\r\nx-odd-case: b\r\n"
        b"x-latin: caf\xe9\r\nx-utf: caf\xc3\xa9\r\nConnection: close\r\nContent-Length: 3\r\n\r\n\x00\xffz",
    )
    assert json.loads(body_of(answer)) == {
        "method": "POST",
        "path": "/a%2Fb//c/../d",
        "query": "x=1&x=%20+&y",
        "host": "shop.example.com",
        "headers": [
            ["host", "Shop.Example.COM:8080"],
            ["X-Odd-CASE", "a"],
            ["x-odd-case", "b"],
            ["x-latin", "café"],
            ["x-utf", "café"],
            ["Connection", "close"],
            ["Content-Length", "3"],
        ],
        "body": "\x00\xffz",
    }


async def test_only_the_replys_headers_go_out(open_door: OpenDoor) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        return Reply(203, [("set-cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Thing", "yes")], b"ok")
        yield ReadBody(0)

    door = await open_door(handle)
    answer = await talk(door.port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert head_of(answer) == [
        "HTTP/1.1 203 Non-Authoritative Information",
        "set-cookie: a=1",
        "Set-Cookie: b=2",
        "X-Thing: yes",
        "Content-Length: 2",
        "Content-Type: application/octet-stream",
        "Connection: close",
    ]
    assert body_of(answer) == b"ok"


@pytest.mark.parametrize("shown", [True, False])
async def test_an_answer_of_the_router_says_so_unless_switched_off(open_door: OpenDoor, shown: bool) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        return Reply(429, [], b"", ErrorNote("throttled", Invoked.NO, 3, "a detail for the log only"))
        yield ReadBody(0)

    door = await open_door(handle, error_headers=shown)
    answer = await talk(door.port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    ours = ["x-router-error: throttled", "x-router-invoked: no"] if shown else []
    assert head_of(answer) == [
        "HTTP/1.1 429 Too Many Requests",
        "Retry-After: 3",
        *ours,
        "Content-Length: 0",
        "Connection: close",
    ]


async def test_what_nobody_claims_is_a_404_of_the_routers_own(open_door: OpenDoor) -> None:
    door = await open_door(None)
    answer = await talk(door.port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert head_of(answer)[:4] == [
        "HTTP/1.1 404 Not Found",
        "Content-Type: application/json",
        "x-router-error: unmatched",
        "x-router-invoked: no",
    ]
    assert json.loads(body_of(answer)) == {"message": "No trigger claims this request."}
    assert door.metrics.unmatched_on == ["main"]


@pytest.mark.parametrize(
    ("framing", "status"),
    [
        (b"Content-Length: 1000\r\n\r\n" + b"x" * 1000, 200),
        (b"Content-Length: 1001\r\n\r\n" + b"x" * 1001, 413),
        (b"Content-Length: 99999999999\r\n\r\n", 413),
        (b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n" + b"x" * 1000 + b"\r\n0\r\n\r\n", 200),
        (b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n", 413),
        (b"Transfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n0\r\nTrailer: x\r\n\r\n", 200),
    ],
)
async def test_bodies_up_to_the_front_doors_limit(open_door: OpenDoor, framing: bytes, status: int) -> None:
    door = await open_door(echo)
    answer = await talk(door.port, b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + framing)
    assert head_of(answer)[0].split()[1] == str(status)
    assert door.metrics.finished == [("t", status)]


async def test_the_host_of_an_absolute_target_counts_instead_of_the_header(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    answer = await talk(
        door.port, b"GET http://shop.example.com:81/a?b HTTP/1.1\r\nX-A: 1\r\nHost: other\r\nConnection: close\r\n\r\n"
    )
    assert json.loads(body_of(answer)) == {
        "method": "GET",
        "path": "/a",
        "query": "b",
        "host": "shop.example.com",
        "headers": [["Host", "shop.example.com:81"], ["X-A", "1"], ["Connection", "close"]],
        "body": "",
    }


async def test_headers_are_taken_in_their_hundreds(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    many = b"".join(b"x-%d: y\r\n" % number for number in range(250))
    answer = await talk(door.port, b"GET / HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n")
    assert len(json.loads(body_of(answer))["headers"]) == 251


async def test_the_listeners_own_limit_lies_below(open_door: OpenDoor) -> None:
    door = await open_door(echo, max_body=10)
    answer = await talk(door.port, b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 11\r\n\r\n01234567890")
    assert (head_of(answer)[0], body_of(answer)) == ("HTTP/1.1 413 Request Entity Too Large", b"too large")


async def test_a_compressed_body_is_passed_on_untouched(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    answer = await talk(
        door.port,
        b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8bzz",
    )
    assert json.loads(body_of(answer))["body"] == "\x1f\x8bzz"


async def test_a_caller_that_waits_for_100_continue_is_told_to_go_on(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b"hi")
    answer = await reader.read(-1)
    assert (head_of(answer)[0], json.loads(body_of(answer))["body"]) == ("HTTP/1.1 200 OK", "hi")
    writer.close()


async def test_a_refused_body_is_not_asked_for(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    answer = await talk(door.port, b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5000\r\n\r\n")
    assert head_of(answer)[0] == "HTTP/1.1 413 Request Entity Too Large"
    assert "Connection: close" in head_of(answer)


GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET\r\n\r\n",
    b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA: b\x00c\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"y" * 200_000 + b"\r\n\r\n",
    b"GET /" + b"y" * 200_000 + b" HTTP/1.1\r\n\r\n",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda garbage: repr(garbage[:40]))
async def test_garbage_is_refused_and_the_next_caller_is_served(open_door: OpenDoor, garbage: bytes) -> None:
    door = await open_door(echo)
    answer = await talk(door.port, garbage)
    assert answer.startswith(b"HTTP/1.")
    assert answer.split()[1] == b"400"
    assert b"x-router-error: bad_request" in answer
    good = await talk(door.port, b"GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert json.loads(body_of(good))["path"] == "/next"
    assert door.metrics.finished == [("t", 200)]


async def test_a_broken_chunk_is_an_incomplete_request(open_door: OpenDoor) -> None:
    door = await open_door(echo)
    answer = await talk(door.port, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n")
    assert answer.split()[1] == b"400"


async def test_a_caller_that_leaves_in_its_body_invokes_nothing(open_door: OpenDoor) -> None:
    seen: list[str] = []
    done = asyncio.Event()

    def handle(request: Request, built: Any) -> Conversation:
        try:
            yield ReadBody(1000)
        except BodyIncomplete as error:
            seen.append(error.name)
            done.set()
        return Reply(400, [])

    door = await open_door(handle)
    _, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    await writer.drain()
    await asyncio.sleep(0)
    writer.close()
    async with asyncio.timeout(10):
        await done.wait()
    assert seen == ["incomplete_request"]


async def test_a_body_that_stops_coming_is_given_up(open_door: OpenDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.ingress.body.BODY_IDLE_SECONDS", 0.01)
    door = await open_door(echo)
    answer = await talk(door.port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf")
    assert (answer.split()[1], body_of(answer)) == (b"400", b"incomplete")


LARGE = b"x" * (32 << 20)


def large(request: Request, built: Any) -> Conversation:
    return Reply(200, [], LARGE)
    yield ReadBody(0)


async def test_a_caller_that_does_not_read_its_answer_is_given_up(
    open_door: OpenDoor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("router.ingress.connection.UNREAD_SECONDS", 0.01)
    caplog.set_level(logging.INFO, logger="router.ingress")
    door = await open_door(large)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(10):
        while not caplog.messages:
            await asyncio.sleep(0.01)
    assert caplog.messages == ["A caller that does not read its answer was given up."]
    async with asyncio.timeout(10):
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(len(LARGE))
    writer.close()


async def test_a_caller_may_read_slowly(open_door: OpenDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.ingress.connection.UNREAD_SECONDS", 0.5)
    door = await open_door(large)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    taken = 0
    while piece := await reader.read(256 << 10):
        taken += len(piece)
        await asyncio.sleep(0.005)
    assert taken > len(LARGE)
    writer.close()


async def test_a_stream_is_passed_on_as_it_comes(open_door: OpenDoor) -> None:
    first_was_read = asyncio.Event()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        await first_was_read.wait()
        yield b"second"

    def handle(request: Request, built: Any) -> Conversation:
        return Reply(200, [("content-type", "text/plain")], chunks())
        yield ReadBody(0)

    door = await open_door(handle)
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(10):
        await reader.readuntil(b"5\r\nfirst\r\n")
        first_was_read.set()
        assert await reader.read(-1) == b"6\r\nsecond\r\n0\r\n\r\n"
    writer.close()


async def test_the_access_log_is_one_line_per_request(open_door: OpenDoor, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="router.access")
    door = await open_door(echo, access=True)
    await talk(door.port, b"GET /p?secret=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    (line,) = [record for record in caplog.records if record.name == "router.access"]
    fields = {name: getattr(line, name) for name in ("listener", "trigger", "method", "host", "path", "status", "error")}
    assert fields == {
        "listener": "main",
        "trigger": "t",
        "method": "GET",
        "host": "x",
        "path": "/p",
        "status": 200,
        "error": None,
    }
    assert "secret" not in str(vars(line))
