"""Which subscriptions get a notification: its topic is declared, and their filter policies let it pass. Any number may.

Whether a signature fits is not judged.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from router.batches import Batch
from router.errors import BadRequest, RequestError
from router.model import DeclaredRoute, Predicate, Request, RouteVerdict
from router.patterns.wording import shown
from router.triggers._judging import judged, named_routes, nobody, refused, subjects, the_body
from router.triggers.sns.inbox import Inbox
from router.triggers.sns.messages import NOTIFICATION, Message, is_raw, posted, raw
from router.triggers.sns.queue import read

BODY_LIMIT = 2 * 1024 * 1024
"""Bytes of a request: 256 KiB of message, every character of it escaped, and its envelope."""


def routes(settings: Mapping[str, Any]) -> Sequence[DeclaredRoute]:
    """The subscriptions."""
    return named_routes(settings, "subscriptions")


def judge(inbox: Inbox, given: Request | Batch) -> Sequence[RouteVerdict]:
    """A verdict on each subscription for each message."""
    if isinstance(given, Request):
        return _posted(inbox, given)
    verdicts: list[RouteVerdict] = []
    for subject, received in subjects("messages", given.messages):
        try:
            message = read(received, inbox, given.received_at)
        except BadRequest as error:
            verdicts += refused(_names(inbox), error, subject, "message")
        else:
            verdicts += _of_message(inbox, message, subject)
    return verdicts


def _names(inbox: Inbox) -> list[str]:
    return [subscription.name for subscription in inbox.subscriptions]


def _posted(inbox: Inbox, request: Request) -> list[RouteVerdict]:
    if request.method != "POST":
        return nobody(_names(inbox), Predicate("method", "POST", request.method, False))
    if is_raw(request) and not inbox.proof.allow_raw:
        return nobody(_names(inbox), Predicate("raw delivery", "none: `allow_raw` is off", "one", False))
    try:
        body = the_body(request, BODY_LIMIT)
        message = raw(request, body) if is_raw(request) else posted(request, body)
    except RequestError as error:
        return refused(_names(inbox), error, name="message")
    return _of_message(inbox, message, "")


def _of_message(inbox: Inbox, message: Message, subject: str) -> list[RouteVerdict]:
    before = (
        Predicate("topic", " or ".join(sorted(inbox.topics)), shown(message.topic_arn), message.topic_arn in inbox.topics),
        Predicate("Type", NOTIFICATION, message.type, message.type == NOTIFICATION),
    )
    return [judged(each.name, (*before, *each.predicates(message)), subject) for each in inbox.subscriptions]
