"""Streamed answers through a running router: what the first byte waits, what a MiB costs, what a slow reader keeps in memory.

    python -m benchmarks.streaming [--megabytes 256] [--rounds 5]

An endpoint in this process plays Lambda's InvokeWithResponseStream; the router is a process of its own, with a function URL.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from benchmarks.compiled import daemon
from benchmarks.report import machine, markdown, publish
from router.eventstream import event

CONFIG = """
version: 1
listeners: {{main: "127.0.0.1:{port}"}}
aws: {{endpoint_url: "http://127.0.0.1:{lambda_port}"}}
functions: {{f: {{arn: "arn:aws:lambda:eu-west-1:111122223333:function:f", timeout: 5m}}}}
triggers: {{page: {{type: function_url, invocation: sync, auth: none, function: f, invoke_mode: response_stream}}}}
"""
KEYS = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_EC2_METADATA_DISABLED": "true"}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = 64 * 1024
PAUSE = 0.05
"""Seconds between the first byte and the rest."""


def chunk(data: bytes) -> bytes:
    """A chunk of HTTP/1.1 around one message."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Function:
    """Lambda and its function: a prelude, a pause, so many bytes, the end. `sent`: seconds at which the prelude went out."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.sent = 0.0
        self._writers: set[asyncio.StreamWriter] = set()
        self._start = chunk(event("PayloadChunk", b'{"statusCode":200}' + bytes(8) + b"x", "application/octet-stream"))
        self._piece = chunk(event("PayloadChunk", bytes(PIECE), "application/octet-stream"))
        self._end = chunk(event("InvokeComplete", b"{}", "application/json")) + b"0\r\n\r\n"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._writers.add(writer)
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.sent = time.perf_counter()
                writer.write(HEAD + self._start)
                await asyncio.sleep(PAUSE)
                for _ in range(self.size // PIECE):
                    writer.write(self._piece)
                    await writer.drain()
                writer.write(self._end)
                await reader.readuntil(b"}")
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()

    async def close(self) -> None:
        """Break off what is left, and let it end."""
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(PAUSE)


@asynccontextmanager
async def router(lambda_port: int, port: int) -> AsyncIterator[psutil.Process]:
    """A running router."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "router.yaml").write_text(CONFIG.format(port=port, lambda_port=lambda_port))
        process = await asyncio.create_subprocess_exec(
            *daemon("router.yaml"),
            cwd=folder,
            env=os.environ | KEYS,
            stderr=subprocess.DEVNULL,
        )
        try:
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    break
                except OSError:
                    await asyncio.sleep(0.05)
            writer.close()
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            await process.wait()


async def ask(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A request whose answer has begun: its head, and the first byte of the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    await reader.readuntil(b"x")
    return reader, writer


async def measure(megabytes: int, rounds: int) -> None:
    """The waits, costs and sizes of one run."""
    function = Function(megabytes * 1024 * 1024)
    server = await asyncio.start_server(function.serve, "127.0.0.1", 0)
    free = await asyncio.start_server(function.serve, "127.0.0.1", 0)
    port = free.sockets[0].getsockname()[1]
    free.close()
    async with router(server.sockets[0].getsockname()[1], port) as process:
        waits, costs, rates = [], [], []
        for _ in range(rounds):
            reader, writer = await ask(port)
            waits.append((time.perf_counter() - function.sent) * 1e6)
            cpu, started = sum(process.cpu_times()[:2]), time.perf_counter() + PAUSE
            while await reader.read(1024 * 1024):
                pass
            rates.append(megabytes / (time.perf_counter() - started))
            costs.append((sum(process.cpu_times()[:2]) - cpu) / megabytes * 1e3)
            writer.close()
        before = process.memory_info().rss
        held = [await ask(port) for _ in range(10)]
        await asyncio.sleep(1)
        grown = (process.memory_info().rss - before) / 1024 / len(held)
        rows = [
            ("the first byte, after the function sent it", f"{statistics.median(waits):,.0f} µs"),
            (f"a stream of {megabytes} MiB", f"{statistics.median(rates):,.0f} MiB/s"),
            ("CPU of the router for a MiB", f"{statistics.median(costs):.2f} ms"),
            (f"memory of the router for a stream of {megabytes} MiB that nobody reads", f"{grown:,.0f} KiB"),
        ]
        publish("streaming", f"{machine()}\n\n{markdown(('answers that stream', 'median'), rows)}")
        for _, writer in held:
            writer.transport.abort()
    server.close()
    await function.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    asyncio.run(measure(chosen.megabytes, chosen.rounds))
