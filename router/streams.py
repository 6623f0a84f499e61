"""A function's answer on its way from the backend to the caller: its beginning is read here, the rest is passed on.

The caller's pace is the source's: a piece is asked for when the one before has gone out. Nothing is collected but the prelude,
status and headers as JSON in front of eight NUL bytes, and that is bounded. Source: semantics/sync.md §3.9, §12.5.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from router.errors import BadStream, RequestError, StreamFailed
from router.origins import FunctionStream, Stream
from router.outcome import HTTP_RESPONSE, Outcome, broken_off

log = logging.getLogger("router.driver")

SEPARATOR = bytes(8)
MAX_PRELUDE = 16 * 1024
"""Bytes, the separator among them."""


class Passage:
    """The stream of one outcome, bounded in time. `left`: seconds until it has to end; `idle`: seconds that it may pause.

    `finished()` is called once: when the stream has ended, failed (the outcome says so then), or was closed.
    """

    __slots__ = ("_ahead", "_finished", "_idle", "_outcome", "_pieces", "_source", "_until", "log_tail")

    def __init__(
        self, outcome: Outcome, source: FunctionStream, left: float | None, idle: float | None, finished: Callable[[], None]
    ) -> None:
        self.log_tail: str | None = None
        self._outcome = outcome
        self._source = source
        self._pieces = aiter(source)
        self._until = None if left is None else asyncio.get_running_loop().time() + left
        self._idle = idle
        self._finished: Callable[[], None] | None = finished
        self._ahead = b""
        outcome.stream = self

    def put_back(self, data: bytes) -> None:
        """What was read and is not the reader's own business comes first again."""
        self._ahead = data

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            return ahead
        try:
            async with asyncio.timeout_at(self._deadline()):
                return await anext(self._pieces)
        except StopAsyncIteration:
            self.log_tail = self._source.log_tail
            self._end()
            raise
        except TimeoutError:
            error = StreamFailed("timeout", "the function's answer did not go on, or not end, in time")
        except StreamFailed as failed:
            error = failed
        except RequestError as other:
            error = StreamFailed("transport", str(other))
        except Exception as fault:
            log.exception("A backend failed in mid-stream.")
            error = StreamFailed("transport", f"the backend failed: {type(fault).__name__}")
        broken_off(self._outcome, error)
        await self.aclose()
        raise error

    async def aclose(self) -> None:
        """As `Stream.aclose`."""
        self._end()
        await self._source.aclose()

    def _deadline(self) -> float | None:
        if self._idle is None:
            return self._until
        pause = asyncio.get_running_loop().time() + self._idle
        return pause if self._until is None else min(pause, self._until)

    def _end(self) -> None:
        finished, self._finished = self._finished, None
        if finished is not None:
            finished()


async def read_head(outcome: Outcome, passage: Passage) -> None:
    """Read the prelude into `outcome.payload`, if there is one: `content_type` then is `HTTP_RESPONSE`.

    Where the backend does not know the type, what it begins with decides. Raises `BadStream` where a prelude was promised. An
    answer that fails before its prelude is whole is a failed outcome, as if it had never begun.
    """
    if outcome.content_type is not None and not _is_http_response(outcome.content_type):
        return
    promised = outcome.content_type is not None
    read = bytearray()
    look = _Look()
    try:
        while len(read) < MAX_PRELUDE:
            before = len(read)
            read += await anext(passage)
            at = read.find(SEPARATOR, max(0, before - len(SEPARATOR) + 1), MAX_PRELUDE)
            if not promised and not look.may_be_prelude(read, at if at >= 0 else MAX_PRELUDE):
                break
            if at >= 0:
                passage.put_back(bytes(read[at + len(SEPARATOR) :]))
                outcome.payload, outcome.content_type = bytes(read[:at]), HTTP_RESPONSE
                return
    except StopAsyncIteration:
        pass
    except StreamFailed:
        return
    if promised:
        await passage.aclose()
        raise BadStream(f"no eight NUL bytes within the first {min(len(read), MAX_PRELUDE)} bytes of the function's answer")
    passage.put_back(bytes(read))


async def read_on(peeked: list[bytes], read_piece: Callable[[], Awaitable[bytes]]) -> AsyncIterator[bytes]:
    """A caller's body: what was read ahead of it, then the rest as it comes."""
    if peeked:
        yield b"".join(peeked)
        peeked.clear()
    while piece := await read_piece():
        yield piece


async def held_to(announced: int, body: Stream) -> AsyncIterator[bytes]:
    """The body, which breaks off where it is not as long as its head says: what is too much would pass for the next answer.

    Raises `BadStream`.
    """
    left = announced
    async for piece in body:
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left:
        raise BadStream(f"the body of an answer is not as long as announced, {announced} bytes")


def _is_http_response(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == HTTP_RESPONSE


class _Look:
    """Whether what has come so far may be the beginning of a prelude: one JSON object, and nothing but NULs behind it."""

    __slots__ = ("_at", "_depth", "_escaped", "_in_string")

    def __init__(self) -> None:
        self._at = self._depth = 0
        self._in_string = self._escaped = False

    def may_be_prelude(self, data: bytearray, end: int) -> bool:
        """`data`: all of it, as it grows; what stands behind `end` is not looked at."""
        end = min(len(data), end)
        for at in range(self._at, end):
            byte = data[at]
            if self._in_string:
                self._in_string = self._escaped or byte != _QUOTE
                self._escaped = not self._escaped and byte == _BACKSLASH
            elif self._depth == 0:
                if byte != (_OPEN if at == 0 else 0):
                    return False
                self._depth = int(at == 0)
            else:
                self._in_string = byte == _QUOTE
                self._depth += _STEPS.get(byte, 0)
        self._at = end
        return True


_QUOTE, _BACKSLASH, _OPEN = b'"\\{'
_STEPS = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
