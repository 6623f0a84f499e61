"""Questions about what is in AWS: nothing is changed, nothing is executed. The daemon asks none of them; `doctor` does.

Clients find endpoints and credentials exactly as the daemon's own do. What comes back instead of an answer is sorted: the
service says no, the permission to ask is missing, or nothing was reached.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from router.backends.aws.client import Service, ServiceClient
from router.backends.aws.credentials import Chain
from router.errors import RouterError, SourceError
from router.ports import Clock
from router.settings import Aws

ACTIONS = {
    "get_caller_identity": None,
    "get_function_configuration": "lambda:GetFunctionConfiguration",
    "get_function_concurrency": "lambda:GetFunctionConcurrency",
    "get_queue_url": "sqs:GetQueueUrl",
    "get_queue_attributes": "sqs:GetQueueAttributes",
    "get_topic_attributes": "sns:GetTopicAttributes",
    "describe_event_bus": "events:DescribeEventBus",
    "head_bucket": "s3:ListBucket",
    "describe_activity": "states:DescribeActivity",
}
"""What is asked, and the permission that each question needs; None: everybody may ask."""

_ENDPOINT_NAMES = {"stepfunctions": "states"}
"""Keys under `aws.endpoints`, where they are not botocore's own names."""
_CONNECTIONS = 20
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "Forbidden", "403"}
)
_NO_KEYS = frozenset(
    {
        *{"NoCredentials", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"},
        *{"SignatureDoesNotMatch", "InvalidSignatureException", "InvalidAccessKeyId", "RequestExpired", "InvalidToken"},
    }
)


class Denied(RouterError):
    """Whoever asks may not. `action`: the permission that is missing."""

    def __init__(self, action: str | None, message: str) -> None:
        super().__init__(message)
        self.action = action


class NotReached(RouterError):
    """There is no answer: no credentials that work, no connection, or a service that has no time."""


class NoCredentials(NotReached):
    """There are no credentials that work."""


class Refused(RouterError):
    """The service says no. `code`: as it says it; `missing`: there is no such thing."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def missing(self) -> bool:
        """Whether what was asked about is not there."""
        return any(word in self.code for word in ("NotFound", "NonExistent", "DoesNotExist", "NoSuch", "404"))


class Inspector:
    """Asks services, with a client for each service, region and role. `close` it at the end."""

    def __init__(self, aws: Aws, clock: Clock, timeout: float) -> None:
        self._aws = aws
        self._clock = clock
        self._timeout = timeout
        self._chain = Chain(aws, aws.endpoint_url is not None or bool(aws.endpoints))
        self._clients: dict[tuple[str, str, str | None], asyncio.Task[ServiceClient]] = {}
        self._silent: set[tuple[str, str]] = set()

    async def ask(
        self, service: str, region: str, operation: str, role: str | None = None, **parameters: Any
    ) -> Mapping[str, Any]:
        """The answer. `service`: botocore's name. Raises `Denied`, `NotReached` and `Refused`."""
        if (service, region) in self._silent:
            raise NotReached(f"{service} in {region} did not answer before")
        client = await self._client(service, region, role)
        try:
            return await client.call(operation, **parameters)
        except SourceError as error:
            raise _sorted(error, operation) from error

    def silent(self, service: str, region: str) -> None:
        """Nothing came in time: nobody waits for this service again."""
        self._silent.add((service, region))

    async def close(self) -> None:
        """Let go of connections and credentials."""
        for task in self._clients.values():
            task.cancel()
        for found in await asyncio.gather(*self._clients.values(), return_exceptions=True):
            if isinstance(found, ServiceClient):
                await found.close()

    async def _client(self, service: str, region: str, role: str | None) -> ServiceClient:
        key = (service, region, role)
        if key not in self._clients:
            self._clients[key] = asyncio.ensure_future(self._started(*key))
        return await asyncio.shield(self._clients[key])

    async def _started(self, service: str, region: str, role: str | None) -> ServiceClient:
        kind = Service(service, _ENDPOINT_NAMES.get(service, service), self._timeout, _CONNECTIONS)
        client = ServiceClient(self._aws, kind, region, role, self._clock, self._chain)
        await client.start()
        return client


def _sorted(error: SourceError, operation: str) -> RouterError:
    """An answer of the service has a code with which it can be told; what botocore raises itself is named like its classes."""
    if error.code in _DENIED:
        return Denied(ACTIONS[operation], str(error))
    transient = error.code.endswith(("Error", "Timeout")) or "Throttl" in error.code or "TooManyRequests" in error.code
    if error.code in _NO_KEYS:
        return NoCredentials(str(error))
    if transient:
        return NotReached(f"{error.code}: {error}")
    return Refused(error.code, str(error))
