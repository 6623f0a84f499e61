"""Answers that stream from the engine, where local functions run, to the door whose caller waits for them: piece by piece.

A door asks for each piece when its caller has taken the one before. So the first byte passes as soon as it is there, the
function waits for a caller that is slow, and nothing is collected on the way. A caller that leaves lets go of the stream; so
does a door that ends. Every stream is known by the number that its door gave the invocation.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from router.errors import StreamFailed
from router.origins import FunctionStream
from router.outcome import Outcome, OutcomeKind
from router.processes.channel import Channel, ChannelLost

AWAY = "the engine, which runs local functions, is away"


class Sender:
    """The engine's side, of one door."""

    def __init__(self) -> None:
        self._streams: dict[int, tuple[FunctionStream, AsyncIterator[bytes]] | None] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def expect(self, number: int) -> None:
        """An invocation begins; its answer may become a stream."""
        self._streams[number] = None

    async def announce(self, number: int, outcome: Outcome) -> tuple[Outcome, bool]:
        """What the door is told: the outcome without its stream, and whether there is one."""
        stream = outcome.stream
        if stream is None:
            self._streams.pop(number, None)
        elif number in self._streams:
            self._streams[number] = stream, aiter(stream)
        else:
            await stream.aclose()  # nobody waits for it any more
        return (outcome, False) if stream is None else (replace(outcome, stream=None), True)

    async def piece(self, number: int) -> tuple[bytes | None, str | None]:
        """The next piece; after the last one None, and the log's tail. Raises `StreamFailed`."""
        known = self._streams.get(number)
        if known is None:
            raise StreamFailed(OutcomeKind.TRANSPORT.value, "the stream was let go")
        stream, pieces = known
        try:
            return await anext(pieces), None
        except StopAsyncIteration:
            await self._end(number)
            return None, stream.log_tail
        except StreamFailed:
            await self._end(number)
            raise

    def leave(self, number: int) -> None:
        """The caller is gone."""
        known = self._streams.pop(number, None)
        if known is not None:
            task = asyncio.get_running_loop().create_task(known[0].aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    def close(self) -> None:
        """The door is gone."""
        for number in [*self._streams]:
            self.leave(number)

    async def _end(self, number: int) -> None:
        known = self._streams.pop(number, None)
        if known is not None:
            await known[0].aclose()


class Received:
    """The door's side of one stream: a `FunctionStream`."""

    def __init__(self, channel: Channel, number: int) -> None:
        self.log_tail: str | None = None
        self._channel = channel
        self._number = number
        self._is_open = True

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if not self._is_open:
            raise StopAsyncIteration
        try:
            piece, self.log_tail = await self._channel.call("piece", self._number)
        except ChannelLost:
            self._is_open = False
            raise StreamFailed(OutcomeKind.TRANSPORT.value, AWAY) from None
        except StreamFailed:
            self._is_open = False
            raise
        if piece is None:
            self._is_open = False
            raise StopAsyncIteration
        taken: bytes = piece
        return taken

    async def aclose(self) -> None:
        """As `Stream.aclose`."""
        if self._is_open:
            self._is_open = False
            self._channel.tell("leave", self._number)
