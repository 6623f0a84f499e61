"""A closed-loop load generator: N connections, each sends the next request when the answer to the last one is whole.

    python -m benchmarks.load PORT --connections 64 --seconds 5 [--path /x] [--host name] [--status 200] [--ca ca.pem]

Counts from the moment at which all connections are open, and prints one JSON line: requests, errors (answers other than the
expected status), seconds, p50 and p99 in milliseconds, how many connections there were, and how many of them resumed a TLS
session. `--reconnect` makes a new connection for each request (its latency includes connecting and handshake), `--resume`
offers the last TLS session there.
"""

import argparse
import asyncio
import json
import time
from array import array

import httptools
import uvloop

from benchmarks.report import percentile
from router.net.tls import ClientContext, client_context


class Connection(asyncio.Protocol):
    """One client connection. `began`: when its first request became due, in seconds of the performance counter."""

    def __init__(self, load: "Load", began: float | None = None) -> None:
        self.load = load
        self.transport: asyncio.Transport | None = None
        self.sent_at = 0.0
        self.began = began
        self.parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.load.connected(transport.get_extra_info("ssl_object"))
        self.send()
        if self.began is not None:
            self.sent_at = self.began

    def send(self) -> None:
        assert self.transport is not None
        self.parser = httptools.HttpResponseParser(self)
        self.sent_at = time.perf_counter()
        self.transport.write(self.load.request)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_message_complete(self) -> None:
        assert self.transport is not None
        load = self.load
        load.answered(self.parser.get_status_code(), time.perf_counter() - self.sent_at)
        if load.running and not load.reconnect:
            asyncio.get_running_loop().call_soon(self.send)
            return
        if load.resume and load.tls is not None:
            load.tls.remember(self.transport.get_extra_info("ssl_object"))
        self.transport.close()
        if load.running:
            load.connect()

    def connection_lost(self, error: Exception | None) -> None:
        self.load.closed(error)


class Load:
    """All connections and what they saw."""

    def __init__(
        self,
        port: int,
        request: bytes,
        status: int = 200,
        tls: ClientContext | None = None,
        *,
        reconnect: bool = False,
        resume: bool = False,
    ) -> None:
        self.port = port
        self.request = request
        self.status = status
        self.tls = tls
        self.reconnect = reconnect
        self.resume = resume
        self.running = True
        self.errors = self.open = self.connections = self.resumed = 0
        self.latencies = array("d")
        self.done = asyncio.Event()
        self.connecting: set[asyncio.Task[None]] = set()

    def connect(self) -> None:
        """Open one more connection, which begins at once."""
        task = asyncio.get_running_loop().create_task(self._connect(time.perf_counter() if self.reconnect else None))
        self.connecting.add(task)
        task.add_done_callback(self.connecting.discard)

    async def _connect(self, began: float | None) -> None:
        loop = asyncio.get_running_loop()
        self.open += 1
        await loop.create_connection(lambda: Connection(self, began), "127.0.0.1", self.port, ssl=self.tls)

    def connected(self, ssl_object: object) -> None:
        self.connections += 1
        self.resumed += bool(getattr(ssl_object, "session_reused", False))

    def answered(self, status: int, seconds: float) -> None:
        self.latencies.append(seconds)
        self.errors += status != self.status

    def closed(self, error: Exception | None) -> None:
        if self.running and (error is not None or not self.reconnect):
            self.errors += 1
        self.open -= 1
        if not self.open:
            self.done.set()


def json_of(size: int) -> bytes:
    """A JSON object of so many bytes, at least 10; nothing where there are none."""
    return b'{"pad":"%s"}' % (b"x" * (size - 10)) if size else b""


def request_of(arguments: argparse.Namespace) -> bytes:
    """As the command line says: GET, or POST where there is a body."""
    fields = [f"Host: {arguments.host}", "User-Agent: load/1", "Accept: */*", *arguments.header]
    if arguments.body:
        fields.append(f"Content-Length: {arguments.body}")
    method = "POST" if arguments.body else "GET"
    head = "\r\n".join((f"{method} {arguments.path} HTTP/1.1", *fields, "", ""))
    return head.encode() + json_of(arguments.body)


async def run(arguments: argparse.Namespace) -> dict[str, float]:
    request = request_of(arguments)
    tls = client_context(arguments.ca) if arguments.ca is not None else None
    load = Load(arguments.port, request, arguments.status, tls, reconnect=arguments.reconnect, resume=arguments.resume)
    for _ in range(arguments.connections):
        load.connect()
    await asyncio.gather(*load.connecting)
    del load.latencies[:]
    started = time.perf_counter()
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
        "p50_ms": percentile(ordered, 0.5) * 1000,
        "p99_ms": percentile(ordered, 0.99) * 1000,
        "connections": load.connections,
        "resumed": load.resumed,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--path", default="/hello/world?x=1")
    parser.add_argument("--host", default="bench.example.com")
    parser.add_argument("--body", type=int, default=0, help="POST a JSON object of so many bytes")
    parser.add_argument("--header", action="append", default=[], metavar="NAME: VALUE")
    parser.add_argument("--status", type=int, default=200)
    parser.add_argument("--ca", help="speak TLS to a server that this PEM file vouches for")
    parser.add_argument("--reconnect", action="store_true", help="a new connection for each request")
    parser.add_argument("--resume", action="store_true", help="with --reconnect and --ca: offer the last TLS session")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(run(parser.parse_args()))))


if __name__ == "__main__":
    main()
