"""Figures per trigger, in Prometheus's exposition through prometheus-client.

What a request adds to are plain numbers (`router.monitoring.totals`).
"""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge, Info, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from router import __version__
from router.batches import EventCount
from router.model import Reply, Request, Trigger
from router.monitoring.totals import PlainFigures, Spread, Totals
from router.outcome import Outcome

CONTENT_TYPE = CONTENT_TYPE_LATEST
_FUNCTION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
_ROUTER_BUCKETS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5)

_METRIC_NAME = re.compile("[^A-Za-z0-9_]")

_disable_created_metrics: Callable[[], None] = disable_created_metrics


def _column(label: str) -> str:
    """A label's name in Prometheus's alphabet."""
    return f"label_{_METRIC_NAME.sub('_', label)}"


class EventFigures(Protocol):
    """Is told what became of the messages of queues."""

    def events_counted(self, trigger: str, what: EventCount, number: int) -> None:
        """As `PollMetrics.events_counted`."""
        ...


class PrometheusMetrics:
    """The ports `Metrics` and `PollMetrics` over one registry of its own; two daemons in a process share nothing.

    `cloudwatch`: is told of queues' messages, too, where somebody wants to know.
    """

    def __init__(self) -> None:
        self.cloudwatch: EventFigures | None = None
        _disable_created_metrics()  # a second line per child that nobody reads
        self.registry = registry = CollectorRegistry()
        self.figures = figures = PlainFigures()
        Info("lambda_router_build", "The program's version.", registry=registry).info({"version": __version__})
        self._requests = Totals(
            figures, registry, "lambda_router_requests", "Requests answered.", ["trigger", "type", "status"]
        )
        self._errors = Totals(
            figures, registry, "lambda_router_error_answers", "Answers that the router made, by class.", ["trigger", "error"]
        )
        self._in_flight = Totals(
            figures, registry, "lambda_router_requests_in_flight", "Requests being worked on.", ["trigger"], goes_down=True
        )
        self._invocations = Totals(
            figures, registry, "lambda_router_invocations", "Attempts, by outcome.", ["trigger", "function", "outcome"]
        )
        self._function_seconds = Spread(
            figures,
            registry,
            "lambda_router_function_seconds",
            "Time spent waiting for the function.",
            ["trigger", "function"],
            _FUNCTION_BUCKETS,
        )
        self._router_seconds = Spread(
            figures,
            registry,
            "lambda_router_router_seconds",
            "The router's own share of a request: from its head to its answer, without the function's time.",
            ["trigger"],
            _ROUTER_BUCKETS,
        )
        self._target_healthy = Totals(
            figures,
            registry,
            "lambda_router_target_healthy",
            "Whether a target passes its health checks; absent until that is known.",
            ["trigger", "target"],
            goes_down=True,
        )
        self._unmatched = Totals(
            figures, registry, "lambda_router_unmatched_requests", "Requests that no trigger claims.", ["listener"]
        )
        self._remarks = Totals(
            figures,
            registry,
            "lambda_router_remarks",
            "What happened that is no error, by name: `filtered`, ….",
            ["trigger", "remark"],
        )
        self._source_errors = Totals(
            figures,
            registry,
            "lambda_router_source_errors",
            "Failed calls of sources that are polled, by operation (poll, settle, heartbeat) and the service's code.",
            ["trigger", "operation", "code"],
        )
        self._source_events = Totals(
            figures,
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
        self._in_flight.add(trigger)

    def request_finished(self, trigger: Trigger, request: Request, reply: Reply, seconds: float, waited: float) -> None:
        name = trigger.name
        self._in_flight.add(name, number=-1)
        self._requests.add(name, trigger.type.name, reply.status)
        self._router_seconds.observe(max(0.0, seconds - waited), name)
        if reply.error is not None:
            self._errors.add(name, reply.error.name)

    def invocation_finished(self, trigger: str, function: str, outcome: Outcome) -> None:
        self._invocations.add(trigger, function, outcome.kind)
        self._function_seconds.observe(outcome.function_seconds, trigger, function)

    def remarked(self, trigger: str, name: str) -> None:
        self._remarks.add(trigger, name)

    def unmatched(self, listener: str) -> None:
        self._unmatched.add(listener)

    def target_health(self, trigger: str, target: str, healthy: bool) -> None:
        self._target_healthy.set(1 if healthy else 0, trigger, target)

    def batch_started(self, trigger: str) -> None:
        self._in_flight.add(trigger)

    def batch_finished(self, trigger: Trigger, status: str, error: str | None, seconds: float, waited: float) -> None:
        name = trigger.name
        self._in_flight.add(name, number=-1)
        self._requests.add(name, trigger.type.name, status)
        self._router_seconds.observe(max(0.0, seconds - waited), name)
        if error is not None:
            self._errors.add(name, error)

    def source_failed(self, trigger: str, operation: str, code: str) -> None:
        self._source_errors.add(trigger, operation, code)

    def events_counted(self, trigger: str, what: EventCount, number: int) -> None:
        self._source_events.add(trigger, what.name.lower(), number=number)
        if self.cloudwatch is not None:
            self.cloudwatch.events_counted(trigger, what, number)

    def exposition(self) -> bytes:
        """The text that `/metrics` serves."""
        return generate_latest(self.registry)
