"""Functions that the clock invokes: scheduled rules of EventBridge, and schedules of EventBridge Scheduler.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-scheduler-schedule.html
"""

from typing import Any

from router.importing.naming import kebab
from router.importing.plan import FunctionRef
from router.importing.stack import Resource, Stack
from router.importing.view import View
from router.patterns.schedules import ScheduleError, parse_schedule


def of_rule(stack: Stack, view: View, target: View, function: FunctionRef, name: str, *, enabled: bool) -> None:
    """A scheduled rule, of which a target's constant input is all that can be carried over."""
    expression = view.get("ScheduleExpression") or view.get("Schedule")
    for key in ("InputPath", "InputTransformer"):
        other = target.get(key)
        if other is not None:
            other.refuse("a schedule has a constant `input`, or EventBridge's scheduled event")
    _add(stack, view, expression, target, function, name, "UTC", enabled=enabled)


def schedule_resource(stack: Stack, resource: Resource) -> None:
    """`AWS::Scheduler::Schedule`, and what `get-schedule` prints."""
    view = resource.properties
    target = view.get("Target")
    if target is None or not stack.index.is_function(target.get("Arn")):
        view.node.taken = True
        view.remark("its target is no function: nothing to route")
        return
    function = stack.index.of(target.get("Arn"))
    if function is not None:
        name = view.text("Name") or resource.title
        of_scheduler(stack, view, target, function, name if "$" not in name else resource.title)


def of_scheduler(stack: Stack, view: View, target: View, function: FunctionRef, name: str) -> None:
    """A schedule of EventBridge Scheduler."""
    window = view.get("FlexibleTimeWindow")
    if window is not None and window.literal("Mode") not in ("OFF", None):
        window.refuse("the router fires at the planned time")
    for key in ("StartDate", "EndDate"):
        limit = view.get(key)
        if limit is not None:
            limit.refuse("schedules of the router have neither start nor end: remove the schedule when it is over")
    enabled = view.literal("State") != "DISABLED"
    zone = view.literal("ScheduleExpressionTimezone") or "UTC"
    _add(stack, view, view.get("ScheduleExpression"), target, function, name, zone, enabled=enabled)


def _add(
    stack: Stack,
    view: View,
    expression: View | None,
    target: View,
    function: FunctionRef,
    name: str,
    zone: str,
    *,
    enabled: bool,
) -> None:
    text = expression.literal() if expression is not None else None
    if expression is None or text is None:
        return
    try:
        has_zone = parse_schedule(text).has_zone
    except ScheduleError as error:
        expression.refuse(f"this is no schedule: {error.reason}")
        return
    zone = zone if has_zone else "UTC"
    settings: dict[str, Any] = {"expression": text, "function": stack.plan.use(function)}
    if target.get("Input") is not None:
        document = target.document("Input")
        if document is not None:
            settings["input"] = document
    title = "schedules" if zone == "UTC" else f"schedules-{kebab(zone)}"
    own: dict[str, Any] = {
        "invocation": "async",
        "enabled": None if enabled else False,
        "timezone": zone if zone != "UTC" else None,
    }
    own = {key: value for key, value in own.items() if value is not None}
    shown = title if enabled else f"{title}-disabled"
    trigger = stack.plan.trigger("schedule", (zone, enabled), shown, view.origin, own, "schedules")
    trigger.add(name, settings, view.origin)
