"""What SNS posts, read: the three types of JSON messages, and raw deliveries, whose facts stand in headers.

The type of content is never looked at: SNS says `text/plain`, unless a delivery policy says otherwise. Nothing is proven here.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html and semantics/async.md §C.1, §C.2.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from router import jsontext
from router.errors import BadRequest
from router.model import Request

NOTIFICATION = "Notification"
CONFIRM = "SubscriptionConfirmation"
UNSUBSCRIBED = "UnsubscribeConfirmation"

_REQUIRED: Mapping[str, tuple[str, ...]] = {
    NOTIFICATION: ("MessageId", "TopicArn", "Message", "Timestamp"),
    CONFIRM: ("MessageId", "TopicArn", "Message", "Timestamp", "Token", "SubscribeURL"),
    UNSUBSCRIBED: ("MessageId", "TopicArn", "Message", "Timestamp", "Token", "SubscribeURL"),
}
_OPTIONAL = ("Subject", "SignatureVersion", "Signature", "SigningCertURL", "UnsubscribeURL")
_IDENTIFIER = re.compile(r"[A-Za-z0-9-]{1,100}", re.ASCII)
_ONE_LINE = re.compile(r"[^\x00-\x1f\x7f\u2028\u2029]*")


@dataclass(slots=True)
class Message:
    """One message. `fields`: of its JSON, under the names of C.2; `attributes`: MessageAttributes, name to Type and Value.

    `subscription_arn`: as the sender names it; None where it does not. `raw`: it came without envelope and signature.
    """

    type: str
    id: str
    topic_arn: str
    fields: Mapping[str, Any]
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    subscription_arn: str | None = None
    raw: bool = False

    @property
    def text(self) -> str:
        """What was published."""
        return str(self.fields["Message"])


def parse(body: bytes | str) -> Message:
    """A message in its envelope. Raises BadRequest."""
    try:
        fields = jsontext.loads(body, constants=False)
    except ValueError as error:
        raise BadRequest(f"The body is not JSON: {error}") from None
    if not isinstance(fields, dict):
        raise BadRequest("The body is not a JSON object.")
    type = fields.get("Type")
    if not isinstance(type, str) or type not in _REQUIRED:
        raise BadRequest("Its Type is none of SNS's messages.")
    # Java's writers spell the key of the certificate both ways.
    if "SigningCertURL" not in fields and "SigningCertUrl" in fields:
        fields["SigningCertURL"] = fields.pop("SigningCertUrl")
    for key in _REQUIRED[type]:
        if not isinstance(fields.get(key), str):
            raise BadRequest(f"Its {key} is not text.")
    for key in _OPTIONAL:
        if not isinstance(fields.get(key), str | None):
            raise BadRequest(f"Its {key} is not text.")
    if _IDENTIFIER.fullmatch(fields["MessageId"]) is None:
        raise BadRequest("Its MessageId is no identifier.")
    if _ONE_LINE.fullmatch(fields.get("Subject") or "") is None:
        raise BadRequest("Its Subject has several lines.")
    attributes = _attributes(fields.get("MessageAttributes"))
    subscription = _subscription(fields.get("UnsubscribeURL"))
    return Message(type, fields["MessageId"], fields["TopicArn"], fields, attributes, subscription)


def _attributes(value: Any) -> Mapping[str, Mapping[str, str]]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest("Its MessageAttributes are no object.")
    for attribute in value.values():
        if (
            not isinstance(attribute, dict)
            or not isinstance(attribute.get("Type"), str)
            or not isinstance(attribute.get("Value"), str)
        ):
            raise BadRequest("One of its MessageAttributes has no Type and Value.")
    return value


def _subscription(unsubscribe_url: str | None) -> str | None:
    """The subscription that an UnsubscribeURL names: the only place where the body tells it."""
    try:
        query = urlsplit(unsubscribe_url or "").query
    except ValueError:
        return None
    return dict(parse_qsl(query)).get("SubscriptionArn")


def posted(request: Request, body: bytes) -> Message:
    """The message of a request that is not raw. Raises BadRequest."""
    message = parse(body)
    message.subscription_arn = request.header("x-amz-sns-subscription-arn") or message.subscription_arn
    return message


def is_raw(request: Request) -> bool:
    """Whether a request says that it is a raw delivery."""
    return (request.header("x-amz-sns-rawdelivery") or "").lower() == "true"


def raw(request: Request, body: bytes) -> Message:
    """A raw delivery: the body is the text, headers say the rest, and nothing proves any of it. Raises BadRequest."""
    id = request.header("x-amz-sns-message-id") or ""
    topic = request.header("x-amz-sns-topic-arn")
    if _IDENTIFIER.fullmatch(id) is None or topic is None:
        raise BadRequest("A raw delivery needs the headers x-amz-sns-message-id and x-amz-sns-topic-arn.")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BadRequest("The raw message is not UTF-8.") from None
    subscription = request.header("x-amz-sns-subscription-arn")
    return unsigned(id, topic, text, request.received_at, subscription_arn=subscription)


def unsigned(
    id: str,
    topic_arn: str,
    text: str,
    at: float,
    *,
    attributes: Mapping[str, Mapping[str, str]] | None = None,
    subscription_arn: str | None = None,
) -> Message:
    """A notification without envelope; its signature is empty, its time the one at which it came (`at`: epoch seconds)."""
    moment = datetime.fromtimestamp(at, UTC)
    fields = {
        "Message": text,
        "Timestamp": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z",
        "SignatureVersion": "",
        "Signature": "",
        "SigningCertURL": "",
        "UnsubscribeURL": "",
    }
    return Message(NOTIFICATION, id, topic_arn, fields, attributes or {}, subscription_arn, raw=True)
