"""The event of an SQS event source mapping: one record for each message, its keys in AWS's order.

Bodies go through untouched, so that their MD5 still holds. Source: semantics/async.md §B.7 (recorded from AWS).
"""

import hashlib
import struct
from base64 import b64encode
from collections.abc import Iterable, Mapping
from typing import Any

from router import jsontext
from router.batches import Message

_ATTRIBUTES = (
    "ApproximateReceiveCount",
    "AWSTraceHeader",
    "SentTimestamp",
    "SequenceNumber",
    "MessageGroupId",
    "SenderId",
    "MessageDeduplicationId",
    "ApproximateFirstReceiveTimestamp",
    "DeadLetterQueueSourceArn",
)
"""In AWS's order; others follow as they come."""

ENVELOPE = len(b'{"Records":[]}')
"""Bytes of an event around its records."""


def event_of(messages: Iterable[Message], source_arn: str, *, null_md5: bool) -> bytes:
    """The event. `null_md5`: a message without attributes says so by null, as AWS's pollers with a window do."""
    return jsontext.dumps({"Records": [record_of(message, source_arn, null_md5=null_md5) for message in messages]})


def record_of(message: Message, source_arn: str, *, null_md5: bool) -> dict[str, Any]:
    """One record. Account and region are those of the queue's ARN."""
    said = message.attributes
    attributes = said.get("MessageAttributes") or {}
    record: dict[str, Any] = {
        "messageId": message.id,
        "receiptHandle": message.handle,
        "body": message.body,
        "attributes": _system_attributes(said.get("Attributes") or {}),
        "messageAttributes": {name: _attribute(value) for name, value in attributes.items()},
    }
    if attributes:
        record["md5OfMessageAttributes"] = md5_of_attributes(attributes)
    elif null_md5:
        record["md5OfMessageAttributes"] = None
    record["md5OfBody"] = said.get("MD5OfBody") or _md5(message.body.encode("utf-8", "surrogatepass"))
    record["eventSource"] = "aws:sqs"
    record["eventSourceARN"] = source_arn
    record["awsRegion"] = source_arn.split(":")[3] if source_arn.count(":") >= 3 else ""
    return record


def size_of(message: Message, source_arn: str, *, null_md5: bool) -> int:
    """Bytes that a message takes in an event, with the comma after it."""
    return len(jsontext.dumps(record_of(message, source_arn, null_md5=null_md5))) + 1


def md5_of_attributes(attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """Hexadecimal MD5 of message attributes, as SQS computes it: each length as four bytes, big-endian."""
    hashed = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        binary = attribute.get("BinaryValue")
        value = _bytes(attribute.get("StringValue", "")) if binary is None else bytes(binary)
        for part in (_bytes(name), _bytes(attribute.get("DataType", ""))):
            hashed.update(struct.pack(">I", len(part)) + part)
        hashed.update((b"\x01" if binary is None else b"\x02") + struct.pack(">I", len(value)) + value)
    return hashed.hexdigest()


def _system_attributes(said: Mapping[str, str]) -> dict[str, str]:
    known = {name: str(said[name]) for name in _ATTRIBUTES if name in said}
    return known | {name: str(value) for name, value in said.items() if name not in known}


def _attribute(said: Mapping[str, Any]) -> dict[str, Any]:
    binary = said.get("BinaryValue")
    value = {"stringValue": said.get("StringValue", "")} if binary is None else {"binaryValue": b64encode(binary).decode()}
    return {**value, "stringListValues": [], "binaryListValues": [], "dataType": said.get("DataType", "")}


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
