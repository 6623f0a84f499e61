"""Rules for settings that do nothing in the company that they keep.

`without-effect` where nothing outside the file could change that; `idle-setting`, a warning, where the same file may be laid
under another one, or another command may read it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from router.config.destinations import DESTINATIONS, parse_destination
from router.config.nodes import Opaque
from router.config.problem import Path
from router.config.rules.context import Context
from router.config.rules.places import async_blocks, queues

Settings = Mapping[str, Any]

_STAGES = ("viewer_request", "origin_request", "origin_response", "viewer_response")


# --- aws -------------------------------------------------------------------------------------------------------------


def aws(context: Context) -> None:
    """How AWS is reached matters where it is; an endpoint matters where its service is called."""
    settings = context.settings.get("aws") or {}
    if not settings or not context.is_whole():
        return
    called = set(_services(context))
    if called:
        called.add("sts")  # for roles, and `doctor` asks whose credentials these are
    for service, url in settings["endpoints"].items():
        if url is not None and service not in called and _EVERYTHING not in called:
            _idle(context, ("aws", "endpoints", service), f"nothing here calls {_NAMES[service]}")
    if not called:
        for key in ("profile", "endpoint_url", "max_connections"):
            if context.is_written(("aws", key)):
                _idle(context, ("aws", key), "nothing here calls AWS")
    if context.is_written(("aws", "destination_event_source")) and "events" not in called:
        _idle(context, ("aws", "destination_event_source"), "no destination is an event bus")


def _idle(context: Context, path: Path, reason: str) -> None:
    message = f"`{path[-1]}` has no effect: {reason}"
    context.reporter.report(path, "idle-setting", message, help="remove it", on="key", severity="warning")


_EVERYTHING = "everything"
_NAMES = {
    "lambda": "Lambda",
    "sts": "AWS, where `doctor` would ask STS",
    "states": "Step Functions",
    "sqs": "SQS",
    "sns": "SNS",
    "events": "EventBridge",
    "s3": "S3",
    "cloudwatch": "CloudWatch",
    "logs": "CloudWatch Logs",
}


def _services(context: Context) -> Iterator[str]:
    """The services of AWS that this configuration calls; everything where a function gets the router's own endpoints."""
    for function in context.functions.values():
        if (function["local"] or {}).get("credentials") == "router":
            yield _EVERYTHING
        if function["arn"] is not None:
            yield "lambda"
    for use in context.uses():
        if use.arn is not None:
            yield "lambda"
    if any(queues(context)):
        yield "sqs"
    for _, trigger, _ in context.decided_triggers():
        if trigger.get("activity") is not None:
            yield "states"
    yield from _of_destinations(context)
    cloudwatch = (context.settings.get("monitoring") or {}).get("cloudwatch") or {}
    if cloudwatch.get("metrics") == "api":
        yield "cloudwatch"
    if cloudwatch.get("logs") is not None:
        yield "logs"


def _of_destinations(context: Context) -> Iterator[str]:
    for _, block in async_blocks(context):
        for key in DESTINATIONS:
            text = block.get(key)
            if text is None:
                continue
            try:
                yield _EVERYTHING if isinstance(text, Opaque) else parse_destination(text).service
            except ValueError:
                yield _EVERYTHING


# --- triggers --------------------------------------------------------------------------------------------------------


def triggers(context: Context) -> None:
    """Settings of one type that need another one beside them."""
    for name, trigger, kind in context.decided_triggers():
        for path, reason in _IDLE[kind.name](trigger) if kind.name in _IDLE else ():
            where: Path = ("triggers", name, *path)
            if context.is_own(where) and context.is_known(where):
                message = f"`{path[-1]}` has no effect: {reason}"
                context.reporter.report(where, "without-effect", message, help="remove it", on="key")


Idle = Iterator[tuple[Path, str]]


def _cognito(trigger: Settings) -> Idle:
    if all(operation is None or name.endswith("Sender") for name, operation in trigger["operations"].items()):
        for key in ("timeout", "attempts"):
            yield (key,), "nobody waits for custom senders"


def _alb(trigger: Settings) -> Idle:
    actions = [*trigger["rules"].values(), trigger.get("default") or {}]
    forwards = [action for action in actions if action.get("function") is not None]
    if not forwards:
        for key in ("multi_value_headers", "x_forwarded_for"):
            yield (key,), "no function gets an event"
    elif all(action.get("multi_value_headers") is not None for action in forwards):
        yield ("multi_value_headers",), "every function has its own"


def _lambda_edge(trigger: Settings) -> Idle:
    behaviors = trigger["behaviors"].values()
    stages = {stage: [each[stage] for each in behaviors if each.get(stage) is not None] for stage in _STAGES}
    if not any(stages.values()):
        for key in ("distribution_id", "domain_name"):
            yield (key,), "no function gets an event that says it"
    for side in ("viewer", "origin"):
        requests, responses = stages[f"{side}_request"], stages[f"{side}_response"]
        if not requests and not responses:
            yield ("timeouts", side), f"there is no function for {side} events"
            yield ("limits", side), f"there is no function for {side} events"
        elif not any(each.get("include_body") for each in requests):
            for key in ("include_body", "replaced_text", "replaced_base64"):
                yield ("limits", side, key), "no function of that side has `include_body`"


_IDLE = {
    "cognito": _cognito,
    "alb": _alb,
    "lambda_edge": _lambda_edge,
}
