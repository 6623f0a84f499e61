"""Documents of sources of events, on the way by which a trigger gets them: posted, called, or in a queue."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_plus

from router.envelopes import Envelope, TickEnvelope
from router.model import Trigger
from router.samples import eventbridge, events, reading, sns
from router.samples.http import JSON, posted
from router.samples.words import Context, SampleError, said_of
from router.samples.wrapping.messages import is_sqs_event, messages

Settings = Mapping[str, Any]


def _queue_of(settings: Settings) -> str | None:
    queue = (settings.get("source") or {}).get("sqs")
    return str(queue["queue"]) if queue is not None else None


def of_sqs(trigger: Trigger, settings: Settings, document: Any, context: Context) -> Envelope:
    """An SQS event, or any document as a body."""
    return messages(document, settings["queue"], context)


# --- S3 --------------------------------------------------------------------------------------------------------------


def _has_records(document: Any) -> bool:
    records = document.get("Records") if isinstance(document, dict) else None
    return isinstance(records, list) and all(isinstance(each, dict) and isinstance(each.get("s3"), dict) for each in records)


def is_event(document: Any) -> bool:
    """Whether this is an event of a bus."""
    return isinstance(document, dict) and {"detail-type", "source", "detail"} <= document.keys()


def _is_test(document: Any) -> bool:
    return isinstance(document, dict) and document.get("Event") == "s3:TestEvent"


def _is_of_a_filer(document: Any) -> bool:
    return isinstance(document, dict) and {"key", "event_type", "message"} <= document.keys()


_TAKEN: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "aws": (
        '`{"Records": …}` of S3, an event of EventBridge, or S3\'s test event',
        lambda each: _has_records(each) or is_event(each) or _is_test(each),
    ),
    "minio": ('`{"Records": …}` of MinIO or S3', _has_records),
    "ceph": ('`{"Records": …}` of Ceph or S3', _has_records),
    "seaweedfs": ('`{"key", "event_type", "message"}` of a filer', _is_of_a_filer),
}


def of_s3(trigger: Trigger, settings: Settings, document: Any, context: Context) -> Envelope:
    """A notification of the trigger's sender; one of S3 itself is written as the sender writes keys."""
    queue = _queue_of(settings)
    if queue is not None:
        return messages(document, queue, context)
    sender = settings["source"].get("sender") or "aws"
    words, takes = _TAKEN[sender]
    if not takes(document):
        raise SampleError(f"this is nothing that {trigger.name} gets from its sender {sender}: that is {words}")
    if sender == "ceph":
        document = document | {"Records": [_with_raw_key(each) for each in document["Records"]]}
    headers = events.API_DESTINATION if is_event(document) else (("Content-Type", JSON),)
    return posted(settings["source"]["http"], reading.compact(document), headers)


def _with_raw_key(record: Mapping[str, Any]) -> dict[str, Any]:
    """Ceph does not encode keys, AWS does."""
    if record.get("eventSource") != "aws:s3":
        return dict(record)
    about = record["s3"].get("object") or {}
    about = {**about, "key": unquote_plus(str(about.get("key", "")))}
    return {**record, "s3": {**record["s3"], "object": about}}


# --- SNS -------------------------------------------------------------------------------------------------------------

_SPELLED = {"SigningCertUrl": "SigningCertURL", "UnsubscribeUrl": "UnsubscribeURL"}


def _sns_records(document: Any) -> list[Mapping[str, Any]]:
    records = document.get("Records") if isinstance(document, dict) else None
    if isinstance(records, list) and records and all(isinstance(each, dict) and "Sns" in each for each in records):
        return records
    return []


def _sent(record: Mapping[str, Any]) -> dict[str, Any]:
    """A message as SNS sends it, of the record that it makes for Lambda."""
    said = {_SPELLED.get(name, name): value for name, value in record["Sns"].items()}
    return {name: value for name, value in said.items() if value is not None and (name != "MessageAttributes" or value)}


def of_sns(trigger: Trigger, settings: Settings, document: Any, context: Context) -> Envelope:
    """A message of SNS, Lambda's event of one, or what was published to the trigger's first topic."""
    queue, topic = _queue_of(settings), settings["topics"][0]
    records = _sns_records(document)
    if len(records) > 1:
        raise SampleError("SNS puts one record into an event; give each of these by itself")
    subscription = records[0].get("EventSubscriptionArn") if records else None
    if records:
        document = _sent(records[0])
    is_envelope = isinstance(document, dict) and {"Type", "MessageId", "TopicArn"} <= document.keys()
    if queue is not None and (is_envelope or is_sqs_event(document)):
        return messages(document, queue, context)
    about = sns.Published(topic, reading.content(document), None, {}, subscription or f"{topic}:{context.new_id()}")
    if queue is not None:
        return messages(sns.notification(about, context), queue, context)
    sent = document if is_envelope else sns.notification(about, context)
    if is_envelope:
        about = sns.Published(str(sent["TopicArn"]), "", None, {}, subscription or f"{sent['TopicArn']}:{context.new_id()}")
    return sns.over_http(sent, about, settings["source"]["http"])


# --- EventBridge, schedules ------------------------------------------------------------------------------------------


def of_eventbridge(trigger: Trigger, settings: Settings, document: Any, context: Context) -> Envelope:
    """An event, several in a list, or the entries of a PutEvents."""
    queue, path = _queue_of(settings), (settings.get("source") or {}).get("http")
    if queue is not None:
        return messages(document, queue, context)
    if path is not None:
        if not isinstance(document, dict):
            raise SampleError("an API destination posts one event, a JSON object")
        return events.to_api_destination(reading.compact(document), path, context)
    bus = settings.get("bus") or "default"
    if isinstance(document, dict) and isinstance(document.get("Entries"), list):
        return eventbridge.put_events(document["Entries"], context)
    given = document if isinstance(document, list) else [document]
    if not all(map(is_event, given)):
        raise SampleError(
            f'the trigger {trigger.name} takes events with `source`, `detail-type` and `detail`, or `{{"Entries": […]}}`'
        )
    return eventbridge.put_events([_entry(each, bus) for each in given], context)


def _entry(event: Mapping[str, Any], bus: str) -> dict[str, Any]:
    """An entry that becomes this event; its id, account and region are the bus's to give."""
    try:
        time = reading.moment(event["time"]) if "time" in event else None
        resources = reading.texts(event.get("resources") or ())
        detail = reading.mapping(event["detail"])
    except ValueError as error:
        raise SampleError(f"the event cannot be sent: {error}") from None
    known = {"source": event["source"], "detail-type": event["detail-type"], "detail": detail}
    return eventbridge.entry(known | {"resources": resources, "bus": bus, "time": time})


SCHEDULER = "aws.events"
"""The `source` of scheduled events."""


def of_schedule(trigger: Trigger, settings: Settings, document: Any, context: Context) -> Envelope:
    """EventBridge's scheduled event: its rule says which schedule, its time when."""
    if not isinstance(document, dict) or not isinstance(document.get("time"), str):
        raise SampleError("this is no scheduled event: it has no `time`")
    if document.get("source", SCHEDULER) != SCHEDULER:
        raise SampleError(f"this is no scheduled event: its `source` is not `{SCHEDULER}`")
    try:
        at = datetime.fromisoformat(document["time"]).timestamp()
    except ValueError:
        raise SampleError(f"`{document['time']}` is no time") from None
    declared = settings["schedules"]
    rules = [str(each).rpartition("/")[2] for each in document.get("resources") or ()]
    named = [name for name in declared if f"{trigger.name}.{name}" in rules or name in rules]
    if not named and len(declared) == 1:
        named = [*declared]
    if not named:
        raise SampleError(f"the event names no schedule of {trigger.name} in `resources`; {said_of('', declared)}")
    return TickEnvelope(named[0], at)
