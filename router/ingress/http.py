"""The HTTP door of one listener.

Takes a request in, finds its trigger, has the driver hold the conversation and writes the reply as it is. Bad input from the
network ends here: it never raises past the door, never hangs, never grows memory.
"""

import logging

from router.driver import Driver
from router.errors import Invoked, RequestError
from router.exchange import Exchange, plain_error
from router.ingress.answer import date_line, has_no_body, head
from router.ingress.body import BodyReader
from router.ingress.connection import Connection
from router.ingress.incoming import Incoming
from router.ingress.request import RequestReader
from router.ingress.server import Server
from router.model import ErrorNote, Reply, Request, Stream
from router.ports import Clock, Metrics
from router.routing import Table
from router.settings import Listener
from router.streams import held_to

log = logging.getLogger("router.ingress")
access_log = logging.getLogger("router.access")


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

    def server(self) -> Server:
        """A protocol factory for `loop.create_server`."""
        return Server(self)

    async def serve(self, incoming: Incoming, connection: Connection) -> bool:
        """Answer one request; whether the connection may carry another one."""
        if incoming.malformed is not None:
            log.info("A malformed request was refused.", extra={"client": connection.peer, "detail": incoming.malformed[:200]})
            return await self._answer(plain_error(400, "bad_request", "The request is malformed."), incoming, connection)
        started = self._clock.monotonic()
        request = self._reader.read(incoming, connection, self._clock.now())
        trigger = self.table.match(request)
        if trigger is None:
            self._metrics.unmatched(self._listener.name)
            reply = plain_error(404, "unmatched", "No trigger claims this request.")
            self._log(request, None, reply, started)
            return await self._answer(reply, incoming, connection)
        self._metrics.request_started(trigger.name)
        body = BodyReader(incoming, self._listener.max_body, connection.go_on)
        exchange = Exchange(trigger, request, body.read, body.piece)
        reply = _UNANSWERED
        try:
            reply = await self._driver.run(exchange)
        finally:
            seconds = self._clock.monotonic() - started
            self._metrics.request_finished(trigger, request, reply, seconds, exchange.waited)
        self._log(request, trigger.name, reply, started)
        return await self._answer(reply, incoming, connection)

    async def _answer(self, reply: Reply, incoming: Incoming, connection: Connection) -> bool:
        """Send a reply; whether the connection may carry another request."""
        note = reply.error
        if note is not None:
            self._add_note(reply, note)
        keep_alive = incoming.keep_alive and incoming.body.is_whole and not connection.is_last
        if not isinstance(reply.body, bytes):
            return await self._stream(reply, reply.body, incoming, connection, keep_alive)
        connection.write(self._whole(reply, reply.body, incoming, keep_alive))
        await connection.drain()
        return keep_alive

    def _whole(self, reply: Reply, body: bytes, incoming: Incoming, keep_alive: bool) -> bytes:
        """The bytes of an answer; those of a 500 where a header of the reply cannot be sent."""
        silent = has_no_body(reply.status, incoming.method)
        announced = silent and any(name.lower() == "content-length" for name, _ in reply.headers)
        try:
            start = self._head(reply, incoming, keep_alive, length=None if announced else len(body))
        except ValueError as error:
            log.error("A reply cannot be sent.", extra={"status": reply.status, "detail": str(error)})
            note = ErrorNote("internal", Invoked.UNKNOWN)
            failed = Reply(500, [("Content-Type", "application/json")], _OWN_FAULT, note)
            self._add_note(failed, note)
            return self._whole(failed, _OWN_FAULT, incoming, keep_alive)
        return start if silent else start + body

    def _add_note(self, reply: Reply, note: ErrorNote) -> None:
        if note.retry_after is not None and all(name.lower() != "retry-after" for name, _ in reply.headers):
            reply.headers.append(("Retry-After", str(note.retry_after)))
        if self._listener.error_headers:
            ours = [("x-router-error", note.name), ("x-router-invoked", note.invoked.value)]
            reply.headers = [pair for pair in reply.headers if pair[0].lower() not in _OURS] + ours

    def _head(self, reply: Reply, incoming: Incoming, keep_alive: bool, *, length: int | None, chunked: bool = False) -> bytes:
        """The head of a reply. Raises ValueError where a header cannot be sent."""
        date = date_line(int(self._clock.now()))
        return head(
            reply.status,
            reply.reason,
            reply.headers,
            length=length,
            date=date,
            version=incoming.version,
            keep_alive=keep_alive,
            chunked=chunked,
        )

    async def _stream(self, reply: Reply, body: Stream, incoming: Incoming, connection: Connection, keep_alive: bool) -> bool:
        """Pass a body on as it comes; the caller's pace is the source's (back-pressure). Cancelled when the caller leaves.

        Where the source breaks off, the connection is cut: the caller must not take a part for the whole.
        """
        announced = next((int(value) for name, value in reply.headers if name.lower() == "content-length"), None)
        chunked = announced is None and incoming.version == "1.1"
        keep_alive = keep_alive and (chunked or announced is not None)
        silent = has_no_body(reply.status, incoming.method)
        failure: BaseException | None = None
        try:
            connection.write(self._head(reply, incoming, keep_alive, length=None, chunked=chunked and not silent))
            connection.streams = True
            if not silent:
                async for piece in body if announced is None else held_to(announced, body):
                    if piece:
                        connection.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
                        await connection.drain()
                if chunked:
                    connection.write(b"0\r\n\r\n")
        except BaseException as error:
            failure = error
        connection.streams = False
        await body.aclose()
        if failure is None:
            await connection.drain()
            return keep_alive
        connection.reset()
        _log_broken(reply, failure)
        return False

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


def _log_broken(reply: Reply, failure: BaseException) -> None:
    """Why a reply was not sent to its end. Raises what is neither the reply's nor its source's fault."""
    if isinstance(failure, ValueError):
        log.error("A reply cannot be sent.", extra={"status": reply.status, "detail": str(failure)})
    elif isinstance(failure, RequestError):
        log.warning("An answer broke off.", extra={"status": reply.status, "error": failure.name, "detail": str(failure)})
    else:
        raise failure


_OWN_FAULT = b'{"message":"The router failed; its log says why."}'
_OURS = frozenset({"x-router-error", "x-router-invoked"})
_UNANSWERED = Reply(499, [])
"""Stands in the metrics for a request whose handling was cancelled: the daemon stopped before it could answer."""
