"""The driver passes bodies on: it looks ahead without losing a byte, and closes what nobody will read."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from router.driver import Driver
from router.errors import BodyTooLarge, Invoked, OriginTimeout, OriginUnreachable, RequestError
from router.exchange import Exchange
from router.fakes import FakeClock, FakeForwarder, FakeInvoker, FakeMetrics, FakeStream, request, trigger
from router.model import (
    Conversation,
    ErrorNote,
    Forward,
    Glimpse,
    Headers,
    Origin,
    OriginRequest,
    OriginResponse,
    PeekBody,
    ReadBody,
    Reply,
    Request,
    Resolve,
)

ORIGIN = Origin(False, "origin", 80)
Handle = Callable[[Request, Any], Conversation]


async def converse(
    handle: Handle,
    forwarder: FakeForwarder,
    *pieces: bytes | Exception,
    headers: Headers | None = None,
    body: bytes | None = None,
) -> Reply:
    """The reply to a request whose body comes in pieces, or is known already."""
    left = [*pieces]

    async def read_piece() -> bytes:
        piece = left.pop(0) if left else b""
        if isinstance(piece, Exception):
            raise piece
        return piece

    async def read_body(limit: int) -> bytes:
        return b"".join(piece for piece in pieces if isinstance(piece, bytes))

    driver = Driver(FakeInvoker(), FakeClock(), lambda: 0.0, FakeMetrics(), forwarder)
    asked = request("PUT", "/x", headers, body=b"")
    asked.body = body
    return await driver.run(Exchange(trigger("t", handle), asked, read_body, read_piece))


def answering(*pieces: bytes) -> FakeForwarder:
    return FakeForwarder(OriginResponse(200, "OK", [("a", "b")], FakeStream(*pieces)))


def forward(body: bytes | None = None) -> Forward:
    return Forward(ORIGIN, "PUT", "/y", [("Host", "origin")], body)


@pytest.mark.parametrize(
    ("given", "headers", "sent", "length"),
    [
        ({"body": b""}, [], None, 0),
        ({"body": b"whole"}, [], b"whole", 5),
        ({}, [], b"abcd", None),
        ({}, [("Content-Length", "4")], b"abcd", 4),
    ],
)
async def test_the_callers_body_goes_on(
    given: dict[str, Any], headers: Headers, sent: bytes | None, length: int | None
) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        answer = yield forward()
        return Reply(answer.status, answer.headers, answer.body)

    forwarder = answering(b"x")
    reply = await converse(handle, forwarder, b"ab", b"cd", headers=headers, **given)
    ((asked, read),) = forwarder.requests
    assert (read, asked.length) == (sent, length)
    assert asked == OriginRequest(ORIGIN, "PUT", "/y", [("Host", "origin")], asked.body, length)
    assert isinstance(reply.body, FakeStream)
    assert (reply.status, reply.headers, reply.body.closed) == (200, [("a", "b")], 0)


async def test_a_body_of_the_triggers_own_replaces_it() -> None:
    def handle(request: Request, built: Any) -> Conversation:
        answer = yield forward(b"new")
        return Reply(200, [], answer.body)

    forwarder = answering()
    await converse(handle, forwarder, b"old", headers=[("Content-Length", "3")])
    ((asked, read),) = forwarder.requests
    assert (read, asked.length) == (b"new", 3)


@pytest.mark.parametrize(
    ("limit", "seen"),
    [(0, Glimpse(b"", True)), (3, Glimpse(b"abc", True)), (4, Glimpse(b"abcd", False)), (9, Glimpse(b"abcd", False))],
)
@pytest.mark.parametrize("body", [None, b"abcd"])
async def test_looking_ahead_loses_nothing(limit: int, seen: Glimpse, body: bytes | None) -> None:
    glimpses: list[Glimpse] = []

    def handle(request: Request, built: Any) -> Conversation:
        glimpses.append((yield PeekBody(limit)))
        glimpses.append((yield PeekBody(100)))
        answer = yield forward()
        return Reply(200, [], answer.body)

    forwarder = answering()
    await converse(handle, forwarder, b"a", b"bc", b"d", body=body)
    assert glimpses == [seen, Glimpse(b"abcd", False)]
    assert forwarder.requests[0][1] == b"abcd"


async def test_a_body_that_was_read_whole_goes_on_too() -> None:
    def handle(request: Request, built: Any) -> Conversation:
        yield ReadBody(10)
        answer = yield forward()
        return Reply(200, [], answer.body)

    forwarder = answering()
    await converse(handle, forwarder, b"ab", b"c")
    assert forwarder.requests[0][1] == b"abc"


async def test_an_answer_that_is_not_passed_on_is_closed() -> None:
    def handle(request: Request, built: Any) -> Conversation:
        yield forward()
        return Reply(200, [], b"mine")

    forwarder = answering(b"theirs")
    assert (await converse(handle, forwarder, body=b"")).body == b"mine"
    assert isinstance(forwarder.answer, OriginResponse)
    assert isinstance(forwarder.answer.body, FakeStream)
    assert forwarder.answer.body.closed == 1


async def test_a_fault_after_the_answer_closes_it(caplog: pytest.LogCaptureFixture) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        yield forward()
        raise KeyError("oops")

    forwarder = answering(b"theirs")
    assert (await converse(handle, forwarder, body=b"")).status == 500
    assert isinstance(forwarder.answer, OriginResponse)
    assert isinstance(forwarder.answer.body, FakeStream)
    assert forwarder.answer.body.closed == 1


@pytest.mark.parametrize("failure", [OriginTimeout("slow"), BodyTooLarge(3)])
async def test_what_goes_wrong_is_thrown_into_the_conversation(failure: RequestError) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        try:
            yield forward()
        except (OriginTimeout, BodyTooLarge) as error:
            return Reply(400, [], error.name.encode())
        raise AssertionError("nothing was thrown")

    forwarder = FakeForwarder(failure) if isinstance(failure, OriginTimeout) else answering()
    pieces = () if isinstance(failure, OriginTimeout) else (b"ab", failure)
    assert (await converse(handle, forwarder, *pieces)).body == failure.name.encode()


async def test_resolving(caplog: pytest.LogCaptureFixture) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        yield Resolve(ORIGIN)
        return Reply(200, [])

    forwarder = answering()
    assert (await converse(handle, forwarder)).status == 200
    assert forwarder.resolved == [ORIGIN]


async def test_a_fault_that_no_invocation_explains_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        return Reply(502, [], b"", ErrorNote("undeclared_origin", Invoked.YES, detail="add `http://x` to `allowed_origins`"))
        yield

    caplog.set_level(logging.WARNING, "router.driver")
    await converse(handle, answering())
    (record,) = caplog.records
    fields = {name: getattr(record, name) for name in ("trigger", "error", "status", "detail")}
    assert (record.message, fields) == (
        "A request failed.",
        {"trigger": "t", "error": "undeclared_origin", "status": 502, "detail": "add `http://x` to `allowed_origins`"},
    )


async def test_a_refusal_of_the_callers_making_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    def handle(request: Request, built: Any) -> Conversation:
        return Reply(404, [], b"", ErrorNote("unmatched", detail="no route"))
        yield

    await converse(handle, answering())
    assert caplog.records == []


def test_an_error_of_an_origin_names_its_class() -> None:
    assert (OriginUnreachable("x").name, OriginTimeout("x").name) == ("origin_unreachable", "origin_timeout")
