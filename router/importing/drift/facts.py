"""A configuration as a list of facts: one for each function and for each route, whatever triggers they are grouped in.

A fact carries the settings of its trigger, too, so that it means the same when a team splits or joins triggers. Only what a
template could say is in a fact; labels, listeners, health checks and the like are the configuration's own business.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.arn import parse_function_arn
from router.config.problem import Path
from router.importing.drift.texts import last_part

Settings = Mapping[str, Any]


@dataclass(slots=True)
class Fact:
    """`kind`: `function`, or the trigger's type. `title`: for people. `anchors`: what tells that two facts are about the same
    thing, the surest first. `values`: what may differ. `functions`: the names of values that refer to functions."""

    kind: str
    title: str
    path: Path
    anchors: tuple[tuple[Any, ...], ...]
    values: dict[str, Any]
    trigger: str = ""
    functions: tuple[str, ...] = field(default=("function",))


def facts(settings: Settings) -> list[Fact]:
    """Every fact of completed settings."""
    found = [_function(name, each) for name, each in (settings.get("functions") or {}).items()]
    for name, trigger in (settings.get("triggers") or {}).items():
        found += _TYPES[trigger["type"]](name, trigger)
    return found


def _function(name: str, settings: Settings) -> Fact:
    arn = parse_function_arn(settings["arn"] or "")
    local = settings["local"] or {}
    values: dict[str, Any] = {
        "arn": settings["arn"],
        "timeout": settings["timeout"],
        "max_concurrency": settings["max_concurrency"],
        **{f"local.{key}": local.get(key) for key in ("runtime", "handler", "code", "memory") if local},
        **{f"local.environment.{key}": value for key, value in (local.get("environment") or {}).items()},
    }
    anchors = (("key", name), *((("name", arn.name),) if arn is not None else ()), ("name", name))
    return Fact("function", f"function `{name}`", ("functions", name), anchors, values, functions=())


# --- triggers --------------------------------------------------------------------------------------------------------


def _target(route: Settings) -> dict[str, Any]:
    return {"function": route.get("function"), "weights": route.get("weights") or None}


def _api_gateway(name: str, trigger: Settings) -> Iterator[Fact]:
    shared = {
        key: trigger.get(key)
        for key in ("payload", "hosts", "base_path", "stage", "stage_variables", "timeout", "cors", "enabled")
    }
    shared["payload"] = shared["payload"] or ("2.0" if trigger["api"] == "http" else None)
    shared["binary_media_types"] = sorted(trigger.get("binary_media_types") or ())
    shared["stage_variables"] = shared["stage_variables"] or None
    for key, route in trigger["routes"].items():
        route = {"function": route} if isinstance(route, str) else route
        invocation = route.get("invocation") or trigger["invocation"][0]
        mode = route.get("response_transfer_mode") or trigger.get("response_transfer_mode") or "buffered"
        values = {**shared, "route": key, "invocation": invocation, "response_transfer_mode": mode, **_target(route)}
        shape = "/".join("{+}" if part.endswith("+}") else "{}" if part.startswith("{") else part for part in key.split("/"))
        yield Fact("api_gateway", f"route `{key}`", ("triggers", name, "routes", key), ((trigger["api"], shape),), values, name)


def _function_url(name: str, trigger: Settings) -> Iterator[Fact]:
    values = {key: trigger.get(key) for key in ("function", "weights", "cors", "hosts", "enabled", "invoke_mode")}
    function = str(trigger["function"]).partition(":")[0]
    yield Fact("function_url", f"`{name}`", ("triggers", name), ((name,), ("of", function)), values, name)


_CONDITIONS = ("host", "path", "methods", "headers", "query", "source_ip")
_ACTION = ("redirect", "status", "content_type", "body", "multi_value_headers")


def _alb(name: str, trigger: Settings) -> Iterator[Fact]:
    rules = list(trigger["rules"].items())
    if trigger.get("default") is not None:
        rules.append(("default", trigger["default"]))
    for key, rule in rules:
        conditions = {word: _listed(rule.get(word)) for word in _CONDITIONS if rule.get(word)}
        values = {
            **conditions,
            **_target(rule),
            **{word: rule.get(word) for word in _ACTION},
            "enabled": trigger["enabled"],
        }
        values["multi_value_headers"] = bool(rule.get("multi_value_headers") or trigger.get("multi_value_headers"))
        path = ("triggers", name, "default") if rule is trigger.get("default") else ("triggers", name, "rules", key)
        anchors = ((name, key), ("conditions", _text(conditions)), ("key", key))
        yield Fact("alb", f"rule `{key}`", path, anchors, values, name)


def _cognito(name: str, trigger: Settings) -> Iterator[Fact]:
    for key, operation in trigger["operations"].items():
        if operation is not None:
            values = {"user_pool": trigger["user_pool"], "version": operation.get("version"), "enabled": trigger["enabled"]}
            path = ("triggers", name, "operations", key)
            yield Fact("cognito", f"operation `{key}`", path, ((key,),), {**values, **_target(operation)}, name)


def _edge(name: str, trigger: Settings) -> Iterator[Fact]:
    stages = ("viewer_request", "origin_request", "origin_response", "viewer_response")
    for key, behavior in trigger["behaviors"].items():
        values: dict[str, Any] = {"origin": behavior["origin"], "hosts": trigger.get("hosts"), "enabled": trigger["enabled"]}
        for stage in stages:
            each = behavior.get(stage) or {}
            values[stage] = each.get("function")
            values[f"{stage}.include_body"] = bool(each.get("include_body"))
        path = ("triggers", name, "behaviors", key)
        yield Fact("lambda_edge", f"behavior `{key}`", path, (("/" + key.lstrip("/"),),), values, name, stages)


def _step_functions(name: str, trigger: Settings) -> Iterator[Fact]:
    values = {key: trigger.get(key) for key in ("activity", "heartbeat", "function", "weights", "enabled")}
    anchors = ((last_part(trigger.get("activity")) or trigger.get("path"),), ("name", name))
    yield Fact("step_functions", f"worker `{name}`", ("triggers", name), anchors, values, name)


def _lambda_api(name: str, trigger: Settings) -> Iterator[Fact]:
    for function in _listed(trigger["functions"]):
        title = f"function `{function}` of the Invoke API"
        values = {"invocation": sorted(trigger["invocation"]), "enabled": trigger["enabled"], "function": function}
        anchors = (("function", function), ("everything",)) if function != "all" else (("everything",),)
        yield Fact("lambda_api", title, ("triggers", name), anchors, values, name)


_OF_A_QUEUE = ("batch_size", "batching_window", "report_batch_item_failures", "max_concurrency", "enabled")


def _sqs(name: str, trigger: Settings) -> Iterator[Fact]:
    values = {"queue": trigger["queue"], **_target(trigger), **{key: trigger.get(key) for key in _OF_A_QUEUE}}
    values["filters"] = sorted(trigger.get("filters") or (), key=_text)
    function = str(trigger["function"]).partition(":")[0]
    anchors = (("queue", last_part(trigger["queue"])), ("name", name), ("of", function))
    yield Fact("sqs", f"queue of `{name}`", ("triggers", name), anchors, values, name)


def _sns(name: str, trigger: Settings) -> Iterator[Fact]:
    for key, subscription in trigger["subscriptions"].items():
        for topic in trigger["topics"]:
            policy = subscription.get("filter_policy")
            scope = (subscription.get("filter_policy_scope") or "MessageAttributes") if policy else None
            values = {"topic": topic, "filter_policy": policy, "filter_policy_scope": scope, "enabled": trigger["enabled"]}
            path = ("triggers", name, "subscriptions", key)
            function = str(subscription["function"]).partition(":")[0]
            anchors = ((last_part(topic), key), (last_part(topic), "of", function), ("key", key, function))
            yield Fact("sns", f"subscription `{key}` of `{topic}`", path, anchors, {**values, **_target(subscription)}, name)


def _eventbridge(name: str, trigger: Settings) -> Iterator[Fact]:
    bus = str(trigger.get("bus") or "default").rpartition("event-bus/")[2]
    inputs = ("input", "input_path", "input_transformer")
    for key, rule in trigger["rules"].items():
        targets = (
            {key: rule} if rule.get("targets") is None else {f"{key}/{each}": form for each, form in rule["targets"].items()}
        )
        for title, target in targets.items():
            values = {"bus": bus, "pattern": rule.get("pattern"), **{word: target.get(word) for word in inputs}}
            values |= {"enabled": trigger["enabled"], **_target(target)}
            function = str(target["function"]).partition(":")[0]
            anchors = ((bus, title), ("pattern", _text(rule.get("pattern")), function), ("rule", key, function))
            yield Fact(
                "eventbridge", f"rule `{title}` of the bus `{bus}`", ("triggers", name, "rules", key), anchors, values, name
            )


def _schedule(name: str, trigger: Settings) -> Iterator[Fact]:
    for key, schedule in trigger["schedules"].items():
        zoned = not str(schedule["expression"]).startswith("rate(")
        values = {"expression": schedule["expression"], "input": schedule.get("input"), "enabled": trigger["enabled"]}
        values["timezone"] = trigger["timezone"] if zoned else "UTC"
        function = str(schedule["function"]).partition(":")[0]
        anchors = (("name", key), ("when", schedule["expression"], function))
        path = ("triggers", name, "schedules", key)
        yield Fact("schedule", f"`{key}`", path, anchors, {**values, **_target(schedule)}, name)


def _s3(name: str, trigger: Settings) -> Iterator[Fact]:
    for key, notification in trigger["notifications"].items():
        for bucket in trigger.get("buckets") or [None]:
            values = {"bucket": bucket, "events": sorted(notification["events"]), "enabled": trigger["enabled"]}
            values |= {word: notification.get(word) or "" for word in ("prefix", "suffix")}
            function = str(notification["function"]).partition(":")[0]
            path = ("triggers", name, "notifications", key)
            anchors = ((name, key), ("of", function, _text(values["events"])), ("key", key), ("of", function))
            shown = f"notification `{key}`" + (f" of `{bucket}`" if bucket else "")
            yield Fact("s3", shown, path, anchors, {**values, **_target(notification)}, name)


_TYPES: Mapping[str, Callable[[str, Settings], Iterator[Fact]]] = {
    "alb": _alb,
    "api_gateway": _api_gateway,
    "cognito": _cognito,
    "eventbridge": _eventbridge,
    "function_url": _function_url,
    "lambda_api": _lambda_api,
    "lambda_edge": _edge,
    "s3": _s3,
    "schedule": _schedule,
    "sns": _sns,
    "sqs": _sqs,
    "step_functions": _step_functions,
}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
