"""Which notifications want a change: its bucket, then event type, prefix and suffix. Any number of them may."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from router.batches import Batch
from router.errors import BadRequest, RequestError
from router.model import DeclaredRoute, Predicate, Request, RouteVerdict
from router.triggers._judging import judged, named_routes, nobody, refusal, subjects, the_body
from router.triggers.s3.changes import Change
from router.triggers.s3.inbox import Inbox
from router.triggers.s3.notifications import Notification
from router.triggers.s3.senders import read_posted, read_queued

BODY_LIMIT = 1024 * 1024
"""Bytes of a request: senders put one record, or a few, into a body."""


def routes(settings: Mapping[str, Any]) -> Sequence[DeclaredRoute]:
    """The notifications."""
    return named_routes(settings, "notifications")


def judge(inbox: Inbox, given: Request | Batch) -> Sequence[RouteVerdict]:
    """A verdict on each notification for each change."""
    return [verdict for subject, came in _came(inbox, given) for verdict in _of_all(inbox, came, subject)]


def matches(inbox: Inbox, given: Request | Batch) -> Sequence[RouteVerdict]:
    """Those on the notifications that want each change."""
    return [
        _judged(inbox, notification, came, subject)
        for subject, came in _came(inbox, given)
        if isinstance(came, Change) and inbox.takes(came)
        for notification in inbox.notifications
        if notification.wants(came)
    ]


def _of_all(inbox: Inbox, came: Change | Predicate, subject: str) -> list[RouteVerdict]:
    if isinstance(came, Predicate):
        return nobody((notification.name for notification in inbox.notifications), came, subject)
    return [_judged(inbox, notification, came, subject) for notification in inbox.notifications]


def _judged(inbox: Inbox, notification: Notification, change: Change, subject: str) -> RouteVerdict:
    wanted = "any" if inbox.buckets is None else " or ".join(sorted(inbox.buckets))
    bucket = Predicate("bucket", wanted, change.bucket, inbox.takes(change))
    return judged(notification.name, (bucket, *notification.predicates(change)), subject)


# --- what came -------------------------------------------------------------------------------------------------------


def _came(inbox: Inbox, given: Request | Batch) -> Iterator[tuple[str, Change | Predicate]]:
    """Each change, or what kept it from every notification, with its name among several."""
    if isinstance(given, Request):
        yield from _of_body("", _posted(inbox, given))
        return
    for subject, message in subjects("messages", given.messages):
        try:
            changes = read_queued(message.body, inbox.reading(given.received_at))
        except BadRequest as error:
            yield subject, refusal(error, "event")
        else:
            yield from _of_body(subject, changes)


def _posted(inbox: Inbox, request: Request) -> Sequence[Change] | Predicate | None:
    if request.method != "POST":
        return Predicate("method", "POST", request.method, False)
    try:
        return read_posted(the_body(request, BODY_LIMIT), inbox.sender, inbox.reading(request.received_at))
    except RequestError as error:
        return refusal(error, "event")


def _of_body(subject: str, changes: Sequence[Change] | Predicate | None) -> Iterator[tuple[str, Change | Predicate]]:
    """`changes`: None: it is S3's test of a notification, which nobody gets."""
    if changes is None:
        yield subject, Predicate("event", "a change of an object", "s3:TestEvent", False)
    elif isinstance(changes, Predicate):
        yield subject, changes
    else:
        for record, change in subjects("Records", changes):
            yield " ".join(filter(None, (subject, record))), change
