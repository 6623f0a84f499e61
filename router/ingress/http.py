"""The HTTP door: one aiohttp low-level server per listener.

Takes a request in, finds its trigger, has the driver hold the conversation and writes the reply as it is. Bad input from the
network ends here: it never raises past the door, never hangs, never grows memory.
"""

import logging
import socket
import struct

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

from router.driver import Driver, Exchange, plain_error
from router.errors import RequestError
from router.ingress.body import BodyReader
from router.ingress.connection import Server
from router.ingress.request import RequestReader
from router.model import Reply, Request, Stream
from router.ports import Clock, Metrics
from router.routing import Table
from router.settings import Listener

log = logging.getLogger("router.ingress")
access_log = logging.getLogger("router.access")

MAX_LINE = 32 * 1024
"""Bytes of a request line or of one header. Above every front door's own limit, so that each answers in its own words."""
MAX_HEADERS = 256
"""AWS has no limit of number; this one and `MAX_LINE` bound the memory that one connection can take."""
KEEPALIVE_SECONDS = 75.0


class HttpDoor:
    """Serves one listener. `table` may be replaced while it runs; a request keeps the trigger that it was routed to."""

    def __init__(
        self, listener: Listener, table: Table, driver: Driver, metrics: Metrics, clock: Clock, access: bool = False
    ) -> None:
        self.table = table
        self._listener = listener
        self._driver = driver
        self._metrics = metrics
        self._clock = clock
        self._access = access
        self._reader = RequestReader(listener)

    def server(self) -> web.Server:
        """A protocol factory for `loop.create_server`. Call inside the running loop."""
        return Server(
            self.handle,
            self.malformed,
            keepalive_timeout=KEEPALIVE_SECONDS,
            access_log=None,
            auto_decompress=False,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
            max_headers=MAX_HEADERS,
        )

    async def handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if raw.method == "CONNECT":
            return self.malformed("CONNECT asks for a proxy, and this is none.")
        started = self._clock.monotonic()
        request = self._reader.read(raw, self._clock.now())
        trigger = self.table.match(request)
        if trigger is None:
            self._metrics.unmatched(self._listener.name)
            reply = plain_error(404, "unmatched", "No trigger claims this request.")
            self._log(request, None, reply, started)
            return self._response(reply)
        self._metrics.request_started(trigger.name)
        body = BodyReader(raw, self._listener.max_body)
        exchange = Exchange(trigger, request, body.read, body.piece)
        reply = _UNANSWERED
        try:
            reply = await self._driver.run(exchange)
        finally:
            seconds = self._clock.monotonic() - started
            self._metrics.request_finished(trigger, request, reply, seconds, exchange.waited)
        self._log(request, trigger.name, reply, started)
        response = self._response(reply)
        if not raw.content.is_eof() and raw.body_exists:
            response.force_close()
        return response

    def malformed(self, detail: str) -> web.StreamResponse:
        """The answer to bytes that are no HTTP request; the connection ends with it."""
        response = self._response(plain_error(400, "bad_request", detail))
        response.force_close()
        return response

    def _response(self, reply: Reply) -> web.StreamResponse:
        headers = CIMultiDict(reply.headers)
        note = reply.error
        if note is not None:
            if note.retry_after is not None:
                headers.setdefault("Retry-After", str(note.retry_after))
            if self._listener.error_headers:
                headers["x-router-error"] = note.name
                headers["x-router-invoked"] = note.invoked.value
        if isinstance(reply.body, bytes):
            return WholeResponse(status=reply.status, reason=reply.reason, headers=headers, body=reply.body)
        return StreamedResponse(reply.status, reply.reason, headers, reply.body)

    def _log(self, request: Request, trigger: str | None, reply: Reply, started: float) -> None:
        if not self._access:
            return
        access_log.info(
            "Answered.",
            extra={
                "listener": self._listener.name,
                "trigger": trigger,
                "method": request.method,
                "host": request.host,
                "path": request.path,
                "status": reply.status,
                "error": reply.error.name if reply.error else None,
                "reason": (reply.error.detail or None) if reply.error else None,
                "client": request.client_ip,
                "request_id": request.id,
                "trace_id": request.trace_id,
                "seconds": round(self._clock.monotonic() - started, 6),
            },
        )


_UNANSWERED = Reply(499, [])
"""Stands in the metrics for a request whose handling was cancelled: the daemon stopped before it could answer."""


class _OwnHeaders(web.StreamResponse):
    """Sends the reply's headers and no others but Date, Content-Length and Connection."""

    _unwanted: tuple[str, ...] = ("Server",)

    async def _prepare_headers(self) -> None:
        added = [name for name in self._unwanted if name not in self._headers]
        await super()._prepare_headers()
        for name in added:
            self._headers.popall(name, None)


class WholeResponse(_OwnHeaders, web.Response):
    """A reply whose bytes are known."""


_NO_LINGER = struct.pack("ii", 1, 0)
"""`struct linger`: on, for no time."""


class StreamedResponse(_OwnHeaders):
    """A reply that is passed on as it comes; the caller's pace is the source's (back-pressure).

    Where the source breaks off, the connection is cut: the caller must not take a part for the whole.
    """

    _unwanted = ("Server", "Content-Type")

    def __init__(self, status: int, reason: str | None, headers: CIMultiDict[str], body: Stream) -> None:
        super().__init__(status=status, reason=reason, headers=headers)
        self._source = body

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        try:
            return await super().prepare(request)
        except BaseException:
            await self._source.aclose()
            raise

    async def write_eof(self, data: bytes = b"") -> None:
        try:
            async for piece in self._source:
                await self.write(piece)
            await super().write_eof(data)
        except RequestError as error:
            log.warning("An answer broke off.", extra={"status": self.status, "error": error.name, "detail": str(error)})
            self._cut()
            raise ConnectionResetError("the source of the answer broke off") from error
        finally:
            await self._source.aclose()

    def _cut(self) -> None:
        """Reset the connection: where only its end ends the body (HTTP/1.0), an orderly one would make a part a whole."""
        transport = self._req.transport if self._req is not None else None
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()
