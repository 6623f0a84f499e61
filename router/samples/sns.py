"""Messages of SNS: in their envelope over HTTP, and what a subscribed queue gets. Their signatures have the form of real ones.

Nobody but SNS can sign, so a trigger that verifies signatures refuses these. Source: semantics/async.md §C.1, §C.2, §C.7.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha512
from typing import Any
from urllib.parse import urlencode

from router.batches import Message
from router.envelopes import Envelope, HttpEnvelope, QueueEnvelope
from router.samples import moments, reading, sqs
from router.samples.http import posted
from router.samples.words import Chosen, Context, Kind, Option, SampleError

AGENT = "Amazon Simple Notification Service Agent"
CONTENT_TYPE = "text/plain; charset=UTF-8"
CERTIFICATE = "SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"

Attributes = Mapping[str, Mapping[str, str]]


@dataclass(slots=True, frozen=True)
class Published:
    """What was published, and to which topic. `attributes`: by name `{Type, Value}`. `subscription`: its ARN."""

    topic: str
    text: str
    subject: str | None
    attributes: Attributes
    subscription: str


def topic_arn(topic: str, context: Context) -> str:
    """Of an ARN or a name."""
    return topic if topic.startswith("arn:") else f"arn:aws:sns:{context.region}:{context.account_id}:{topic}"


def host_of(topic: str) -> str:
    """SNS where a topic is."""
    return f"https://sns.{topic.split(':')[3]}.amazonaws.com"


def notification(about: Published, context: Context) -> dict[str, Any]:
    """The envelope of a message, keys in SNS's order."""
    id = context.new_id()
    document: dict[str, Any] = {"Type": "Notification", "MessageId": id, "TopicArn": about.topic}
    if about.subject is not None:
        document["Subject"] = about.subject
    document |= {"Message": about.text, "Timestamp": moments.milliseconds(context.now), **_signed(about.topic, id)}
    unsubscribe = urlencode({"Action": "Unsubscribe", "SubscriptionArn": about.subscription}, safe=":")
    document["UnsubscribeURL"] = f"{host_of(about.topic)}/?{unsubscribe}"
    if about.attributes:
        document["MessageAttributes"] = about.attributes
    return document


def confirmation(type: str, about: Published, context: Context) -> dict[str, Any]:
    """What begins or ends a subscription. `type`: SubscriptionConfirmation or UnsubscribeConfirmation."""
    id, token = context.new_id(), context.hex(160)
    confirm = urlencode({"Action": "ConfirmSubscription", "TopicArn": about.topic, "Token": token}, safe=":")
    return {
        "Type": type,
        "MessageId": id,
        "Token": token,
        "TopicArn": about.topic,
        "Message": about.text,
        "SubscribeURL": f"{host_of(about.topic)}/?{confirm}",
        "Timestamp": moments.milliseconds(context.now),
        **_signed(about.topic, id),
    }


def _signed(topic: str, id: str) -> dict[str, str]:
    """256 bytes, as RSA's signatures have."""
    signature = b"".join(sha512(f"{id} {part}".encode()).digest() for part in range(4))
    return {
        "SignatureVersion": "1",
        "Signature": b64encode(signature).decode(),
        "SigningCertURL": f"{host_of(topic)}/{CERTIFICATE}",
    }


def over_http(document: Mapping[str, Any], about: Published, path: str) -> HttpEnvelope:
    """A message on its way to an endpoint."""
    type = document["Type"]
    subscribed = () if type == "SubscriptionConfirmation" else (("x-amz-sns-subscription-arn", about.subscription),)
    return posted(path, reading.compact(document), _headers(type, document["MessageId"], about.topic, subscribed))


def raw_over_http(about: Published, path: str, context: Context) -> HttpEnvelope:
    """A raw delivery: the text alone; attributes do not come along."""
    more = (("x-amz-sns-subscription-arn", about.subscription), ("x-amz-sns-rawdelivery", "true"))
    return posted(path, about.text, _headers("Notification", context.new_id(), about.topic, more))


def _headers(type: str, id: str, topic: str, more: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return (
        ("x-amz-sns-message-type", type),
        ("x-amz-sns-message-id", id),
        ("x-amz-sns-topic-arn", topic),
        *more,
        ("Content-Type", CONTENT_TYPE),
        ("User-Agent", AGENT),
        ("Accept-Encoding", "gzip,deflate"),
    )


def queued(about: Published, context: Context, *, is_raw: bool, group: str | None = None) -> Message:
    """What a subscribed queue gets: the envelope, or raw the text with the attributes as the queue's own."""
    if not is_raw:
        return sqs.message(reading.compact(notification(about, context)), context, group=group)
    attributes = sqs.read_attributes({name: _queue_attribute(each) for name, each in about.attributes.items()})
    return sqs.message(about.text, context, attributes=attributes, group=group)


def _queue_attribute(attribute: Mapping[str, str]) -> dict[str, str]:
    kind = "BinaryValue" if attribute["Type"] == "Binary" else "StringValue"
    return {"DataType": attribute["Type"], kind: attribute["Value"]}


def read_attributes(given: Any) -> dict[str, dict[str, str]]:
    """Attributes by name: a text, a number, a list, or `{Type, Value}` with base64 for bytes."""
    return {name: _attribute(name, value) for name, value in reading.mapping(given).items()}


def _attribute(name: str, value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        if set(value) == {"Type", "Value"} and all(isinstance(each, str) for each in value.values()):
            return dict(value)
        raise ValueError(f"`{name}`: text, a number, a list, or `{{Type, Value}}` is wanted")
    (said,) = sqs.read_attributes({name: value}).values()
    return {"Type": said["DataType"], "Value": said["StringValue"]}


# --- kinds -----------------------------------------------------------------------------------------------------------

_TEXTS = {
    "SubscriptionConfirmation": (
        "You have chosen to subscribe to the topic {topic}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    ),
    "UnsubscribeConfirmation": (
        "You have chosen to deactivate subscription {subscription}.\n"
        "To cancel this operation and restore the subscription, visit the SubscribeURL included in this message."
    ),
}

PATH = Option("the path that is subscribed", reading.target_path, "/hooks/sns")
TOPIC = Option("the topic: ARN or name", reading.text, "alerts")
SUBSCRIPTION = Option("the ARN of the subscription", reading.text, shown="one of the topic")
OPTIONS = {
    "topic": TOPIC,
    "message": Option("the message: text, or a value that is sent as JSON", reading.content, "The disk is full."),
    "subject": Option("the subject; empty: none", reading.text, "Disk"),
    "attributes": Option("message attributes by name", read_attributes, {"severity": {"Type": "String", "Value": "high"}}),
    "subscription": SUBSCRIPTION,
    "path": PATH,
}
QUEUED = {
    **{name: option for name, option in OPTIONS.items() if name != "path"},
    "queue": Option("the queue that is subscribed", reading.text, "alerts-inbox"),
    "group": Option("the message group, of a FIFO topic", reading.text),
}


def published(chosen: Chosen, context: Context, text: str | None = None) -> Published:
    """What was chosen of a topic and a message."""
    topic = topic_arn(chosen["topic"], context)
    if topic.count(":") != 5:
        raise SampleError(f"`{topic}` is no topic: an ARN such as `arn:aws:sns:eu-west-1:111122223333:alerts`, or a name")
    subscription = chosen["subscription"] or f"{topic}:{context.new_id()}"
    said = chosen["message"] if text is None else text
    return Published(topic, said, chosen.get("subject") or None, chosen.get("attributes") or {}, subscription)


def _notification(chosen: Chosen, context: Context) -> Envelope:
    about = published(chosen, context)
    return over_http(notification(about, context), about, chosen["path"])


def _raw(chosen: Chosen, context: Context) -> Envelope:
    return raw_over_http(published(chosen, context), chosen["path"], context)


def _confirmation(type: str, chosen: Chosen, context: Context) -> Envelope:
    about = published(chosen, context, "")
    about = replace(about, text=_TEXTS[type].format(topic=about.topic, subscription=about.subscription))
    return over_http(confirmation(type, about, context), about, chosen["path"])


def _queued(chosen: Chosen, context: Context, *, is_raw: bool) -> Envelope:
    one = queued(published(chosen, context), context, is_raw=is_raw, group=chosen["group"])
    return QueueEnvelope((one,), sqs.queue_arn(chosen["queue"], context))


def kinds() -> Iterator[Kind]:
    """Messages over HTTP, and those that come through a queue."""
    handshake = {"topic": TOPIC, "subscription": SUBSCRIPTION, "path": PATH}
    without_attributes = {name: option for name, option in OPTIONS.items() if name not in ("subject", "attributes")}
    yield Kind("sns", "notification", "a message over HTTP", OPTIONS, _notification)
    yield Kind("sns", "raw", "a raw delivery over HTTP", without_attributes, _raw)
    for variant, type, words in (
        ("subscription-confirmation", "SubscriptionConfirmation", "what SNS sends when a path is subscribed"),
        ("unsubscribe", "UnsubscribeConfirmation", "what SNS sends when a subscription ends"),
    ):
        yield Kind("sns", variant, words, handshake, partial(_confirmation, type))
    yield Kind("sns", "sqs", "a message in a subscribed queue", QUEUED, partial(_queued, is_raw=False))
    yield Kind("sns", "sqs-raw", "a raw message in a subscribed queue", QUEUED, partial(_queued, is_raw=True))
