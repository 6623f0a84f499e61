"""Queues, topics, event buses and buckets that are told about ended deliveries: the `Destinations` port through aiobotocore.

A client for each service and region, made when it is first needed. Source: semantics/async.md §A.4, §A.5 and the API references
of SendMessage, Publish, PutEvents and PutObject.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from router.arn import DEFAULT_ACCOUNT
from router.backends.aws.client import Service, ServiceClient, traced
from router.backends.aws.credentials import Chain
from router.deliveries import Letter
from router.errors import DestinationError, SourceError, SourceRefused
from router.functions import DestinationAddress
from router.ports import Clock
from router.settings import Aws

ACTIONS = {
    "sqs": {"get_queue_url": "sqs:GetQueueUrl", "send_message": "sqs:SendMessage"},
    "sns": {"publish": "sns:Publish"},
    "events": {"put_events": "events:PutEvents"},
    "s3": {"put_object": "s3:PutObject"},
}
"""What is called of each service, and the permission that each call needs."""
_READ_TIMEOUT = 20.0
_CONNECTIONS = 50

_DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException"}
_REFUSED = {
    "sqs": {
        *{"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "InvalidMessageContents", "InvalidParameterValue"},
        *{"InvalidAddress", "UnsupportedOperation", "AWS.SimpleQueueService.UnsupportedOperation", "MissingParameter"},
    },
    "sns": {"NotFound", "NotFoundException", "InvalidParameter", "InvalidParameterException", "ParameterValueInvalid"},
    "events": {"ResourceNotFoundException", "ValidationException", "RequestEntityTooLargeException", "InvalidArgument"},
    "s3": {"NoSuchBucket", "EntityTooLarge", "InvalidBucketName", "KeyTooLongError", "InvalidRequest"},
}
"""Codes after which the same call would be refused again."""
_LONGEST_TRACE_HEADER = 500
_ENTRY_TRANSIENT = frozenset({"InternalFailure", "InternalException", "ThrottlingException"})


class AwsDestinations:
    """See `ports.Destinations`. `close` it after the last `send`."""

    def __init__(self, aws: Aws, clock: Clock, chain: Chain | None = None) -> None:
        self._aws = aws
        self._clock = clock
        self._chain = chain
        self._clients: dict[tuple[str, str], asyncio.Task[ServiceClient]] = {}
        self._queue_urls: dict[str, str] = {}
        self._send: dict[str, Callable[[ServiceClient, DestinationAddress, Letter], Awaitable[None]]] = {
            "sqs": self._send_message,
            "sns": self._publish,
            "events": self._put_event,
            "s3": self._put_object,
        }

    async def send(self, address: DestinationAddress, letter: Letter) -> None:
        """See `ports.Destinations.send`."""
        client = await self._client(address)
        try:
            with traced(letter.trace_id):
                await self._send[address.service](client, address, letter)
        except SourceError as error:
            permanent = isinstance(error, SourceRefused)
            raise DestinationError(f"{error.code}: {error}", permanent) from error

    async def close(self) -> None:
        """Let go of connections and credentials."""
        for task in self._clients.values():
            await (await task).close()
        self._clients.clear()

    async def _client(self, address: DestinationAddress) -> ServiceClient:
        key = (address.service, address.region or self._aws.region)
        if key not in self._clients:
            self._clients[key] = asyncio.ensure_future(self._started(*key))
        return await asyncio.shield(self._clients[key])

    async def _started(self, service: str, region: str) -> ServiceClient:
        refused = frozenset({*_REFUSED[service], *_DENIED})
        kind = Service(service, service, _READ_TIMEOUT, _CONNECTIONS, refused=refused)
        client = ServiceClient(self._aws, kind, region, None, self._clock, self._chain)
        await client.start()
        return client

    async def _send_message(self, client: ServiceClient, address: DestinationAddress, letter: Letter) -> None:
        if address.arn not in self._queue_urls:
            account = address.arn.split(":")[4]
            owner = {} if account == DEFAULT_ACCOUNT else {"QueueOwnerAWSAccountId": account}
            found = await client.call("get_queue_url", QueueName=address.name, **owner)
            self._queue_urls[address.arn] = found["QueueUrl"]
        await client.call(
            "send_message",
            QueueUrl=self._queue_urls[address.arn],
            MessageBody=letter.body.decode("utf-8", "replace"),
            MessageAttributes=_attributes(letter),
            MessageSystemAttributes=_trace_attribute(letter),
        )

    async def _publish(self, client: ServiceClient, address: DestinationAddress, letter: Letter) -> None:
        message = letter.body.decode("utf-8", "replace")
        await client.call("publish", TopicArn=address.arn, Message=message, MessageAttributes=_attributes(letter))

    async def _put_event(self, client: ServiceClient, address: DestinationAddress, letter: Letter) -> None:
        account = address.arn.split(":")[4]
        entry: dict[str, Any] = {
            "Source": self._aws.destination_event_source,
            "DetailType": letter.detail_type,
            "Detail": letter.body.decode("utf-8", "replace"),
            "Resources": list(letter.resources),
            "EventBusName": address.name if account == DEFAULT_ACCOUNT else address.arn,
        }
        if 0 < len(letter.trace_id) <= _LONGEST_TRACE_HEADER:
            entry["TraceHeader"] = letter.trace_id
        answer = await client.call("put_events", Entries=[entry])
        if answer.get("FailedEntryCount"):
            failed = answer["Entries"][0]
            code = failed.get("ErrorCode") or "Unknown"
            message = f"{code}: {failed.get('ErrorMessage') or 'the event was not taken'}"
            raise DestinationError(message, code not in _ENTRY_TRANSIENT)

    async def _put_object(self, client: ServiceClient, address: DestinationAddress, letter: Letter) -> None:
        await client.call("put_object", Bucket=address.name, Key=letter.key, Body=letter.body, ContentType="application/json")


def _attributes(letter: Letter) -> dict[str, dict[str, str]]:
    return {name: {"DataType": kind, "StringValue": value} for name, kind, value in letter.attributes}


def _trace_attribute(letter: Letter) -> dict[str, dict[str, str]]:
    """The trace header goes beside the message and does not count in its size (semantics/async.md §F.7)."""
    return {"AWSTraceHeader": {"DataType": "String", "StringValue": letter.trace_id}} if letter.trace_id else {}
