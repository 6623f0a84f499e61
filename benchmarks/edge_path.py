"""The edge as a plain proxy, without functions: what it adds to an origin, and how much memory a large body takes.

usage: python -m benchmarks.edge_path [--seconds 4] [--gibibytes 1]
An origin answers at once with 1 KiB, streams `/large`, and swallows what is PUT. Direct and through the edge, in the same run.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import uvloop

from benchmarks.compiled import daemon
from benchmarks.measuring import Series, measure, warm
from benchmarks.processes import cores, free_port, running
from benchmarks.report import machine, markdown, publish

GIBIBYTE = 1024**3
PIECE = bytes(256 * 1024)
SMALL = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" + bytes(1024)
CONFIG = """
version: 1
listeners: {{main: {{address: "127.0.0.1:{port}", max_body: 8GiB}}}}
admin: {{listen: "127.0.0.1:{admin}"}}
log: {{level: warning}}
triggers:
  edge: {{type: lambda_edge, invocation: sync, auth: none, behaviors: {{"*": {{origin: "http://127.0.0.1:{origin}"}}}}}}
"""


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The origin: `GET /large/<bytes>`, `PUT` of any length, 1 KiB for everything else."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /large/"):
                size = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                for _ in range(size // len(PIECE)):
                    writer.write(PIECE)
                    await writer.drain()
            else:
                await swallow(reader, length(head))
                writer.write(SMALL)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def length(head: bytes) -> int:
    lines = (line.split(b":") for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    return next((int(value) for _, value in lines), 0)


async def swallow(reader: asyncio.StreamReader, left: int) -> None:
    while left:
        piece = await reader.read(min(left, len(PIECE)))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)


async def originate(port: int) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=1024 * 1024)
    await server.serve_forever()


async def download(port: int, size: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024 * 1024)
    writer.write(b"GET /large/%d HTTP/1.1\r\nHost: x\r\n\r\n" % size)
    await swallow(reader, length(await reader.readuntil(b"\r\n\r\n")))
    writer.close()


async def upload(port: int, size: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
    for _ in range(size // len(PIECE)):
        writer.write(PIECE)
        await writer.drain()
    await swallow(reader, length(await reader.readuntil(b"\r\n\r\n")))
    writer.close()


async def watched(work: Callable[[], object], process: psutil.Process) -> tuple[float, int, int]:
    """Seconds, resident size before, and the most of it while the work went on."""
    before = most = process.memory_info().rss
    started = time.perf_counter()
    task = asyncio.ensure_future(work())  # type: ignore[call-overload]
    while not task.done():
        await asyncio.wait([task], timeout=0.02)
        most = max(most, process.memory_info().rss)
    task.result()
    return time.perf_counter() - started, before, most


def small_requests(name: str, port: int, process: psutil.Process, connections: int, seconds: float) -> tuple[str, ...]:
    series = Series(name)
    measure(series, port, process, connections, seconds)
    latency = f"{series.p50[0]:.2f} / {series.p99[0]:.2f}"
    return (name, f"{connections}", f"{series.rates[0]:,.0f}", latency, f"{series.cpu[0]:.0f}")


def large_body(name: str, process: psutil.Process, work: Callable[[], object], size: int) -> tuple[str, ...]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        seconds, before, most = runner.run(watched(work, process))
    return (name, f"{size / seconds / 2**20:,.0f} MiB/s", f"{before / 2**20:.0f}", f"{most / 2**20:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--gibibytes", type=int, default=1)
    parser.add_argument("--origin", type=int, help="be the origin on this port")
    arguments = parser.parse_args()
    if arguments.origin:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(originate(arguments.origin))
    ours, theirs = cores()
    origin, port, size = free_port(), free_port(), arguments.gibibytes * GIBIBYTE
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "edge.yaml"
        file.write_text(CONFIG.format(port=port, admin=free_port(), origin=origin))
        with (
            running([sys.executable, "-m", "benchmarks.edge_path", "--origin", str(origin)], origin, theirs) as source,
            running(daemon(file), port, ours) as edge,
        ):
            warm(port, 64)
            small = [
                small_requests(name, where, process, connections, arguments.seconds)
                for connections in (1, 64)
                for name, where, process in (("the origin itself", origin, source), ("through the edge", port, edge))
            ]
            large = [
                large_body(f"{arguments.gibibytes} GiB download", edge, lambda: download(port, size), size),
                large_body(f"{arguments.gibibytes} GiB upload", edge, lambda: upload(port, size), size),
            ]
    answers = markdown(("1 KiB answers", "connections", "req/s", "p50 / p99 ms", "CPU µs/request"), small)
    bodies = markdown(("body through the edge", "rate", "RSS before", "RSS at most (MiB)"), large)
    publish("edge_path", f"{machine()}\n\n{answers}\n\n{bodies}")


if __name__ == "__main__":
    main()
