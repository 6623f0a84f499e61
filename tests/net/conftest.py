"""A raw server that plays scripts, on both event loops."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import uvloop

from router.net.pool import Pool, PoolOptions

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


class ScriptedServer:
    """Plays the n-th script on the n-th connection; the last one again on all that follow."""

    def __init__(self) -> None:
        self.scripts: list[Script] = []
        self.connections = 0
        self.requests: list[bytes] = []
        self.port = 0
        self.ended = asyncio.Queue[int]()
        """Numbers of connections whose script is over."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, **options: Any) -> None:
        self._server = await asyncio.start_server(self._play, "127.0.0.1", 0, **options)
        self.port = self._server.sockets[0].getsockname()[1]

    async def read_request(self, reader: asyncio.StreamReader) -> bytes:
        """One request with a Content-Length, recorded."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        request = head + (await reader.readexactly(length) if length else b"")
        self.requests.append(request)
        return request

    def answering(self, *answers: bytes, then_close: bool = False) -> Script:
        """A script: one request, one answer, and so on; then wait for the other side to close, or close."""

        async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for answer in answers:
                await self.read_request(reader)
                writer.write(answer)
            if not then_close:
                await reader.read()

        return script

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        number = self.connections
        self.connections += 1
        try:
            await self.scripts[min(number, len(self.scripts) - 1)](reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.ended.put_nowait(number)
            writer.close()
            self._tasks.discard(task)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    server = ScriptedServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def tls_server() -> AsyncIterator[ScriptedServer]:
    """Not started: `await tls_server.start(ssl=context)`."""
    server = ScriptedServer()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
def make_server() -> Callable[[], AbstractAsyncContextManager[ScriptedServer]]:
    """`async with make_server() as server:` where a test has many loops."""

    @asynccontextmanager
    async def make() -> AsyncIterator[ScriptedServer]:
        server = ScriptedServer()
        await server.start()
        try:
            yield server
        finally:
            await server.stop()

    return make


MakePool = Callable[..., Pool]


@pytest.fixture
async def make_pool(server: Any) -> AsyncIterator[MakePool]:
    pools = []

    def make(**options: Any) -> Pool:
        pool = Pool("127.0.0.1", server.port, None, PoolOptions(**options))
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        await pool.close()
