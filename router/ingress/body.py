"""The body of a request: whole, up to a limit, or piece by piece at the pace of whoever reads it."""

import asyncio
from collections.abc import Callable

from router.errors import BodyIncomplete, BodyTooLarge
from router.ingress.incoming import Incoming

BODY_IDLE_SECONDS = 60.0
"""A body that sends nothing for so long is given up."""


class BodyReader:
    """Reads one request's body once. `limit`: bytes that are taken at most, whoever asks.

    `go_on()` tells a sender that waits for `100 Continue` to send it.
    """

    def __init__(self, incoming: Incoming, limit: int, go_on: Callable[[], None]) -> None:
        self._incoming = incoming
        self._limit = limit
        self._go_on = go_on
        self._size = 0
        self._begun = False

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises `BodyTooLarge` beyond `limit` bytes, before reading where the length is announced."""
        self._limit = min(limit, self._limit)
        pieces: list[bytes] = []
        while piece := await self.piece():
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def piece(self) -> bytes:
        """What has come since, at least one byte; empty at the end. Raises `BodyTooLarge`, `BodyIncomplete`."""
        if not self._begun:
            self._begin()
        body = self._incoming.body
        if body.ready():  # no need to wait, and so no need for a timer
            piece = await body.piece()
        else:
            try:
                piece = await asyncio.wait_for(body.piece(), BODY_IDLE_SECONDS)
            except TimeoutError:
                raise BodyIncomplete("the request body stopped coming") from None
        self._size += len(piece)
        if self._size > self._limit:
            raise BodyTooLarge(self._limit)
        return piece

    def _begin(self) -> None:
        self._begun = True
        announced = self._incoming.length
        if announced is not None and announced > self._limit:
            raise BodyTooLarge(self._limit)
        if self._incoming.expects_continue and not self._incoming.body.ready():
            self._go_on()
