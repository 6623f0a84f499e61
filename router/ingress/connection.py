"""One caller's connection: HTTP/1.x on llhttp, one request after the other, answers in their order.

Bad bytes are answered and end the connection. Nothing that a caller sends, or does not send, or does not read, holds memory
without bound: heads are limited, bodies wait for their reader, pipelined requests stop the reading, and a connection that is
silent, that never ends its head, or that does not take its answer is closed. A caller that leaves stops nothing: the
conversation goes on to its end.

No timer is made or cancelled per request: a connection has one, which looks at `_due` when it fires, and sleeps on.
"""

import asyncio
import logging
import socket
import struct
from collections import deque
from typing import Any, Protocol, cast

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpRequestParser

from router.ingress.incoming import Incoming, IncomingBody, RawHeaders
from router.ingress.past_upgrade import parser_of_body
from router.ingress.request import ends

log = logging.getLogger("router.ingress")

MAX_LINE = 32 * 1024
"""Bytes of a request line or of one header. Above every front door's own limit, so that each answers in its own words."""
MAX_HEADERS = 256
MAX_HEAD = 256 * 1024
"""Bytes of a whole head, and of what stands between the pieces of a body: the memory that an unfinished one can take."""
MOST_PIPELINED = 16
"""Requests that wait behind the one that is worked on, before nothing more is read."""
KEEPALIVE_SECONDS = 75.0
HEAD_SECONDS = 60.0
"""Between the first byte of a head and its end."""
UNREAD_SECONDS = 60.0
"""A caller that takes nothing of its answer for so long is given up: what waits for it is held in memory."""
LINGER_SECONDS = 10.0
"""How long the rest of a refused body is read and dropped, so that its sender gets to see the answer."""

_NEVER = float("inf")
_NO_LINGER = struct.pack("ii", 1, 0)
"""`struct linger`: on, for no time."""


class Door(Protocol):
    """What serves requests."""

    async def serve(self, incoming: Incoming, connection: "Connection") -> bool:
        """Answer one request over the connection; whether it may carry another one. Raises what it cannot answer."""
        ...


class Keeper(Protocol):
    """Who knows every connection."""

    def opened(self, connection: "Connection") -> bool:
        """A caller has come; whether it is to be served."""
        ...

    def closed(self, connection: "Connection") -> None:
        """The connection is gone."""
        ...

    def began(self, connection: "Connection") -> None:
        """A conversation begins, and goes on even if its caller leaves."""
        ...

    def served(self, connection: "Connection") -> None:
        """Its conversations have ended."""
        ...


class Lost(Exception):
    """The caller went away."""


class Connection:
    """An `asyncio.Protocol`, made by `Server` for each caller. It has no base, as every class that may be compiled."""

    __slots__ = (
        *("_door", "_keeper", "_loop", "_parser", "_queue", "_task", "_timer", "_due", "_unread", "_paused", "_drained"),
        *("_target", "_headers", "_head_size", "_in_head", "_headers_done", "_receiving", "_holds", "_full", "_deaf", "_last"),
        *("_lingers", "_eof", "_broken", "_leaves_off", "_runs", "streams", "transport", "peer", "local_port", "tls"),
    )

    def __init__(self, keeper: Keeper, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        self._keeper = keeper
        self._door = door
        self._loop = loop
        self._parser: Any = HttpRequestParser(self)
        self._queue: deque[Incoming] = deque()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = _NEVER
        self._unread: asyncio.TimerHandle | None = None
        self._drained: asyncio.Future[None] | None = None
        self._headers: RawHeaders = []
        self._target, self._head_size, self._holds = b"", 0, 0
        self._in_head = self._headers_done = self._leaves_off = self._paused = False
        self._receiving: IncomingBody | None = None
        self._full = self._deaf = self._last = self._lingers = self._eof = self._broken = self.streams = self._runs = False
        self.transport: asyncio.Transport | None = None
        self.peer, self.local_port = "127.0.0.1", 80
        self.tls: Any = None

    # --- the transport's side ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.peer, self.local_port = ends(transport)
        self.tls = transport.get_extra_info("ssl_object")
        if not self._keeper.opened(self):
            self.abort()
            return
        self._due = self._loop.time() + KEEPALIVE_SECONDS
        self._timer = self._loop.call_at(self._due, self._check_time)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._deaf = True
        self._keeper.closed(self)
        self._parser = None
        for timer in (self._timer, self._unread):
            if timer is not None:
                timer.cancel()
        self._timer = self._unread = None
        if self._receiving is not None:
            self._receiving.fail("the caller went away")
        if self._drained is not None and not self._drained.done():
            self._drained.set_exception(Lost("the caller went away"))
        if self.streams:
            self.cancel()

    def eof_received(self) -> bool:
        """A caller may close its side and wait for its answer, not in the middle of a stream; TLS has no such half."""
        if self._receiving is not None:
            self._receiving.fail("the caller closed its side")
        self._eof = self._deaf = True
        if self.streams:
            self.cancel()
        return self._task is not None and self.tls is None

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if not self._in_head and self._receiving is None:
            self._in_head = True
            self._due = self._loop.time() + HEAD_SECONDS
        self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            self._pass_over_upgrade(data[upgrade.args[0] :])
        except HttpParserCallbackError as error:
            self._refuse(str(error.__context__ or error))
        except HttpParserError as error:
            self._refuse(str(error))
        if self._head_size > MAX_HEAD and not self._broken:
            self._refuse(f"the head, or what stands between pieces of the body, is larger than {MAX_HEAD} bytes")
        if self._queue and self._task is None:
            self._due = _NEVER
            self._keeper.began(self)
            self._task = self._loop.create_task(self._serve())
        if len(self._queue) > MOST_PIPELINED and not self._full:
            self._full = True
            self._hold(True)

    def pause_writing(self) -> None:
        self._paused = True
        self._expect_progress()

    def resume_writing(self) -> None:
        self._paused = False
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # --- the parser's side ---------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers = []
        self._head_size = 0
        self._in_head = True
        self._headers_done = False

    def on_url(self, url: bytes) -> None:
        self._target += url
        if len(self._target) > MAX_LINE:
            raise ValueError(f"the request line is longer than {MAX_LINE} bytes")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._headers_done:
            return  # a trailer
        if len(name) + len(value) > MAX_LINE or len(self._headers) >= MAX_HEADERS:
            raise ValueError(f"a header is longer than {MAX_LINE} bytes, or there are more than {MAX_HEADERS}")
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        method, version = parser.get_method().decode("ascii"), parser.get_http_version()
        if method == "CONNECT":
            raise ValueError("CONNECT asks for a proxy, and this is none")
        if version not in ("1.1", "1.0"):
            raise ValueError(f"HTTP/{version} is not spoken here")
        self._in_head = False
        self._headers_done = True
        body = self._receiving = IncomingBody(self._hold)
        upgrades = parser.should_upgrade()
        keep_alive = parser.should_keep_alive() and not upgrades
        incoming = Incoming(method, self._target, version, self._headers, body, keep_alive)
        self._leaves_off = upgrades and incoming.has_body
        self._queue.append(incoming)

    def on_body(self, data: bytes) -> None:
        self._head_size = 0
        if self._receiving is not None and not self._lingers:
            self._receiving.feed(data)

    def on_message_complete(self) -> None:
        if self._leaves_off:  # the parser does, not the message
            return
        if self._receiving is not None:
            self._receiving.finish()
            self._receiving = None
        self._head_size = 0
        if self._lingers:
            self.close()

    # --- the door's side -----------------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        """Send; what the caller does not take yet waits in memory. Raises `Lost`."""
        if self.transport is None:
            raise Lost("the caller went away")
        self.transport.write(data)

    async def drain(self) -> None:
        """Wait until the caller has taken most of it. Raises `Lost`."""
        if self.transport is None:
            raise Lost("the caller went away")
        if self._paused:
            self._drained = self._loop.create_future()
            try:
                await self._drained
            finally:
                self._drained = None

    def go_on(self) -> None:
        """Tell a sender that waits for it to send its body."""
        if self.transport is not None:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    @property
    def is_last(self) -> bool:
        """Whether the answer that is being made is the last one: the caller, or the server, ends the connection."""
        return self._last or ((self._eof or self._broken) and not self._queue)

    def stop(self) -> None:
        """End when the present answer is out; at once where there is none."""
        self._last = True
        if self._task is None:
            self.close()

    def close(self) -> None:
        """Send what waits, then end."""
        self._deaf = True
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """End now, without a word."""
        self._deaf = True
        if self.transport is not None:
            self.transport.abort()

    def reset(self) -> None:
        """End so that the caller sees it was no orderly end: where only that ends a body, a part would pass for the whole."""
        if self.transport is not None:
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.abort()

    def cancel(self) -> None:
        """Stop the conversation, and end: where an answer has begun to stream, so that nobody takes a part for the whole."""
        if self.streams:
            self.reset()
        else:
            self.abort()
        if self._task is not None:
            self._task.cancel()
            if not self._runs:  # a coroutine that was never entered tidies nothing up
                self._served()

    # --- within --------------------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        """Answer what waits, in order, then end: an idle connection has no task."""
        self._runs = True
        try:
            while self._queue and self.transport is not None:
                incoming = self._queue.popleft()
                if self._full and len(self._queue) <= MOST_PIPELINED // 2:
                    self._full = False
                    self._hold(False)
                if not await self._door.serve(incoming, self):
                    self._end(incoming)
                    return
            if self._last or self._eof:
                self.close()
        except (Lost, ConnectionError):
            self.close()
        except Exception:
            log.exception("A request could not be answered.")
            self.abort()
        finally:
            self._runs = False
            self._served()

    def _served(self) -> None:
        self._task = None
        self._due = self._loop.time() + KEEPALIVE_SECONDS
        self._keeper.served(self)

    def _end(self, incoming: Incoming) -> None:
        """Close. What is still to come of a body, or behind bad bytes, is dropped first: its sender is to see the answer."""
        self._queue.clear()
        if self._eof or self.transport is None or (incoming.body.is_whole and not self._broken):
            self.close()
            return
        self._lingers = True
        self._loop.call_later(LINGER_SECONDS, self.close)
        incoming.body.take()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        elif self._broken:
            self.close()

    def _refuse(self, detail: str) -> None:
        """The bytes are no request: the last thing that is answered here. Where they were to be a body its reader is told."""
        self._deaf = self._broken = True
        if self._receiving is not None:
            self._receiving.fail(detail)
            return
        refused = Incoming("", b"/", "1.1", [], IncomingBody(self._hold), keep_alive=False)
        refused.malformed = detail
        refused.body.finish()
        self._queue.append(refused)

    def _pass_over_upgrade(self, rest: bytes) -> None:
        """Another protocol would follow, and there is none. A body that comes before it belongs to the request."""
        if not self._leaves_off:
            self._deaf = True
            return
        self._leaves_off = False
        try:
            self._parser = parser_of_body(self._headers, self)
            self.data_received(rest)
        except HttpParserError as error:
            self._refuse(str(error))

    def _hold(self, on: bool) -> None:
        self._holds += 1 if on else -1
        if self.transport is None or self.transport.is_closing():
            return
        if on and self._holds == 1:
            self.transport.pause_reading()
        elif self._holds == 0:
            self.transport.resume_reading()

    def _check_time(self) -> None:
        now = self._loop.time()
        if now >= self._due and self._task is None:
            self.close()
            return
        self._timer = self._loop.call_at(min(self._due, now + KEEPALIVE_SECONDS), self._check_time)

    def _expect_progress(self) -> None:
        assert self.transport is not None
        left = self.transport.get_write_buffer_size()
        self._unread = self._loop.call_later(UNREAD_SECONDS, self._check_progress, left)

    def _check_progress(self, left: int) -> None:
        if self.transport is None:
            return
        if self.transport.get_write_buffer_size() < left:
            self._expect_progress()
            return
        log.info("A caller that does not read its answer was given up.", extra={"bytes_left": left})
        self.transport.abort()
