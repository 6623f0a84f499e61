"""A running daemon's deliveries, through its admin listener (see `router.ingress.deliveries_api`)."""

from collections.abc import Sequence
from typing import Any

import aiohttp

from router import jsontext
from router.deliveries import Finding, Selection
from router.errors import StartError
from router.policies import delivery_documents as documents

_TIMEOUT = aiohttp.ClientTimeout(total=60, connect=5)


class NoDaemon(StartError):
    """Nobody answers at the admin listener's address, or nobody who has a journal open."""


class AdminClient:
    """`url`: `http://host:port`, or `unix:/path`. Every method raises `StartError`s."""

    def __init__(self, url: str, token: str | None) -> None:
        socket = url.removeprefix("unix:") if url.startswith("unix:") else None
        self.where = url
        self._base = "http://localhost" if socket else url.rstrip("/")
        connector = aiohttp.UnixConnector(socket) if socket else aiohttp.TCPConnector()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session = aiohttp.ClientSession(connector=connector, headers=headers, timeout=_TIMEOUT)

    async def select(self, selection: Selection, limit: int, after: str | None, payloads: bool) -> list[dict[str, Any]]:
        pairs = [*documents.query(selection), ("limit", str(limit)), *([("after", after)] if after is not None else [])]
        found = await self._call("GET", "/deliveries", [*pairs, *([("payload", "true")] if payloads else [])])
        return [*found["deliveries"]]

    async def count(self, selection: Selection) -> int:
        return int((await self._call("GET", "/deliveries/count", documents.query(selection)))["count"])

    async def redrive(self, ids: Sequence[str]) -> int:
        return int((await self._call("POST", "/deliveries/redrive", body={"ids": [*ids]}))["redriven"])

    async def purge(self, ids: Sequence[str]) -> int:
        return int((await self._call("POST", "/deliveries/purge", body={"ids": [*ids]}))["purged"])

    async def check(self, repair: bool) -> list[Finding]:
        if repair:
            raise StartError(f"The daemon at {self.where} works on its journal: stop it before a repair.")
        return [Finding(**finding) for finding in (await self._call("GET", "/journal/check"))["findings"]]

    async def close(self) -> None:
        await self._session.close()

    async def _call(
        self, method: str, path: str, query: Sequence[tuple[str, str]] = (), body: object | None = None
    ) -> dict[str, Any]:
        data = jsontext.dumps(body) if body is not None else None
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            async with self._session.request(
                method, self._base + path, params=list(query), data=data, headers=headers
            ) as answer:
                return self._understood(answer.status, await answer.read())
        except aiohttp.ClientConnectorError as error:
            raise NoDaemon(f"No daemon answers at {self.where}: {error.os_error.strerror or error}.") from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise StartError(f"The daemon at {self.where} did not answer: {type(error).__name__}: {error}") from error

    def _understood(self, status: int, body: bytes) -> dict[str, Any]:
        if status == 401:
            raise StartError(f"The daemon at {self.where} wants its admin token: set ROUTER_ADMIN_TOKEN, or use --token.")
        try:
            value = jsontext.loads(body)
        except ValueError:
            value = None
        if status == 404:
            raise NoDaemon(f"The daemon at {self.where} has no journal open: none of its triggers accepts events.")
        if status != 200 or not isinstance(value, dict):
            said = value.get("message") if isinstance(value, dict) else None
            raise StartError(f"The daemon at {self.where} answered {status}: {said or 'no reason given'}")
        return value
