"""A pool of HTTP/1.1 connections to one server: bounded, last used first, waiters served in their order.

* A request is repeated only where it went to a connection that had lain idle, nothing was answered, and it was provably not
  sent whole. Nothing else is ever repeated.
* `timeout` ends the caller's wait, never the exchange (see `router.net.connection`).
* Idle connections are closed after 15 s by default: AWS front ends were seen to close theirs after 20 s (aiobotocore's
  source cites AWS for it), and a request that meets a closing connection cannot be repeated. A connection on which an end
  or stray bytes wait to be read is never used.
* TCP keep-alive probes go out after 60 s of silence: NAT gateways forget a quiet connection after some 350 s, and a
  function may run for 900 s.
"""

import asyncio
import socket
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from aiohappyeyeballs import start_connection

from router.net.connection import Connection
from router.net.errors import ConnectFailed, ConnectionLost, DeadlinePassed
from router.net.response import Response, ResponseReader
from router.net.tls import ClientContext

_KEEP_ALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPALIVE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))


@dataclass(slots=True, frozen=True)
class PoolOptions:
    """Seconds and bytes. `linger`: how long an exchange may last at most where `request` gives no limit of its own."""

    max_connections: int = 100
    idle_timeout: float = 15.0
    connect_timeout: float = 5.0
    linger: float = 60.0
    max_headers: int = 64 * 1024
    max_body: int = 7 * 1024 * 1024


class Pool:
    """Connections to `host:port`; `tls` is None for plain HTTP. `close()` it when done."""

    def __init__(self, host: str, port: int, tls: ClientContext | None, options: PoolOptions | None = None) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._options = options or PoolOptions()
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._waiters: OrderedDict[asyncio.Future[Connection], None] = OrderedDict()
        self._connecting: set[asyncio.Task[None]] = set()
        self._emptied: asyncio.Future[None] | None = None
        self._closed = False

    async def request(
        self,
        head: bytes,
        body: bytes = b"",
        *,
        timeout: float | None = None,
        limit: float | None = None,
        head_request: bool = False,
        on_end: Callable[[], None] | None = None,
        breaks_off: bool = False,
    ) -> Response:
        """Send one request and wait for its answer. `head`: request line and headers with their empty line.

        `timeout`: seconds that the caller waits at most. `limit`: seconds after which the exchange itself is broken off.
        `on_end` is called exactly once, when the server is done with the request or can no longer be asked: at the
        answer, also a late one, at the limit, or when the connection is lost.
        Raises `ExchangeError`; `asyncio.CancelledError` leaves the exchange running, unless it `breaks_off`.
        """
        loop = asyncio.get_running_loop()
        now = loop.time()
        limit_at = now + (self._options.linger if limit is None else limit)
        deadline = None if timeout is None else now + timeout
        while True:
            waiter: asyncio.Future[Response] | None = None
            try:
                connection = self._take_idle() or await self._wait(loop, limit_at, deadline)
                reused = connection.used
                waiter = connection.send(head, body, head_request, deadline, limit_at, on_end)
                return await waiter
            except BaseException as error:
                if waiter is not None and not _never_sent(waiter):
                    if breaks_off and waiter.cancelled():
                        connection.break_off(waiter)
                    raise
                if isinstance(error, ConnectionLost) and reused:
                    continue
                if on_end is not None:
                    on_end()
                raise

    def status(self) -> dict[str, int]:
        """Figures of the moment: connections that are open, those of them that are idle, and requests that wait for one."""
        return {"connections": len(self._open), "idle": len(self._idle), "waiting": len(self._waiters)}

    async def close(self) -> None:
        """Close every connection, busy ones too; who waits gets an `ExchangeError`."""
        self._closed = True
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        while self._waiters:
            self._refuse_first(ConnectFailed("the connection pool is closed"))
        for connection in list(self._open):
            connection.close()
        if self._open:
            self._emptied = asyncio.get_running_loop().create_future()
            await self._emptied

    # --- what connections tell -----------------------------------------------------------------------------------------

    def released(self, connection: Connection) -> None:
        if self._closed:
            connection.close()
            return
        connection.rest()
        waiter = self._first_waiter()
        if waiter is None:
            self._idle.append(connection)
        else:
            waiter.set_result(connection)

    def lost(self, connection: Connection) -> None:
        self._open.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if self._emptied is not None and not self._open and not self._emptied.done():
            self._emptied.set_result(None)
        self._connect_for_waiters()

    def succeeded(self, connection: Connection) -> None:
        if self._tls is not None:
            self._tls.remember(connection.ssl_object())

    # --- getting a connection ------------------------------------------------------------------------------------------

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.fresh():
                return connection
            connection.close()
        return None

    async def _wait(self, loop: asyncio.AbstractEventLoop, limit_at: float, deadline: float | None) -> Connection:
        if self._closed:
            raise ConnectFailed("the connection pool is closed")
        waiter: asyncio.Future[Connection] = loop.create_future()
        self._waiters[waiter] = None
        self._connect_for_waiters()
        due = limit_at if deadline is None else min(deadline, limit_at)
        timer = loop.call_at(due, self._expire, waiter)
        try:
            connection = await waiter
        except asyncio.CancelledError:
            self._waiters.pop(waiter, None)
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None and not waiter.result().closed:
                self.released(waiter.result())
            raise
        finally:
            timer.cancel()
        if connection.used and not connection.fresh():
            connection.close()
        return connection

    def _expire(self, waiter: "asyncio.Future[Connection]") -> None:
        if self._waiters.pop(waiter, self) is None and not waiter.done():
            waiter.set_exception(DeadlinePassed(f"no connection to {self._host}:{self._port} was free in time", sent=False))

    def _first_waiter(self) -> "asyncio.Future[Connection] | None":
        while self._waiters:
            waiter, _ = self._waiters.popitem(last=False)
            if not waiter.done():
                return waiter
        return None

    def _refuse_first(self, error: ConnectFailed) -> None:
        waiter = self._first_waiter()
        if waiter is not None:
            waiter.set_exception(error)

    def _connect_for_waiters(self) -> None:
        room = self._options.max_connections - len(self._open) - len(self._connecting)
        if room <= 0 or self._closed:
            return
        for _ in range(min(room, len(self._waiters) - len(self._connecting))):
            task = asyncio.get_running_loop().create_task(self._connect())
            self._connecting.add(task)
            task.add_done_callback(self._connected)

    def _connected(self, task: "asyncio.Task[None]") -> None:
        self._connecting.discard(task)
        self._connect_for_waiters()

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            connection = await asyncio.wait_for(self._connect_stream(loop), self._options.connect_timeout)
        except TimeoutError:
            self._refuse_first(
                ConnectFailed(f"no connection to {self._host}:{self._port} in {self._options.connect_timeout:g} seconds")
            )
            return
        except Exception as error:  # resolvers, sockets and TLS raise many kinds; a waiter has to hear of each
            self._refuse_first(ConnectFailed(f"cannot connect to {self._host}:{self._port}: {error}"))
            return
        if connection.closed:
            self._refuse_first(ConnectFailed(f"{self._host}:{self._port} closed the connection at once"))
            return
        self._open.add(connection)
        self.released(connection)

    async def _connect_socket(self, loop: asyncio.AbstractEventLoop) -> socket.socket:
        addresses = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        sock = await start_connection(addresses, happy_eyeballs_delay=0.25, interleave=1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEP_ALIVE:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        return sock

    async def _connect_stream(self, loop: asyncio.AbstractEventLoop) -> Connection:
        sock = await self._connect_socket(loop)
        options = self._options

        connection = Connection(self, ResponseReader(options.max_headers, options.max_body), options.idle_timeout, loop)
        name = self._host if self._tls is not None else None
        try:
            await loop.create_connection(
                lambda: cast(asyncio.Protocol, connection), sock=sock, ssl=self._tls, server_hostname=name
            )
        except BaseException:
            sock.close()
            raise
        return connection


def _never_sent(waiter: "asyncio.Future[Response]") -> bool:
    if not waiter.done() or waiter.cancelled():
        return False
    error = waiter.exception()
    return isinstance(error, ConnectionLost) and not error.sent
