"""Notifications of buckets: which objects' events reach which function.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-s3-bucket-lambdaconfiguration.html
"""

from typing import Any

from router.importing.naming import kebab
from router.importing.plan import FunctionRef
from router.importing.stack import Resource, Stack
from router.importing.view import Origin, View

_OTHERS = ("QueueConfigurations", "TopicConfigurations", "EventBridgeConfiguration")
_HINT = "S3 cannot post to the router by itself: `lambda-router connect` tells what the bucket's side needs"


def bucket_resource(stack: Stack, resource: Resource) -> None:
    """`NotificationConfiguration` of `AWS::S3::Bucket`, which is also what `get-bucket-notification-configuration` prints."""
    configuration = resource.properties.get("NotificationConfiguration")
    if configuration is None:
        return
    bucket = resource.properties.text("BucketName") or stack.named(resource.properties, resource.logical)
    notifications(stack, configuration, bucket, resource.title)


def custom_resource(stack: Stack, resource: Resource) -> None:
    """`Custom::S3BucketNotifications`: how CDK notifies functions."""
    view = resource.properties
    bucket = stack.referred(view.get("BucketName"), "AWS::S3::Bucket")
    name, configuration = view.text("BucketName"), view.get("NotificationConfiguration")
    if name is not None and configuration is not None:
        notifications(stack, configuration, name, bucket.title if bucket is not None else name)


def notifications(stack: Stack, view: View, bucket: str, name: str) -> None:
    """All of a bucket's notifications; those to queues, topics and EventBridge reach no function by themselves."""
    for key in ("LambdaConfigurations", "LambdaFunctionConfigurations"):
        listed = view.get(key)
        for each in listed.each() if listed is not None else ():
            function = stack.index.of(each.get("Function") or each.get("LambdaFunctionArn"))
            if function is not None:
                notification(stack, each, function, bucket, name, each.text("Id") or function.key)
    for key in _OTHERS:
        other = view.get(key)
        if other is not None:
            other.node.taken = True
            other.remark("it names no function: nothing to route")


def notification(stack: Stack, view: View, function: FunctionRef, bucket: str, trigger_name: str, name: str) -> None:
    """One notification, under the keys of CloudFormation (`Event`), SAM (`Events`) or the CLI (`Events`, `Filter.Key`)."""
    prefix, suffix = _key_filter(view.get("Filter"))
    settings: dict[str, Any] = {
        "events": view.texts("Events") or view.texts("Event"),
        "prefix": prefix,
        "suffix": suffix,
        "function": stack.plan.use(function),
    }
    trigger = stack.plan.trigger(
        "s3", (bucket,), trigger_name, Origin(view.place, view.owner.label), _trigger(trigger_name, bucket), "notifications"
    )
    if not trigger.comments:
        trigger.comments.append(_HINT)
    trigger.add(name, {key: value for key, value in settings.items() if value is not None}, view.origin)


def _trigger(name: str, bucket: str) -> dict[str, Any]:
    return {"invocation": "async", "source": {"http": f"/hooks/{kebab(name)}"}, "buckets": [bucket]}


def _key_filter(view: View | None) -> tuple[str | None, str | None]:
    """Prefix and suffix."""
    found: dict[str, str | None] = {"prefix": None, "suffix": None}
    rules = (view.get("S3Key", "Rules") or view.get("Key", "FilterRules")) if view is not None else None
    for rule in rules.each() if rules is not None else ():
        name, value = rule.literal("Name"), rule.text("Value")
        if name is not None and name.lower() in found:
            found[name.lower()] = value
        else:
            rule.refuse("a rule is about `prefix` or `suffix`")
    return found["prefix"], found["suffix"]
