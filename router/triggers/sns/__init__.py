"""Messages of Amazon SNS: subscriber over HTTP(S), and reader of a queue that is subscribed.

A message is believed where its topic is declared and its signature fits. Then every declared subscription that wants it gets
an acceptance, all in one commit, and only after that SNS is told 200. A subscription of a declared topic is confirmed; one that
ends is never renewed by itself.

Source: https://docs.aws.amazon.com/sns/latest/dg/sns-http-https-endpoint-as-subscriber.html and semantics/async.md §C.
"""

from collections.abc import Generator, Mapping
from typing import Any

from router.deliveries import Durability
from router.errors import RequestError
from router.model import Accept, Conversation, PathClaim, QueueSource, Remark, Reply, Request, Scope, Step, TriggerType
from router.policies.webhook_auth import compile_auth
from router.triggers._accept import DURABILITY_HEADER
from router.triggers._auth import authorized_body
from router.triggers._queue_source import queue_source
from router.triggers.sns import judging, rules
from router.triggers.sns.answers import MethodNotAllowed, refusal
from router.triggers.sns.inbox import Inbox, filtered
from router.triggers.sns.judging import BODY_LIMIT
from router.triggers.sns.messages import CONFIRM, UNSUBSCRIBED, Message, is_raw, posted, raw
from router.triggers.sns.proof import NotBelieved, compile_proof, confirmed, prove
from router.triggers.sns.queue import handle_batch
from router.triggers.sns.subscriptions import acceptances, compile_subscriptions


def build(settings: Mapping[str, Any], scope: Scope) -> Inbox:
    """The compiled form."""
    queue = settings["source"].get("sqs")
    return Inbox(
        scope.name,
        frozenset(settings["topics"]),
        compile_subscriptions(settings["subscriptions"], scope),
        compile_auth(settings.get("auth"), scope.name),
        compile_proof(settings.get("signature")),
        queue_source(queue, scope) if queue is not None else None,
        Durability(settings.get("durability") or Durability.DISK),
    )


def claims(settings: Mapping[str, Any]) -> tuple[PathClaim, ...]:
    """One path, whatever the host."""
    path = settings["source"].get("http")
    return (PathClaim(path),) if path is not None else ()


def rank(inbox: Inbox, request: Request) -> int:
    """Several triggers may share a path: the one that declares the topic gets the message."""
    return 1 if request.header("x-amz-sns-topic-arn") in inbox.topics else 0


def source(inbox: Inbox) -> QueueSource | None:
    """The queue that is polled, where the messages come through one."""
    return inbox.queue


def handle(request: Request, inbox: Inbox) -> Conversation:
    """The conversation of one request."""
    try:
        accepted = yield from _take(request, inbox)
    except RequestError as error:
        return refusal(error)
    return Reply(200, [(DURABILITY_HEADER, inbox.durability.value)] if accepted else [])


def _take(request: Request, inbox: Inbox) -> Generator[Step, Any, bool]:
    """Whether something was accepted."""
    if request.method != "POST":
        raise MethodNotAllowed("SNS posts.")
    body = yield from authorized_body(request, inbox.auth, BODY_LIMIT)
    if is_raw(request) and not inbox.proof.allow_raw:
        raise NotBelieved("Raw deliveries are not signed, and `allow_raw` is off.")
    message = raw(request, body) if is_raw(request) else posted(request, body)
    if message.topic_arn not in inbox.topics:
        raise NotBelieved("Its topic is not declared.")
    yield from prove(message, inbox.proof, request.received_at)
    if message.type == CONFIRM:
        yield from confirmed(message, inbox.proof)
    elif message.type == UNSUBSCRIBED:
        yield Remark("unsubscribed", "SNS ended a subscription; it is not renewed.", {"topic": message.topic_arn})
    else:
        return (yield from _accept(message, inbox))
    return False


def _accept(message: Message, inbox: Inbox) -> Generator[Step, Any, bool]:
    wanted = tuple(acceptances(message, inbox.subscriptions, inbox.name))
    yield Accept(wanted) if wanted else filtered(message)
    return bool(wanted)


TYPE = TriggerType(
    name="sns",
    invocations=frozenset({"async"}),
    build=build,
    claims=claims,
    handle=handle,
    check=rules.check,
    rank=rank,
    route_keys=rules.route_keys,
    source=source,
    handle_batch=handle_batch,
    routes=judging.routes,
    judge=judging.judge,
    matches=judging.matches,
)
