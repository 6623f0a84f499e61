"""Messages into the queue that a trigger polls, with the endpoint, role and credentials that it is polled with."""

from collections.abc import Mapping
from typing import Any

from router.backends.aws.queues import AwsQueue
from router.batches import Message, QueueSource
from router.runtime import SystemClock
from router.settings import Aws


async def put(messages: tuple[Message, ...], aws: Aws, source: QueueSource) -> list[Mapping[str, Any]]:
    """SQS's answer to each message. Raises SourceError."""
    queue = AwsQueue(aws, source, SystemClock())
    await queue.start()
    try:
        return [await queue.send(message) for message in messages]
    finally:
        await queue.close()
