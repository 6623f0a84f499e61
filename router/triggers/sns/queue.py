"""SNS messages that come inside SQS: in their envelope, or raw with the attributes as the queue's own.

Who may send is the queue's policy, so no signature is checked. What cannot be used stays in the queue, whose redrive policy
moves it to a dead-letter queue; what is accepted is deleted after the commit.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html and semantics/async.md §C.7.
"""

from base64 import b64encode
from collections.abc import Generator, Mapping
from typing import Any

from router import jsontext
from router.batches import Batch, Completed, Rejected, Settlement
from router.batches import Message as Received
from router.deliveries import Acceptance
from router.errors import BadRequest, RequestError, Unavailable
from router.model import Accept, BatchConversation, Remark, Step
from router.triggers._queue_source import all_rejected
from router.triggers.sns.inbox import Inbox, filtered
from router.triggers.sns.messages import CONFIRM, NOTIFICATION, Message, parse, unsigned
from router.triggers.sns.proof import NotBelieved, confirmed
from router.triggers.sns.subscriptions import acceptances


def handle_batch(batch: Batch, inbox: Inbox) -> BatchConversation:
    """One commit for everything that the messages of a batch become."""
    accepted: list[Acceptance] = []
    remarks: list[Remark] = []
    results: list[Completed | Rejected] = []
    for received in batch.messages:
        try:
            message = read(received, inbox, batch.received_at)
            wanted = yield from _taken(message, received, inbox)
        except RequestError as error:
            results.append(Rejected(received.handle, error.name, str(error)))
            continue
        accepted += wanted
        if not wanted and message.type == NOTIFICATION:
            remarks.append(filtered(message))
        results.append(Completed(received.handle))
    if accepted:
        try:
            yield Accept(tuple(accepted))
        except Unavailable as error:
            return all_rejected(batch.messages, error.name, str(error), again=True)
    yield from remarks
    failed = [each for each in results if isinstance(each, Rejected)]
    return Settlement(tuple(results), failed[0].error, failed[0].cause) if failed else Settlement(tuple(results))


def _taken(message: Message, received: Received, inbox: Inbox) -> Generator[Step, Any, list[Acceptance]]:
    """What a message becomes. A queue of another account gets the confirmation of its subscription, too."""
    if message.topic_arn not in inbox.topics:
        raise NotBelieved("Its topic is not declared.")
    if message.type == CONFIRM:
        yield from confirmed(message, inbox.proof)
    if message.type != NOTIFICATION:
        return []
    return [*acceptances(message, inbox.subscriptions, inbox.name, received.group)]


def read(received: Received, inbox: Inbox, now: float) -> Message:
    """The message of SNS that a queue's message is. Raises BadRequest."""
    if _is_envelope(received.body):
        return parse(received.body)
    if len(inbox.topics) > 1:
        raise BadRequest("It is raw, and with several topics nobody can say from which it came.")
    sent = _sent_at(received.attributes.get("Attributes") or {}, now)
    attributes = _attributes(received.attributes.get("MessageAttributes") or {})
    return unsigned(received.id, next(iter(inbox.topics)), received.body, sent, attributes=attributes)


def _is_envelope(body: str) -> bool:
    """A raw message may be any JSON; only SNS's own has all of these."""
    try:
        fields = jsontext.loads(body, constants=False)
    except ValueError:
        return False
    return isinstance(fields, dict) and {"Type", "MessageId", "TopicArn", "Message", "Timestamp"} <= fields.keys()


def _sent_at(system: Mapping[str, str], now: float) -> float:
    milliseconds = system.get("SentTimestamp", "")
    return int(milliseconds) / 1000 if milliseconds.isascii() and milliseconds.isdigit() else now


def _attributes(given: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    return {name: {"Type": str(each["DataType"]), "Value": _value(each)} for name, each in given.items()}


def _value(attribute: Mapping[str, Any]) -> str:
    binary = attribute.get("BinaryValue")
    return b64encode(binary).decode() if isinstance(binary, bytes) else str(attribute.get("StringValue") or "")
