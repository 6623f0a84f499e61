"""Messages of a queue, out of the event that Lambda makes of them, or around any other document."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from router.batches import Message
from router.envelopes import QueueEnvelope
from router.samples import reading, sqs
from router.samples.words import Context, SampleError

_GROUP = "sample"


def is_sqs_event(document: Any) -> bool:
    """Whether this is what Lambda makes of a queue's messages."""
    records = document.get("Records") if isinstance(document, dict) else None
    return (
        isinstance(records, list)
        and len(records) > 0
        and all(isinstance(each, dict) and each.get("eventSource") == "aws:sqs" for each in records)
    )


def messages(document: Any, queue: str, context: Context) -> QueueEnvelope:
    """The messages of an SQS event; every other document is the body of one message. Raises SampleError.

    `queue`: the trigger's. Where that is a name alone, an event of a queue of this name says where it is.
    """
    arn = sqs.queue_arn(queue, context)
    if is_sqs_event(document):
        said = str(document["Records"][0].get("eventSourceARN", ""))
        is_known = not queue.startswith("arn:") and said.rpartition(":")[2] == arn.rpartition(":")[2]
        return QueueEnvelope(tuple(map(_message, document["Records"])), said if is_known else arn)
    group = _GROUP if queue.endswith(".fifo") else None
    return QueueEnvelope((sqs.message(reading.content(document), context, group=group),), arn)


def _message(record: Mapping[str, Any]) -> Message:
    try:
        system = dict(record["attributes"])
        said: dict[str, Any] = {"Attributes": system}
        if record.get("md5OfBody"):
            said["MD5OfBody"] = record["md5OfBody"]
        if record.get("messageAttributes"):
            said["MessageAttributes"] = {name: _attribute(each) for name, each in record["messageAttributes"].items()}
            said["MD5OfMessageAttributes"] = record.get("md5OfMessageAttributes") or ""
        return Message(record["receiptHandle"], record["body"], said, record["messageId"], system.get("MessageGroupId"))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SampleError(f"a record of the SQS event lacks something: {type(error).__name__} {error}") from None


def _attribute(said: Mapping[str, Any]) -> dict[str, Any]:
    if said.get("binaryValue") is not None:
        return {"DataType": said["dataType"], "BinaryValue": b64decode(said["binaryValue"], validate=True)}
    return {"DataType": said["dataType"], "StringValue": said["stringValue"]}
