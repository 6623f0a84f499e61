"""Subscriptions of functions to topics, with their filter policies.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sns-subscription.html
"""

from typing import Any

from router.importing.naming import kebab
from router.importing.plan import FunctionRef
from router.importing.stack import Resource, Stack
from router.importing.view import View

_HINT = "SNS has to be told this address: `lambda-router connect` prints the subscription"


def topic_resource(stack: Stack, resource: Resource) -> None:
    """`Subscription` of `AWS::SNS::Topic`: endpoints written inside the topic."""
    inline = resource.properties.get("Subscription")
    if inline is None:
        return
    topic = stack.named(resource.properties, resource.logical)
    for each in inline.each():
        _subscribed(stack, each, topic, resource.title)


def subscription_resource(stack: Stack, resource: Resource) -> None:
    """`AWS::SNS::Subscription`, and what `list-subscriptions` prints."""
    topic = stack.referred(resource.properties.get("TopicArn"), "AWS::SNS::Topic")
    arn = resource.properties.text("TopicArn")
    if arn is not None:
        _subscribed(stack, resource.properties, arn, topic.title if topic else topic_name(arn))


def _subscribed(stack: Stack, view: View, topic: str, title: str) -> None:
    protocol = view.literal("Protocol")
    endpoint = view.get("Endpoint")
    if protocol != "lambda":
        view.node.taken = True
        view.remark(f"a subscription of the protocol `{protocol}` reaches no function by itself: nothing to route")
        return
    function = stack.index.of(endpoint)
    if function is not None:
        subscription(stack, view, function, topic, title, function.key)


def topic_name(arn: str) -> str:
    """The last part of a topic's ARN, fit for a trigger's name."""
    name = arn.rpartition(":")[2]
    return kebab(name) if "$" in name else name


def subscription(stack: Stack, view: View, function: FunctionRef, topic: str, trigger_name: str, name: str) -> None:
    """One subscription of a function."""
    policy = view.document("FilterPolicy")
    scope = view.literal("FilterPolicyScope")
    settings: dict[str, Any] = {"function": stack.plan.use(function)}
    if policy:
        settings["filter_policy"] = policy
        if scope is not None and scope != "MessageAttributes":
            settings["filter_policy_scope"] = scope
    defaults = {"invocation": "async", "source": {"http": f"/hooks/{kebab(trigger_name)}"}, "topics": [topic]}
    trigger = stack.plan.trigger("sns", (topic,), trigger_name, view.origin, defaults, "subscriptions")
    if not trigger.comments:
        trigger.comments.append(_HINT)
    trigger.add(name, settings, view.origin)
