"""Where managed deliveries end, and activities: whether the queue, topic, bus, bucket or activity is there."""

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from router.backends.aws.inspection import Refused
from router.batches import ActivitySource
from router.doctor.examination import Check, Patient
from router.doctor.findings import Finding, failed, ok
from router.doctor.queues import attributes, encryption
from router.functions import DestinationAddress
from router.permissions.needs import Deployment, told

Look = Callable[[Patient, DestinationAddress, str], Coroutine[Any, Any, Sequence[Finding]]]


def checks(patient: Patient) -> Iterator[Check]:
    """Each destination once, and each activity."""
    deployment, seen = Deployment(patient.config, patient.selection), set[str]()
    for trigger in patient.config.triggers:
        for address in told(deployment, trigger):
            if address.target is None and address.arn not in seen:
                seen.add(address.arn)
                region = address.region or patient.config.aws.region
                look = partial(LOOKS[address.service], patient, address, region)
                yield Check("destination", address.arn, ("triggers", trigger.name), look, (address.service, region))
        source = trigger.type.source(trigger.built) if trigger.type.source is not None else None
        if isinstance(source, ActivitySource):
            path = ("triggers", trigger.name, "activity")
            looked = partial(_activity, patient, source)
            yield Check("activity", source.activity, path, looked, ("stepfunctions", source.region))


async def _queue(patient: Patient, address: DestinationAddress, region: str) -> Sequence[Finding]:
    said = await attributes(patient, address.arn, region, None)
    if said.get("FifoQueue", "false").lower() == "true":
        return [failed("it is a FIFO queue, which cannot be a destination", "use a standard queue")]
    return [ok("the queue is there"), *encryption(said, "kms:GenerateDataKey and kms:Decrypt")]


async def _topic(patient: Patient, address: DestinationAddress, region: str) -> Sequence[Finding]:
    said = await patient.inspector.ask("sns", region, "get_topic_attributes", TopicArn=address.arn)
    found: Mapping[str, str] = said.get("Attributes", {})
    if found.get("FifoTopic", "false").lower() == "true":
        return [failed("it is a FIFO topic, which cannot be a destination", "use a standard topic")]
    return [ok("the topic is there"), *encryption(found, "kms:GenerateDataKey and kms:Decrypt")]


async def _bus(patient: Patient, address: DestinationAddress, region: str) -> Sequence[Finding]:
    await patient.inspector.ask("events", region, "describe_event_bus", Name=address.name)
    return [ok("the event bus is there")]


async def _bucket(patient: Patient, address: DestinationAddress, region: str) -> Sequence[Finding]:
    try:
        said = await patient.inspector.ask("s3", region, "head_bucket", Bucket=address.name)
    except Refused as error:
        if error.code in ("301", "PermanentRedirect"):
            return [failed(f"the bucket is in another region than {region}", "set aws.region to the bucket's")]
        raise
    return [ok(f"the bucket is there, in {said.get('BucketRegion') or region}")]


LOOKS: dict[str, Look] = {"sqs": _queue, "sns": _topic, "events": _bus, "s3": _bucket}


async def _activity(patient: Patient, source: ActivitySource) -> Sequence[Finding]:
    await patient.inspector.ask(
        *("stepfunctions", source.region, "describe_activity", source.role_arn), activityArn=source.activity
    )
    return [ok("the activity is there")]
