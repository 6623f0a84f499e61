"""A redis-server that fsyncs before it answers, for `benchmarks.accept`, and three ways to write to its stream."""

import asyncio
import csv
import io
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import psutil

from benchmarks.processes import cpu_seconds

NAME = "Redis `XADD`, `appendfsync always`"
OPTIONS = "--port 0 --save '' --appendonly yes --appendfsync always"
STREAM = "events"
Client = Callable[[str, int, bytes], AbstractAsyncContextManager[Callable[[int, int], Awaitable[object]]]]
"""Of a socket, so many producers and a payload: what accepts an event of a producer."""


def no_server() -> str | None:
    """What has to be installed for the server; None: nothing."""
    return None if shutil.which("redis-server") else "there is no redis-server"


def no_client() -> str | None:
    """What has to be installed for `by_redis_py`; None: nothing."""
    return no_server() or (None if find_spec("redis") else "there is no redis-py")


@asynccontextmanager
async def server(folder: Path) -> AsyncIterator[tuple[str, psutil.Process]]:
    """Its Unix socket and its process."""
    path = f"{folder}/socket"
    arguments = [part.strip("'") for part in f"{OPTIONS} --unixsocket {path} --dir {folder}".split()]
    process = await asyncio.create_subprocess_exec("redis-server", *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(10):
            while b"eady to accept" not in await process.stdout.readline():
                pass
        yield path, psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def by_redis_py(path: str, producers: int, payload: bytes) -> AsyncIterator[Callable[[int, int], Awaitable[object]]]:
    """As a Python producer writes to it: redis-py's asyncio client, a connection for each producer."""
    from redis.asyncio import Redis

    clients = [Redis(unix_socket_path=path, single_connection_client=True) for _ in range(producers)]

    async def accept(producer: int, _: int) -> None:
        await clients[producer].xadd(STREAM, {"body": payload})

    yield accept
    for client in clients:
        await client.aclose()


@asynccontextmanager
async def by_socket(path: str, producers: int, payload: bytes) -> AsyncIterator[Callable[[int, int], Awaitable[object]]]:
    """The least that Python can do: one finished command, written again and again, its answer hardly looked at."""
    connections = [await asyncio.open_unix_connection(path) for _ in range(producers)]
    head = b"*5\r\n$4\r\nXADD\r\n$6\r\nevents\r\n$1\r\n*\r\n$4\r\nbody\r\n"
    command = head + b"$%d\r\n%s\r\n" % (len(payload), payload)

    async def accept(producer: int, _: int) -> None:
        reader, writer = connections[producer]
        writer.write(command)
        answer = await reader.readline()
        assert answer.startswith(b"$"), answer
        await reader.readexactly(int(answer[1:]) + 2)

    yield accept
    for _, writer in connections:
        writer.close()


async def by_redis_benchmark(
    path: str, server: psutil.Process, producers: int, payload: bytes, seconds: float
) -> tuple[float, float, float, float, float]:
    """Redis's own load generator, in C: events a second, µs of CPU for each of client and server, p50 and p99 in milliseconds.

    It is told a number, not a time: a short run before says how many.
    """
    rate, *_ = await _benchmark(path, server, producers, payload, 2000)
    return await _benchmark(path, server, producers, payload, max(2000, int(rate * seconds)))


async def _benchmark(
    path: str, server: psutil.Process, producers: int, payload: bytes, number: int
) -> tuple[float, float, float, float, float]:
    command = ("redis-benchmark", "-s", path, "-c", str(producers), "--csv", "-n", str(number), "XADD", STREAM, "*", "body")
    served, before = cpu_seconds(server), psutil.Process().cpu_times()
    process = await asyncio.create_subprocess_exec(*command, payload, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    served, after = cpu_seconds(server) - served, psutil.Process().cpu_times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    [row] = csv.DictReader(io.StringIO(output.decode()))
    p50, p99 = float(row["p50_latency_ms"]), float(row["p99_latency_ms"])
    return float(row["rps"]), used / number * 1e6, served / number * 1e6, p50, p99
