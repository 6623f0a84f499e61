"""aiohttp's connection, with an answer of our own to what its parser refuses, and an end for callers that do not read."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

log = logging.getLogger("router.ingress")

UNREAD_SECONDS = 60.0
"""A caller that takes nothing of its answer for so long is given up: what waits for it is held in memory."""

Malformed = Callable[[str], web.StreamResponse]


class Connection(RequestHandler):
    """One caller's connection."""

    malformed: Malformed
    _unread: asyncio.TimerHandle | None = None

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        if status != 400:
            return super().handle_error(request, status, exc, message)
        log.info("A malformed request was refused.", extra={"client": request.remote, "detail": str(exc)[:200]})
        return self.malformed("The request is malformed.")

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_progress()

    def resume_writing(self) -> None:
        self._forget()
        super().resume_writing()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._forget()
        super().connection_lost(exc)

    def _expect_progress(self) -> None:
        transport: Any = self.transport  # uvloop's transports are no asyncio.WriteTransport
        left = transport.get_write_buffer_size()
        self._unread = asyncio.get_running_loop().call_later(UNREAD_SECONDS, self._check_progress, transport, left)

    def _check_progress(self, transport: Any, left: int) -> None:
        if transport.get_write_buffer_size() < left:
            self._expect_progress()
            return
        log.info("A caller that does not read its answer was given up.", extra={"bytes_left": left})
        transport.abort()

    def _forget(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


class Server(web.Server):
    """Makes connections. `malformed(detail)` answers what is no HTTP request."""

    def __init__(
        self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], malformed: Malformed, **options: Any
    ) -> None:
        super().__init__(handler, **options)
        self._malformed = malformed

    def __call__(self) -> RequestHandler:
        connection = Connection(self, loop=self._loop, **self._kwargs)
        connection.malformed = self._malformed
        return connection
