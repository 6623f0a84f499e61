"""Working the journal off, beside the synchronous rate of the same stub function in the same run.

    python -m benchmarks.drain [--events 40000] [--rounds 3] [--folder DIR]

The journal is filled with events of 1 KiB first. Then the daemon starts, pinned to one core, and calls the stub for each of
them (`managed`: it sees the outcome) or hands them over (`delegated`), until all are settled. Beside it the same daemon answers
`RequestResponse` on its Invoke API with the same payload, 64 connections that wait. Rates are what the stub sees.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import psutil
import uvloop

from benchmarks.accept import PAYLOAD, made
from benchmarks.compiled import daemon
from benchmarks.load import Load
from benchmarks.processes import CREDENTIALS, cores, free_port, pin
from benchmarks.report import machine, markdown, publish
from benchmarks.stub_lambda import DEFAULT_PAYLOAD, StubLambda
from router.clock import SystemClock
from router.deliveries import Delivery, Durability
from router.journal.opening import open_journal
from router.settings import JournalSettings

CONFIG = """
version: 1
aws: {{region: eu-west-1, account_id: 111122223333, endpoint_url: "http://127.0.0.1:{stub}"}}
listeners: {{main: "127.0.0.1:{port}"}}
admin: {{listen: "127.0.0.1:{admin}"}}
log: {{level: warning}}
journal: {{url: "sqlite:{journal}", max_size: 8GiB, min_free_disk: 1MiB}}
functions:
  f0: {{arn: "arn:aws:lambda:eu-west-1:111122223333:function:f0", async: {{delivery: {delivery}}}}}
  f1: {{arn: "arn:aws:lambda:eu-west-1:111122223333:function:f1", async: {{delivery: {delivery}}}}}
triggers:
  api: {{type: lambda_api, functions: all, invocation: sync, auth: none}}
  events: {{type: function_url, function: f0, invocation: async, hosts: [events.example.com], auth: none}}
"""
FUNCTIONS = 2
CONNECTIONS = 64


class Counting(StubLambda):
    """The stub, which notes when it has answered so many."""

    answered = 0
    marks: ClassVar[dict[int, Callable[[], None]]] = {}

    def _answer(self, kind: bytes) -> None:
        super()._answer(kind)
        Counting.answered += 1
        if (reached := Counting.marks.pop(Counting.answered, None)) is not None:
            reached()


@dataclass
class Row:
    """What was measured of one way."""

    name: str
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


async def between(first: int, last: int, process: psutil.Process, row: Row) -> None:
    """Rate and CPU of the process from the `first` to the `last` answer of the stub, counted from here."""
    seen: list[tuple[float, float]] = []
    both = asyncio.Event()

    def note() -> None:
        used = process.cpu_times()
        seen.append((time.perf_counter(), used.user + used.system))
        if len(seen) == 2:
            both.set()

    Counting.answered = 0
    Counting.marks = {first: note, last: note}
    await both.wait()
    (began, used), (ended, used_at_end) = seen
    row.rates.append((last - first) / (ended - began))
    row.cpu.append((used_at_end - used) / (last - first) * 1e6)


async def filled(folder: Path, events: int) -> None:
    engine = open_journal(JournalSettings(f"sqlite:{folder}", 8 * 1024**3, 0), SystemClock())
    await engine.start()
    for at in range(0, events, 500):
        await engine.journal.append([event(number) for number in range(at, min(events, at + 500))], Durability.OS)
    await engine.close()


def event(number: int) -> Delivery:
    delivery = made(number)
    delivery.trigger, delivery.function = "events", f"f{number % FUNCTIONS}"
    return delivery


async def drained(process: psutil.Process, port: int, events: int, row: Row) -> None:
    await between(events // 5, events * 19 // 20, process, row)


async def answered(process: psutil.Process, port: int, events: int, row: Row) -> None:
    path, size = "/2015-03-31/functions/f0/invocations", len(PAYLOAD)
    request = f"POST {path} HTTP/1.1\r\nHost: lambda\r\nContent-Length: {size}\r\n\r\n".encode() + PAYLOAD
    load = Load(port, request)
    for _ in range(CONNECTIONS):
        load.connect()
    await between(events // 5, events * 19 // 20, process, row)
    load.running = False
    await load.done.wait()
    if load.errors:
        raise SystemExit(f"{load.errors} of {len(load.latencies)} answers were wrong")


async def measured(
    row: Row,
    folder: Path,
    stub: int,
    delivery: str,
    events: int,
    backlog: int,
    measure: Callable[[psutil.Process, int, int, Row], Awaitable[None]],
) -> None:
    await filled(folder / "journal", backlog)
    port, file = free_port(), folder / "router.yaml"
    file.write_text(CONFIG.format(stub=stub, port=port, admin=free_port(), journal=folder / "journal", delivery=delivery))
    environment = os.environ | CREDENTIALS
    command = daemon(file)
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.DEVNULL)
    try:
        pin(process.pid, cores()[0])
        await listening(port)
        await measure(psutil.Process(process.pid), port, events, row)
    finally:
        process.terminate()
        await process.wait()


async def listening(port: int) -> None:
    for _ in range(200):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            return writer.close()
        except OSError:
            await asyncio.sleep(0.05)
    raise SystemExit("the daemon did not start")


def table(rows: list[Row]) -> str:
    reference = statistics.median(rows[0].rates)
    medians = [(row.name, statistics.median(row.rates), statistics.median(row.cpu)) for row in rows]
    cells = [(name, f"{rate:,.0f}", f"{cpu:.0f}", f"{rate / reference:.2f}") for name, rate, cpu in medians]
    return markdown(("one core, 1 KiB", "events/s", "CPU µs/event", "against sync"), cells)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", help="where the journal is")
    arguments = parser.parse_args()
    pin(0, cores()[1])
    server = await asyncio.get_running_loop().create_server(lambda: Counting(DEFAULT_PAYLOAD, 0.0), "127.0.0.1", 0)
    stub = server.sockets[0].getsockname()[1]
    rows = [Row("sync: Invoke API, `RequestResponse`"), Row("drain, `managed`"), Row("drain, `delegated`")]
    ways = (("managed", 0, answered), ("managed", arguments.events, drained), ("delegated", arguments.events, drained))
    for _ in range(arguments.rounds):
        for row, (delivery, backlog, measure) in zip(rows, ways, strict=True):
            with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
                await measured(row, Path(folder), stub, delivery, arguments.events, backlog, measure)
    publish("drain", f"{machine()}\n\n{table(rows)}")


if __name__ == "__main__":
    uvloop.run(main())
