"""Passes requests on to origins, over aiohttp's client: bodies stream both ways, one keep-alive pool per origin.

* Bytes and headers go through as they are: nothing is decompressed, no header is added but the framing.
* A connection that cannot be made is tried again, up to the origin's attempts. Only GET and HEAD without a body are sent
  again: when the origin does not answer in time, or drops a connection before it answers (semantics/sync.md §9.5 and
  https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesOrigin.html).
* An answer may come before the caller's body has gone out whole. Both then run on together; at the end of the answer what
  is left of the body is given up with the connection.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from router.backends.sessions import plain_session
from router.errors import OriginBroken, OriginError, OriginTimeout, OriginUnreachable, RequestError
from router.model import Headers, Origin, OriginRequest, OriginResponse
from router.net.tls import client_context

MAX_LINE = 32 * 1024
"""Bytes of one header of an origin's answer."""
RESOLVED_FOR = 10.0
"""Seconds that the addresses of a name are remembered."""
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_REPEATABLE = frozenset({"GET", "HEAD"})


class OriginClient:
    """The `Forwarder` port. Make it inside the running loop; `close` it there."""

    def __init__(self) -> None:
        self._resolver = _Resolver()
        self._sessions: dict[Origin, aiohttp.ClientSession] = {}

    async def resolve(self, origin: Origin) -> None:
        try:
            async with asyncio.timeout(origin.connect_timeout):
                await self._resolver.resolve(origin.host, origin.port)
        except TimeoutError as error:
            raise OriginUnreachable(f"{origin.host} does not resolve within {origin.connect_timeout:g} seconds") from error
        except OSError as error:
            raise OriginUnreachable(f"{origin.host} does not resolve: {error}") from error

    async def forward(self, request: OriginRequest) -> OriginResponse:
        repeatable = request.method in _REPEATABLE and request.body is None
        left = request.origin.attempts
        while True:
            left -= 1
            try:
                return await self._attempt(request)
            except _NotConnected as error:
                if not left:
                    raise error.reason from error
            except OriginError:
                if not left or not repeatable:
                    raise

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()
        await self._resolver.close()

    async def _attempt(self, request: OriginRequest) -> OriginResponse:
        origin = request.origin
        upload = _Upload(request.body, origin.read_timeout) if request.body is not None else None
        headers = [*request.headers]
        if request.length is not None and upload is not None:
            headers.append(("Content-Length", str(request.length)))
        try:
            async with asyncio.timeout(None) as deadline:
                if upload is not None:
                    upload.stalls_at = deadline.reschedule
                answer = await self._session(origin).request(
                    request.method,
                    URL(f"{origin}{request.target}", encoded=True),
                    headers=headers,
                    data=upload,
                    allow_redirects=False,
                    timeout=_timeout(origin),
                )
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            if upload is not None and upload.failure is not None:
                raise upload.failure from error
            reason = _translated(error, origin)
            raise _NotConnected(reason) if isinstance(error, _NEVER_CONNECTED) else reason from error
        finally:
            if upload is not None:
                upload.stalls_at = _never
        return _response(answer, upload, origin)

    def _session(self, origin: Origin) -> aiohttp.ClientSession:
        """The pool of a server; how long a connection may lie idle is part of it."""
        key = Origin(origin.tls, origin.host, origin.port, keepalive_timeout=origin.keepalive_timeout, ca_file=origin.ca_file)
        if key not in self._sessions:
            self._sessions[key] = self._new_session(key)
        return self._sessions[key]

    def _new_session(self, origin: Origin) -> aiohttp.ClientSession:
        try:
            context = client_context(origin.ca_file) if origin.tls else None
        except OSError as error:
            raise OriginUnreachable(f"the authorities {origin.ca_file} cannot be read: {error}") from error
        connector = aiohttp.TCPConnector(
            limit=0,
            keepalive_timeout=origin.keepalive_timeout,
            resolver=self._resolver,
            use_dns_cache=False,
            ssl=context if context is not None else True,
        )
        return plain_session(connector, MAX_LINE)


def _timeout(origin: Origin) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=origin.completion_timeout, connect=origin.connect_timeout, sock_read=origin.read_timeout)


class _Resolver(AbstractResolver):
    """The system's resolver with a short memory, so that `resolve` and the connection after it ask once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, int], tuple[float, list[ResolveResult]]] = {}
        self._system = aiohttp.ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC) -> list[ResolveResult]:
        if _is_address(host):
            return [ResolveResult(hostname=host, host=host, port=port, family=socket.AF_INET, proto=0, flags=0)]
        now = asyncio.get_running_loop().time()
        until, addresses = self._found.get((host, port, family), (0.0, []))
        if now >= until:
            addresses = await self._system.resolve(host, port, family)
            self._found[host, port, family] = now + RESOLVED_FOR, addresses
        return addresses

    async def close(self) -> None:
        await self._system.close()


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


# --- bodies ----------------------------------------------------------------------------------------------------------


def _never(moment: float | None) -> None:
    """Nobody waits for the upload any more."""


class _Upload:
    """A request's body on its way out; its own failures are kept, because aiohttp buries them.

    `stalls_at(moment)` sets when the origin has been taking nothing for too long, in loop time; None while the caller is
    awaited.
    """

    def __init__(self, body: bytes | AsyncIterator[bytes], read_timeout: float) -> None:
        self._body = body
        self._read_timeout = read_timeout
        self.stalls_at: Callable[[float | None], None] = _never
        self.failure: RequestError | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        try:
            async for piece in _pieces(self._body):
                self.stalls_at(loop.time() + self._read_timeout)
                yield piece
                self.stalls_at(None)
        except RequestError as error:
            self.failure = error
            raise


async def _pieces(body: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(body, bytes):
        yield body
        return
    async for piece in body:
        yield piece


class _Answer:
    """The body of an origin's answer, as `router.model.Stream`."""

    def __init__(self, answer: aiohttp.ClientResponse, upload: _Upload | None, origin: Origin) -> None:
        self._answer = answer
        self._upload = upload
        self._origin = origin

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._answer.content.iter_any():
                yield piece
        except (aiohttp.ClientError, TimeoutError) as error:
            self._answer.close()
            if self._upload is not None and self._upload.failure is not None:
                raise self._upload.failure from error
            raise _translated(error, self._origin) from error

    async def aclose(self) -> None:
        self._answer.close()


# --- answers and errors ----------------------------------------------------------------------------------------------


def _response(answer: aiohttp.ClientResponse, upload: _Upload | None, origin: Origin) -> OriginResponse:
    headers = [(_text(name), _text(value)) for name, value in answer.raw_headers]
    reason = answer.reason or ""
    if not 200 <= answer.status <= 599 or _UNSENDABLE.search(reason) or _has_unsendable(headers):
        answer.close()
        raise OriginBroken(f"{origin} answered with the status {answer.status}, or with headers that cannot be sent")
    return OriginResponse(answer.status, reason, headers, _Answer(answer, upload, origin))


def _has_unsendable(headers: Headers) -> bool:
    return any(_UNSENDABLE.search(value) for _, value in headers)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


class _NotConnected(Exception):
    """No connection was made, so that another attempt is safe whatever the method."""

    def __init__(self, reason: OriginError) -> None:
        super().__init__(str(reason))
        self.reason = reason


_NEVER_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


def _translated(error: Exception, origin: Origin) -> OriginError:
    """By class, the narrower ones first."""
    detail = str(error) or type(error).__name__
    for classes, made, words in _TRANSLATIONS:
        if isinstance(error, classes):
            return made(f"{origin} {words}: {detail}")
    return OriginBroken(f"{origin} broke the exchange off: {detail}")


_TRANSLATIONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[OriginError], str], ...] = (
    (aiohttp.ConnectionTimeoutError, OriginTimeout, "did not take the connection in time"),
    (TimeoutError, OriginTimeout, "did not answer in time"),
    (aiohttp.ClientConnectorError, OriginUnreachable, "cannot be reached"),
    ((aiohttp.ClientResponseError, ValueError), OriginBroken, "sent what is no HTTP answer"),
)
