"""Figures of deliveries, as `/metrics` shows them."""

from prometheus_client import CollectorRegistry, generate_latest

from router.deliveries import Condition, Fate
from router.monitoring.deliveries import PrometheusDeliveryMetrics
from router.monitoring.totals import PlainFigures


def test_every_figure_by_trigger_and_function() -> None:
    registry = CollectorRegistry()
    metrics = PrometheusDeliveryMetrics(registry, PlainFigures())
    metrics.event_accepted("jobs", "work")
    metrics.attempt_started("jobs", "work", 61.5)
    metrics.event_dropped("jobs", "work", Condition.RETRIES_EXHAUSTED)
    metrics.event_dropped("jobs", "work", Condition.LOOP)
    metrics.send_failed("jobs", "work", "on_failure")
    metrics.send_failed("jobs", "work", "dead_letter")
    metrics.event_settled("jobs", "work", Fate.DEAD)
    lines = generate_latest(registry).decode().splitlines()
    here = 'function="work",trigger="jobs"'
    assert [line for line in lines if not line.startswith("#") and "_created" not in line and "_bucket" not in line] == [
        f"lambda_router_async_events_received_total{{{here}}} 1.0",
        f'lambda_router_async_events_dropped_total{{condition="RetriesExhausted",{here}}} 1.0',
        f'lambda_router_async_events_dropped_total{{condition="RecursiveLoopDetected",{here}}} 1.0',
        f"lambda_router_recursive_invocations_dropped_total{{{here}}} 1.0",
        f"lambda_router_dead_letter_errors_total{{{here}}} 1.0",
        f'lambda_router_destination_delivery_failures_total{{destination="on_failure",{here}}} 1.0',
        f'lambda_router_async_events_settled_total{{fate="dead",{here}}} 1.0',
        f"lambda_router_async_event_age_seconds_count{{{here}}} 1.0",
        f"lambda_router_async_event_age_seconds_sum{{{here}}} 61.5",
    ]
    assert 'lambda_router_async_event_age_seconds_bucket{function="work",le="60.0",trigger="jobs"} 0.0' in lines
