"""One HTTP/1.1 connection of a runtime process to its Runtime API port.

Parses with httptools, but for what `repeats` recognises, and writes whole answers; what a request means is decided in
`runtime_api`. The peer is the function's own process, so nothing it sends is trusted: heads and bodies are bounded, and a
broken request costs only its connection.
"""

import asyncio
import logging
from typing import Protocol, cast

import httptools

from router.backends.local.failures import MAX_RESPONSE
from router.backends.local.repeats import Repeats

logger = logging.getLogger(__name__)

MAX_HEAD = 2 * 1024 * 1024
"""awslambdaric sends up to 1 MiB of X-Ray cause as a header."""
MAX_CONNECTIONS = 32
"""Open connections per environment; a runtime needs one or two."""

_STATUS_LINES = {
    200: b"HTTP/1.1 200 OK\r\n",
    202: b"HTTP/1.1 202 Accepted\r\n",
    400: b"HTTP/1.1 400 Bad Request\r\n",
    403: b"HTTP/1.1 403 Forbidden\r\n",
    404: b"HTTP/1.1 404 Not Found\r\n",
    405: b"HTTP/1.1 405 Method Not Allowed\r\n",
    413: b"HTTP/1.1 413 Payload Too Large\r\n",
}


class RuntimeRequests(Protocol):
    """Who answers the requests of a connection. `result_line`: how the result of the running invocation begins."""

    result_line: bytes

    def request(self, connection: "RuntimeConnection", message: "RuntimeMessage") -> None:
        """A whole request came in; the answer is written to the connection, now or later."""
        ...

    def asked(self, connection: "RuntimeConnection") -> None:
        """A request for work, one of those that are always the same."""
        ...

    def reported(self, connection: "RuntimeConnection", body: bytes) -> None:
        """The result of the running invocation, in a request like the ones before it."""
        ...

    def begins(self, connection: "RuntimeConnection", message: "RuntimeMessage") -> "BodySink | None":
        """The head of a request came in. Where its body goes as it comes; None: it is collected for `request`."""
        ...

    def opened(self, connection: "RuntimeConnection") -> bool:
        """Whether the new connection may stay."""
        ...

    def closed(self, connection: "RuntimeConnection") -> None:
        """The connection is gone."""
        ...


class BodySink(Protocol):
    """Takes a body in pieces."""

    def write(self, piece: bytes) -> None:
        """The next piece."""
        ...


class RuntimeMessage:
    """A request of the runtime. Header and trailer names are lower case; `oversized`: the body went beyond the limit."""

    __slots__ = ("body", "headers", "method", "oversized", "path", "trailers")

    def __init__(self) -> None:
        self.method = b""
        self.path = b""
        self.headers: dict[bytes, bytes] = {}
        self.trailers: dict[bytes, bytes] = {}
        self.body = b""
        self.oversized = False


def render(status: int, body: bytes, headers: bytes = b"Content-Type: application/json\r\n") -> bytes:
    """A whole HTTP answer."""
    return b"%s%sContent-Length: %d\r\n\r\n%s" % (_STATUS_LINES[status], headers, len(body), body)


_BROKEN = render(400, b'{"errorMessage":"Malformed request","errorType":"InvalidRequest"}')


class RuntimeConnection:
    """An `asyncio.Protocol`, and the callbacks (`on_*`) of its parser. It has no base, as every class that may be compiled."""

    __slots__ = (
        *("_between", "_body", "_came", "_handler", "_head", "_in_head", "_message", "_parser", "_repeats", "_sink", "_size"),
        *("_transport", "waiting"),
    )

    def __init__(self, handler: RuntimeRequests) -> None:
        self._handler = handler
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._message = RuntimeMessage()
        self._body: list[bytes] = []
        self._sink: BodySink | None = None
        self._size = 0
        self._head = 0
        self._in_head = True
        self._between = True
        self._came = 0
        self._repeats = Repeats()
        self.waiting = False
        """A `next` is open here; another request before its answer breaks the protocol."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not checked by isinstance: uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        if not self._handler.opened(self):
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._handler.closed(self)

    def eof_received(self) -> None:
        """The runtime says no more, and waits for nothing."""

    def pause_writing(self) -> None:
        """An event waits in memory until the function takes it: there is one at a time."""

    def resume_writing(self) -> None:
        """It was taken."""

    def data_received(self, data: bytes) -> None:
        if not (self._between and not self.waiting):
            self._parse(data)
        elif self._repeats.is_next(data):
            self._handler.asked(self)
        elif (result := self._repeats.result(data, self._handler.result_line)) is not None:
            self._handler.reported(self, result)
        else:
            line, self._came = self._handler.result_line, 0
            self._parse(data)
            if self._between and self._came == 1:
                self._repeats.learn(data, self._message.headers, len(self._message.body), line)

    def _parse(self, data: bytes) -> None:
        if self._in_head:
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.drop()
        except httptools.HttpParserCallbackError as error:
            logger.warning("A request to the Runtime API broke off; its connection is closed.", exc_info=error)
            self._refuse()
        except httptools.HttpParserError:
            self._refuse()
        if self._in_head and self._head > MAX_HEAD:
            self._refuse()

    def on_message_begin(self) -> None:
        if self.waiting:
            raise httptools.HttpParserError("a request before the answer to the one before")
        self._message = RuntimeMessage()
        self._between = False
        self._sink = None
        self._body.clear()
        self._size = self._head = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        self._message.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            self._message.headers[name.lower()] = value
            return
        self._head += len(name) + len(value)
        if self._head > MAX_HEAD:
            raise httptools.HttpParserError("the trailers are too long")
        self._message.trailers[name.lower()] = value

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._message.method = self._parser.get_method()
        self._sink = self._handler.begins(self, self._message)
        if self._message.headers.get(b"expect", b"").lower() == b"100-continue":
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._sink is not None:
            self._sink.write(body)
            return
        self._size += len(body)
        if self._size > MAX_RESPONSE:
            self._message.oversized = True
            self._body.clear()
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        message = self._message
        message.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        keep_alive = self._parser.should_keep_alive()
        self._handler.request(self, message)
        self._in_head = True
        self._head = 0
        self._between = keep_alive
        self._came += 1
        if not keep_alive and not self.waiting:
            self.drop()

    def write(self, data: bytes) -> None:
        """Send; silently nothing when the peer is gone (its process exit tells the rest)."""
        if self._transport is not None:
            self._transport.write(data)

    def hold(self, on: bool) -> None:
        """Stop reading, so that the function has to wait; or go on."""
        if self._transport is None or self._transport.is_closing():
            return
        if on:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def drop(self) -> None:
        """Close after what was written."""
        if self._transport is not None:
            self._transport.close()

    def _refuse(self) -> None:
        self.write(_BROKEN)
        self.drop()
