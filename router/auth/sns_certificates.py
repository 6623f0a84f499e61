"""Gets what the URLs of SNS messages name: signing certificates, which are remembered, and confirmations of subscriptions.

A stranger can make the router come here with a forged message, so everything is bounded: hosts (`router.policies.sns_urls`), no
redirects, no proxies or credentials of the environment, `TIMEOUT` for the whole answer, `MAX_BODY` bytes, a few requests at a
time; the same certificate is asked for once by all who wait for it, and a failure is remembered for a moment.
"""

import asyncio
import logging
import ssl
from collections import OrderedDict
from dataclasses import dataclass

import aiohttp
from yarl import URL

from router.errors import FetchFailed, Unavailable
from router.model import Fetch
from router.net.tls import client_context
from router.policies.sns_urls import SafeUrl, safe_url
from router.ports import Clock

log = logging.getLogger("router.auth")

TIMEOUT = 5.0
"""Seconds for a whole answer: SNS itself waits 15 for ours (semantics/async.md §C.5)."""
MAX_BODY = 64 * 1024
"""Bytes: a certificate has two thousand."""
MAX_KEPT = 64
"""Certificates that are remembered. SNS uses one per region at a time."""
KEPT_FOR = 3600.0
"""Seconds. A new certificate has a new URL; the limit is for the day when something else answered in its place."""
FAILURE_KEPT_FOR = 5.0
"""Seconds in which a URL that failed is not asked again."""
AT_A_TIME = 8
"""Requests. Who comes when that many are open is told to come again."""


@dataclass(slots=True)
class _Kept:
    body: bytes | None
    until: float
    reason: str = ""


class SnsFetcher:
    """The `Fetcher` port. Make it inside the running loop; `close` it there. `tls`: instead of the system's authorities."""

    def __init__(self, clock: Clock, tls: ssl.SSLContext | None = None, timeout: float = TIMEOUT) -> None:
        self._clock = clock
        self._timeout = timeout
        self._tls = tls
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._running: dict[str, asyncio.Task[bytes]] = {}
        self._session: aiohttp.ClientSession | None = None
        self._open = 0

    async def fetch(self, step: Fetch) -> bytes:
        """See `router.ports.Fetcher`. Raises Unavailable where too many requests are open."""
        try:
            url = safe_url(step.url, step.hosts)
        except ValueError as error:
            raise FetchFailed(f"the URL may not be fetched: {error}") from None
        if not step.keep:
            return await self._get(url)
        kept = self._remembered(step.url)
        if kept is None:
            return await self._once(step.url, url)
        if kept.body is None:
            raise FetchFailed(kept.reason)
        return kept.body

    async def close(self) -> None:
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    # --- memory ------------------------------------------------------------------------------------------------------

    def _remembered(self, key: str) -> _Kept | None:
        kept = self._kept.get(key)
        if kept is not None and kept.until <= self._clock.monotonic():
            del self._kept[key]
            return None
        return kept

    async def _once(self, key: str, url: SafeUrl) -> bytes:
        """All who wait for the same URL share one request; one of them going away does not end it."""
        task = self._running.get(key)
        if task is None:
            task = self._running[key] = asyncio.create_task(self._remember(key, url))
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def _ended(self, key: str, task: asyncio.Task[bytes]) -> None:
        del self._running[key]
        if not task.cancelled():
            task.exception()  # seen here, should nobody wait any more

    async def _remember(self, key: str, url: SafeUrl) -> bytes:
        try:
            body = await self._get(url)
        except FetchFailed as error:
            self._keep(key, _Kept(None, self._clock.monotonic() + FAILURE_KEPT_FOR, str(error)))
            raise
        self._keep(key, _Kept(body, self._clock.monotonic() + KEPT_FOR))
        return body

    def _keep(self, key: str, kept: _Kept) -> None:
        """The oldest failure gives way first, so that forged URLs cannot drive real certificates out."""
        self._kept[key] = kept
        if len(self._kept) > MAX_KEPT:
            oldest = next((each for each, held in self._kept.items() if held.body is None), next(iter(self._kept)))
            del self._kept[oldest]

    # --- requests ----------------------------------------------------------------------------------------------------

    async def _get(self, url: SafeUrl) -> bytes:
        if self._open >= AT_A_TIME:
            raise Unavailable("too many URLs are being fetched")
        self._open += 1
        try:
            async with asyncio.timeout(self._timeout):
                return await self._body(url)
        except TimeoutError:
            raise self._failure(url, f"no whole answer within {self._timeout:g} seconds") from None
        except aiohttp.ClientResponseError as error:
            # Its text holds the whole URL.
            raise self._failure(url, f"the answer is no HTTP ({type(error).__name__})") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._failure(url, f"{type(error).__name__}: {error}") from error
        finally:
            self._open -= 1

    async def _body(self, url: SafeUrl) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls or client_context(), limit=AT_A_TIME),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity", "User-Agent": "lambda-router"},
                auto_decompress=False,
            )
        target = URL(f"{url.server}{url.target}", encoded=True)
        async with self._session.get(target, allow_redirects=False) as response:
            if response.status != 200:
                raise self._failure(url, f"the answer is {response.status}")
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > MAX_BODY:
                    raise self._failure(url, f"the answer has more than {MAX_BODY} bytes")
            return bytes(body)

    @staticmethod
    def _failure(url: SafeUrl, reason: str) -> FetchFailed:
        """Neither the log nor the error names the query, which may hold a token."""
        where = f"{url.server}{url.target.partition('?')[0]}"
        log.warning("A URL of an SNS message could not be fetched.", extra={"url": where, "reason": reason})
        return FetchFailed(f"{where}: {reason}")
