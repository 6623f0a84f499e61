"""The event that SNS hands to a function: exactly one record, keys spelled and ordered as AWS does.

Source: https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html and semantics/async.md §C.7.
"""

from hashlib import sha256
from typing import Any

from router import jsontext
from router.triggers.sns.messages import NOTIFICATION, Message


def event(message: Message, trigger: str) -> bytes:
    """The event of a notification. AWS says SignatureVersion 1 even for version 2; here it is the one that was received."""
    fields = message.fields
    record: dict[str, Any] = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription_arn(message, trigger),
        "Sns": {
            "Type": NOTIFICATION,
            "MessageId": message.id,
            "TopicArn": message.topic_arn,
            "Subject": fields.get("Subject"),
            "Message": message.text,
            "Timestamp": fields["Timestamp"],
            "SignatureVersion": fields.get("SignatureVersion") or "",
            "Signature": fields.get("Signature") or "",
            "SigningCertUrl": fields.get("SigningCertURL") or "",
            "UnsubscribeUrl": fields.get("UnsubscribeURL") or "",
            "MessageAttributes": {
                name: {"Type": attribute["Type"], "Value": attribute["Value"]} for name, attribute in message.attributes.items()
            },
        },
    }
    return jsontext.dumps({"Records": [record]})


def subscription_arn(message: Message, trigger: str) -> str:
    """The subscription that the sender names, where it is one of the topic; else one that stands for this trigger."""
    named = message.subscription_arn
    if named is not None and named.startswith(f"{message.topic_arn}:"):
        return named
    digits = sha256(f"{message.topic_arn}\0{trigger}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{message.topic_arn}:{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"
