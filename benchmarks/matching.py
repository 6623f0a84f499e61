"""What finding a route costs, with 10 and with 10,000 of them, and what they take in memory: `python -m benchmarks.matching`.

API Gateway routes and load balancer rules, through the conversation of a request up to the invocation; subscriptions of SNS
up to what is accepted of a message that one of them wants. Events of EventBridge: `python -m benchmarks.event_patterns`.
"""

import argparse
import json
import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.report import machine, markdown, publish
from router.arn import FunctionArn
from router.fakes import request
from router.functions import Function, Target
from router.model import Accept, Invoke, ReadBody, Request, Scope
from router.triggers import TYPES

FUNCTION = Function("f", FunctionArn("eu-west-1", "111122223333", "f"), 30.0)
SCOPE = Scope("bench", "111122223333", "eu-west-1", lambda reference: Target(FUNCTION), {})
SHARED: Mapping[str, Any] = {"auth": None, "hosts": None, "invocation": ["sync"]}


def api(number: int) -> tuple[str, dict[str, Any], Request]:
    routes = {f"GET /service-{each}/orders/{{id}}": "f" for each in range(number)}
    settings = {"api": "http", "stage": "$default", "base_path": None, "routes": routes}
    return "api_gateway", settings, request("GET", f"/service-{number - 1}/orders/7")


def balancer(kind: str) -> Callable[[int], tuple[str, dict[str, Any], Request]]:
    def make(number: int) -> tuple[str, dict[str, Any], Request]:
        last = number - 1
        conditions: Mapping[str, Callable[[int], dict[str, Any]]] = {
            "path": lambda each: {"path": [f"/service-{each}/*"]},
            "host": lambda each: {"host": [f"shop-{each}.example.com"], "path": ["/*"]},
            "header": lambda each: {"headers": {"x-tenant": [f"t{each}"]}, "path": ["/*"]},
        }
        rules = {f"r{each}": {**conditions[kind](each), "function": "f"} for each in range(number)}
        headers = [("Host", f"shop-{last}.example.com"), ("X-Tenant", f"t{last}")]
        return "alb", {"rules": rules}, request("GET", f"/service-{last}/x", headers)

    return make


def topic(scope: str) -> Callable[[int], tuple[str, dict[str, Any], Request]]:
    """Each subscription wants a value of its own, in the message or in its attributes."""

    def make(number: int) -> tuple[str, dict[str, Any], Request]:
        topic_arn, last = "arn:aws:sns:eu-west-1:111122223333:orders", f"v{number - 1}"
        subscriptions = {
            f"s{each}": {"function": "f", "filter_policy": {"kind": [f"v{each}"]}, "filter_policy_scope": scope}
            for each in range(number)
        }
        message = {
            "Type": "Notification",
            "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
            "TopicArn": topic_arn,
            "Message": json.dumps({"id": "A-1", "kind": last, "total": 12.5, "items": [{"sku": "a"}, {"sku": "b"}]}),
            "Timestamp": "2026-05-02T00:54:06.655Z",
            "MessageAttributes": {
                "kind": {"Type": "String", "Value": last},
                "total": {"Type": "Number", "Value": "12.5"},
                "tags": {"Type": "String.Array", "Value": '["new", "paid"]'},
            },
        }
        settings = {
            "source": {"http": "/sns"},
            "topics": [topic_arn],
            "signature": {"verify": False, "max_age": None, "allow_raw": False, "certificate_hosts": []},
            "subscriptions": subscriptions,
        }
        return "sns", settings, request("POST", "/sns", body=json.dumps(message).encode())

    return make


KINDS = {
    "api_gateway, HTTP API": api,
    "alb, a path each": balancer("path"),
    "alb, a host each": balancer("host"),
    "alb, a header each": balancer("header"),
    "sns, an attribute each": topic("MessageAttributes"),
    "sns, a value in the body each": topic("MessageBody"),
}


def measured(kind: str, built: Any, sent: Request) -> float:
    """Microseconds from a request to its `Invoke` or `Accept`, the best of five rounds."""
    handle, best = TYPES[kind].handle, float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(500):
            conversation = handle(sent, built)
            step = next(conversation)
            if isinstance(step, ReadBody):
                step = conversation.send(sent.body)
            assert isinstance(step, (Invoke, Accept)), step
            conversation.close()
        best = min(best, (time.perf_counter() - began) / 500 * 1e6)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--numbers", type=int, nargs="+", default=[10, 1000, 10_000], help="of routes")
    arguments = parser.parse_args()
    rows = []
    for name, make in KINDS.items():
        for number in arguments.numbers:
            kind, settings, sent = make(number)
            tracemalloc.start()
            built = TYPES[kind].build({**SHARED, **settings}, SCOPE)
            taken, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            rows.append((name, f"{number:,}", f"{measured(kind, built, sent):.1f}", f"{taken / number:,.0f}"))
    head = ("kind", "routes", "µs/request", "bytes per route")
    publish("matching", f"{machine()}\n\n{markdown(head, rows)}")


if __name__ == "__main__":
    main()
