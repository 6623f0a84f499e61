"""Many callers, few connections, a server that misbehaves at random: everybody gets the own answer or an error, once."""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from router.net.errors import DeadlinePassed, ExchangeError
from router.net.pool import Pool, PoolOptions

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"


def answer(body: bytes, extra: bytes = b"") -> bytes:
    return b"HTTP/1.1 200 OK\r\n%sContent-Length: %d\r\n\r\n%s" % (extra, len(body), body)


class Misbehaving:
    """A script: echoes each request's body in one of many manners, drawn from a seeded generator."""

    def __init__(self, server: Any, seed: int) -> None:
        self._server = server
        self._random = random.Random(seed)
        self.manners: Counter[str] = Counter()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            body = (await self._server.read_request(reader)).partition(b"\r\n\r\n")[2]
            manner = self._random.choice(
                ["plain"] * 6 + ["chunked", "late", "twice", "cut", "reset", "stray", "close", "interim"]
            )
            self.manners[manner] += 1
            if not await self._play(manner, body, writer):
                return

    async def _play(self, manner: str, body: bytes, writer: asyncio.StreamWriter) -> bool:
        if manner == "reset":
            writer.transport.abort()
        elif manner == "cut":
            writer.write(answer(body)[:-3])
        elif manner == "close":
            writer.write(answer(body, b"Connection: close\r\n"))
        elif manner == "chunked":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        elif manner == "interim":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" + answer(body))
        elif manner == "twice":
            writer.write(answer(body) + answer(b"forged"))
        elif manner == "stray" and len(body) < 1000:
            writer.write(answer(body))
            await asyncio.sleep(0)
            writer.write(answer(b"forged"))
        else:
            if manner == "late":
                await asyncio.sleep(0.03)
            writer.write(answer(body))
        return manner not in ("reset", "cut", "close")


@pytest.mark.parametrize("seed", range(3))
async def test_everybody_gets_the_own_answer_or_an_error_once(server: Any, seed: int) -> None:
    script = Misbehaving(server, seed)
    server.scripts = [script]
    pool = Pool("127.0.0.1", server.port, None, PoolOptions(max_connections=5))
    draw = random.Random(seed)
    results: Counter[str] = Counter()
    ends: Counter[int] = Counter()

    async def call(number: int) -> None:
        body = b"%06d" % number + b"x" * draw.choice([0, 10, 100_000])
        timeout = draw.choice([0.02, 30])
        try:
            response = await pool.request(
                HEAD % len(body), body, timeout=timeout, limit=30, on_end=lambda: ends.update([number])
            )
        except DeadlinePassed:
            results["deadline"] += 1
        except ExchangeError as error:
            results["sent" if error.sent else "unsent"] += 1
        else:
            assert response.body == body
            results["answered"] += 1

    calls = [asyncio.ensure_future(call(number)) for number in range(400)]
    await asyncio.sleep(0)
    for number in range(0, 400, 40):
        calls[number].cancel()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [asyncio.CancelledError] * 10
    await pool.close()
    assert ends == Counter(range(400)), "each exchange ends exactly once"
    assert results.total() == 390
    assert results["answered"] > 0
    received = Counter(request.partition(b"\r\n\r\n")[2][:6] for request in server.requests)
    assert set(received.values()) == {1}, "nothing is received twice"
    assert pool.status() == {"connections": 0, "idle": 0, "waiting": 0}
