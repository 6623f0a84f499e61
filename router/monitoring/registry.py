"""Figures per trigger, in Prometheus's exposition through prometheus-client.

Each generation's label children are looked up once and kept: a request costs additions, not look-ups by label.
"""

import re
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from router import __version__
from router.batches import EventCount
from router.model import Reply, Request, Trigger
from router.outcome import Outcome

CONTENT_TYPE = CONTENT_TYPE_LATEST
_FUNCTION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
_ROUTER_BUCKETS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)

_METRIC_NAME = re.compile("[^A-Za-z0-9_]")

_disable_created_metrics: Callable[[], None] = disable_created_metrics

_Metric = TypeVar("_Metric", Counter, Gauge, Histogram)


class _Children(Generic[_Metric]):
    """A metric's children by label values, each looked up in prometheus-client once."""

    def __init__(self, metric: _Metric) -> None:
        self._metric: _Metric = metric
        self._by_labels: dict[tuple[str | int, ...], _Metric] = {}

    def __call__(self, *labels: str | int) -> _Metric:
        child = self._by_labels.get(labels)
        if child is None:
            child = self._by_labels[labels] = self._metric.labels(*labels)
        return child


def _counter(registry: CollectorRegistry, name: str, text: str, labels: Sequence[str]) -> _Children[Counter]:
    return _Children(Counter(name, text, labels, registry=registry))


def _column(label: str) -> str:
    """A label's name in Prometheus's alphabet."""
    return f"label_{_METRIC_NAME.sub('_', label)}"


class PrometheusMetrics:
    """The ports `Metrics` and `PollMetrics` over one registry of its own; two daemons in a process share nothing."""

    def __init__(self) -> None:
        _disable_created_metrics()  # a second line per child that nobody reads
        self.registry = registry = CollectorRegistry()
        Info("lambda_router_build", "The program's version.", registry=registry).info({"version": __version__})
        self._requests = _counter(registry, "lambda_router_requests", "Requests answered.", ["trigger", "type", "status"])
        self._errors = _counter(
            registry,
            "lambda_router_error_answers",
            "Answers that the router made, by class.",
            ["trigger", "error"],
        )
        self._in_flight = _Children(
            Gauge("lambda_router_requests_in_flight", "Requests being worked on.", ["trigger"], registry=registry)
        )
        self._invocations = _counter(
            registry,
            "lambda_router_invocations",
            "Attempts, by outcome.",
            ["trigger", "function", "outcome"],
        )
        self._function_seconds = _Children(
            Histogram(
                "lambda_router_function_seconds",
                "Time spent waiting for the function.",
                ["trigger", "function"],
                buckets=_FUNCTION_BUCKETS,
                registry=registry,
            )
        )
        self._router_seconds = _Children(
            Histogram(
                "lambda_router_router_seconds",
                "The router's own share of a request: from its head to its answer, without the function's time.",
                ["trigger"],
                buckets=_ROUTER_BUCKETS,
                registry=registry,
            )
        )
        self._target_healthy = _Children(
            Gauge(
                "lambda_router_target_healthy",
                "Whether a target passes its health checks; absent until that is known.",
                ["trigger", "target"],
                registry=registry,
            )
        )
        self._unmatched = _counter(
            registry,
            "lambda_router_unmatched_requests",
            "Requests that no trigger claims.",
            ["listener"],
        )
        self._remarks = _counter(
            registry,
            "lambda_router_remarks",
            "What happened that is no error, by name: `filtered`, ….",
            ["trigger", "remark"],
        )
        self._source_errors = _counter(
            registry,
            "lambda_router_source_errors",
            "Failed calls of sources that are polled, by operation (poll, settle, heartbeat) and the service's code.",
            ["trigger", "operation", "code"],
        )
        self._source_events = _counter(
            registry,
            "lambda_router_source_events",
            "Messages of queues: polled, filtered_out, invoked, failed_invoke, deleted.",
            ["trigger", "event"],
        )

    def declare(self, triggers: Sequence[Trigger]) -> None:
        """Expose the triggers' labels, to be joined with the other figures by `trigger`. Call once."""
        columns = sorted({_column(name) for trigger in triggers for name in trigger.labels})
        info = Gauge(
            "lambda_router_trigger_labels",
            "The labels that the configuration gives each trigger; the value is always 1.",
            ["trigger", "type", *columns],
            registry=self.registry,
        )
        for trigger in triggers:
            own = {_column(name): value for name, value in trigger.labels.items()}
            info.labels(trigger.name, trigger.type.name, *(own.get(column, "") for column in columns)).set(1)

    def request_started(self, trigger: str) -> None:
        self._in_flight(trigger).inc()

    def request_finished(self, trigger: Trigger, request: Request, reply: Reply, seconds: float, waited: float) -> None:
        name = trigger.name
        self._in_flight(name).dec()
        self._requests(name, trigger.type.name, reply.status).inc()
        self._router_seconds(name).observe(max(0.0, seconds - waited))
        if reply.error is not None:
            self._errors(name, reply.error.name).inc()

    def invocation_finished(self, trigger: str, function: str, outcome: Outcome) -> None:
        self._invocations(trigger, function, outcome.kind.value).inc()
        self._function_seconds(trigger, function).observe(outcome.function_seconds)

    def remarked(self, trigger: str, name: str) -> None:
        self._remarks(trigger, name).inc()

    def unmatched(self, listener: str) -> None:
        self._unmatched(listener).inc()

    def target_health(self, trigger: str, target: str, healthy: bool) -> None:
        self._target_healthy(trigger, target).set(1 if healthy else 0)

    def batch_started(self, trigger: str) -> None:
        self._in_flight(trigger).inc()

    def batch_finished(self, trigger: Trigger, status: str, error: str | None, seconds: float, waited: float) -> None:
        name = trigger.name
        self._in_flight(name).dec()
        self._requests(name, trigger.type.name, status).inc()
        self._router_seconds(name).observe(max(0.0, seconds - waited))
        if error is not None:
            self._errors(name, error).inc()

    def source_failed(self, trigger: str, operation: str, code: str) -> None:
        self._source_errors(trigger, operation, code).inc()

    def events_counted(self, trigger: str, what: EventCount, number: int) -> None:
        self._source_events(trigger, what.name.lower()).inc(number)

    def exposition(self) -> bytes:
        """The text that `/metrics` serves."""
        return generate_latest(self.registry)
