"""Messages between two processes of one daemon, both ways over one stream: calls with an answer, and words without.

A message is its length and a pickle. That is safe here, and only here: the socket lies in a folder that the daemon's own user
alone may enter, and both ends are forks of one process. What is sent in one turn of the loop leaves in one write.
"""

import asyncio
import itertools
import logging
import pickle
import struct
from collections.abc import Awaitable, Callable
from typing import Any, cast

log = logging.getLogger("router.processes")

_LENGTH = struct.Struct("!I")
_ANSWER, _ERROR = "answer", "error"

Handler = Callable[["Channel", str, Any], Awaitable[Any] | None]
"""`handle(channel, kind, payload)`: an awaitable gives the answer of a call; what it raises is raised at the other end."""


class ChannelLost(Exception):
    """The other process is gone. `sent`: whether the call may have reached it."""

    def __init__(self, sent: bool) -> None:
        super().__init__("the other process is gone")
        self.sent = sent


class Channel(asyncio.Protocol):
    """One end. `gone(channel)` is called once, when the other end is gone."""

    def __init__(self, handle: Handler, gone: Callable[["Channel"], None]) -> None:
        self._handle = handle
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._outgoing: list[bytes] = []
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()

    async def call(self, kind: str, payload: Any) -> Any:
        """The answer. Raises `ChannelLost`, and what the other side raised."""
        if self._transport is None:
            raise ChannelLost(sent=False)
        number = next(self._numbers)
        answer: asyncio.Future[Any] = self._loop.create_future()
        self._calls[number] = answer
        self._send(number, kind, payload)
        try:
            return await answer
        finally:
            self._calls.pop(number, None)

    def tell(self, kind: str, payload: Any) -> None:
        """Say something that has no answer; lost where the other side is gone."""
        if self._transport is not None:
            self._send(0, kind, payload)

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._flush()
            self._transport.close()

    @property
    def is_open(self) -> bool:
        """Whether the other side is there, as far as is known."""
        return self._transport is not None

    # --- the stream ----------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        for answer in self._calls.values():
            if not answer.done():
                answer.set_exception(ChannelLost(sent=True))
        self._gone(self)

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        at = 0
        while len(received) - at >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(received, at)
            end = at + _LENGTH.size + length
            if end > len(received):
                break
            self._take(*pickle.loads(memoryview(received)[at + _LENGTH.size : end].tobytes()))
            at = end
        if at:
            del received[:at]

    def _send(self, number: int, kind: str, payload: Any) -> None:
        message = pickle.dumps((number, kind, payload), pickle.HIGHEST_PROTOCOL)
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing += (_LENGTH.pack(len(message)), message)

    def _flush(self) -> None:
        if self._outgoing and self._transport is not None:
            self._transport.write(b"".join(self._outgoing))
        self._outgoing = []

    def _take(self, number: int, kind: str, payload: Any) -> None:
        if kind in (_ANSWER, _ERROR):
            answer = self._calls.get(number)
            if answer is not None and not answer.done():
                (answer.set_result if kind == _ANSWER else answer.set_exception)(payload)
            return
        work = self._handle(self, kind, payload)
        if work is not None:
            task = self._loop.create_task(self._answer(number, kind, work))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, number: int, kind: str, work: Awaitable[Any]) -> None:
        try:
            result = await work
        except Exception as error:
            if not number:
                log.exception("What another process said could not be worked on.", extra={"kind": kind})
                return
            self._reply(number, _ERROR, error)
        else:
            if number:
                self._reply(number, _ANSWER, result)

    def _reply(self, number: int, kind: str, payload: Any) -> None:
        if self._transport is not None:
            self._send(number, kind, payload)
