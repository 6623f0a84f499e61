"""Which notifications want a change: its bucket, then event type, prefix and suffix. Any number of them may."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from router.batches import Batch
from router.errors import BadRequest, RequestError
from router.model import DeclaredRoute, Predicate, Request, RouteVerdict
from router.triggers._judging import judged, named_routes, nobody, refused, subjects, the_body
from router.triggers.s3.changes import Change
from router.triggers.s3.inbox import Inbox
from router.triggers.s3.senders import read_posted, read_queued

BODY_LIMIT = 1024 * 1024
"""Bytes of a request: senders put one record, or a few, into a body."""


def routes(settings: Mapping[str, Any]) -> Sequence[DeclaredRoute]:
    """The notifications."""
    return named_routes(settings, "notifications")


def judge(inbox: Inbox, given: Request | Batch) -> Sequence[RouteVerdict]:
    """A verdict on each notification for each change."""
    if isinstance(given, Request):
        return _posted(inbox, given)
    verdicts: list[RouteVerdict] = []
    for subject, message in subjects("messages", given.messages):
        try:
            changes = read_queued(message.body, inbox.reading(given.received_at))
        except BadRequest as error:
            verdicts += refused(_names(inbox), error, subject, "event")
        else:
            verdicts += _of_changes(inbox, changes, subject)
    return verdicts


def _names(inbox: Inbox) -> list[str]:
    return [notification.name for notification in inbox.notifications]


def _posted(inbox: Inbox, request: Request) -> list[RouteVerdict]:
    if request.method != "POST":
        return nobody(_names(inbox), Predicate("method", "POST", request.method, False))
    try:
        body = the_body(request, BODY_LIMIT)
        changes = read_posted(body, inbox.sender, inbox.reading(request.received_at))
    except RequestError as error:
        return refused(_names(inbox), error, name="event")
    return _of_changes(inbox, changes, "")


def _of_changes(inbox: Inbox, changes: Sequence[Change] | None, subject: str) -> list[RouteVerdict]:
    """`changes`: None: it is S3's test of a notification, which nobody gets."""
    if changes is None:
        return nobody(_names(inbox), Predicate("event", "a change of an object", "s3:TestEvent", False), subject)
    return [verdict for name, change in subjects("Records", changes) for verdict in _of_change(inbox, change, subject, name)]


def _of_change(inbox: Inbox, change: Change, subject: str, record: str) -> Iterator[RouteVerdict]:
    about = " ".join(filter(None, (subject, record)))
    wanted = "any" if inbox.buckets is None else " or ".join(sorted(inbox.buckets))
    bucket = Predicate("bucket", wanted, change.bucket, inbox.takes(change))
    for notification in inbox.notifications:
        yield judged(notification.name, (bucket, *notification.predicates(change)), about)
