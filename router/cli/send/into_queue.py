"""Messages into the queue that a trigger polls, with the endpoint, role and credentials that it is polled with.

Whoever sends needs `sqs:SendMessage`, and `sqs:GetQueueUrl` where the queue is not named by its URL; the daemon does not.
"""

from collections.abc import Mapping
from typing import Any

from router.backends.aws.queues import AwsQueue
from router.batches import Message, QueueSource
from router.clock import SystemClock
from router.settings import Aws


async def put(messages: tuple[Message, ...], aws: Aws, source: QueueSource) -> list[Mapping[str, Any]]:
    """SQS's answer to each message. Raises SourceError."""
    queue = AwsQueue(aws, source, SystemClock())
    await queue.start()
    try:
        return [await queue.ask("send_message", **parameters(message)) for message in messages]
    finally:
        await queue.close()


def parameters(message: Message) -> dict[str, Any]:
    """Of SendMessage: body, attributes, group, trace. What the queue itself says of a message it says anew."""
    said = message.attributes
    system = said.get("Attributes") or {}
    found: dict[str, Any] = {"MessageBody": message.body}
    if message.group is not None:
        found["MessageGroupId"] = message.group
        if system.get("MessageDeduplicationId"):
            found["MessageDeduplicationId"] = system["MessageDeduplicationId"]
    if said.get("MessageAttributes"):
        found["MessageAttributes"] = said["MessageAttributes"]
    if system.get("AWSTraceHeader"):
        trace = {"DataType": "String", "StringValue": system["AWSTraceHeader"]}
        found["MessageSystemAttributes"] = {"AWSTraceHeader": trace}
    return found
