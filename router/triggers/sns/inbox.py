"""A compiled `sns` trigger, and what is said of a message that nobody wants."""

from dataclasses import dataclass

from router.deliveries import Durability
from router.model import QueueSource, Remark
from router.policies.webhook_auth import Auth
from router.triggers.sns.messages import Message
from router.triggers.sns.proof import Proof
from router.triggers.sns.subscriptions import Subscriptions


@dataclass(slots=True, frozen=True)
class Inbox:
    """`queue`: what is polled; None: messages are posted. `durability`: what SNS is told that an acceptance is worth."""

    name: str
    topics: frozenset[str]
    subscriptions: Subscriptions
    auth: Auth
    proof: Proof
    queue: QueueSource | None = None
    durability: Durability = Durability.DISK


def filtered(message: Message) -> Remark:
    """The filter policies of all subscriptions let the message go: to SNS it is delivered."""
    fields = {"topic": message.topic_arn, "message_id": message.id}
    return Remark("filtered", "No subscription wants a message.", fields)
