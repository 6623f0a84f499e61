"""The answer of a local function as it comes: from the runtime's request to whoever reads, at the reader's pace.

What the reader has not taken waits here, up to a bound beyond which the runtime's connection is not read. A reader that goes
away lets the function run to its end, unheard. Source: semantics/sync.md §1.3, §12.5.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from router.errors import StreamFailed
from router.jsontext import dumps
from router.outcome import OutcomeKind

MAX_STREAM = 200 * 1024 * 1024
"""Bytes of one answer: Lambda's default quota."""
HIGH_WATER = 256 * 1024
"""Bytes that wait for the reader before the function has to."""

_TOO_LARGE = f"Response payload size exceeded maximum allowed payload size ({MAX_STREAM} bytes)."
_TOO_LARGE_ERROR = dumps({"errorMessage": _TOO_LARGE, "errorType": "Function.ResponseSizeTooLarge"})


class Valve(Protocol):
    """What the pieces come through."""

    def hold(self, on: bool) -> None:
        """Stop reading, or go on."""
        ...


class LocalStream:
    """Implements `FunctionStream`. `on_begin` is called with the first piece, or with an end that is no failure.

    A failure before that never shows here: it is the invocation's own.
    """

    __slots__ = (
        *("_failure", "_has_begun", "_held", "_is_closed", "_is_ended", "_on_begin", "_size", "_valve", "_waiting", "_wake"),
        "log_tail",
    )

    def __init__(self, valve: Valve, on_begin: Callable[[], None]) -> None:
        self.log_tail: str | None = None
        self._valve = valve
        self._on_begin = on_begin
        self._waiting: deque[bytes] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._failure: StreamFailed | None = None
        self._size = self._held = 0
        self._has_begun = self._is_ended = self._is_closed = False

    @property
    def has_begun(self) -> bool:
        """Whether the caller has heard of it."""
        return self._has_begun

    # --- the function's side -------------------------------------------------------------------------------------------

    def write(self, piece: bytes) -> None:
        """The next piece. Beyond the limit the answer is cut; what still comes is dropped."""
        self._begin()
        self._size += len(piece)
        if self._is_ended or self._is_closed:
            return
        if self._size > MAX_STREAM:
            self.end(StreamFailed(OutcomeKind.FUNCTION_ERROR.value, _TOO_LARGE, _TOO_LARGE_ERROR), None)
            return
        self._waiting.append(piece)
        self._held += len(piece)
        if self._held > HIGH_WATER:
            self._valve.hold(True)
        self._notify()

    def end(self, failure: StreamFailed | None, log_tail: str | None) -> None:
        """The function has answered, or failed in the middle of it. Only the first end counts."""
        self._begin()
        if not self._is_ended:
            self._is_ended = True
            self._failure, self.log_tail = failure, log_tail
            self._notify()

    # --- the reader's side ---------------------------------------------------------------------------------------------

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        while not (self._waiting or self._is_ended):
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        if not self._waiting:
            if self._failure is not None:
                raise self._failure
            raise StopAsyncIteration
        pieces = b"".join(self._waiting)
        self._let_go()
        return pieces

    async def aclose(self) -> None:
        """As `Stream.aclose`."""
        self.abandon()

    def abandon(self) -> None:
        """Nobody reads any more."""
        self._is_closed = True
        self._let_go()

    # --- within --------------------------------------------------------------------------------------------------------

    def _let_go(self) -> None:
        self._waiting.clear()
        self._held = 0
        self._valve.hold(False)

    def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._on_begin()

    def _notify(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
