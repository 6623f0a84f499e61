"""The body of a request: whole, up to a limit, or piece by piece at the pace of whoever reads it."""

import asyncio

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from router.errors import BodyIncomplete, BodyTooLarge

BODY_IDLE_SECONDS = 60.0
"""A body that sends nothing for so long is given up."""


class BodyReader:
    """Reads one request's body once. `limit`: bytes that are taken at most, whoever asks."""

    def __init__(self, raw: web.BaseRequest, limit: int) -> None:
        self._raw = raw
        self._limit = limit
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
        content = self._raw.content
        try:
            if content.is_eof():  # all of it is here: no need to wait, and so no need for a timer
                piece = content.read_nowait()
            else:
                async with asyncio.timeout(BODY_IDLE_SECONDS):
                    piece = await content.readany()
        except TimeoutError:
            raise BodyIncomplete("the request body stopped coming") from None
        except (ConnectionError, HttpProcessingError, web.RequestPayloadError) as error:
            raise BodyIncomplete(f"the request body ended early: {error}") from None
        self._size += len(piece)
        if self._size > self._limit:
            raise BodyTooLarge(self._limit)
        return piece

    def _begin(self) -> None:
        self._begun = True
        announced = self._raw.content_length
        if announced is not None and announced > self._limit:
            raise BodyTooLarge(self._limit)
        if self._raw.headers.get("Expect", "").lower() == "100-continue" and self._raw.transport is not None:
            self._raw.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
