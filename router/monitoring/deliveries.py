"""Figures of asynchronous deliveries, in Prometheus's exposition: AWS's own figures (semantics/async.md §F.1) by trigger."""

from prometheus_client import CollectorRegistry

from router.deliveries import Condition, Fate
from router.monitoring.totals import PlainFigures, Spread, Totals

_AGE_BUCKETS = (0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60, 180, 300, 600, 1800, 3600, 7200, 21_600, 86_400)
_BY_FUNCTION = ["trigger", "function"]


class PrometheusDeliveryMetrics:
    """The port `DeliveryMetrics` over a registry and its plain figures."""

    def __init__(self, registry: CollectorRegistry, figures: PlainFigures) -> None:
        def counter(name: str, text: str, *labels: str) -> Totals:
            return Totals(figures, registry, f"lambda_router_{name}", text, [*_BY_FUNCTION, *labels])

        self._received = counter("async_events_received", "Events accepted into the journal (AsyncEventsReceived).")
        self._dropped = counter("async_events_dropped", "Deliveries that gave up (AsyncEventsDropped).", "condition")
        self._recursive = counter(
            "recursive_invocations_dropped", "Deliveries stopped by loop detection (RecursiveInvocationsDropped)."
        )
        self._dead_letter_errors = counter("dead_letter_errors", "Failed sends to dead-letter queues (DeadLetterErrors).")
        self._destination_failures = counter(
            "destination_delivery_failures", "Failed sends to destinations (DestinationDeliveryFailures).", "destination"
        )
        self._settled = counter("async_events_settled", "Deliveries that left the queue; dead: kept as dead letters.", "fate")
        self._age = Spread(
            figures,
            registry,
            "lambda_router_async_event_age_seconds",
            "From acceptance to the start of each attempt (AsyncEventAge, there in milliseconds).",
            _BY_FUNCTION,
            _AGE_BUCKETS,
        )

    def event_accepted(self, trigger: str, function: str) -> None:
        self._received.add(trigger, function)

    def attempt_started(self, trigger: str, function: str, age: float) -> None:
        self._age.observe(age, trigger, function)

    def event_dropped(self, trigger: str, function: str, condition: Condition) -> None:
        self._dropped.add(trigger, function, condition.value)
        if condition is Condition.LOOP:
            self._recursive.add(trigger, function)

    def send_failed(self, trigger: str, function: str, destination: str) -> None:
        if destination == "dead_letter":
            self._dead_letter_errors.add(trigger, function)
        else:
            self._destination_failures.add(trigger, function, destination)

    def event_settled(self, trigger: str, function: str, fate: Fate) -> None:
        self._settled.add(trigger, function, fate.value)
