"""Alarms for CloudWatch, as CloudFormation resources: semantics/async.md §F.8. No I/O.

Each looks at the figures of one trigger and one function; what has no data is no alarm, but for the router's own heartbeat.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.functions import DestinationAddress
from router.monitoring.catalogue import Pair, pairs, queues
from router.monitoring.figures import PERIOD
from router.settings import Config

ERROR_PERCENT = 5
FEWEST_INVOCATIONS = 10
SLOW = 0.8
"""Share of a function's timeout."""
HAND_OVER_BACKLOG = 60_000
"""Milliseconds after which an event should have been handed over."""

Resource = dict[str, Any]


@dataclass(slots=True, frozen=True)
class _Rule:
    """`of`, `within`: so many periods of so many. `stat` of one `metric`, or an `expression` over `inputs` (id to metric)."""

    title: str
    why: str
    threshold: float
    of: int
    within: int
    metric: str = ""
    stat: str = "Sum"
    expression: str = ""
    inputs: tuple[tuple[str, str], ...] = ()


def alarms(config: Config, namespace: str) -> dict[str, Resource]:
    """Every alarm under its logical id."""
    made: dict[str, Resource] = {"RouterSilent": _heartbeat(namespace)}
    for pair in pairs(config):
        dimensions = {"FunctionName": pair.function.name, "TriggerName": pair.trigger.name}
        for rule in _rules(pair):
            about = f"{pair.trigger.name} {pair.function.name}"
            made[_logical_id(f"{about} {rule.title}", made)] = _alarm(rule, about, namespace, dimensions)
    for trigger, source in queues(config):
        name = re.split("[:/]", source.queue)[-1]
        alarm = _alarm(_QUEUE_STUCK, trigger.name, "AWS/SQS", {"QueueName": name})
        alarm["Properties"]["Threshold"] = {"Ref": "QueueAgeSeconds"}
        made[_logical_id(f"{trigger.name} {_QUEUE_STUCK.title}", made)] = alarm
    for name in _dead_letter_queues(config):
        alarm = _alarm(_DEAD_LETTERS, name, "AWS/SQS", {"QueueName": name})
        made[_logical_id(f"{name} {_DEAD_LETTERS.title}", made)] = alarm
    return made


def _rules(pair: Pair) -> Iterator[_Rule]:
    if pair.runs:
        yield _ERROR_RATE
        slow = pair.function.timeout * 1000 * SLOW
        yield _Rule("Slow", "takes most of its timeout", slow, 3, 5, "Duration", "p99")
    yield _THROTTLES
    if pair.accepts:
        yield _LOST
        yield _LOOP
        backlog = HAND_OVER_BACKLOG if pair.delegated else pair.policy.max_event_age * 1000 / 3
        yield _Rule("Backlog", "events wait for long", backlog, 3, 5, "AsyncEventAge", "Maximum")
    if "DeadLetterErrors" in pair.metrics():
        yield _SENDS


_ERROR_RATE = _Rule(
    *("ErrorRate", f"more than {ERROR_PERCENT} % of the invocations fail", ERROR_PERCENT, 2, 3),
    expression=f"IF(invocations >= {FEWEST_INVOCATIONS}, 100 * errors / invocations, 0)",
    inputs=(("errors", "Errors"), ("invocations", "Invocations")),
)
_THROTTLES = _Rule("Throttled", "calls are throttled", 0, 3, 5, "Throttles")
_LOST = _Rule("GivenUp", "events were given up", 0, 1, 1, "AsyncEventsDropped")
_LOOP = _Rule("Loop", "events run in a circle", 0, 1, 1, "RecursiveInvocationsDropped")
_SENDS = _Rule(
    *("SendsFail", "a destination or dead-letter queue does not take records", 0, 1, 1),
    expression="FILL(letters, 0) + FILL(records, 0)",
    inputs=(("letters", "DeadLetterErrors"), ("records", "DestinationDeliveryFailures")),
)
_QUEUE_STUCK = _Rule("QueueStuck", "messages are not worked on", 0, 3, 5, "ApproximateAgeOfOldestMessage", "Maximum")
_DEAD_LETTERS = _Rule("Filling", "dead letters arrived", 0, 1, 1, "ApproximateNumberOfMessagesVisible", "Maximum")


def _heartbeat(namespace: str) -> Resource:
    rule = _Rule("RouterSilent", "no router tells that it lives", 1, 3, 3, "Heartbeat")
    alarm = _alarm(rule, "lambda-router", namespace, {})
    alarm["Properties"] |= {"ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching"}
    return alarm


def _alarm(rule: _Rule, about: str, namespace: str, dimensions: Mapping[str, str]) -> Resource:
    where = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    properties = {
        "AlarmDescription": f"{about}: {rule.why}.",
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": rule.threshold,
        "DatapointsToAlarm": rule.of,
        "EvaluationPeriods": rule.within,
        "TreatMissingData": "notBreaching",
        "AlarmActions": {"Ref": "AlarmActions"},
        "OKActions": {"Ref": "AlarmActions"},
    }
    if rule.expression:
        properties["Metrics"] = [*_inputs(rule, namespace, where), {"Id": "result", "Expression": rule.expression}]
    else:
        statistic = "ExtendedStatistic" if rule.stat.startswith("p") else "Statistic"
        properties |= {"Namespace": namespace, "MetricName": rule.metric, "Dimensions": where, statistic: rule.stat}
        properties["Period"] = PERIOD
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def _inputs(rule: _Rule, namespace: str, where: Sequence[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    for id, name in rule.inputs:
        metric = {"Namespace": namespace, "MetricName": name, "Dimensions": [*where]}
        yield {"Id": id, "ReturnData": False, "MetricStat": {"Metric": metric, "Period": PERIOD, "Stat": rule.stat}}


def _dead_letter_queues(config: Config) -> list[str]:
    """The names of queues where failures are told, each once."""
    told: list[DestinationAddress | None] = []
    for pair in pairs(config):
        if pair.accepts and not pair.delegated:
            told += [pair.policy.on_failure, pair.policy.dead_letter]
    return list(dict.fromkeys(address.name for address in told if address is not None and address.service == "sqs"))


def _logical_id(text: str, taken: Mapping[str, object]) -> str:
    """Letters and digits, as CloudFormation wants them; a number where two names differ in nothing else."""
    base = "".join(word[:1].upper() + word[1:] for word in re.findall("[A-Za-z0-9]+", text))[:240]
    names = (base, *(f"{base}{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
