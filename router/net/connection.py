"""One HTTP/1.1 connection of a pool: writes a request, reads its answer, keeps its deadline.

A waiter that gives up (deadline, cancellation) does not stop the exchange: the server goes on working, so the connection
stays occupied until the answer has come, or until the exchange's limit, when it is closed.

No timer is made or cancelled per request: a connection has one, which fires at some moment not later than `_due`, looks
again, and sleeps on where `_due` has moved.

Whether a request was sent whole: with a high-water mark of 0 the transport calls `pause_writing` at once where the kernel
has not taken everything, and `resume_writing` when it has. TLS transports, asyncio's and uvloop's, pause at the mark instead of
above it, so at 0 they would pause and resume in turn with nothing to send: theirs is 1. What the transport beneath them holds
they do not see: over TLS a request counts as sent, and is not repeated, once it is encrypted.
"""

import asyncio
import select
import socket
from collections.abc import Callable
from typing import Any, Protocol, cast

from router.net.errors import ConnectionLost, DeadlinePassed, ExchangeError, ResponseInvalid
from router.net.response import Response, ResponseReader

_JOIN_BELOW = 65536


class Owner(Protocol):
    """What a connection tells its pool."""

    def released(self, connection: "Connection") -> None:
        """The exchange is over and the connection can carry another."""
        ...

    def lost(self, connection: "Connection") -> None:
        """The connection and its socket are gone. Called once."""
        ...

    def succeeded(self, connection: "Connection") -> None:
        """A first answer has come over this connection."""
        ...


class Connection:
    """An `asyncio.Protocol`; `send` starts an exchange: its future ends with the answer or an `ExchangeError`.

    It has no base, as every class that may be compiled.
    """

    __slots__ = (
        "_closed",
        "_due",
        "_idle_timeout",
        "_limit_at",
        "_loop",
        "_on_end",
        "_owner",
        "_poll",
        "_reader",
        "_timer",
        "_timer_at",
        "_transport",
        "_unsent",
        "_waiter",
        "busy",
        "used",
    )

    def __init__(self, owner: Owner, reader: ResponseReader, idle_timeout: float, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        self._reader = reader
        self._idle_timeout = idle_timeout
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._poll: select.poll | None = None
        self._waiter: asyncio.Future[Response] | None = None
        self._on_end: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = self._timer_at = self._limit_at = 0.0
        self._unsent = self._closed = self.busy = self.used = False

    # --- for the pool ------------------------------------------------------------------------------------------------

    def send(
        self,
        head: bytes,
        body: bytes,
        head_request: bool,
        deadline: float | None,
        limit_at: float,
        on_end: Callable[[], None] | None,
    ) -> "asyncio.Future[Response]":
        """Write a request. `deadline`, `limit_at`: in loop time; `on_end` is called once, when the exchange is over.

        The future may end with `ConnectionLost(sent=False)`: nothing was begun then, and `on_end` is not called.
        """
        waiter = self._waiter = self._loop.create_future()
        transport = self._transport
        if transport is None or self._closed:
            self._gone(_closed_before())
            return waiter
        self.busy = True
        self._reader.expect(head_request)
        if len(body) < _JOIN_BELOW:
            transport.write(head + body)
        else:
            # Not `writelines`: in Python 3.12.0 to 3.12.8 and 3.13.0 to 3.13.1 asyncio's does not pause (gh-127655).
            transport.write(head)
            transport.write(body)
        if transport.is_closing():
            self._unsent = True
            self.close()
            return waiter
        self._on_end = on_end
        self._limit_at = limit_at
        self._expect_by(limit_at if deadline is None or deadline > limit_at else deadline)
        return waiter

    @property
    def closed(self) -> bool:
        """Whether it can carry nothing more."""
        return self._closed

    def ssl_object(self) -> Any:
        """The `ssl.SSLObject` beneath an open TLS connection, else None."""
        return self._transport.get_extra_info("ssl_object") if self._transport is not None else None

    def fresh(self) -> bool:
        """Whether the idle connection can carry a request: open, and nothing to read, be it an end or stray bytes."""
        return not self._closed and self._poll is not None and not self._poll.poll(0)

    def rest(self) -> None:
        """The connection is idle from now on; it closes itself when that lasts too long."""
        self.busy = False
        self._expect_by(self._loop.time() + self._idle_timeout)

    def close(self) -> None:
        """Close at once; a waiter gets `ConnectionLost`."""
        if self._transport is not None:
            self._transport.abort()
        self._gone(_closed_before() if self._unsent else ConnectionLost("the connection was closed", sent=True))

    def break_off(self, waiter: "asyncio.Future[Response]") -> None:
        """Close where the exchange is still this waiter's. Its answer may have come since it was cancelled."""
        if self._waiter is waiter:
            self.close()

    # --- called by the transport -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = stream = cast(asyncio.Transport, transport)
        stream.set_write_buffer_limits(high=0 if stream.get_extra_info("ssl_object") is None else 1)
        sock: socket.socket = stream.get_extra_info("socket")
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)

    def pause_writing(self) -> None:
        self._unsent = True

    def resume_writing(self) -> None:
        self._unsent = False

    def data_received(self, data: bytes) -> None:
        if self._closed:
            return
        if not self.busy:
            self.close()
            return
        try:
            response = self._reader.feed(data)
        except ResponseInvalid as error:
            self._fail(error)
            return
        if response is not None:
            self._answer(response)

    def eof_received(self) -> None:
        if self._closed:
            return
        response = self._reader.end() if self.busy else None
        if response is not None:
            self._answer(response)
        else:
            self._fail(self._broken("the server closed it"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone(self._broken(str(exc or "it was closed")))
        self._transport = self._poll = None
        self._reader.close()
        self._owner.lost(self)

    def _broken(self, reason: str) -> ConnectionLost:
        started = self._reader.started
        what = "in the middle of the answer" if started else "before an answer came"
        return ConnectionLost(f"the connection broke {what}: {reason}", sent=started or not self._unsent)

    # --- ends --------------------------------------------------------------------------------------------------------

    def _answer(self, response: Response) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(response)
        if not self.used:
            self.used = True
            self._owner.succeeded(self)
        if self._reader.reusable and not self._unsent:
            self._end_exchange()
            self._owner.released(self)
        else:
            self.close()

    def _fail(self, error: ExchangeError) -> None:
        self._gone(error)
        self.close()

    def _gone(self, error: ExchangeError) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
            if not error.sent:
                self._on_end = None
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._end_exchange()

    def _end_exchange(self) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end()

    # --- time --------------------------------------------------------------------------------------------------------

    def _expect_by(self, due: float) -> None:
        self._due = due
        if self._timer is None or self._timer_at > due:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = due
            self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._closed:
            return
        if self._loop.time() < self._due:
            self._expect_by(self._due)
            return
        self._give_up()
        if self.busy and not self._unsent and self._due < self._limit_at:
            self._expect_by(self._limit_at)
        else:
            self.close()

    def _give_up(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(DeadlinePassed("no answer came in time", sent=not self._unsent))


def _closed_before() -> ConnectionLost:
    return ConnectionLost("the connection was closed before the request was sent", sent=False)
