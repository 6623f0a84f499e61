"""One SQS queue: the `Queue` port. What a poller calls all the time goes past botocore, the rest through its `sqs` client.

botocore's retries are off: the poller waits and tries again itself, and a receive that is repeated underneath would hide
messages that nobody saw. Source: semantics/async.md §B.2, §B.9 and
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html.
"""

import logging
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from router.backends.aws.client import Service, ServiceClient
from router.backends.aws.credentials import Chain
from router.batches import Message, QueueFacts, QueueSource
from router.errors import SourceError, SourceRefused
from router.ports import Clock
from router.settings import Aws

log = logging.getLogger(__name__)

ACTIONS = {
    "get_queue_url": "sqs:GetQueueUrl",
    "get_queue_attributes": "sqs:GetQueueAttributes",
    "receive_message": "sqs:ReceiveMessage",
    "delete_message_batch": "sqs:DeleteMessage",
    "change_message_visibility_batch": "sqs:ChangeMessageVisibility",
}
"""What the daemon calls, and the permission that each call needs."""
SENDING_ACTIONS = {"send_message": "sqs:SendMessage"}
"""The same of `lambda-router send`, which a developer calls, and not the daemon."""
_READ_TIMEOUT = 30.0
"""Seconds. A poll is answered after 20 at the latest."""
_CALLS_PER_BATCH = 2
_MOST_BATCHES = 1250

_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
_NO_QUEUE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
_GONE = frozenset(
    {"ReceiptHandleIsInvalid", "InvalidIdFormat", "AWS.SimpleQueueService.MessageNotInflight", "MessageNotInflight"}
)
_REFUSED = frozenset({*_NO_QUEUE, *_DENIED, "InvalidAddress", "InvalidSecurity", "UnsupportedOperation"})


class AwsQueue:
    """One queue, over connections of its own. `start` it before anything else.

    A queue that is named by its URL is asked there, unless the settings have an endpoint for SQS or for everything.
    """

    def __init__(self, aws: Aws, source: QueueSource, clock: Clock, chain: Chain | None = None) -> None:
        self._queue = source.queue
        connections = _CALLS_PER_BATCH * (source.max_concurrency or _MOST_BATCHES)
        service = Service("sqs", "sqs", _READ_TIMEOUT, connections, _GONE, _REFUSED, json_prefix="AmazonSQS")
        own = urlsplit(source.queue) if "://" in source.queue else None
        endpoint = f"{own.scheme}://{own.netloc}" if own is not None else None
        self._client = ServiceClient(aws, service, source.region, source.role_arn, clock, chain, endpoint)
        # An emulator may know one spelling alone; AWS takes the newer one.
        emulated = self._client.endpoint is not None and ".amazonaws.com" not in self._client.endpoint
        self._asked: dict[str, list[str]] = {"MessageSystemAttributeNames": ["All"], "MessageAttributeNames": ["All"]}
        if emulated:
            self._asked["AttributeNames"] = ["All"]
        self._url = source.queue if own is not None else None

    async def start(self) -> None:
        """Fetch credentials. Missing ones do not fail it: see `not_ready`, and every call until they are there."""
        await self._client.start()

    def not_ready(self) -> str | None:
        """What keeps the queue from being polled; None: nothing."""
        return self._client.not_ready()

    async def describe(self) -> QueueFacts:
        try:
            url = self._url or await self._look_up()
            answer = await self._client.call("get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
        except SourceRefused as error:
            raise _as_lambda_says(error) from error
        self._url = url
        said = answer.get("Attributes", {})
        arn, visibility = str(said.get("QueueArn", self._queue)), float(said.get("VisibilityTimeout", 30))
        return QueueFacts(arn, visibility, str(said.get("FifoQueue", "")).lower() == "true" or arn.endswith(".fifo"))

    async def receive(self, limit: int, wait: float, visibility: float | None) -> list[Message]:
        chosen = {} if visibility is None else {"VisibilityTimeout": int(visibility)}
        try:
            url = await self._known_url()
            answer = await self._client.post(
                "receive_message", QueueUrl=url, MaxNumberOfMessages=limit, WaitTimeSeconds=int(wait), **self._asked, **chosen
            )
        except SourceRefused as error:
            raise _as_lambda_says(error) from error
        found = answer.get("Messages") or []
        if not isinstance(found, list):
            raise SourceError("InvalidAnswer", "the messages of the answer are not a list")
        return [message for said in found if (message := self._read(said)) is not None]

    async def delete(self, handles: Sequence[str]) -> list[str]:
        return await self._tell("delete_message_batch", handles)

    async def change_visibility(self, handles: Sequence[str], seconds: float) -> list[str]:
        return await self._tell("change_message_visibility_batch", handles, VisibilityTimeout=int(seconds))

    async def ask(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """A call of another client method about this queue, for commands: the daemon's permissions do not cover it."""
        return await self._client.call(operation, QueueUrl=await self._known_url(), **parameters)

    async def _tell(self, operation: str, handles: Sequence[str], **more: int) -> list[str]:
        """The handles that failed; entries are numbered, because receipt handles are no ids."""
        entries = [{"Id": str(index), "ReceiptHandle": handle, **more} for index, handle in enumerate(handles)]
        answer = await self._client.post(operation, QueueUrl=await self._known_url(), Entries=entries)
        return [handles[int(entry["Id"])] for entry in answer.get("Failed") or ()]

    async def close(self) -> None:
        await self._client.close()

    def _read(self, said: Any) -> Message | None:
        """None where it is none; the queue hands it out again, and sets it aside in the end."""
        try:
            return _message(said)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            extra = {"queue": self._queue, "error": f"{type(error).__name__}: {error}"}
            log.warning("A message cannot be read; it stays in the queue.", extra=extra)
            return None

    async def _known_url(self) -> str:
        if self._url is None:
            self._url = await self._look_up()
        return self._url

    async def _look_up(self) -> str:
        """The URL of a queue that is named by ARN (`arn:aws:sqs:region:account:name`) or by name."""
        if not self._queue.startswith("arn:"):
            return str((await self._client.call("get_queue_url", QueueName=self._queue))["QueueUrl"])
        _, partition, _, region, account, name = self._queue.split(":")
        try:
            answer = await self._client.call("get_queue_url", QueueName=name, QueueOwnerAWSAccountId=account)
        except SourceRefused as error:
            if error.code not in _DENIED:
                raise
            # AWS's own policy for pollers, AWSLambdaSQSQueueExecutionRole, does not allow GetQueueUrl.
            suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
            return f"{self._client.endpoint or f'https://sqs.{region}.{suffix}'}/{account}/{name}"
        return str(answer["QueueUrl"])


def _as_lambda_says(error: SourceRefused) -> SourceRefused:
    """The text that an event source mapping shows in AWS (semantics/async.md §B.1)."""
    message = f"Error occurred while ReceiveMessage. SQS Error Code: {error.code}. SQS Error Message: {error}"
    return SourceRefused(error.code, message)


def _message(said: Mapping[str, Any]) -> Message:
    handle, body, id = said["ReceiptHandle"], said.get("Body", ""), said["MessageId"]
    if not (isinstance(handle, str) and isinstance(body, str) and isinstance(id, str)):
        raise TypeError("its handle, body and id are not all text")
    attributes = said.get("Attributes") or {}
    for attribute in (said.get("MessageAttributes") or {}).values():
        if isinstance(attribute.get("BinaryValue"), str):  # botocore would have decoded it
            attribute["BinaryValue"] = b64decode(attribute["BinaryValue"])
    other = {name: value for name, value in said.items() if name not in ("ReceiptHandle", "Body", "MessageId")}
    return Message(handle, body, other, id, attributes.get("MessageGroupId"))
