"""Load balancers: listeners with their rules, and target groups with a function.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-listenerrule.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from router.importing.plan import FunctionRef, TriggerRecord
from router.importing.stack import Resource, Stack
from router.importing.view import View

_GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
_LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
_MULTI = "lambda.multi_value_headers.enabled"
_CONDITIONS = {"host-header": "host", "path-pattern": "path", "http-request-method": "methods", "source-ip": "source_ip"}
_CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "source-ip": "SourceIpConfig",
}
_REDIRECT = {"Protocol": "protocol", "Host": "host", "Port": "port", "Path": "path", "Query": "query"}
_HEALTH = {
    "HealthCheckPath": "path",
    "HealthCheckIntervalSeconds": "interval",
    "HealthCheckTimeoutSeconds": "timeout",
    "HealthyThresholdCount": "healthy_threshold",
    "UnhealthyThresholdCount": "unhealthy_threshold",
}


@dataclass(slots=True, frozen=True)
class Group:
    """A target group with a function. `multi_value_headers`: its attribute."""

    function: FunctionRef
    multi_value_headers: bool
    health: dict[str, Any] | None = None


def balancers(stack: Stack) -> None:
    """Every listener that leads to a function, with its rules by priority."""
    groups = {resource.logical: group for resource in stack.of(_GROUP) if (group := _group(stack, resource)) is not None}
    listeners: dict[str, TriggerRecord] = {}
    for resource in stack.of(_LISTENER):
        listeners[resource.logical] = _listener(stack, resource, groups)
    rules = list(stack.of("AWS::ElasticLoadBalancingV2::ListenerRule"))
    for resource in sorted(rules, key=_priority):
        trigger = _trigger_of(stack, resource, listeners)
        rule(stack, resource.properties, trigger, resource.title, groups)
    for key, trigger in list(stack.plan.triggers.items()):
        if trigger.type == "alb" and not _leads_to_function(trigger):
            del stack.plan.triggers[key]
            stack.plan.notes.remark(trigger.origin.place, trigger.origin.label, "", "it leads to no function: nothing to route")


def _leads_to_function(trigger: TriggerRecord) -> bool:
    actions = [entry.settings for entry in trigger.entries.values()] + [trigger.settings.get("default") or {}]
    return any("function" in action for action in actions)


def _priority(resource: Resource) -> float:
    number = resource.properties.number("Priority")
    return float(number) if isinstance(number, int | float) else float("inf")


def _group(stack: Stack, resource: Resource) -> Group | None:
    view = resource.properties
    if view.literal("TargetType") != "lambda":
        view.node.taken = True
        view.remark("its targets are no functions: nothing to route")
        return None
    targets = view.get("Targets")
    function = None
    for each in targets.each() if targets is not None else ():
        function = stack.index.of(each.get("Id"))
    if function is None:
        view.refuse("no function is its target")
        return None
    attributes = view.get("TargetGroupAttributes")
    multi = False
    for each in attributes.each() if attributes is not None else ():
        if each.literal("Key") == _MULTI:
            multi = each.flag("Value") or False
    return Group(function, multi, _health(view))


def _health(view: View) -> dict[str, Any] | None:
    if not view.flag("HealthCheckEnabled"):
        for key in (*_HEALTH, "Matcher", "HealthCheckProtocol", "HealthCheckPort"):
            view.take(key)
        return None
    found: dict[str, Any] = {}
    for key, name in _HEALTH.items():
        timed = name in ("interval", "timeout")
        value = view.seconds(key) if timed else view.number(key) if name.endswith("threshold") else view.text(key)
        if value is not None:
            found[name] = value
    matcher = view.text("Matcher", "HttpCode")
    if matcher is not None:
        found["matcher"] = matcher
    return found or {"path": "/"}


def _listener(stack: Stack, resource: Resource, groups: dict[str, Group]) -> TriggerRecord:
    view = resource.properties
    trigger = _new(stack, str(view.place), resource.title, view)
    action = _action(stack, view.get("DefaultActions"), groups, trigger)
    if action is not None:
        trigger.settings["default"] = action
    return trigger


def _new(stack: Stack, ident: str, name: str, view: View) -> TriggerRecord:
    settings = {"invocation": "sync", "auth": "none"}
    trigger = stack.plan.trigger("alb", (ident,), name, view.origin, settings, "rules")
    trigger.base_path = "/"
    return trigger


def _trigger_of(stack: Stack, resource: Resource, listeners: dict[str, TriggerRecord]) -> TriggerRecord:
    """The trigger of a rule's listener; one of its own for a listener that stands elsewhere."""
    listener = stack.referred(resource.properties.get("ListenerArn"), _LISTENER)
    if listener is not None and listener.logical in listeners:
        return listeners[listener.logical]
    resource.properties.take("ListenerArn")
    return _new(stack, "", "balancer", resource.properties)


def rule(stack: Stack, view: View, trigger: TriggerRecord, name: str, groups: dict[str, Group]) -> None:
    """One rule of a listener."""
    conditions = view.get("Conditions")
    settings: dict[str, Any] = {}
    complete = True
    for each in conditions.each() if conditions is not None else ():
        complete = _condition(each, settings) and complete
    action = _action(stack, view.get("Actions"), groups, trigger)
    if not complete:
        view.refuse("the rule is left out: without the condition that is not carried over it would take more requests")
    elif action is not None:
        trigger.add(name, {**settings, **action}, view.origin)


_SHORT = {"host": "host", "path": "path", "method": "methods", "ip": "source_ip"}


def of_conditions(stack: Stack, view: View, conditions: View | None, group: Group, name: str, priority: Any) -> None:
    """A rule as serverless.yml writes it, on the one balancer that its rules stand on."""
    trigger = _new(stack, "", "balancer", view)
    settings: dict[str, Any] = {}
    for key, each in conditions.items() if conditions is not None else ():
        if key in _SHORT:
            settings[_SHORT[key]] = [text for item in each.each() if (text := item.text()) is not None]
        elif key == "header":
            settings["headers"] = {item.text("name") or "?": item.texts("values") for item in each.each()}
        elif key == "query":
            settings["query"] = {word: value.text() for word, value in each.items()}
        else:
            each.refuse("rules of the router have no such condition")
            view.refuse("the rule is left out: without the condition that is not carried over it would take more requests")
            return
    settings["function"] = stack.plan.use(group.function)
    if group.multi_value_headers:
        settings["multi_value_headers"] = True
    trigger.add(name, settings, view.origin)
    trigger.priorities[next(reversed(trigger.entries))] = float(priority) if isinstance(priority, int | float) else float("inf")
    ordered = sorted(trigger.entries, key=lambda each: trigger.priorities.get(each, float("inf")))
    trigger.entries = {each: trigger.entries[each] for each in ordered}


def _condition(view: View, settings: dict[str, Any]) -> bool:
    """Adds one condition; whether it could be carried over."""
    field = view.literal("Field")
    if field in _CONDITIONS:
        values = view.texts("Values") or view.texts(_CONFIGS[field], "Values")
        patterns = view.get(_CONFIGS[field], "RegexValues") or view.get("RegexValues")
        if patterns is not None or not values:
            (patterns or view).refuse("rules of the router have no regular expressions")
            return False
        settings.setdefault(_CONDITIONS[field], []).extend(values)
        return True
    if field == "http-header":
        name = view.text("HttpHeaderConfig", "HttpHeaderName")
        settings.setdefault("headers", {})[name or "?"] = view.texts("HttpHeaderConfig", "Values")
        return name is not None
    if field == "query-string":
        return _query(view.get("QueryStringConfig", "Values"), settings)
    view.refuse(f"rules of the router have no condition `{field}`")
    return False


def _query(values: View | None, settings: dict[str, Any]) -> bool:
    for each in values.each() if values is not None else ():
        key, value = each.text("Key"), each.text("Value")
        if key is None:
            each.refuse("a condition of the router is about a parameter with a name")
            return False
        settings.setdefault("query", {}).setdefault(key, []).append(value or "")
    return True


# --- actions ---------------------------------------------------------------------------------------------------------


def _action(stack: Stack, view: View | None, groups: dict[str, Group], trigger: TriggerRecord) -> dict[str, Any] | None:
    """The last action; those before it authenticate."""
    found = None
    for each in view.each() if view is not None else ():
        each.take("Order")
        kind = each.literal("Type")
        if kind == "forward":
            found = _forward(stack, each, groups, trigger)
        elif kind == "redirect":
            found = _redirect(each.get("RedirectConfig"))
        elif kind == "fixed-response":
            found = _fixed(each.get("FixedResponseConfig"))
        else:
            each.refuse(f"the action `{kind}` is not built: everybody who reaches the listener passes")
    return found


def _redirect(view: View | None) -> dict[str, Any] | None:
    if view is None:
        return None
    found: dict[str, Any] = {name: value for key, name in _REDIRECT.items() if (value := view.text(key)) is not None}
    status = re.sub(r"\D", "", view.literal("StatusCode") or "")
    if status == "302":
        found["status"] = 302
    return {"redirect": found}


def _fixed(view: View | None) -> dict[str, Any] | None:
    if view is None:
        return None
    found = {"status": view.number("StatusCode"), "content_type": view.text("ContentType"), "body": view.text("MessageBody")}
    if found["body"] is None:
        found["content_type"] = None
    return {key: value for key, value in found.items() if value is not None}


def _forward(stack: Stack, view: View, groups: dict[str, Group], trigger: TriggerRecord) -> dict[str, Any] | None:
    named = list(_weighted(stack, view))
    known = [(groups[logical], weight) for logical, weight in named if logical in groups]
    if not known or len(known) < len(named):
        view.refuse("a target group of this action has no function of this template")
        return None
    if len({group.function.key for group, _ in known}) > 1:
        view.refuse("`weights` split between versions of one function, not between functions")
        return None
    first = known[0][0]
    if first.health is not None and "health_check" not in trigger.settings:
        trigger.settings["health_check"] = first.health
    found: dict[str, Any] = {"function": stack.plan.use(first.function)}
    weights = {group.function.qualifier: weight for group, weight in known}
    if len(known) > 1 and None not in weights:
        found = {"function": stack.plan.use(FunctionRef(first.function.key)), "weights": weights}
    if first.multi_value_headers:
        found["multi_value_headers"] = True
    return found


def _weighted(stack: Stack, view: View) -> Iterator[tuple[str, Any]]:
    """Logical ids of target groups with their weights."""
    config = view.get("ForwardConfig")
    listed = config.get("TargetGroups") if config is not None else None
    if listed is None:
        group = stack.referred(view.get("TargetGroupArn"), _GROUP)
        yield (group.logical if group is not None else "?"), 1
        return
    view.take("TargetGroupArn")
    for each in listed.each():
        group = stack.referred(each.get("TargetGroupArn"), _GROUP)
        weight = each.number("Weight")
        yield (group.logical if group is not None else "?"), 1 if weight is None else weight
