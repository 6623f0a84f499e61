"""What finding a route costs, with 10 and with 10,000 of them, and what they take in memory: `python -m benchmarks.matching`.

API Gateway routes and load balancer rules, through the conversation of a request up to the invocation. Events of EventBridge:
`python -m benchmarks.event_patterns`.
"""

import argparse
import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.report import machine, markdown, publish
from router.arn import FunctionArn
from router.fakes import request
from router.functions import Function, Target
from router.model import Request, Scope
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


KINDS = {
    "api_gateway, HTTP API": api,
    "alb, a path each": balancer("path"),
    "alb, a host each": balancer("host"),
    "alb, a header each": balancer("header"),
}


def measured(kind: str, built: Any, sent: Request) -> float:
    """Microseconds from a request to its `Invoke`, the best of five rounds."""
    handle, best = TYPES[kind].handle, float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(500):
            conversation = handle(sent, built)
            step = next(conversation)
            assert type(step).__name__ == "Invoke" or conversation.send(b"")
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
