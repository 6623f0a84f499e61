"""The operator's listener: `/healthz`, `/readyz`, `/metrics`, `/status`, and `/deliveries` where there is a journal.

Probes are open to whoever reaches the listener, since orchestrators send no token and they tell nothing but up or down;
everything else asks for the token where one is configured.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Protocol

from aiohttp import web

from router import jsontext
from router.ingress.deliveries_api import DeliveriesApi
from router.monitoring.registry import CONTENT_TYPE

OPEN_PATHS = frozenset({"/healthz", "/readyz"})


class Operations(Protocol):
    """What the admin listener shows of the daemon."""

    async def look(self) -> None:
        """Learn how the other processes are, before `not_ready` and `status` are asked."""
        ...

    def not_ready(self) -> str | None:
        """Why no traffic should be sent here, or None."""
        ...

    def status(self) -> dict[str, object]:
        """The state as JSON values: version, triggers, functions, listeners."""
        ...

    async def exposition(self) -> bytes:
        """The metrics in Prometheus's text format."""
        ...


class Pages(web.Server):
    """aiohttp's server, which waits for idle connections, too, unless it is told that the end is near."""

    async def shutdown(self, timeout: float | None = None) -> None:
        self.pre_shutdown()
        await super().shutdown(timeout)


class AdminDoor:
    """Serves one daemon's operations. `deliveries`: None where no journal is open."""

    def __init__(
        self, operations: Operations, token: str | None, prometheus: bool, deliveries: DeliveriesApi | None = None
    ) -> None:
        self._operations = operations
        self._deliveries = deliveries
        self._token = token.encode() if token else None
        self._pages: dict[str, Callable[[], Awaitable[web.Response]]] = {
            "/healthz": self._health,
            "/readyz": self._readiness,
            "/status": self._status,
        }
        if prometheus:
            self._pages["/metrics"] = self._metrics

    def server(self) -> "Pages":
        """A protocol factory. Call inside the running loop."""
        handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]] = self.handle
        return Pages(handler, access_log=None)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request of an operator or a probe."""
        if self._deliveries is not None and self._deliveries.serves(request.path):
            return await self._deliveries.handle(request) if self._allowed(request) else _unauthorized()
        page = self._pages.get(request.path)
        if page is None:
            return _json(404, {"message": "No such page.", "pages": sorted(self._pages)})
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        if request.path not in OPEN_PATHS and not self._allowed(request):
            return _unauthorized()
        return await page()

    def _allowed(self, request: web.BaseRequest) -> bool:
        if self._token is None:
            return True
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token)

    async def _health(self) -> web.Response:
        return _text(200, "ok")

    async def _status(self) -> web.Response:
        await self._operations.look()
        return _json(200, self._operations.status())

    async def _metrics(self) -> web.Response:
        return web.Response(body=await self._operations.exposition(), headers={"Content-Type": CONTENT_TYPE})

    async def _readiness(self) -> web.Response:
        await self._operations.look()
        reason = self._operations.not_ready()
        return _text(200, "ready") if reason is None else _text(503, reason)


def _unauthorized() -> web.Response:
    return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"})


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n")


def _json(status: int, value: object) -> web.Response:
    return web.Response(status=status, body=jsontext.dumps(value) + b"\n", headers={"Content-Type": "application/json"})
