"""Events of S3: the webhooks of MinIO, Ceph RGW, SeaweedFS and of AWS's own form, and queues that S3 notifies.

Whoever the sender is, the function gets AWS's event with one record. The sender is told 200 after the commit; everything else
makes it repeat, where it repeats at all, and what it repeats is accepted once.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html and semantics/async.md §E.
"""

from collections.abc import Generator, Mapping
from typing import Any

from router import jsontext
from router.errors import RequestError
from router.model import Accept, Conversation, Headers, PathClaim, QueueSource, Reply, Request, Scope, Step, TriggerType
from router.policies.webhook_auth import compile_auth
from router.triggers._auth import authorized_body, challenge
from router.triggers._queue_source import queue_source
from router.triggers._refusals import error_note
from router.triggers.s3 import judging, rules
from router.triggers.s3.inbox import Inbox, accept
from router.triggers.s3.judging import BODY_LIMIT
from router.triggers.s3.notifications import compile_notifications
from router.triggers.s3.queue import TESTED, handle_batch
from router.triggers.s3.senders import read_posted

_STATUS = {
    "bad_request": 400,
    "incomplete_request": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "method_not_allowed": 405,
    "request_too_large": 413,
    "unavailable": 503,
}
"""By the error's name; every other one is a 500. Senders repeat whatever is not 2xx, or nothing (semantics/async.md §E.6)."""
_WORDS = {401: "Unauthorized", 500: "Internal Server Error", 503: "Service Unavailable"}
"""In place of the reason, which then stands in the log."""


class MethodNotAllowed(RequestError):
    """Webhooks post."""

    name = "method_not_allowed"


def build(settings: Mapping[str, Any], scope: Scope) -> Inbox:
    """The compiled form."""
    source, buckets, encoding = settings["source"], settings.get("buckets"), settings.get("key_encoding")
    queue = source.get("sqs")
    return Inbox(
        scope.region,
        scope.account_id,
        source.get("sender") or "aws",
        settings["event_source"] == "sender",
        None if encoding is None else encoding == "none",
        frozenset(buckets) if buckets is not None else None,
        compile_notifications(settings["notifications"], scope),
        compile_auth(settings.get("auth"), scope.name),
        queue_source(queue, scope) if queue is not None else None,
    )


def claims(settings: Mapping[str, Any]) -> tuple[PathClaim, ...]:
    """One path, whatever the host."""
    path = settings["source"].get("http")
    return (PathClaim(path),) if path is not None else ()


def source(inbox: Inbox) -> QueueSource | None:
    """The queue that is polled, where the events come through one."""
    return inbox.queue


def handle(request: Request, inbox: Inbox) -> Conversation:
    """The conversation of one request."""
    try:
        yield from _take(request, inbox)
    except RequestError as error:
        return _refusal(error)
    return Reply(200, [])


def _take(request: Request, inbox: Inbox) -> Generator[Step, Any, None]:
    if request.method != "POST":
        raise MethodNotAllowed("webhooks post")
    body = yield from authorized_body(request, inbox.auth, BODY_LIMIT)
    changes = read_posted(body, inbox.sender, inbox.reading(request.received_at))
    if changes is None:
        yield TESTED
        return
    accepted, remarks = accept(changes, inbox)
    if accepted:
        yield Accept(accepted)
    yield from remarks


def _refusal(error: RequestError) -> Reply:
    status = _STATUS.get(error.name, 500)
    headers: Headers = [("Content-Type", "application/json"), *challenge(error, status)]
    if status == 405:
        headers.append(("Allow", "POST"))
    return Reply(status, headers, jsontext.dumps({"message": _WORDS.get(status, str(error))}), error_note(error))


TYPE = TriggerType(
    name="s3",
    invocations=frozenset({"async"}),
    build=build,
    claims=claims,
    handle=handle,
    check=rules.check,
    source=source,
    handle_batch=handle_batch,
    routes=judging.routes,
    judge=judging.judge,
    matches=judging.matches,
)
