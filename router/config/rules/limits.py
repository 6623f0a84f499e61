"""Rules for AWS's own numbers, where the router has none or larger ones: quotas that AWS raises, and limits that it does not.

All of this works here; who moves it to AWS, or came from there, is told. Sources: semantics/sync.md §3.7, §4.7, §8.4, §10.1,
semantics/async.md §B.1, §C.8, §D.2, and https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html for the dates.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from router import jsontext
from router.config.problem import Path
from router.config.rules.context import Context
from router.config.units import duration_text, size_text

MIB = 1024 * 1024

Settings = Mapping[str, Any]
Excess = tuple[Path, str, int, int]
"""A path below the trigger, what is counted, how many there are, and how many AWS has."""


def _api(trigger: Settings) -> Iterator[Excess]:
    if trigger["api"] == "http":
        yield ("routes",), "routes of an HTTP API", len(trigger["routes"]), 300
    else:
        yield ("routes",), "resources of a REST API", len(_resources(trigger["routes"])), 300


def _resources(routes: Settings) -> set[tuple[str, ...]]:
    """Every place in the tree of a REST API's paths; the root is none."""
    found: set[tuple[str, ...]] = set()
    for text in routes:
        parts = tuple(part for part in text.partition(" ")[2].split("/") if part)
        while parts and parts not in found:
            found.add(parts)
            parts = parts[:-1]
    return found


def _balancer(trigger: Settings) -> Iterator[Excess]:
    yield ("rules",), "rules of a load balancer", len(trigger["rules"]), 100


def _bus(trigger: Settings) -> Iterator[Excess]:
    for name, rule in trigger["rules"].items():
        yield ("rules", name, "targets"), "targets of a rule", len(rule.get("targets") or ()), 5
        if rule.get("pattern") is not None:
            yield ("rules", name, "pattern"), "characters of a pattern", _length(rule["pattern"]), 2048


def _length(pattern: Any) -> int:
    try:
        return len(jsontext.dumps(pattern).decode("utf-8", "replace"))
    except (TypeError, ValueError):
        return 0


def _topic(trigger: Settings) -> Iterator[Excess]:
    policies = sum(each.get("filter_policy") is not None for each in trigger["subscriptions"].values())
    yield ("subscriptions",), "filter policies of a topic", policies, 200


def _queue(trigger: Settings) -> Iterator[Excess]:
    yield ("filters",), "filters of an event source mapping", len(trigger["filters"]), 5


_COUNTS: Mapping[str, Callable[[Settings], Iterator[Excess]]] = {
    "api_gateway": _api,
    "alb": _balancer,
    "eventbridge": _bus,
    "sns": _topic,
    "sqs": _queue,
}


def quotas(context: Context) -> None:
    """What AWS has by default; it raises these on request."""
    for name, trigger, kind in context.decided_triggers():
        for path, what, number, quota in _COUNTS[kind.name](trigger) if kind.name in _COUNTS else ():
            if number > quota:
                _report_quota(context, ("triggers", name, *path), f"{number} {what}", f"AWS has {quota} by default")
        if kind.name == "api_gateway" and trigger["api"] == "rest" and (trigger.get("timeout") or 0) > 29:
            where: Path = ("triggers", name, "timeout")
            if context.is_known(where):
                what = f"a REST API that waits for {duration_text(trigger['timeout'])}"
                _report_quota(context, where, what, "AWS has 29s by default", on="value")
    for bus, names in _buses(context).items():
        number = sum(len(context.triggers[name]["rules"]) for name in names)
        if number > 300:
            where = ("triggers", names[-1], "rules")
            _report_quota(context, where, f"{number} rules of the bus `{bus}`", "AWS has 300 by default")


def _report_quota(context: Context, path: Path, what: str, quota: str, on: str = "key") -> None:
    help_text = "ask AWS for more before you move this there"
    message = f"{what}: this works here, {quota}"
    context.reporter.report(path, "aws-quota", message, help=help_text, on=on, severity="info")


def _buses(context: Context) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, trigger, kind in context.decided_triggers():
        if kind.name == "eventbridge":
            found[str(trigger.get("bus") or "default")].append(name)
    return found


# --- what AWS does not have at all -----------------------------------------------------------------------------------

_CONDITION_VALUES = 5
_CONDITIONS = ("host", "path", "methods", "headers", "query", "source_ip")


def beyond(context: Context) -> None:
    """Settings of front doors that AWS has no such value for."""
    for name, trigger, kind in context.decided_triggers():
        path: Path = ("triggers", name)
        if kind.name == "alb":
            for rule, settings in trigger["rules"].items():
                values = sum(_values(settings.get(condition)) for condition in _CONDITIONS)
                if values > _CONDITION_VALUES:
                    message = f"{values} values in the conditions of one rule; AWS takes {_CONDITION_VALUES}"
                    _report_beyond(context, (*path, "rules", rule), message, "key")
        elif kind.name == "cognito" and trigger["timeout"] > 5 and context.is_known((*path, "timeout")):
            _report_beyond(context, (*path, "timeout"), "AWS waits for 5s, always", "value")


def _values(condition: Any) -> int:
    if isinstance(condition, Mapping):
        return sum(map(len, condition.values()))
    return len(condition or ())


def _report_beyond(context: Context, path: Path, message: str, on: str) -> None:
    context.reporter.report(path, "beyond-aws", message, help="this works here, and not in AWS", on=on, severity="info")


def local_functions(context: Context) -> None:
    """Figures of functions that run here alone, and that Lambda would not take."""
    for name, function in context.functions.items():
        local, timeout = function["local"], function["timeout"]
        if local is None or function["arn"] is not None:
            continue
        path: Path = ("functions", name)
        if not 128 * MIB <= local["memory"] <= 10_240 * MIB and context.is_known((*path, "local", "memory")):
            message = f"{size_text(local['memory'])} of memory; Lambda has 128MiB to 10240MiB"
            _report_beyond(context, (*path, "local", "memory"), message, "value")
        if timeout is not None and not float(timeout).is_integer() and context.is_known((*path, "timeout")):
            _report_beyond(context, (*path, "timeout"), "Lambda counts a timeout in whole seconds", "value")


# --- runtimes --------------------------------------------------------------------------------------------------------

DEPRECATED: Mapping[str, str] = {
    "python3.6": "2022-07-18",
    "python3.7": "2023-12-04",
    "python3.8": "2024-10-14",
    "python3.9": "2025-12-15",
    "python3.10": "2026-10-31",
    "python3.11": "2027-06-30",
    "python3.12": "2028-10-31",
    "python3.13": "2029-06-30",
    "python3.14": "2029-06-30",
    "nodejs12.x": "2023-03-31",
    "nodejs14.x": "2023-12-04",
    "nodejs16.x": "2024-06-12",
    "nodejs18.x": "2025-09-01",
    "nodejs20.x": "2026-04-30",
    "nodejs22.x": "2027-04-30",
    "nodejs24.x": "2028-04-30",
}
"""When AWS deprecates its runtimes, by its page of 2026; a new one is a line here."""


def runtimes(context: Context) -> None:
    """A runtime that AWS has deprecated: no more security patches, and soon no more updates of the function."""
    if context.now is None:
        return
    for name, function in context.functions.items():
        runtime = (function["local"] or {}).get("runtime")
        date = DEPRECATED.get(str(runtime))
        if date is not None and context.now >= datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp():
            message = f"AWS has deprecated the runtime `{runtime}` on {date}"
            path: Path = ("functions", name, "local", "runtime")
            context.reporter.report(path, "deprecated-runtime", message, help="move to a newer one", severity="info")
