"""A stub of Lambda's Invoke API, as fast as Python allows: for benchmarks and tests, where the router is to be measured.

    python benchmarks/stub_lambda.py [--port 0] [--delay-ms 0] [--payload-file answer.json] [--requests-per-connection 0]
                                     [--certificate chain.pem --key key.pem]

Any POST is answered with 200 and the payload, `Event` with 202, `DryRun` with 204. Prints the port as its first line.
Signatures are not checked. A GET is answered with what was counted: `{"connections", "resumed", "requests"}`, where `resumed`
are the connections that took up an earlier TLS session. A connection is closed after so many requests, if a number is given.
"""

import argparse
import asyncio
import itertools
import json
import signal
import ssl
from collections import Counter
from pathlib import Path
from typing import ClassVar, cast

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
    counted: ClassVar[Counter[str]] = Counter()

    def __init__(self, payload: bytes, delay: float, requests_per_connection: int = 0) -> None:
        self._delay = delay
        self._left = requests_per_connection
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
        self.counted["connections"] += 1
        self.counted["resumed"] += bool(getattr(transport.get_extra_info("ssl_object"), "session_reused", False))

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
        if self._parser.get_method() == b"GET":
            self._tell()
        elif self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._answer, self._type)
        else:
            self._answer(self._type)
        self._type = b"RequestResponse"

    def _answer(self, kind: bytes) -> None:
        if self._transport is None:
            return
        head, body = self._answers.get(kind, self._ok)
        number = next(self.counter)
        if self._left == 1:
            head = head.replace(b"Connection: keep-alive", b"Connection: close")
        self._transport.write(head % number + body)
        if self._left:
            self._left -= 1
            if not self._left:
                self._transport.close()

    def _tell(self) -> None:
        assert self._transport is not None
        number = next(self.counter)
        type(self).counter = itertools.count(number)
        body = json.dumps({**self.counted, "requests": number - 1}).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)


async def serve(options: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    payload = options.payload_file.read_bytes() if options.payload_file else DEFAULT_PAYLOAD
    tls = None
    if options.certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.certificate, options.key)
    server = await loop.create_server(
        lambda: StubLambda(payload, options.delay_ms / 1000, options.requests_per_connection),
        "127.0.0.1",
        options.port,
        ssl=tls,
        backlog=1024,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await stopped.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--payload-file", type=Path)
    parser.add_argument("--requests-per-connection", type=int, default=0, help="0: as many as come")
    parser.add_argument("--certificate", type=Path, help="PEM: speak TLS")
    parser.add_argument("--key", type=Path)
    uvloop.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
