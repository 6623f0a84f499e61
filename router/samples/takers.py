"""A configuration that takes a sample: what `sample --as event` asks where no file is given.

One function `f`, one trigger `t` of the sample's type that wants everything, at the path, host, bucket, topic or queue of the
sample.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from router.envelopes import Envelope, HttpEnvelope, QueueEnvelope, TaskEnvelope, TickEnvelope
from router.samples.words import Context, Kind
from router.triggers.cognito.operations import CLIENT_CREDENTIALS, NAME_OF_SOURCE, TOKEN

Settings = dict[str, Any]
ANYTHING = {"source": [{"prefix": ""}]}
_ANY_CHANGE = {
    "minio": ("ObjectCreated", "ObjectRemoved", "ObjectAccessed", "ObjectTagging"),
    "ceph": ("ObjectCreated", "ObjectRemoved"),
    "seaweedfs": ("ObjectCreated", "ObjectRemoved"),
}
_AWS_CHANGES = (
    *("ObjectCreated:*", "ObjectRemoved:*", "ObjectRestore:*", "ObjectTagging:*", "ObjectAcl:Put", "Replication:*"),
    *("LifecycleExpiration:*", "LifecycleTransition", "IntelligentTiering", "ReducedRedundancyLostObject"),
)


def taker(kind: Kind, envelope: Envelope, context: Context) -> str:
    """The text of a configuration, JSON, for an envelope of this kind."""
    type = "sns" if _is_of_sns(kind, envelope) else kind.type
    trigger = _TAKERS[type](kind.variant, envelope, context)
    if isinstance(envelope, HttpEnvelope):
        trigger = {"auth": "none", **trigger}
    document = {
        "version": 1,
        "aws": {"region": context.region, "account_id": context.account_id},
        "functions": {"f": {"arn": f"arn:aws:lambda:{context.region}:{context.account_id}:function:{_function(envelope)}"}},
        "triggers": {"t": {"type": type, "invocation": "sync", **trigger}},
    }
    return json.dumps(document, indent=1)


def _is_of_sns(kind: Kind, envelope: Envelope) -> bool:
    """What SNS posts is a matter of the type `sns`, whatever it carries; out of a queue `s3` takes its messages, too."""
    if isinstance(envelope, HttpEnvelope):
        return any(name == "x-amz-sns-topic-arn" for name, _ in envelope.headers)
    return (
        kind.type == "eventbridge" and isinstance(envelope, QueueEnvelope) and _topic_of(envelope.messages[0].body) is not None
    )


def _function(envelope: Envelope) -> str:
    """The name that a call of the Invoke API asks for."""
    if isinstance(envelope, HttpEnvelope) and envelope.target.startswith("/2015-03-31/functions/"):
        return envelope.target.split("/")[3].rpartition("%3A")[2]
    return "f"


def _path(envelope: Envelope) -> str:
    assert isinstance(envelope, HttpEnvelope)
    return envelope.target.partition("?")[0]


def _source(envelope: Envelope) -> Settings:
    """Where events come in: the path that is posted to, or the queue."""
    if isinstance(envelope, QueueEnvelope):
        return {"sqs": envelope.queue_arn}
    return {"http": _path(envelope)}


def _api_gateway(variant: str, envelope: Envelope, context: Context) -> Settings:
    if not variant.startswith("rest-"):
        return {"api": "http", "routes": {"$default": "f"}, "cors": {"allow_origins": ["*"], "allow_methods": ["*"]}}
    stage = _path(envelope).split("/")[1] or "prod"
    routes = {"ANY /{proxy+}": "f", "ANY /": "f"}
    return {"api": "rest", "stage": stage, "binary_media_types": ["image/*", "multipart/form-data"], "routes": routes}


def _cognito(variant: str, envelope: Envelope, context: Context) -> Settings:
    assert isinstance(envelope, HttpEnvelope)
    event = json.loads(envelope.body)
    version = {"2": "V2_0", "3": "V3_0"}.get(event["version"], "V1_0")
    operation: Settings = {"function": "f"}
    if NAME_OF_SOURCE[variant] == TOKEN:
        operation["version"] = "V3_0" if variant == CLIENT_CREDENTIALS else version
    return {"path": _path(envelope), "user_pool": event["userPoolId"], "operations": {NAME_OF_SOURCE[variant]: operation}}


def _eventbridge(variant: str, envelope: Envelope, context: Context) -> Settings:
    rules = {"r": {"pattern": ANYTHING, "function": "f"}}
    if variant != "put-events":
        return {"invocation": "async", "source": _source(envelope), "rules": rules}
    assert isinstance(envelope, HttpEnvelope)
    bus = json.loads(envelope.body)["Entries"][0]["EventBusName"]
    return {"invocation": "async", "bus": bus, "rules": rules}


def _s3(variant: str, envelope: Envelope, context: Context) -> Settings:
    sender = variant.partition("-")[0]
    families = _ANY_CHANGE.get(sender) if "-" in variant else None
    events = [f"s3:{each}" for each in (_AWS_CHANGES if families is None else (f"{family}:*" for family in families))]
    source = _source(envelope) | ({} if isinstance(envelope, QueueEnvelope) or families is None else {"sender": sender})
    return {"invocation": "async", "source": source, "notifications": {"uploads": {"events": events, "function": "f"}}}


def _sns(variant: str, envelope: Envelope, context: Context) -> Settings:
    if isinstance(envelope, QueueEnvelope):
        topic = _topic_of(envelope.messages[0].body) or f"arn:aws:sns:{context.region}:{context.account_id}:alerts"
    else:
        assert isinstance(envelope, HttpEnvelope)
        topic = dict(envelope.headers)["x-amz-sns-topic-arn"]
    return {"invocation": "async", "source": _source(envelope), "topics": [topic], "subscriptions": {"all": "f"}}


def _topic_of(body: str) -> str | None:
    try:
        return str(json.loads(body)["TopicArn"])
    except (KeyError, TypeError, ValueError):
        return None


def _sqs(variant: str, envelope: Envelope, context: Context) -> Settings:
    assert isinstance(envelope, QueueEnvelope)
    return {"invocation": "async", "queue": envelope.queue_arn, "function": "f"}


def _step_functions(variant: str, envelope: Envelope, context: Context) -> Settings:
    if isinstance(envelope, TaskEnvelope):
        activity = f"arn:aws:states:{context.region}:{context.account_id}:activity:sample"
        return {"activity": activity, "function": "f"}
    return {"path": _path(envelope), "function": "f"}


def _schedule(variant: str, envelope: Envelope, context: Context) -> Settings:
    assert isinstance(envelope, TickEnvelope)
    return {"invocation": "async", "schedules": {envelope.schedule: {"expression": "rate(1 hour)", "function": "f"}}}


def _lambda_edge(variant: str, envelope: Envelope, context: Context) -> Settings:
    stage = {"function": "f:1", "include_body": isinstance(envelope, HttpEnvelope) and bool(envelope.body)}
    return {"behaviors": {"*": {"origin": "http://origin.example.com", "viewer_request": stage}}}


_TAKERS: Mapping[str, Callable[[str, Envelope, Context], Settings]] = {
    "alb": lambda variant, envelope, context: {"default": "f", "multi_value_headers": variant == "multi-value"},
    "api_gateway": _api_gateway,
    "cognito": _cognito,
    "eventbridge": _eventbridge,
    "function_url": lambda variant, envelope, context: {"function": "f"},
    "lambda_api": lambda variant, envelope, context: {"invocation": ["sync", "async"], "functions": "all"},
    "lambda_edge": _lambda_edge,
    "s3": _s3,
    "schedule": _schedule,
    "sns": _sns,
    "sqs": _sqs,
    "step_functions": _step_functions,
}
