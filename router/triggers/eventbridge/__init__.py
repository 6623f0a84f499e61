"""Amazon EventBridge: the router is an event bus, or takes the events that one sends.

A bus takes `PutEvents` of any SDK and hands each event to the targets of the rules that it fits; with a `source` the events
come from an API destination of a bus in AWS, or through an SQS queue that is a target of its rules.

Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/ and semantics/async.md §D.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from router.batches import Batch, QueueSource
from router.deliveries import Durability
from router.model import ApiClaim, BatchConversation, Claim, Conversation, PathClaim, Request, Scope, Trigger, TriggerType
from router.policies.webhook_auth import compile_auth
from router.triggers._queue_source import queue_source
from router.triggers.eventbridge import api, judging, receiver
from router.triggers.eventbridge.bus import Bus
from router.triggers.eventbridge.checks import check, route_keys
from router.triggers.eventbridge.rules import BusName, compile_rules


def build(settings: Mapping[str, Any], scope: Scope) -> Bus:
    """The compiled form."""
    source = settings.get("source") or {}
    queue = source.get("sqs")
    name = _bus_name(settings.get("bus") or "default", scope)
    return Bus(
        scope.name,
        name,
        compile_rules(settings["rules"], name, scope),
        compile_auth(settings.get("auth"), scope.name),
        settings.get("max_request_size") or api.DEFAULT_MAX_BYTES,
        settings.get("unknown_bus") == "reject",
        Durability(settings.get("durability") or Durability.DISK),
        source.get("http"),
        queue_source(queue, scope) if queue is not None else None,
    )


def _bus_name(text: str, scope: Scope) -> BusName:
    """A bus that is named by its ARN is where the ARN says."""
    if not text.startswith("arn:"):
        return BusName(text, scope.account_id, scope.region)
    _, _, _, region, account, resource = text.split(":", 5)
    return BusName(resource.partition("/")[2], account, region)


def claims(settings: Mapping[str, Any]) -> tuple[Claim, ...]:
    """EventBridge's API, or the path of an API destination; a queue is polled."""
    source = settings.get("source") or {}
    if source.get("sqs") is not None:
        return ()
    if source.get("http") is not None:
        return (PathClaim(source["http"]),)
    return (ApiClaim("events", (), api.TARGET_PREFIX),)


def introduce(triggers: Sequence[Trigger]) -> None:
    """One call may hold entries for the buses of several triggers."""
    for trigger in triggers:
        trigger.built.peers = tuple(other.built for other in triggers)


def rank(bus: Bus, request: Request) -> int:
    """Whoever gets the request speaks for all that share the claim: the one whose acceptances are the safest."""
    return 2 if bus.durability is Durability.DISK else 1


def handle(request: Request, bus: Bus) -> Conversation:
    """The conversation of one request."""
    return api.converse(request, bus) if bus.path is None else receiver.converse(request, bus)


def handle_batch(batch: Batch, bus: Bus) -> BatchConversation:
    """The conversation about messages of the queue."""
    return receiver.converse_batch(batch, bus)


def source(bus: Bus) -> QueueSource | None:
    """The queue that is polled, if this is one."""
    return bus.source


TYPE = TriggerType(
    name="eventbridge",
    invocations=frozenset({"async"}),
    build=build,
    claims=claims,
    handle=handle,
    check=check,
    rank=rank,
    route_keys=route_keys,
    source=source,
    handle_batch=handle_batch,
    introduce=introduce,
    routes=judging.routes,
    judge=judging.judge,
    matches=judging.matches,
)
