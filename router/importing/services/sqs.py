"""Event source mappings: a queue and the function that works on its messages. Streams are not carried over.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-eventsourcemapping.html
"""

from typing import Any

from router.importing.plan import FunctionRef
from router.importing.stack import Stack
from router.importing.view import View

_STREAMS = (
    "StartingPosition",
    "SelfManagedEventSource",
    "AmazonManagedKafkaEventSourceConfig",
    "SelfManagedKafkaEventSourceConfig",
    "Queues",
    "Topics",
    "DocumentDBEventSourceConfig",
)
"""Properties that only sources other than SQS have."""
_REPORT = "ReportBatchItemFailures"


def mapping(stack: Stack, view: View, function: FunctionRef | None, name: str) -> None:
    """One mapping, from any format that has CloudFormation's keys."""
    source = view.get("EventSourceArn")
    queue = queue_of(stack, source) if source is not None else None
    if queue is None or any(view.has(key) for key in _STREAMS):
        view.refuse("the router reads queues of SQS; streams, Kafka and other sources stay with Lambda")
        return
    function = function or stack.index.of(view.get("FunctionName"))
    if function is None:
        return
    settings: dict[str, Any] = {
        "invocation": "async",
        "enabled": None if (view.flag("Enabled") is not False and view.literal("State") != "Disabled") else False,
        "queue": queue,
        "function": stack.plan.use(function),
        "batch_size": view.number("BatchSize"),
        "batching_window": view.seconds("MaximumBatchingWindowInSeconds"),
        "report_batch_item_failures": _reports(view),
        "max_concurrency": view.number("ScalingConfig", "MaximumConcurrency"),
        "filters": _filters(view.get("FilterCriteria", "Filters")) or None,
    }
    if settings["batching_window"] == "0s":
        settings["batching_window"] = None
    settings = {key: value for key, value in settings.items() if value is not None}
    stack.plan.trigger("sqs", (name, queue, str(function)), name, view.origin, settings)


def queue_of(stack: Stack, view: View) -> str | None:
    """A queue as the configuration names it: its ARN, or its name where account or region are not known. None: no queue."""
    resource = stack.referred(view, "AWS::SQS::Queue")
    parts = view.parts()
    if parts is None:
        return None
    text = view.text() or ""
    if resource is not None:
        return text.rstrip("/").replace(":", "/").rpartition("/")[2] if "${AWS_" in text else text
    if text.startswith("arn:") and ":sqs:" not in text:
        return None
    if text.startswith("arn:") and "${AWS_" in text:
        return text.rpartition(":")[2]
    return text


def _reports(view: View) -> bool | None:
    types = view.get("FunctionResponseTypes")
    found = None
    for each in types.each() if types is not None else ():
        text = each.literal()
        if text == _REPORT:
            found = True
        elif text is not None:
            each.refuse(f"the router knows `{_REPORT}` alone")
    return found


def _filters(view: View | None) -> list[Any]:
    """Patterns; one that is not about the body is left out with a note, and then all of them: fewer patterns let less pass."""
    patterns: list[Any] = []
    for each in view.each() if view is not None else ():
        pattern = each.document("Pattern") if each.is_map else each.document()
        if isinstance(pattern, dict):
            patterns.append(pattern)
        elif pattern is not None:
            each.refuse("a pattern is a JSON object")
    return patterns
