"""Queues: one that the router polls, and who may send to it."""

from collections.abc import Mapping, Sequence
from typing import Any

from router.batches import QueueSource
from router.connecting.words import Part, Surroundings, command, dumped, note, slug, variable
from router.model import Trigger
from router.triggers._queue_source import is_fifo, region_of

RECEIVES = 5
"""How often a message may fail before it moves to the dead-letter queue: AWS advises five at least."""
LONGEST_VISIBILITY = 43_200


def queue_name(queue: str) -> str:
    """Of an ARN, a URL or a name."""
    return queue.rstrip("/").replace("/", ":").rpartition(":")[2]


def queue_arn(queue: str, around: Surroundings) -> str:
    """Of an ARN, a URL or a name."""
    if queue.startswith("arn:"):
        return queue
    return f"arn:aws:sqs:{region_of(queue) or around.region}:{around.account_id}:{queue_name(queue)}"


def of_queue(trigger: Trigger, settings: Mapping[str, Any], around: Surroundings) -> list[Part]:
    """A queue with a dead-letter queue, for an `sqs` trigger."""
    return [*made(trigger, settings["queue"], around), _who_sends(settings["queue"])]


def _who_sends(queue: str) -> Part:
    return note(
        f"Whoever sends needs `sqs:SendMessage` on the queue; the router needs what `lambda-router iam` prints. `lambda-router"
        f" send --trigger …` puts a sample into {queue_name(queue)}."
    )


def made(trigger: Trigger, queue: str, around: Surroundings) -> list[Part]:
    """The queue and its dead-letter queue, for one that is not there yet. The queue's URL is in `$QUEUE_URL`."""
    source: Any = trigger.type.source(trigger.built) if trigger.type.source is not None else None
    assert isinstance(source, QueueSource)
    name, fifo = queue_name(queue), is_fifo(queue)
    dead = f"{name.removesuffix('.fifo')}-dead{'.fifo' if fifo else ''}"
    visibility = min(LONGEST_VISIBILITY, int(6 * source.function_timeout + source.batching_window))
    dead_arn = queue_arn(queue, around).removesuffix(name) + dead
    kind = {"FifoQueue": "true"} if fifo else {}
    redrive = dumped({"deadLetterTargetArn": dead_arn, "maxReceiveCount": str(RECEIVES)})
    where = (("region", source.region), ("endpoint-url", around.endpoints.get("sqs")))
    return [
        command(
            "aws sqs create-queue",
            ("queue-name", dead),
            ("attributes", dumped({**kind, "MessageRetentionPeriod": "1209600"})),
            *where,
            title=f"Where messages go that failed {RECEIVES} times; alarm when there are any.",
        ),
        command(
            "aws sqs create-queue",
            ("queue-name", name),
            ("attributes", dumped({**kind, "VisibilityTimeout": str(visibility), "RedrivePolicy": redrive})),
            *where,
            title="The queue: a message stays hidden for six times what a batch may take, as AWS advises.",
            into="QUEUE_URL",
            show="QueueUrl",
        ),
    ]


def policy(queue: str, service: str, sources: Sequence[str], around: Surroundings) -> list[Part]:
    """Lets a service send to the queue for some resources of ours. Wants the queue's URL in `$QUEUE_URL`."""
    statement = {
        "Sid": f"from-{slug(service.partition('.')[0])}",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn(queue, around),
        "Condition": {"ArnLike": {"aws:SourceArn": [*sources]}, "StringEquals": {"aws:SourceAccount": around.account_id}},
    }
    document = dumped({"Version": "2012-10-17", "Statement": [statement]})
    return [
        command(
            "aws sqs set-queue-attributes",
            ("queue-url", variable("QUEUE_URL")),
            ("attributes", dumped({"Policy": document})),
            ("region", region_of(queue) or around.region),
            ("endpoint-url", around.endpoints.get("sqs")),
            title=f"Lets {service} send to it.",
        )
    ]
