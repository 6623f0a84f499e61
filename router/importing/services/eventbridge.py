"""Rules of event buses, and their scheduled form.

The router is the bus for what applications send. Events of AWS's own services (`aws.…`) only a bus in AWS has, so that rules
about those become a trigger that such a bus sends to.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
"""

from typing import Any

from router.importing.naming import free, kebab, key_name
from router.importing.plan import FunctionRef
from router.importing.services import schedules
from router.importing.stack import Resource, Stack
from router.importing.view import View

_HINT = "events of AWS services: a rule of the bus in AWS sends them here, by an API destination"


def rule_resource(stack: Stack, resource: Resource) -> None:
    """`AWS::Events::Rule`, and `list-rules` together with `list-targets-by-rule`."""
    view = resource.properties
    name = view.text("Name") or resource.title
    targets = view.get("Targets")
    wanted: list[tuple[View, FunctionRef]] = []
    for target in targets.each() if targets is not None else ():
        if stack.index.is_function(target.get("Arn")):
            function = stack.index.of(target.get("Arn"))
            if function is not None:
                wanted.append((target, function))
        else:
            target.node.taken = True
            target.remark("this target is no function: nothing to route")
    if not wanted:
        view.node.taken = True
        view.remark("none of its targets is a function: nothing to route")
        return
    rule(stack, view, wanted, name if "$" not in name else resource.title)


def rule(stack: Stack, view: View, targets: list[tuple[View, FunctionRef]], name: str) -> None:
    """One rule with its functions; each target's view holds its input."""
    enabled = view.literal("State") not in ("DISABLED", "Disabled") and view.flag("Enabled") is not False
    pattern = view.get("EventPattern") or view.get("Pattern")
    expression = view.get("ScheduleExpression") or view.get("Schedule")
    if expression is not None:
        view.take("EventBusName")  # schedules are rules of the default bus alone
        for target, function in targets:
            title = name if len(targets) == 1 else f"{name}-{target.text('Id') or function.key}"
            schedules.of_rule(stack, view, target, function, title, enabled=enabled)
    if pattern is not None:
        document = pattern.document()
        if isinstance(document, dict):
            _of_pattern(stack, view, targets, name, document, enabled=enabled)
        elif document is not None:
            pattern.refuse("an event pattern is a JSON object")


def _of_pattern(
    stack: Stack, view: View, targets: list[tuple[View, FunctionRef]], name: str, pattern: dict[str, Any], *, enabled: bool
) -> None:
    bus = bus_name(stack, view.get("EventBusName"))
    received = _is_of_aws(pattern)
    title = "events" if bus == "default" else kebab(bus) if "$" in bus else bus.rpartition("/")[2]
    title += "-aws" if received else ""
    settings: dict[str, Any] = {"invocation": "async", "enabled": None if enabled else False}
    if bus != "default":
        settings["bus"] = bus
    if received:
        settings["source"] = {"http": f"/hooks/{kebab(title)}"}
    settings = {key: value for key, value in settings.items() if value is not None}
    shown = title if enabled else f"{title}-disabled"
    trigger = stack.plan.trigger("eventbridge", (bus, received, enabled), shown, view.origin, settings, "rules")
    if received and not trigger.comments:
        trigger.comments.append(_HINT)
    trigger.add(name, {"pattern": pattern, **_targets(stack, targets)}, view.origin)


def _targets(stack: Stack, targets: list[tuple[View, FunctionRef]]) -> dict[str, Any]:
    forms = [({"function": stack.plan.use(function), **_input(target)}, target, function) for target, function in targets]
    if len(forms) == 1:
        return forms[0][0]
    named: dict[str, Any] = {}
    for form, target, function in forms:
        named[free(key_name(target.text("Id") or function.key), named)] = form
    return {"targets": named}


def _input(target: View) -> dict[str, Any]:
    """What the function gets instead of the event."""
    if target.get("Input") is not None:
        document = target.document("Input")
        return {} if document is None else {"input": document}
    path = target.text("InputPath")
    if path is not None:
        return {} if path == "$" else {"input_path": path}
    transformer = target.get("InputTransformer")
    if transformer is None:
        return {}
    template = transformer.text("InputTemplate")
    if template is None:
        return {}
    paths = transformer.plain("InputPathsMap")
    made: dict[str, Any] = {"paths": paths} if paths else {}
    return {"input_transformer": {**made, "template": template.strip()}}


def bus_name(stack: Stack, view: View | None) -> str:
    """The bus as the configuration names it: its name, or a full ARN."""
    if view is None:
        return "default"
    text = view.text() or "default"
    resource = stack.referred(view, "AWS::Events::EventBus")
    if resource is not None or "${AWS_" in text:
        return text.rpartition("event-bus/")[2]
    return "default" if text.endswith(":event-bus/default") else text


def _is_of_aws(pattern: dict[str, Any]) -> bool:
    """Whether every source that the pattern takes is one of AWS's own services."""
    sources = pattern.get("source")
    if not isinstance(sources, list) or not sources:
        return False
    return all(_begins(source).startswith("aws.") for source in sources)


def _begins(source: Any) -> str:
    if isinstance(source, dict):
        prefix = source.get("prefix")
        return prefix if isinstance(prefix, str) else ""
    return source if isinstance(source, str) else ""
