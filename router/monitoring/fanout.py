"""Figures for several at once: Prometheus always, CloudWatch where it is declared."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter

from router.deliveries import Condition, Fate
from router.ports import DeliveryMetrics


class DeliveryFanout:
    """The port `DeliveryMetrics` over several."""

    def __init__(self, sinks: Sequence[DeliveryMetrics]) -> None:
        self._sinks = sinks

    def event_accepted(self, trigger: str, function: str) -> None:
        for sink in self._sinks:
            sink.event_accepted(trigger, function)

    def attempt_started(self, trigger: str, function: str, age: float) -> None:
        for sink in self._sinks:
            sink.attempt_started(trigger, function, age)

    def event_dropped(self, trigger: str, function: str, condition: Condition) -> None:
        for sink in self._sinks:
            sink.event_dropped(trigger, function, condition)

    def send_failed(self, trigger: str, function: str, destination: str) -> None:
        for sink in self._sinks:
            sink.send_failed(trigger, function, destination)

    def event_settled(self, trigger: str, function: str, fate: Fate) -> None:
        for sink in self._sinks:
            sink.event_settled(trigger, function, fate)


class PrometheusShipping:
    """Counts what went to CloudWatch and what was lost on the way."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._sent = Counter(
            "lambda_router_cloudwatch_sent",
            "What CloudWatch took: metrics (datums, or lines of EMF) and logs (events).",
            ["what"],
            registry=registry,
        )
        self._dropped = Counter(
            "lambda_router_cloudwatch_dropped", "What was not taken and is lost, likewise.", ["what"], registry=registry
        )

    def sent(self, what: str, number: int) -> None:
        self._sent.labels(what).inc(number)

    def dropped(self, what: str, number: int) -> None:
        self._dropped.labels(what).inc(number)
