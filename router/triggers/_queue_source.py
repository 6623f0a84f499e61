"""Queues as a source: what `queue: …` and `source: {sqs: …}` have in common.

The schema is `$defs/queue_source` (a map; a queue alone is its shorthand) and `$defs/queue`. A trigger type that takes such a
source builds it here, returns it from `source`, and gets its messages through `handle_batch`. The poller deletes what the
settlement calls `Completed`; everything else comes again when its visibility timeout ends.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from router.batches import Completed, Message, QueueSource, Rejected, Settlement
from router.model import Scope

COMMIT_SECONDS = 30.0
"""What a batch may take where its messages go into the journal."""

FIFO_SUFFIX = ".fifo"


def queue_source(
    settings: Mapping[str, Any],
    scope: Scope,
    *,
    function_timeout: float = COMMIT_SECONDS,
    function_concurrency: int | None = None,
    batch_size: int = 10,
    batching_window: float = 0.0,
    max_bytes: int = 0,
    measure: Callable[[Message, str], int] | None = None,
) -> QueueSource:
    """What is polled. `settings`: completed `$defs/queue_source`; the others are fields of `QueueSource`.

    `function_concurrency`: the function's own limit: more batches at a time would only be throttled.
    """
    limits = [limit for limit in (settings.get("max_concurrency"), function_concurrency) if limit]
    return QueueSource(
        queue=settings["queue"],
        region=settings.get("region") or region_of(settings["queue"]) or scope.region,
        function_timeout=function_timeout,
        role_arn=settings.get("role_arn"),
        batch_size=batch_size,
        batching_window=batching_window,
        max_concurrency=min(limits, default=None),
        max_bytes=max_bytes,
        measure=measure,
    )


def region_of(queue: str) -> str | None:
    """The region that an ARN or one of AWS's own URLs names (`https://sqs.eu-west-1.amazonaws.com/…`)."""
    if queue.startswith("arn:"):
        return queue.split(":")[3]
    try:
        host = urlsplit(queue).hostname or ""
    except ValueError:
        return None
    labels = host.split(".")
    if ".amazonaws.com" not in host or len(labels) < 4:
        return None
    if labels[0] == "sqs":
        return labels[1]
    return labels[0] if labels[1] == "queue" else None


def is_fifo(queue: str) -> bool:
    """Whether it is a FIFO queue: SQS wants their names to end so."""
    return queue.endswith(FIFO_SUFFIX)


def all_completed(messages: Iterable[Message]) -> Settlement:
    """Every message is done, and is deleted."""
    return Settlement(tuple(Completed(message.handle) for message in messages))


def all_rejected(messages: Iterable[Message], error: str, detail: str, *, again: bool = False) -> Settlement:
    """No message is done. `again`: the same batch may be tried again before its visibility timeout ends."""
    return Settlement(tuple(Rejected(message.handle, error, detail) for message in messages), error, detail, again)
