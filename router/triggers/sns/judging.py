"""Which subscriptions get a notification: its topic is declared, and their filter policies let it pass. Any number may.

Whether a signature fits is not judged.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from router.batches import Batch
from router.errors import BadRequest, RequestError
from router.model import DeclaredRoute, Predicate, Request, RouteVerdict
from router.patterns.wording import shown
from router.triggers._judging import judged, named_routes, nobody, refusal, subjects, the_body
from router.triggers.sns.inbox import Inbox
from router.triggers.sns.messages import NOTIFICATION, Message, is_raw, posted, raw
from router.triggers.sns.queue import read
from router.triggers.sns.subscriptions import Subscription

BODY_LIMIT = 2 * 1024 * 1024
"""Bytes of a request: 256 KiB of message, every character of it escaped, and its envelope."""


def routes(settings: Mapping[str, Any]) -> Sequence[DeclaredRoute]:
    """The subscriptions."""
    return named_routes(settings, "subscriptions")


def judge(inbox: Inbox, given: Request | Batch) -> Sequence[RouteVerdict]:
    """A verdict on each subscription for each message."""
    return [verdict for subject, came in _came(inbox, given) for verdict in _of_all(inbox, came, subject)]


def matches(inbox: Inbox, given: Request | Batch) -> Sequence[RouteVerdict]:
    """Those on the subscriptions that each message goes to."""
    return [
        verdict
        for subject, came in _came(inbox, given)
        if isinstance(came, Message)
        for subscription in inbox.subscriptions.wanting(came)
        for verdict in (_judged(inbox, subscription, came, subject),)
        if verdict.matched
    ]


def _of_all(inbox: Inbox, came: Message | Predicate, subject: str) -> list[RouteVerdict]:
    if isinstance(came, Predicate):
        return nobody((subscription.name for subscription in inbox.subscriptions.all), came, subject)
    return [_judged(inbox, subscription, came, subject) for subscription in inbox.subscriptions.all]


def _judged(inbox: Inbox, subscription: Subscription, message: Message, subject: str) -> RouteVerdict:
    before = (
        Predicate("topic", " or ".join(sorted(inbox.topics)), shown(message.topic_arn), message.topic_arn in inbox.topics),
        Predicate("Type", NOTIFICATION, message.type, message.type == NOTIFICATION),
    )
    return judged(subscription.name, (*before, *subscription.predicates(message)), subject)


# --- what came -------------------------------------------------------------------------------------------------------


def _came(inbox: Inbox, given: Request | Batch) -> Iterator[tuple[str, Message | Predicate]]:
    """Each message, or what kept it from every subscription, with its name among several."""
    if isinstance(given, Request):
        yield "", _posted(inbox, given)
        return
    for subject, received in subjects("messages", given.messages):
        try:
            yield subject, read(received, inbox, given.received_at)
        except BadRequest as error:
            yield subject, refusal(error, "message")


def _posted(inbox: Inbox, request: Request) -> Message | Predicate:
    if request.method != "POST":
        return Predicate("method", "POST", request.method, False)
    if is_raw(request) and not inbox.proof.allow_raw:
        return Predicate("raw delivery", "none: `allow_raw` is off", "one", False)
    try:
        body = the_body(request, BODY_LIMIT)
        return raw(request, body) if is_raw(request) else posted(request, body)
    except RequestError as error:
        return refusal(error, "message")
