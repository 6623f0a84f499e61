"""Events on their way to a bus or from one: PutEvents of an SDK, an API destination's request, a queue that is a target.

AWS's services put their events onto a bus by themselves, so those come from a bus: posted, or through a queue. As an entry of
PutEvents they would be refused, by AWS and by the router.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from router.envelopes import Envelope, HttpEnvelope
from router.samples import carriers, events, moments, reading, s3_records
from router.samples.s3 import change
from router.samples.words import Chosen, Context, Kind, Option

PATH = "/hooks/events"
ORDER = {"order": "o-1", "total": 12.5}
CLIENT = "Boto3/1.43.11 md/Botocore#1.43.11 ua/2.1 os/linux lang/python#3.12.3"

_DOCUMENT = {
    "source": Option("who says it", reading.text, "shop"),
    "detail-type": Option("what it is", reading.text, "OrderPaid"),
    "detail": Option("the detail, a map", reading.mapping, ORDER),
    "resources": Option("ARNs that it is about", reading.texts, ()),
    "time": Option("when it happened", reading.moment, shown="now"),
}
_ENVELOPE = {
    "id": Option("the event's id", reading.text, shown="a new one"),
    "account": Option("the account that it comes from", reading.text, shown="the configuration's"),
    "region": Option("the region that it comes from", reading.text, shown="the configuration's"),
}
_ENTRY = {
    **_DOCUMENT,
    "bus": Option("the bus: name or ARN", reading.text, "default"),
    "trace": Option("the X-Ray header", reading.text),
    "count": Option("how many such entries", reading.up_to(10), 1),
}


def put_events(entries: list[dict[str, Any]], context: Context) -> HttpEnvelope:
    """A call of an SDK."""
    headers = (
        ("Host", f"events.{context.region}.amazonaws.com"),
        ("X-Amz-Target", "AWSEvents.PutEvents"),
        ("Content-Type", "application/x-amz-json-1.1"),
        ("User-Agent", CLIENT),
        ("X-Amz-Date", f"{moments.whole(context.now).replace('-', '').replace(':', '')}"),
        ("amz-sdk-invocation-id", context.new_id()),
        ("amz-sdk-request", "attempt=1"),
    )
    return HttpEnvelope("POST", "/", headers, reading.compact({"Entries": entries}).encode("utf-8", "surrogatepass"))


def entry(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """One entry of PutEvents."""
    made: dict[str, Any] = {} if chosen.get("time") is None else {"Time": chosen["time"]}
    made |= {
        "Source": chosen["source"],
        "DetailType": chosen["detail-type"],
        "Detail": reading.compact(chosen["detail"]),
        "EventBusName": chosen["bus"],
    }
    if chosen["resources"]:
        made["Resources"] = [*chosen["resources"]]
    return made | ({"TraceHeader": chosen["trace"]} if chosen.get("trace") else {})


def _put_events(chosen: Chosen, context: Context) -> Envelope:
    return put_events([entry(chosen) for _ in range(chosen["count"])], context)


def _own(chosen: Chosen, context: Context) -> Envelope:
    said = (chosen["source"], chosen["detail-type"], [*chosen["resources"]], chosen["detail"])
    return _sent(said, chosen, context)


def _of_service(say: Callable[[Context], events.Said], chosen: Chosen, context: Context) -> Envelope:
    """What a service says, where nothing else was chosen."""
    source, detail_type, resources, detail = say(context)
    said = (
        chosen["source"] or source,
        chosen["detail-type"] or detail_type,
        [*(chosen["resources"] or resources)],
        detail | (chosen["detail"] or {}),
    )
    return _sent(said, chosen, context)


def _sent(said: events.Said, chosen: Chosen, context: Context) -> Envelope:
    """An event that comes from a bus."""
    source, detail_type, resources, detail = said
    document = events.envelope(source, detail_type, detail, context, resources, chosen["time"])
    document |= {name: chosen[name] for name in _ENVELOPE if chosen[name] is not None}
    text = reading.compact(document)
    return carriers.carry(text, chosen, context, lambda: events.to_api_destination(text, chosen["path"] or PATH, context))


def _object(event: str) -> Callable[[Context], events.Said]:
    """What S3 says in EventBridge's form."""

    def said(context: Context) -> events.Said:
        chosen = {"bucket": "photos", "key": "images/a.jpg", "size": 1024}
        about = change(event, chosen, context, f"{s3_records.nanoseconds(context):016X}")
        detail_type, detail = s3_records.event_parts(about, context)
        return "aws.s3", detail_type, ["arn:aws:s3:::photos"], detail

    return said


SERVICES: Mapping[str, tuple[str, Callable[[Context], events.Said]]] = {
    "s3-object-created": ("S3: an object was put", _object("ObjectCreated:Put")),
    "s3-object-deleted": ("S3: an object was deleted", _object("ObjectRemoved:Delete")),
    "ec2-state-change": ("EC2: an instance runs", events.ec2_state_change),
    "ecs-task-stopped": ("ECS: a task stopped", events.ecs_task_stopped),
    "alarm-state-change": ("CloudWatch: an alarm went off", events.alarm_state_change),
    "pipeline-failed": ("CodePipeline: an execution failed", events.pipeline_failed),
    "secret-rotated": ("Secrets Manager: a secret was rotated", events.secret_rotated),
    "step-function-failed": ("Step Functions: an execution failed", events.step_function_failed),
    "invocation-failed": ("Lambda: what a failure destination on a bus gets", events.invocation_failed),
    "scheduled": ("EventBridge: a scheduled rule is due", events.scheduled),
}


def kinds() -> Iterator[Kind]:
    """PutEvents, events of one's own that a bus sends, and those of AWS's services."""
    through = carriers.options(PATH)
    yield Kind("eventbridge", "put-events", "an SDK's PutEvents", _ENTRY, _put_events)
    own = {**_DOCUMENT, **_ENVELOPE, **through}
    yield Kind("eventbridge", "api-destination", "an event that a bus posts", own, _own)
    queued = {**own, "via": Option("what carries it", carriers.read_via(), ("sqs",))}
    yield Kind("eventbridge", "sqs", "an event in a queue that is a rule's target", queued, _own)
    theirs = {name: replace(each, default=None, shown="the service's") for name, each in _DOCUMENT.items()}
    theirs |= {"detail": replace(theirs["detail"], summary="keys of the detail, added or replaced")}
    for variant, (words, said) in SERVICES.items():
        options = {**theirs, **_ENVELOPE, **through}
        yield Kind("eventbridge", variant, words, options, partial(_of_service, said))
