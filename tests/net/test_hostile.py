"""A server that may send anything: whatever it sends, nobody gets what was meant for another, and everybody gets something.

Answers are mutated byte by byte; a mutated one may still be an answer, but never one to another request.
"""

import asyncio
import itertools
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.net.errors import ConnectionLost, DeadlinePassed, ExchangeError, ResponseInvalid
from router.net.pool import Pool, PoolOptions
from router.net.response import Response, ResponseReader

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
PATIENCE = 30.0

FORMS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: %(length)d\r\n\r\n%(body)b",
    b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: %(length)d\r\nConnection: keep-alive\r\n\r\n%(body)b",
    b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%(hex)x;a="b"\r\n%(body)b\r\n0\r\nX-T: 1\r\n\r\n',
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nContent-Length: %(length)d\r\n\r\n%(body)b",
    b"HTTP/1.1 200 OK\r\n\r\n%(body)b",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nContent-Length: %(length)d\r\n\r\n%(body)b",
)
"""Answers as a server may send them."""
SPLICES = (
    b"",
    b"\r\n",
    b"\r\n\r\n",
    b"\0",
    b"Content-Length: 0\r\n",
    b"Content-Length: 7\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"0\r\n\r\n",
    b"fffffffffffffffff\r\n",
)


@dataclass(frozen=True)
class Mutation:
    """At two places, as parts of the length: what stands between is replaced."""

    start: float
    end: float
    by: bytes

    def of(self, raw: bytes) -> bytes:
        first, last = sorted((int(self.start * len(raw)), int(self.end * len(raw))))
        return raw[:first] + self.by + raw[last:]


PLACES = st.floats(0, 1)
MUTATIONS = st.builds(Mutation, PLACES, PLACES, st.sampled_from(SPLICES) | st.binary(max_size=8)) | st.builds(
    lambda place, by: Mutation(place, place, by), PLACES, st.sampled_from(SPLICES) | st.binary(max_size=4)
)


def answer(form: bytes, body: bytes) -> bytes:
    return form % {b"length": len(body), b"hex": len(body), b"body": body}


# --- the reader ------------------------------------------------------------------------------------------------------


def read(pieces: list[bytes]) -> tuple[object, bool]:
    """What comes of them, and whether the connection may be used again: not where bytes are left, but for empty lines."""
    reader = ResponseReader(64 * 1024, 64 * 1024)
    try:
        for number, piece in enumerate(pieces):
            response = reader.feed(piece)
            if response is not None:
                rest = b"".join(pieces[number + 1 :])
                return response, reader.reusable and not rest.strip(b"\r\n")
        return reader.end(), False
    except ResponseInvalid:
        return ResponseInvalid, False


@settings(max_examples=400)
@given(st.sampled_from(FORMS), st.lists(MUTATIONS, max_size=3), st.data())
def test_what_is_read_does_not_depend_on_how_it_is_cut(form: bytes, mutations: list[Mutation], data: st.DataObject) -> None:
    raw = answer(form, b"the body")
    for mutation in mutations:
        raw = mutation.of(raw)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(raw)), max_size=8)))
    pieces = [raw[start:end] for start, end in itertools.pairwise([0, *cuts, len(raw)]) if start < end]
    assert read(pieces) == read([raw] if raw else [])


def test_an_interim_answer_has_no_body_whatever_it_says() -> None:
    """Else the answer behind it could be read as its body, or its body as an answer."""
    interim = b"HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n\r\n"
    assert read([interim + answer(FORMS[0], b"later")])[0] == ok(b"later")
    assert read([interim + b"x" * 9 + answer(FORMS[0], b"later")])[0] is ResponseInvalid


# --- the pool --------------------------------------------------------------------------------------------------------


class Mutating:
    """A script: answers every request with its own body, in one form after the other, mutated; what is mutated is the last."""

    def __init__(self, server: Any, plans: list[tuple[bytes, list[Mutation]]]) -> None:
        self._server = server
        self._plans = itertools.cycle(plans)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            body = (await self._server.read_request(reader)).partition(b"\r\n\r\n")[2]
            form, mutations = next(self._plans)
            raw = answer(form, body)
            for mutation in mutations:
                raw = mutation.of(raw)
            writer.write(raw)
            if mutations or form == FORMS[4]:
                return


PLANS = st.lists(st.tuples(st.sampled_from(FORMS), st.lists(MUTATIONS, max_size=2)), min_size=1, max_size=6)


@settings(max_examples=60)
@given(plans=PLANS, connections=st.integers(1, 3))
def test_nobody_gets_what_was_meant_for_another(make_server: Any, plans: Any, connections: int) -> None:
    async def exchange() -> None:
        async with make_server() as server:
            server.scripts = [Mutating(server, plans)]
            pool = Pool("127.0.0.1", server.port, None, PoolOptions(max_connections=connections))
            outcomes: list[tuple[bool, list[bytes], int]] = []
            tokens = [b"token-%02d-of-its-caller" % number for number in range(8)]

            async def call(token: bytes) -> None:
                ends: list[None] = []
                try:
                    response = await pool.request(HEAD % len(token), token, timeout=PATIENCE, on_end=lambda: ends.append(None))
                except ExchangeError as error:
                    outcomes.append((type(error) is DeadlinePassed, [], len(ends)))
                else:
                    others = [other for other in tokens if other != token and other in response.body]
                    outcomes.append((False, others, len(ends)))

            for token in tokens[:4]:
                await call(token)
            await asyncio.gather(*map(call, tokens[4:]))
            await pool.close()
            assert outcomes == [(False, [], 1)] * len(tokens), "whether it hung, whose answers it got, how often it ended"
            assert pool.status() == {"connections": 0, "idle": 0, "waiting": 0}

    asyncio.run(exchange())


def ok(body: bytes) -> Response:
    return Response(200, [(b"Content-Length", b"%d" % len(body))], body)


async def post(pool: Pool, body: bytes, **options: Any) -> Response:
    return await pool.request(HEAD % len(body), body, **({"timeout": PATIENCE} | options))


async def test_an_answer_before_the_request_was_sent_whole_ends_the_connection(server: Any, make_pool: Any) -> None:
    """What the server has not read would be read as the next request."""

    async def early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(FORMS[0], b"early"))
        await reader.read()

    server.scripts = [early, server.answering(answer(FORMS[0], b"own"))]
    pool = make_pool()
    assert await post(pool, b"a" * 50_000_000) == ok(b"early")
    assert await post(pool, b"next") == ok(b"own")
    assert (server.connections, server.requests) == (2, [HEAD % 4 + b"next"])


async def test_a_slow_answer_is_taken_until_the_limit(server: Any, make_pool: Any) -> None:
    raw = answer(FORMS[2], b"drop by drop")

    async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        for byte in raw:
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        await server.read_request(reader)
        writer.write(raw[:-1])
        await reader.read()

    server.scripts = [dripping]
    pool = make_pool()
    assert (await post(pool, b"a")).body == b"drop by drop"
    with pytest.raises(DeadlinePassed) as caught:
        await post(pool, b"b", timeout=None, limit=0.01)
    assert (caught.value.sent, await server.ended.get()) == (True, 0)
    assert pool.status()["idle"] == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"\r\n",
        b"garbage",
    ],
    ids=["an answer", "an interim answer", "an empty line", "garbage"],
)
async def test_what_comes_unasked_is_nobodys(server: Any, make_pool: Any, raw: bytes) -> None:
    """Before the first request, and between two."""
    told, more = asyncio.Event(), asyncio.Event()

    async def unasked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read_request(reader)
        writer.write(answer(FORMS[0], b"first"))
        await more.wait()
        writer.write(raw)
        told.set()
        await reader.read()

    server.scripts = [unasked, server.answering(answer(FORMS[0], b"second"))]
    pool = make_pool()
    assert await post(pool, b"1") == ok(b"first")
    more.set()
    await told.wait()
    assert await post(pool, b"2") == ok(b"second")
    assert (await server.ended.get(), len(server.requests)) == (0, 2)


@pytest.mark.parametrize("cut", range(1, len(answer(FORMS[0], b"whole"))))
async def test_an_answer_that_is_cut_anywhere_is_an_error_and_asked_for_once(server: Any, make_pool: Any, cut: int) -> None:
    raw = answer(FORMS[0], b"whole")
    server.scripts = [server.answering(answer(FORMS[0], b"warm"), raw[:cut], then_close=True)]
    pool = make_pool()
    assert await post(pool, b"1") == ok(b"warm")
    with pytest.raises((ConnectionLost, ResponseInvalid)) as caught:
        await post(pool, b"2")
    assert (caught.value.sent, len(server.requests)) == (True, 2)
