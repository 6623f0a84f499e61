"""What the daemon keeps in memory: idle, after many requests, and for each idle connection: `python -m benchmarks.memory`.

    python -m benchmarks.memory [--requests 400000] [--connections 1000]
    python -m benchmarks.memory --long [--requests 10000000] [--minutes 10]

A leak shows as growth between the first fifth of the requests and the last. `--long` (`make bench-memory`) goes on at full load
until there were so many requests, or for so many minutes, whichever comes first, says the resident size each minute, and a
verdict: what a request leaves behind is at least a pointer, so less than one byte for each is growth of something else. The
resident size is the operating system's figure.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks.measuring import load
from benchmarks.report import machine, markdown, publish
from benchmarks.subjects import chosen_router, stub_lambda

PART = 5
REQUESTS = 400_000
LONG_REQUESTS = 10_000_000
MINUTE = 60.0
LEAK = 1.0
"""Bytes a request above which memory grows."""


def served(port: int, seconds: float) -> int:
    """Requests that were answered in so many seconds of full load."""
    return int(load("load", port, "--connections", "64", "--seconds", f"{seconds:g}")["requests"])


def growth(samples: Sequence[tuple[int, int]]) -> float:
    """Bytes a request: the slope of the least-squares line through `(requests so far, resident bytes)`.

    Raises ValueError for less than two different numbers of requests.
    """
    mean_x = sum(x for x, _ in samples) / max(len(samples), 1)
    mean_y = sum(y for _, y in samples) / max(len(samples), 1)
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    if not spread:
        raise ValueError("growth needs two samples")
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread


def verdict(samples: Sequence[tuple[int, int]]) -> str:
    """What the samples after the warm-up say."""
    each = growth(samples)
    over = f"{samples[-1][0] - samples[0][0]:,} requests"
    if each < LEAK:
        return f"No growth: {each:+.2f} bytes a request over {over}."
    return f"It grows: {each:+.2f} bytes a request over {over}."


async def idle(port: int, connections: int, process: psutil.Process) -> float:
    """Bytes for each connection that has had one answer and is kept open."""
    before = process.memory_info().rss
    request = b"GET /hello/world?x=1 HTTP/1.1\r\nHost: bench.example.com\r\n\r\n"
    pairs = []
    for _ in range(connections):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        await reader.readuntil(b"}")
        pairs.append((reader, writer))
    after = process.memory_info().rss
    for _, writer in pairs:
        writer.close()
    return (after - before) / connections


def row(name: str, size: int) -> tuple[str, str]:
    return (name, f"{size / 2**20:.1f} MiB")


def short(port: int, process: psutil.Process, requests: int, connections: int) -> str:
    """A table: idle, after each part of the requests, for each idle connection."""
    rows = [row("idle, after the start", process.memory_info().rss)]
    total = served(port, 3)
    part = max(1.0, requests / PART / (total / 3))
    for _ in range(PART):
        total += served(port, part)
        rows.append(row(f"after {total:,} requests", process.memory_info().rss))
    each = asyncio.run(idle(port, connections, process))
    rows.append((f"each of {connections:,} idle keep-alive connections", f"{each / 1024:.1f} KiB"))
    return markdown(("", "RSS"), rows)


def long(port: int, process: psutil.Process, requests: int, minutes: int) -> str:
    """A row each minute, printed when it is there; the first minute is warm-up and no part of the verdict."""
    rows = [row("idle, after the start", process.memory_info().rss)]
    samples: list[tuple[int, int]] = []
    total = 0
    for minute in range(1, minutes + 1):
        total += served(port, MINUTE)
        size = process.memory_info().rss
        samples.append((total, size))
        rows.append(row(f"after {minute} min, {total:,} requests", size))
        print(": ".join(rows[-1]), file=sys.stderr, flush=True)
        if total >= requests and minute > 2:
            break
    return f"{markdown(('', 'RSS'), rows)}\n\n{verdict(samples[1:])}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, help=f"{REQUESTS:,}, with --long {LONG_REQUESTS:,}")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--minutes", type=int, default=10, help="with --long, at least 3")
    arguments = parser.parse_args()
    if arguments.minutes < 3:
        parser.error("--minutes: at least 3; the first is warm-up, and growth needs two more")
    with tempfile.TemporaryDirectory() as name, stub_lambda(Path(name)) as stub:
        subject = chosen_router(Path(name), stub, "http")
        with subject.running() as process:
            if arguments.long:
                text = long(subject.port, process, arguments.requests or LONG_REQUESTS, arguments.minutes)
            else:
                text = short(subject.port, process, arguments.requests or REQUESTS, arguments.connections)
    publish("memory_long" if arguments.long else "memory", f"{machine()}\n\n{text}")


if __name__ == "__main__":
    main()
