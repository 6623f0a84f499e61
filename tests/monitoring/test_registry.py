"""What is counted is what stands in the exposition."""

from typing import Any

from router.fakes import request, succeeded, trigger
from router.model import Conversation, ErrorNote, ReadBody, Reply, Request
from router.monitoring.registry import PrometheusMetrics
from router.outcome import throttled


def nothing(request: Request, built: Any) -> Conversation:
    return Reply(200, [])
    yield ReadBody(0)


def lines(metrics: PrometheusMetrics, *prefixes: str) -> list[str]:
    text = metrics.exposition().decode()
    return [
        line for line in text.splitlines() if line.startswith(prefixes) and "_created" not in line and "_bucket" not in line
    ]


def test_a_request_is_counted_by_trigger_status_and_class() -> None:
    metrics = PrometheusMetrics()
    shop = trigger("shop", nothing)
    metrics.request_started("shop")
    metrics.request_started("shop")
    assert lines(metrics, "lambda_router_requests_in_flight") == ['lambda_router_requests_in_flight{trigger="shop"} 2.0']
    outcome = succeeded(b"1")
    outcome.function_seconds = 2.0
    metrics.invocation_finished("shop", "orders", outcome)
    metrics.invocation_finished("shop", "orders", throttled("CallerRateLimitExceeded"))
    metrics.request_finished(shop, request("GET", "/"), Reply(200, []), 2.5, 2.0)
    metrics.request_finished(shop, request("GET", "/"), Reply(429, [], b"", ErrorNote("throttled")), 0.5, 0.0)
    metrics.unmatched("main")
    assert lines(metrics, "lambda_router_") == [
        'lambda_router_build_info{version="0.1.0"} 1.0',
        'lambda_router_requests_total{status="200",trigger="shop",type="made_up"} 1.0',
        'lambda_router_requests_total{status="429",trigger="shop",type="made_up"} 1.0',
        'lambda_router_error_answers_total{error="throttled",trigger="shop"} 1.0',
        'lambda_router_requests_in_flight{trigger="shop"} 0.0',
        'lambda_router_invocations_total{function="orders",outcome="ok",trigger="shop"} 1.0',
        'lambda_router_invocations_total{function="orders",outcome="throttled",trigger="shop"} 1.0',
        'lambda_router_function_seconds_count{function="orders",trigger="shop"} 2.0',
        'lambda_router_function_seconds_sum{function="orders",trigger="shop"} 2.0',
        'lambda_router_router_seconds_count{trigger="shop"} 2.0',
        'lambda_router_router_seconds_sum{trigger="shop"} 1.0',
        'lambda_router_unmatched_requests_total{listener="main"} 1.0',
    ]


def test_two_daemons_in_a_process_count_apart() -> None:
    first, second = PrometheusMetrics(), PrometheusMetrics()
    first.unmatched("main")
    assert lines(second, "lambda_router_unmatched_requests_total") == []


def test_a_triggers_labels_stand_beside_its_figures() -> None:
    metrics = PrometheusMetrics()
    shop, page = trigger("shop", nothing), trigger("page", nothing)
    shop.labels = {"team": "platform", "cost-centre": "6", "cost_centre": "7"}
    metrics.declare([shop, page])
    assert lines(metrics, "lambda_router_trigger_labels") == [
        'lambda_router_trigger_labels{label_cost_centre="7",label_team="platform",trigger="shop",type="made_up"} 1.0',
        'lambda_router_trigger_labels{label_cost_centre="",label_team="",trigger="page",type="made_up"} 1.0',
    ]


def test_polled_triggers_are_counted_like_others() -> None:
    def never(request: Request, built: object) -> Conversation:
        raise AssertionError("nobody asks")

    metrics = PrometheusMetrics()
    worker = trigger("worker", never)
    metrics.batch_started("worker")
    metrics.batch_started("worker")
    metrics.batch_finished(worker, "rejected", "function_error", 2.0, 1.5)
    metrics.source_failed("worker", "poll", "ThrottlingException")
    told = {
        name: metrics.registry.get_sample_value(name, labels)
        for name, labels in (
            ("lambda_router_requests_in_flight", {"trigger": "worker"}),
            ("lambda_router_requests_total", {"trigger": "worker", "type": "made_up", "status": "rejected"}),
            ("lambda_router_error_answers_total", {"trigger": "worker", "error": "function_error"}),
            ("lambda_router_router_seconds_sum", {"trigger": "worker"}),
            (
                "lambda_router_source_errors_total",
                {"trigger": "worker", "operation": "poll", "code": "ThrottlingException"},
            ),
        )
    }
    assert list(told.values()) == [1.0, 1.0, 1.0, 0.5, 1.0]
