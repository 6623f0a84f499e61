"""A stub of Lambda's Invoke API, as fast as Python allows: for benchmarks and tests, where the router is to be measured.

    python benchmarks/stub_lambda.py [--port 0] [--delay-ms 0] [--payload-file answer.json]

Any POST is answered with 200 and the payload, `Event` with 202, `DryRun` with 204. Prints the port as its first line.
Signatures are not checked.
"""

import argparse
import asyncio
import itertools
import signal
from pathlib import Path
from typing import cast

import uvloop
from httptools import HttpParserError, HttpRequestParser

DEFAULT_PAYLOAD = b'{"statusCode":200,"headers":{"content-type":"application/json"},"body":"{\\"ok\\":true}"}'
_COMMON = (
    b"Date: Tue, 14 Jul 2026 10:00:00 GMT\r\n"
    b"Content-Type: application/json\r\n"
    b"Connection: keep-alive\r\n"
    b"x-amzn-RequestId: 6f0c0d5e-7a43-4a6a-9d8e-%012d\r\n"
    b"x-amzn-Remapped-Content-Length: 0\r\n"
    b"X-Amzn-Trace-Id: Root=1-6a560000-0123456789abcdef01234567;Sampled=0\r\n"
)


class StubLambda(asyncio.Protocol):
    """One connection: answers each request after the delay, one at a time, as HTTP/1.1 wants."""

    counter = itertools.count(1)

    def __init__(self, payload: bytes, delay: float) -> None:
        self._delay = delay
        self._parser = HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._type = b"RequestResponse"
        ok = b"HTTP/1.1 200 OK\r\n" + _COMMON + b"X-Amz-Executed-Version: $LATEST\r\nContent-Length: %d\r\n\r\n" % len(payload)
        self._answers = {
            b"Event": (b"HTTP/1.1 202 Accepted\r\n" + _COMMON + b"Content-Length: 0\r\n\r\n", b""),
            b"DryRun": (b"HTTP/1.1 204 No Content\r\n" + _COMMON + b"\r\n", b""),
        }
        self._ok = (ok, payload)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            if self._transport is not None:
                self._transport.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == 21 and name.lower() == b"x-amz-invocation-type":
            self._type = value

    def on_message_complete(self) -> None:
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._answer, self._type)
        else:
            self._answer(self._type)
        self._type = b"RequestResponse"

    def _answer(self, kind: bytes) -> None:
        if self._transport is not None:
            head, body = self._answers.get(kind, self._ok)
            self._transport.write(head % next(self.counter) + body)


async def serve(port: int, payload: bytes, delay: float) -> None:
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(lambda: StubLambda(payload, delay), "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stopped.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--payload-file", type=Path)
    options = parser.parse_args()
    payload = options.payload_file.read_bytes() if options.payload_file else DEFAULT_PAYLOAD
    uvloop.run(serve(options.port, payload, options.delay_ms / 1000))


if __name__ == "__main__":
    main()
