"""Queues that are polled: there, and set up so that nothing comes twice too early, or gets lost.

Sources: semantics/async.md §B.1, §B.2 and https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from router.backends.aws.inspection import Denied
from router.batches import QueueSource
from router.doctor.examination import Check, Patient
from router.doctor.findings import Finding, failed, ok, warning
from router.doctor.functions import real_timeout
from router.model import Trigger

_RECOMMENDED = 6
"""Times the function's timeout: what AWS recommends of a visibility timeout."""


def checks(patient: Patient) -> Iterator[Check]:
    """One for each trigger that polls a queue."""
    for trigger in patient.config.triggers:
        source = trigger.type.source(trigger.built) if trigger.type.source is not None else None
        if isinstance(source, QueueSource):
            look = partial(_queue, patient, trigger, source)
            yield Check("queue", source.queue, ("triggers", trigger.name), look, ("sqs", source.region))


async def attributes(patient: Patient, queue: str, region: str, role: str | None) -> Mapping[str, str]:
    """What GetQueueAttributes says of a queue that is named by ARN, URL or name."""
    url = queue if "://" in queue else await _url(patient, queue, region, role)
    said = await patient.inspector.ask(*("sqs", region, "get_queue_attributes", role), QueueUrl=url, AttributeNames=["All"])
    found: Mapping[str, str] = said.get("Attributes", {})
    return found


async def _url(patient: Patient, queue: str, region: str, role: str | None) -> str:
    account, name = queue.split(":")[4:6] if queue.startswith("arn:") else (None, queue)
    owner = {} if account is None else {"QueueOwnerAWSAccountId": account}
    said = await patient.inspector.ask("sqs", region, "get_queue_url", role, QueueName=name, **owner)
    return str(said["QueueUrl"])


async def _queue(patient: Patient, trigger: Trigger, source: QueueSource) -> Sequence[Finding]:
    try:
        said = await attributes(patient, source.queue, source.region, source.role_arn)
    except Denied as error:
        return [failed(f"the queue may not be read: {error}", "allow what `lambda-router iam` prints for it")]
    return [
        ok(f"the queue is there, with about {said.get('ApproximateNumberOfMessages', '?')} messages"),
        *await _visibility(patient, trigger, source, said),
        *_redrive(said),
        *_retention(patient, trigger, said),
        *_fifo(source, said),
        *encryption(said, "kms:Decrypt"),
    ]


async def _visibility(patient: Patient, trigger: Trigger, source: QueueSource, said: Mapping[str, str]) -> Sequence[Finding]:
    """Of a queue whose messages are worked on; what goes into the journal is done within seconds."""
    visibility = float(said.get("VisibilityTimeout", 30))
    if trigger.accepts:
        return []
    functions = [patient.config.functions[name] for name in trigger.functions]
    longest = max([await real_timeout(patient, function) for function in functions], default=source.function_timeout)
    if visibility < longest:
        message = f"its visibility timeout is {visibility:g} s, and the function may take {longest:g} s: messages come twice"
        return [failed(message, f"set it to {_RECOMMENDED * longest:g} s")]
    if visibility < _RECOMMENDED * longest:
        message = f"its visibility timeout is {visibility:g} s, less than {_RECOMMENDED} times the function's {longest:g} s"
        return [warning(message, f"set it to {_RECOMMENDED * longest:g} s, as AWS recommends")]
    return [ok(f"its visibility timeout of {visibility:g} s leaves room for retries")]


def _redrive(said: Mapping[str, str]) -> Iterator[Finding]:
    try:
        policy: Any = json.loads(said.get("RedrivePolicy", ""))
        target, most = policy["deadLetterTargetArn"], int(policy["maxReceiveCount"])
    except (ValueError, KeyError, TypeError):
        help_text = "set a RedrivePolicy with a dead-letter queue and maxReceiveCount"
        yield warning("it has no redrive policy: what fails comes again until it expires, and nobody is told", help_text)
        return
    yield ok(f"what fails {most} times goes to {target}")
    if most < 5:
        yield warning(f"maxReceiveCount is {most}: throttles may move good messages", "set it to 5 or more, as AWS recommends")
    span, visibility = float(said.get("MessageRetentionPeriod", 345_600)), float(said.get("VisibilityTimeout", 30))
    if span < most * visibility:
        message = f"messages expire after {span:g} s, before they can fail {most} times"
        yield warning(message, f"keep them for at least {most * visibility:g} s")


def _retention(patient: Patient, trigger: Trigger, said: Mapping[str, str]) -> Iterator[Finding]:
    """Of a queue whose messages become deliveries: what waits here while the router is down."""
    span = float(said.get("MessageRetentionPeriod", 345_600))
    ages = [trigger.policies.get(name, patient.config.functions[name].policy).max_event_age for name in trigger.functions]
    if trigger.accepts and ages and span < max(ages):
        message = f"messages expire after {span:g} s, and deliveries are tried for {max(ages):g} s"
        yield warning(message, "keep messages at least as long, or lower max_event_age")


def _fifo(source: QueueSource, said: Mapping[str, str]) -> Iterator[Finding]:
    name = urlsplit(source.queue).path if "://" in source.queue else source.queue
    if (said.get("FifoQueue", "false").lower() == "true") != name.endswith(".fifo"):
        yield failed("whether it is a FIFO queue does not agree with its name", "look at the queue's name")


def encryption(said: Mapping[str, str], needed: str) -> Iterator[Finding]:
    """A key of one's own wants a permission of its own, which cannot be asked about."""
    key = said.get("KmsMasterKeyId")
    if key and key != "alias/aws/sqs":
        yield ok(f"it is encrypted with {key}", f"the daemon needs {needed} on that key")
