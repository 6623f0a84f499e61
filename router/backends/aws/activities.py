"""Activities of Step Functions through aiobotocore: the `Activities` port over its `stepfunctions` client.

botocore's retries are off: the worker waits and tries again itself, and a poll that is repeated underneath could take a second
task. Source: semantics/sync.md §11.1 and https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.exceptions import ClientError

from router.backends.aws.credentials import AssumedRole, Chain, Credential, Keys
from router.batches import ActivitySource, Message
from router.errors import MessageGone, SourceError, SourceRefused
from router.ports import Clock
from router.settings import Aws

_READ_TIMEOUT = 70.0
"""Seconds. Step Functions answers a poll after 60 at the latest and wants clients to wait for at least 65."""
_CONNECT_TIMEOUT = 5.0
_START_PATIENCE = 10.0
_CALLS_PER_TASK = 2
"""A task is polled for, then worked on: its heartbeat may be under way when its result is told."""
_KEYS_REJECTED = frozenset({"ExpiredTokenException", "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken"})

_GONE = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
_REFUSED = frozenset(
    {
        *{"InvalidOutput", "InvalidArn", "ActivityDoesNotExist", "ValidationException", "AccessDeniedException"},
        *{"KmsAccessDeniedException", "KmsInvalidStateException", "SerializationException", "UnknownOperationException"},
    }
)


@dataclass(slots=True)
class _Connection:
    """A client with the keys it signs with. Keys that are renewed get a new one; this one ends with its last call."""

    keys: Keys
    context: Any
    client: Any
    users: int = 0


class AwsActivities:
    """One activity, asked and told over connections of its own. `start` it before anything else."""

    def __init__(self, aws: Aws, source: ActivitySource, clock: Clock) -> None:
        self._aws = aws
        self._source = source
        chain = Chain(aws, self._endpoint() is not None)
        keys = chain if source.role_arn is None else AssumedRole(chain, aws, source.role_arn, clock)
        self._credential = Credential(source.role_arn or "the default chain", keys, clock)
        self._lock = asyncio.Lock()
        self._connection: _Connection | None = None

    async def start(self) -> None:
        """Fetch credentials. Missing ones do not fail it: see `not_ready`, and every call until they are there."""
        await self._credential.start(_START_PATIENCE)

    def not_ready(self) -> str | None:
        """What keeps the activity from being polled; None: nothing."""
        return self._credential.problem

    async def get_task(self) -> Message | None:
        found = await self._call("get_activity_task", activityArn=self._source.activity, workerName=self._source.worker_name)
        token = found.get("taskToken")
        return Message(token, found.get("input") or "") if token else None

    async def succeed(self, token: str, output: str) -> None:
        await self._call("send_task_success", taskToken=token, output=output)

    async def fail(self, token: str, error: str, cause: str) -> None:
        await self._call("send_task_failure", taskToken=token, error=error, cause=cause)

    async def heartbeat(self, token: str) -> None:
        await self._call("send_task_heartbeat", taskToken=token)

    async def close(self) -> None:
        await self._credential.close()
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._close_unused(connection)

    def _endpoint(self) -> str | None:
        return self._aws.endpoints.get("states") or self._aws.endpoint_url

    async def _call(self, operation: str, **parameters: str) -> Mapping[str, Any]:
        try:
            connection = await self._take()
            try:
                answer: Mapping[str, Any] = await getattr(connection.client, operation)(**parameters)
            finally:
                await self._give_back(connection)
        except ClientError as error:
            raise self._translated(error) from error
        except SourceError:
            raise
        except Exception as error:  # providers, sockets and parsers raise whatever they like
            raise SourceError(type(error).__name__, str(error)) from error
        return answer

    def _translated(self, error: ClientError) -> SourceError:
        """The code decides; the same codes mean the same for every operation."""
        said = error.response.get("Error", {})
        code, message = said.get("Code") or "Unknown", said.get("Message") or str(error)
        if code in _KEYS_REJECTED:
            self._credential.rejected(message)
        kind = MessageGone if code in _GONE else SourceRefused if code in _REFUSED else SourceError
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
            await connection.context.__aexit__(None, None, None)

    async def _connect(self, keys: Keys) -> _Connection:
        context = AioSession(profile=self._aws.profile).create_client(
            "stepfunctions",
            region_name=self._source.region,
            endpoint_url=self._endpoint(),
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
            config=AioConfig(
                connect_timeout=_CONNECT_TIMEOUT,
                read_timeout=_READ_TIMEOUT,
                max_pool_connections=_CALLS_PER_TASK * self._source.max_concurrency,
                retries={"total_max_attempts": 1},
            ),
        )
        return _Connection(keys, context, await context.__aenter__())
