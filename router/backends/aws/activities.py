"""Activities of Step Functions through aiobotocore: the `Activities` port over its `stepfunctions` client.

botocore's retries are off: the worker waits and tries again itself, and a poll that is repeated underneath could take a second
task. Source: semantics/sync.md §11.1 and https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetActivityTask.html.
"""

from router.backends.aws.client import Service, ServiceClient
from router.backends.aws.credentials import Chain
from router.batches import ActivitySource, Message
from router.ports import Clock
from router.settings import Aws

ACTIONS = {
    "get_activity_task": "states:GetActivityTask",
    "send_task_success": "states:SendTaskSuccess",
    "send_task_failure": "states:SendTaskFailure",
    "send_task_heartbeat": "states:SendTaskHeartbeat",
}
"""What is called, and the permission that each call needs. IAM knows no resource but `*` for what is told about a task."""
_READ_TIMEOUT = 70.0
"""Seconds. Step Functions answers a poll after 60 at the latest and wants clients to wait for at least 65."""
_CALLS_PER_TASK = 2
"""A task is polled for, then worked on: its heartbeat may be under way when its result is told."""

_GONE = frozenset({"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"})
_REFUSED = frozenset(
    {
        *{"InvalidOutput", "InvalidArn", "ActivityDoesNotExist", "ValidationException", "AccessDeniedException"},
        *{"KmsAccessDeniedException", "KmsInvalidStateException", "SerializationException", "UnknownOperationException"},
    }
)


class AwsActivities:
    """One activity, asked and told over connections of its own. `start` it before anything else."""

    def __init__(self, aws: Aws, source: ActivitySource, clock: Clock, chain: Chain | None = None) -> None:
        self._source = source
        connections = _CALLS_PER_TASK * source.max_concurrency
        service = Service("stepfunctions", "states", _READ_TIMEOUT, connections, _GONE, _REFUSED)
        self._client = ServiceClient(aws, service, source.region, source.role_arn, clock, chain)

    async def start(self) -> None:
        """Fetch credentials. Missing ones do not fail it: see `not_ready`, and every call until they are there."""
        await self._client.start()

    def not_ready(self) -> str | None:
        """What keeps the activity from being polled; None: nothing."""
        return self._client.not_ready()

    async def get_task(self) -> Message | None:
        found = await self._client.call(
            "get_activity_task", activityArn=self._source.activity, workerName=self._source.worker_name
        )
        token = found.get("taskToken")
        return Message(token, found.get("input") or "") if token else None

    async def succeed(self, token: str, output: str) -> None:
        await self._client.call("send_task_success", taskToken=token, output=output)

    async def fail(self, token: str, error: str, cause: str) -> None:
        await self._client.call("send_task_failure", taskToken=token, error=error, cause=cause)

    async def heartbeat(self, token: str) -> None:
        await self._client.call("send_task_heartbeat", taskToken=token)

    async def close(self) -> None:
        await self._client.close()
