"""Messages of SQS as ReceiveMessage gives them: ids, receipt handles, MD5 sums and attributes belong together.

Source: semantics/async.md §B.7, §B.9.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from router.batches import Message
from router.envelopes import QueueEnvelope
from router.samples import moments, reading
from router.samples.words import Chosen, Context, Kind, Option
from router.triggers._queue_source import region_of
from router.triggers.sqs.event import md5_of_attributes

SENDER = "AIDAIENQZJOLO23YVJ4VO"
MOST = 10_000
"""Messages of a batch (semantics/async.md §B.1)."""
_SEQUENCE = 18_849_496_460_467_696_128
"""Where FIFO sequence numbers begin: twenty digits."""


def queue_arn(queue: str, context: Context) -> str:
    """Of an ARN, a URL or a name; a URL of AWS says account and region, too."""
    if queue.startswith("arn:"):
        return queue
    *_, account, name = ("", *queue.rstrip("/").split("/"))
    owner = account if len(account) == 12 and account.isdigit() else context.account_id
    return f"arn:aws:sqs:{region_of(queue) or context.region}:{owner}:{name}"


def message(
    body: str,
    context: Context,
    *,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    group: str | None = None,
    deduplication_id: str | None = None,
    receives: int = 1,
    trace: str | None = None,
    number: int = 0,
) -> Message:
    """One message, received now. `attributes`: by name `{DataType, StringValue | BinaryValue}`. `number`: within its group."""
    id = context.new_id()
    system = {
        "SenderId": SENDER,
        "ApproximateFirstReceiveTimestamp": moments.epoch_milliseconds(context.now),
        "ApproximateReceiveCount": str(receives),
        "SentTimestamp": moments.epoch_milliseconds(context.now - 0.025),
    }
    if trace is not None:
        system["AWSTraceHeader"] = trace
    if group is not None:
        system["SequenceNumber"] = str(_SEQUENCE + 256 * number)
        system["MessageGroupId"] = group
        system["MessageDeduplicationId"] = deduplication_id or hashlib.sha256(_bytes(body)).hexdigest()
    said: dict[str, Any] = {"MD5OfBody": hashlib.md5(_bytes(body), usedforsecurity=False).hexdigest(), "Attributes": system}
    if attributes:
        said["MD5OfMessageAttributes"] = md5_of_attributes(attributes)
        said["MessageAttributes"] = attributes
    handle = f"AQEB{b64encode(hashlib.sha512(id.encode()).digest()).decode()}"
    return Message(handle, body, said, id, group)


def read_attributes(given: Any) -> dict[str, dict[str, Any]]:
    """Attributes by name: a text, a number, or `{DataType, StringValue | BinaryValue}` with base64 for bytes."""
    return {name: _attribute(name, value) for name, value in reading.mapping(given).items()}


def _attribute(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"DataType": "String", "StringValue": value}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"DataType": "Number", "StringValue": reading.text(value)}
    if isinstance(value, bool):
        return {"DataType": "String", "StringValue": reading.text(value)}
    if isinstance(value, list):
        return {"DataType": "String.Array", "StringValue": reading.compact(value)}
    if isinstance(value, dict) and isinstance(value.get("DataType"), str):
        if isinstance(value.get("StringValue"), str):
            return {"DataType": value["DataType"], "StringValue": value["StringValue"]}
        try:
            return {"DataType": value["DataType"], "BinaryValue": b64decode(value["BinaryValue"], validate=True)}
        except (Error, KeyError, TypeError, ValueError):
            pass
    raise ValueError(f"`{name}`: text, a number, or `{{DataType, StringValue | BinaryValue in base64}}` is wanted")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# --- kinds -----------------------------------------------------------------------------------------------------------

JOB = {"kind": "resize", "bucket": "photos", "key": "images/a.jpg"}
TEXTS = {
    "Author": {"DataType": "String", "StringValue": "John Grisham"},
    "WeeksOn": {"DataType": "Number", "StringValue": "6"},
}
BINARY = {"Checksum": {"DataType": "Binary", "BinaryValue": b"\x00\x01\x02\xff"}}

OPTIONS = {
    "queue": Option("the queue: ARN, URL or name", reading.text, "jobs"),
    "body": Option("the body: text, or a value that is sent as JSON", reading.content, reading.compact(JOB)),
    "attributes": Option("message attributes by name", read_attributes),
    "receives": Option("how often it was received, this time included", reading.number, 1),
    "trace": Option("the sender's X-Ray header (AWSTraceHeader)", reading.text),
    "count": Option("how many such messages are received together", reading.up_to(MOST), 1),
}
FIFO = {
    **OPTIONS,
    "queue": Option("the queue: ARN, URL or name", reading.text, "jobs.fifo"),
    "group": Option("the message group", reading.text, "customer-7"),
    "deduplication_id": Option("what it is known by", reading.text, shown="SHA-256 of the body"),
}


def _batch(chosen: Chosen, context: Context) -> QueueEnvelope:
    made = (
        message(
            chosen["body"],
            context,
            attributes=chosen["attributes"],
            group=chosen.get("group"),
            deduplication_id=chosen.get("deduplication_id"),
            receives=chosen["receives"],
            trace=chosen["trace"],
            number=number,
        )
        for number in range(chosen["count"])
    )
    return QueueEnvelope(tuple(made), queue_arn(chosen["queue"], context))


def _with(**defaults: Any) -> dict[str, Option]:
    return {name: replace(each, default=defaults.get(name, each.default)) for name, each in OPTIONS.items()}


def kinds() -> Iterator[Kind]:
    """Messages of a queue by themselves."""
    yield Kind("sqs", "standard", "a message of a standard queue", OPTIONS, _batch)
    yield Kind("sqs", "fifo", "a message of a FIFO queue, with its group", FIFO, _batch)
    yield Kind("sqs", "attributes", "a message with attributes", _with(attributes=TEXTS), _batch)
    yield Kind("sqs", "binary-attribute", "a message with a binary attribute", _with(attributes=BINARY), _batch)
    yield Kind("sqs", "batch", "three messages received together", _with(count=3), _batch)
    yield Kind("sqs", "repeated", "a message that failed twice before", _with(receives=3), _batch)
