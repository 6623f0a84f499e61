"""A dashboard for CloudWatch, as the body that CloudFormation puts there: one row of graphs for each trigger. No I/O."""

from collections.abc import Iterator
from typing import Any

from router.monitoring.catalogue import Pair, pairs, queues
from router.monitoring.figures import PERIOD
from router.settings import Config

_WIDTH, _HEIGHT = 8, 6
REGION = "${AWS::Region}"
"""Replaced by CloudFormation's `Fn::Sub`."""

_CALLS = (("Invocations", "Sum"), ("Errors", "Sum"), ("Throttles", "Sum"), ("SystemErrors", "Sum"))
_TIMES = (("Duration", "p50"), ("Duration", "p99"))
_EVENTS = (("AsyncEventsReceived", "Sum"), ("AsyncEventsDropped", "Sum"), ("AsyncEventAge", "Maximum"))
_POLLED = (("PolledEventCount", "Sum"), ("DeletedEventCount", "Sum"), ("FailedInvokeEventCount", "Sum"))

Line = tuple[str, str, dict[str, str]]
"""A metric, its statistic, and its dimensions."""


def body(config: Config, namespace: str) -> dict[str, Any]:
    """`{"widgets": […]}`."""
    rows = [*_rows(config)]
    return {
        "widgets": [
            {
                "type": "metric",
                "x": column * _WIDTH,
                "y": row * _HEIGHT,
                "width": _WIDTH,
                "height": _HEIGHT,
                "properties": {
                    "title": title,
                    "region": REGION,
                    "period": PERIOD,
                    "metrics": [_line(namespace, line) for line in lines],
                },
            }
            for row, graphs in enumerate(rows)
            for column, (title, lines) in enumerate(graphs)
        ]
    }


def _rows(config: Config) -> Iterator[list[tuple[str, list[Line]]]]:
    by_trigger: dict[str, list[Pair]] = {}
    for pair in pairs(config):
        by_trigger.setdefault(pair.trigger.name, []).append(pair)
    polled = {trigger.name for trigger, _ in queues(config)}
    for name, calls in by_trigger.items():
        graphs = [(f"{name}: calls", [*_lines(calls, _CALLS)])]
        if any(pair.runs for pair in calls):
            graphs.append((f"{name}: duration", [*_lines([pair for pair in calls if pair.runs], _TIMES)]))
        if any(pair.accepts for pair in calls):
            graphs.append((f"{name}: events", [*_lines(calls, _EVENTS)]))
        elif name in polled:
            graphs.append((f"{name}: messages", [(metric, stat, {"TriggerName": name}) for metric, stat in _POLLED]))
        yield graphs


def _lines(calls: list[Pair], wanted: tuple[tuple[str, str], ...]) -> Iterator[Line]:
    for pair in calls:
        for metric, stat in wanted:
            if metric in pair.metrics():
                yield metric, stat, {"FunctionName": pair.function.name, "TriggerName": pair.trigger.name}


def _line(namespace: str, line: Line) -> list[Any]:
    metric, stat, dimensions = line
    names = [part for pair in dimensions.items() for part in pair]
    label = " ".join(filter(None, (dimensions.get("FunctionName"), metric, stat if stat != "Sum" else "")))
    return [namespace, metric, *names, {"stat": stat, "label": label}]
