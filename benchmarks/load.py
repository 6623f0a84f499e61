"""A load generator: N keep-alive connections, each sends the next request when the answer to the last one is whole.

Prints one JSON line: requests, errors (answers other than the expected status), seconds, p50 and p99 in milliseconds.
usage: python -m benchmarks.load PORT --connections 64 --seconds 5 [--path /x] [--host name] [--status 200]
"""

import argparse
import asyncio
import json
import time
from array import array

import httptools
import uvloop


class Connection(asyncio.Protocol):
    """One client connection."""

    def __init__(self, load: "Load") -> None:
        self.load = load
        self.transport: asyncio.Transport | None = None
        self.sent_at = 0.0
        self.parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.send()

    def send(self) -> None:
        assert self.transport is not None
        self.parser = httptools.HttpResponseParser(self)
        self.sent_at = time.perf_counter()
        self.transport.write(self.load.request)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.load.answered(self.parser.get_status_code(), time.perf_counter() - self.sent_at)
        if self.load.running:
            asyncio.get_running_loop().call_soon(self.send)
        else:
            assert self.transport is not None
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.load.closed(self)


class Load:
    """All connections and what they saw."""

    def __init__(self, request: bytes, status: int, connections: int) -> None:
        self.request = request
        self.status = status
        self.running = True
        self.errors = 0
        self.latencies = array("d")
        self.open = connections
        self.done = asyncio.Event()

    def answered(self, status: int, seconds: float) -> None:
        self.latencies.append(seconds)
        self.errors += status != self.status

    def closed(self, connection: Connection) -> None:
        if self.running:
            self.errors += 1
        self.open -= 1
        if not self.open:
            self.done.set()


async def run(arguments: argparse.Namespace) -> dict[str, float]:
    request = f"GET {arguments.path} HTTP/1.1\r\nHost: {arguments.host}\r\nUser-Agent: load/1\r\nAccept: */*\r\n\r\n".encode()
    load = Load(request, arguments.status, arguments.connections)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    for _ in range(arguments.connections):
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", arguments.port)
    await asyncio.sleep(arguments.seconds)
    load.running = False
    seconds = time.perf_counter() - started
    count = len(load.latencies)
    async with asyncio.timeout(30):
        await load.done.wait()
    ordered = sorted(load.latencies)
    return {
        "requests": count,
        "errors": load.errors,
        "seconds": seconds,
        "p50_ms": ordered[len(ordered) // 2] * 1000,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--path", default="/hello/world?x=1")
    parser.add_argument("--host", default="bench.example.com")
    parser.add_argument("--status", type=int, default=200)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(parser.parse_args()))))


if __name__ == "__main__":
    main()
