"""Events that fit a source of events: its topics, buckets, bus or queue, and what its subscriptions or rules want.

Of several that want something, the first one that fits what was chosen decides about everything that was not chosen.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from router.samples import reading
from router.samples.fitting.words import Fitted, Wish
from router.samples.matching import example, fits
from router.samples.s3 import AWS, CEPH, MINIO, SEAWEEDFS
from router.samples.words import SampleError

_GROUP = "sample"


def _queue_of(settings: Mapping[str, Any]) -> str | None:
    """The queue that a source polls, None where it is posted to."""
    queue = (settings.get("source") or {}).get("sqs")
    return str(queue["queue"]) if queue is not None else None


def _through(queue: str) -> dict[str, Any]:
    """What puts a sample into a queue."""
    return {"queue": queue} | ({"group": _GROUP} if queue.endswith(".fifo") else {})


def _carried(wish: Wish, kind: str, *via: str) -> Fitted:
    """A kind of another type that comes through carriers."""
    settings = wish.settings
    queue = settings["queue"] if wish.trigger.type.name == "sqs" else _queue_of(settings)
    chosen = wish.given.pop("via", None)
    inner = [*via] if chosen is None else [*reading.texts(chosen)]
    defaults: dict[str, Any] = {"via": inner if queue is None else _ending(inner)}
    defaults |= _through(queue) if queue is not None else {"path": settings["source"]["http"]}
    return Fitted(kind, defaults | ({"topic": settings["topics"][0]} if "topics" in settings else {}))


# --- SQS -------------------------------------------------------------------------------------------------------------


def sqs(wish: Wish) -> Fitted:
    """A message that its filters let pass; or what SNS, S3 or EventBridge put into such a queue."""
    kind = wish.named("sqs/fifo" if wish.settings["queue"].endswith(".fifo") else "sqs/standard")
    if not kind.startswith("sqs"):
        return _carried(wish, kind) if not kind.startswith("sns") else Fitted(kind, _through(wish.settings["queue"]))
    bodies = (each.get("body") for each in wish.settings.get("filters") or ())
    wanted = next((body for body in bodies if body), None)
    body = None if wanted is None else example(wanted) if isinstance(wanted, Mapping) else example({"body": wanted}).get("body")
    return Fitted(kind, _through(wish.settings["queue"]) | ({} if body is None else {"body": body}))


# --- SNS -------------------------------------------------------------------------------------------------------------


def sns(wish: Wish) -> Fitted:
    """A message of its first topic that the filter policy of a subscription lets pass."""
    settings = wish.settings
    queue, named = _queue_of(settings), wish.given.get("subscription")
    asks = not (isinstance(named, str) and named.startswith("arn:"))
    kind = wish.named("sns/notification" if queue is None else "sns/sqs")
    if not kind.startswith("sns"):
        return _carried(wish, kind, "sns")
    name = wish.pick("subscription", "subscriptions", lambda each: _wanting(each, wish.given)) if asks else None
    where = _through(queue) if queue is not None else {"path": settings["source"]["http"]}
    policy = _policy_example(settings["subscriptions"][name]) if name is not None else {}
    return Fitted(kind, {"topic": settings["topics"][0]} | where | policy)


def _policy_example(subscription: Mapping[str, Any]) -> dict[str, Any]:
    policy = subscription.get("filter_policy")
    if not policy:
        return {}
    if subscription.get("filter_policy_scope") == "MessageBody":
        return {"message": reading.compact(example(policy))}
    return {"attributes": {name: _attribute(value) for name, value in example(policy).items() if value is not None}}


def _attribute(value: Any) -> Any:
    return [value] if isinstance(value, bool) else value


def _wanting(subscriptions: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """The first whose policy fits the attributes or the message that were chosen."""
    for name, subscription in subscriptions.items():
        policy = subscription.get("filter_policy")
        in_body = subscription.get("filter_policy_scope") == "MessageBody"
        chosen = reading.anything(given.get("message" if in_body else "attributes"))
        if not policy or chosen is None or (isinstance(chosen, dict) and fits(policy, chosen)):
            return name
    return None


# --- S3 --------------------------------------------------------------------------------------------------------------

_VARIANTS: Mapping[str, Mapping[str, tuple[str, str]]] = {"aws": AWS, "minio": MINIO, "ceph": CEPH}


def s3(wish: Wish) -> Fitted:
    """A change in its first bucket that a notification wants, as its sender tells of it."""
    settings = wish.settings
    queue, sender = _queue_of(settings), settings["source"].get("sender") or "aws"
    prefix = "" if sender == "aws" else f"{sender}-"
    wanting = wish.pick("notification", "notifications", lambda each: _notifying(each, wish.given))
    notification = settings["notifications"][wanting]
    key = f"{unquote_plus(notification['prefix'])}{_stem(notification)}{unquote_plus(notification['suffix'])}"
    events = sorted(notification["events"], key=lambda each: not _includes("ObjectCreated:*", each))
    event = str(wish.given.get("event") or events[0]).removeprefix("s3:")
    defaults: dict[str, Any] = {"key": key, "configuration_id": wanting}
    if settings.get("buckets"):
        defaults["bucket"] = settings["buckets"][0]
    if queue is None:
        defaults["path"] = settings["source"]["http"]
    else:
        defaults |= {"via": _ending(wish.given.pop("via", None)), **_through(queue)}
    if wish.kind is None:
        variant, exact = _variant_of(sender, event)
        return Fitted(f"s3/{prefix}{variant}", defaults | ({} if exact is None else {"event": exact}))
    return Fitted(wish.named("s3", prefix), defaults)


def _stem(notification: Mapping[str, Any]) -> str:
    """What makes a key of a prefix and a suffix that want nothing."""
    return "sample" if notification["prefix"] or notification["suffix"] else "images/a.jpg"


def _ending(via: Any) -> list[str]:
    """Carriers that end in the queue."""
    chosen = [] if via is None else [*reading.texts(via)]
    return chosen if chosen[-1:] == ["sqs"] else [*chosen, "sqs"]


def _notifying(notifications: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """The first whose prefix, suffix and events fit the key and event that were chosen.

    Where nothing is said of the event an object is put, if any notification wants that.
    """
    key, event = given.get("key"), given.get("event")
    by_event = [
        name for name, each in notifications.items() if _wants(each, "ObjectCreated:*" if event is None else str(event))
    ]
    for name in by_event or notifications:
        each = notifications[name]
        prefix, suffix = unquote_plus(each["prefix"]), unquote_plus(each["suffix"])
        if key is None or (str(key).startswith(prefix) and str(key).endswith(suffix)):
            return name
    return by_event[0] if by_event else None


def _wants(notification: Mapping[str, Any], event: str) -> bool:
    return any(_includes(wanted, event) or _includes(event, wanted) for wanted in notification["events"])


def _includes(wanted: str, event: str) -> bool:
    wanted, event = wanted.removeprefix("s3:"), event.removeprefix("s3:")
    return event.startswith(wanted[:-1]) if wanted.endswith(":*") else wanted == event


def _variant_of(sender: str, event: str) -> tuple[str, str | None]:
    """The variant for an event type, and the event itself where no variant stands for it."""
    if sender == "seaweedfs":
        return ("delete" if event.startswith("ObjectRemoved") else next(iter(SEAWEEDFS))), None
    for variant, (name, _) in _VARIANTS[sender].items():
        if _includes(event, name):
            return variant, None
    return "put", event.replace("*", "Put")


# --- EventBridge -----------------------------------------------------------------------------------------------------

_CHOSEN = ("source", "detail-type", "detail", "resources", "account", "region", "id")


def eventbridge(wish: Wish) -> Fitted:
    """An event that a rule wants: as an entry of PutEvents for its bus, posted, or in its queue."""
    settings = wish.settings
    source, queue = settings.get("source") or {}, _queue_of(settings)
    default = "sqs" if queue is not None else "api-destination" if source.get("http") is not None else "put-events"
    kind = wish.named(f"eventbridge/{default}")
    where: dict[str, Any] = {"via": ["sqs"], **_through(queue)} if queue is not None else {}
    if source.get("http") is not None:
        where["path"] = source["http"]
    if not kind.startswith("eventbridge"):
        return Fitted(kind, where | {"via": ["eventbridge", *where.get("via", ())]})
    if default == "put-events":
        if kind.partition("/")[2] not in ("", "put-events"):
            raise SampleError(
                f"the trigger {wish.trigger.name} takes PutEvents, and AWS's services do not send those:"
                " choose `source`, `detail-type` and `detail`"
            )
        where["bus"] = settings.get("bus") or "default"
    if wish.kind is not None and kind.partition("/")[2] not in ("", *_OWN):
        return Fitted(kind, where)
    name = wish.pick("rule", "rules", lambda rules: _ruling(rules, wish.given))
    return Fitted(kind, where | dict(_wanted(settings["rules"][name])))


_OWN = ("put-events", "api-destination", "sqs")


def _wanted(rule: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What a rule's pattern asks of the parts of an event that can be chosen."""
    found = example(rule.get("pattern") or {})
    for name in _CHOSEN:
        if found.get(name) is not None:
            yield name, [found[name]] if name == "resources" and isinstance(found[name], str) else found[name]


def _ruling(rules: Mapping[str, Any], given: Mapping[str, Any]) -> str | None:
    """The first whose pattern fits what was chosen, everything else being as the rule wants it."""
    chosen = {name: reading.anything(given[name]) for name in _CHOSEN if name in given}
    for name, rule in rules.items():
        pattern = rule.get("pattern")
        document = {"source": "shop", "detail-type": "OrderPaid", "detail": {}, **dict(_wanted(rule)), **chosen}
        if not pattern or fits(pattern, document):
            return name
    return None
