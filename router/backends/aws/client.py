"""A client of one AWS service through aiobotocore, with credentials that are renewed beside it.

Keys that are renewed get a client of their own; the earlier one ends with its last call. botocore's retries are off: whoever
calls knows what may be repeated, and when. Errors are translated into `SourceError`s by their code.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.exceptions import ClientError
from botocore.utils import get_environ_proxies

from router.backends.aws.credentials import AssumedRole, Chain, Credential, Keys
from router.backends.aws.endpoints import authorities, parse_endpoint
from router.backends.aws.json_calls import JsonCalls, Refusal
from router.backends.aws.requests import is_field_value
from router.errors import MessageGone, SourceError, SourceRefused
from router.net.tls import client_context
from router.ports import Clock
from router.settings import Aws

log = logging.getLogger(__name__)

_CONNECT_TIMEOUT = 5.0
_START_PATIENCE = 10.0
_KEYS_REJECTED = frozenset({"ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken"})

_TRACE_HEADER: ContextVar[str] = ContextVar("trace_header", default="")


@contextmanager
def traced(trace_id: str) -> Iterator[None]:
    """Calls made inside carry this X-Amzn-Trace-Id; botocore itself adds one inside Lambda alone (semantics/async.md §F.7)."""
    token = _TRACE_HEADER.set(trace_id if is_field_value(trace_id) else "")
    try:
        yield
    finally:
        _TRACE_HEADER.reset(token)


def _add_trace_header(params: dict[str, Any], **_: object) -> None:
    if _TRACE_HEADER.get():
        params["headers"]["X-Amzn-Trace-Id"] = _TRACE_HEADER.get()


@dataclass(slots=True, frozen=True)
class Service:
    """Which service, and how it is called. `name`: botocore's. `endpoint_name`: its key under `aws.endpoints`.

    `gone`, `refused`: error codes that mean `MessageGone` and `SourceRefused`. `read_timeout`: seconds. `json_prefix`: of its
    operations' names, where it speaks AWS JSON.
    """

    name: str
    endpoint_name: str
    read_timeout: float
    max_connections: int
    gone: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    json_prefix: str | None = None


@dataclass(slots=True)
class _Connection:
    """A client with the keys it signs with. `opened`: closes it. `json_calls`: None where botocore has to make all calls."""

    keys: Keys
    opened: AsyncExitStack
    client: Any
    json_calls: JsonCalls | None
    users: int = 0

    async def call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Through botocore."""
        answer: Mapping[str, Any] = await getattr(self.client, operation)(**parameters)
        return answer

    async def post(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Past it."""
        if self.json_calls is None:
            return await self.call(operation, parameters)
        return await self.json_calls.call(self.client.meta.method_to_api_mapping[operation], parameters)

    async def close(self) -> None:
        """After the last call."""
        await self.opened.aclose()


class ServiceClient:
    """Calls of one service in one region, with one credential. `start` it before anything else.

    `endpoint`: where neither the service nor everything has one in the settings.
    """

    def __init__(
        self,
        aws: Aws,
        service: Service,
        region: str,
        role_arn: str | None,
        clock: Clock,
        chain: Chain | None = None,
        endpoint: str | None = None,
    ) -> None:
        self._aws = aws
        self._service = service
        self._region = region
        self._clock = clock
        self.endpoint = aws.endpoints.get(service.endpoint_name) or aws.endpoint_url or endpoint
        chain = chain or Chain(aws, self.endpoint is not None)
        keys = chain if role_arn is None else AssumedRole(chain, aws, role_arn, clock)
        self._credential = Credential(role_arn or "the default chain", keys, clock)
        self._lock = asyncio.Lock()
        self._connection: _Connection | None = None

    async def start(self) -> None:
        """Fetch credentials. Missing ones do not fail it: see `not_ready`, and every call until they are there."""
        await self._credential.start(_START_PATIENCE)

    def not_ready(self) -> str | None:
        """What keeps the service from being called; None: nothing."""
        return self._credential.problem

    async def close(self) -> None:
        """Stop renewing credentials, and close connections that nobody uses."""
        await self._credential.close()
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._close_unused(connection)

    async def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """The answer. `operation`: the client's method. Raises nothing but `SourceError`s and `asyncio.CancelledError`."""
        return await self._ask(_Connection.call, operation, parameters)

    async def post(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """As `call`, for what is called all the time. The answer is its JSON: what is binary may be base64."""
        return await self._ask(_Connection.post, operation, parameters)

    async def _ask(
        self,
        how: Callable[[_Connection, str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]],
        operation: str,
        parameters: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        try:
            connection = await self._take()
            try:
                return await how(connection, operation, parameters)
            finally:
                await self._give_back(connection)
        except ClientError as error:
            said = error.response.get("Error", {})
            raise self._translated(said.get("Code") or "Unknown", said.get("Message") or str(error)) from error
        except Refusal as error:
            raise self._translated(error.code or "Unknown", str(error) or error.code) from error
        except SourceError:
            raise
        except Exception as error:  # providers, sockets and parsers raise whatever they like
            raise SourceError(type(error).__name__, str(error)) from error

    def _translated(self, code: str, message: str) -> SourceError:
        """The code decides; the same codes mean the same for every operation."""
        if code in _KEYS_REJECTED:
            self._credential.rejected(message)
        service = self._service
        kind = MessageGone if code in service.gone else SourceRefused if code in service.refused else SourceError
        return kind(code, message)

    async def _take(self) -> _Connection:
        """The connection of the keys that hold now."""
        async with self._lock:
            keys = self._credential.keys
            if keys is None:
                raise SourceError("NoCredentials", self._credential.problem or "there are no credentials")
            earlier = self._connection
            if earlier is None or earlier.keys is not keys:
                self._connection = await self._connect(keys)
                if earlier is not None:
                    await self._close_unused(earlier)
            assert self._connection is not None
            self._connection.users += 1
            return self._connection

    async def _give_back(self, connection: _Connection) -> None:
        connection.users -= 1
        await self._close_unused(connection)

    async def _close_unused(self, connection: _Connection) -> None:
        if connection is not self._connection and not connection.users:
            await connection.close()

    async def _connect(self, keys: Keys) -> _Connection:
        session = AioSession(profile=self._aws.profile)
        context = session.create_client(
            self._service.name,
            region_name=self._region,
            endpoint_url=self.endpoint,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
            config=AioConfig(
                connect_timeout=_CONNECT_TIMEOUT,
                read_timeout=self._service.read_timeout,
                max_pool_connections=self._service.max_connections,
                retries={"total_max_attempts": 1},
            ),
        )
        async with AsyncExitStack() as opened:
            client = await opened.enter_async_context(context)
            client.meta.events.register("before-call", _add_trace_header)
            json_calls = await self._json_calls(session, client.meta.endpoint_url, keys)
            if json_calls is not None:
                opened.push_async_callback(json_calls.close)
            return _Connection(keys, opened.pop_all(), client, json_calls)

    async def _json_calls(self, session: AioSession, url: str, keys: Keys) -> JsonCalls | None:
        service = self._service
        if service.json_prefix is None:
            return None
        if get_environ_proxies(url).get(urlsplit(url).scheme):  # as botocore's `ProxyConfiguration` chooses
            log.info(
                "The way leads through a proxy: botocore makes all calls, which takes more of the processor.",
                extra={"service": service.name, "endpoint": url},
            )
            return None
        endpoint = parse_endpoint(url, foreign=self.endpoint is not None)
        tls = await asyncio.to_thread(client_context, authorities(session)) if endpoint.scheme == "https" else None
        return JsonCalls(
            *(endpoint, tls, keys, self._region),
            service=service.name,
            prefix=service.json_prefix,
            limit=service.read_timeout,
            connections=service.max_connections,
            clock=self._clock,
        )
