"""A request as it comes off the wire: its head, and a body that its reader takes piece by piece.

The parser's side puts in (`feed`, `finish`, `fail`), the conversation's side takes out (`piece`). What waits to be taken is
bounded by telling the connection to stop and go on reading.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from router.errors import BodyIncomplete

HIGH_WATER = 256 * 1024
"""Bytes of a body that wait to be taken; beyond them nothing more is read from the connection."""

RawHeaders = list[tuple[bytes, bytes]]


class IncomingBody:
    """`hold(True)` is called when too much waits, `hold(False)` when it was taken."""

    __slots__ = ("_error", "_held", "_hold", "_pieces", "_waiter", "_waiting", "is_whole")

    def __init__(self, hold: Callable[[bool], None]) -> None:
        self._hold = hold
        self._held = False
        self._pieces: deque[bytes] = deque()
        self._waiting = 0
        self._waiter: asyncio.Future[None] | None = None
        self._error: str | None = None
        self.is_whole = False
        """Whether its end has come; what came before may still wait to be taken."""

    def feed(self, data: bytes) -> None:
        """More of it."""
        self._pieces.append(data)
        self._waiting += len(data)
        if self._waiting > HIGH_WATER and not self._held:
            self._held = True
            self._hold(True)
        self._wake()

    def finish(self) -> None:
        """That was all."""
        self.is_whole = True
        self._wake()

    def fail(self, reason: str) -> None:
        """No more will come, and that was not all. After the end nothing can fail."""
        if not self.is_whole and self._error is None:
            self._error = reason
            self._wake()

    def ready(self) -> bool:
        """Whether `piece` returns, or raises, without waiting."""
        return bool(self._pieces) or self.is_whole or self._error is not None

    async def piece(self) -> bytes:
        """What has come since; empty at the end. Raises `BodyIncomplete`."""
        while not self.ready():
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._error is not None:
            raise BodyIncomplete(f"the request body ended early: {self._error}")
        return self.take()

    def take(self) -> bytes:
        """Everything that waits."""
        pieces = self._pieces
        if not pieces:
            return b""
        data = pieces.popleft() if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._waiting = 0
        if self._held:
            self._held = False
            self._hold(False)
        return data

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Incoming:
    """One request. `target`: as sent. `headers`: in wire order, without trailers. `length`: of the body, where it is announced.

    `has_body`: whether any was announced. `expects_continue`: its sender waits to be told to send it. `keep_alive`: whether the
    connection may carry another request. `malformed`: why the bytes are no request; then nothing else counts.
    """

    __slots__ = (
        *(
            "body",
            "expects_continue",
            "has_body",
            "headers",
            "keep_alive",
            "length",
            "malformed",
            "method",
            "target",
            "version",
        ),
    )

    def __init__(
        self, method: str, target: bytes, version: str, headers: RawHeaders, body: IncomingBody, keep_alive: bool
    ) -> None:
        self.method = method
        self.target = target
        self.version = version
        self.headers = headers
        self.body = body
        self.keep_alive = keep_alive
        self.length: int | None = None
        self.expects_continue = False
        self.has_body = False
        self.malformed: str | None = None
        hosts = 0
        for name, value in headers:
            size = len(name)
            if size == 14 and name.lower() == b"content-length":
                self.length = int(value)
                self.has_body = self.length > 0
            elif size == 17 and name.lower() == b"transfer-encoding":
                self.has_body = True
                self.keep_alive = keep_alive and version != "1.0"  # RFC 9112 §6.1: there, it may frame nothing
            elif size == 4 and name.lower() == b"host":
                hosts += 1
            elif size == 6 and name.lower() == b"expect":
                self.expects_continue = value.lower() == b"100-continue" and version != "1.0"  # RFC 9110 §10.1.1
        if hosts != 1 and (hosts or version != "1.0"):  # RFC 9112 §3.2
            self.malformed = "there is no Host header" if not hosts else "there is more than one Host header"
            self.keep_alive = False
