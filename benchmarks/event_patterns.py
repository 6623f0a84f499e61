"""What it costs to find the rules that an event fits: `python -m benchmarks.event_patterns`.

Rules of several kinds, from 10 to 10,000 of them, no two the same; an event fits one rule, two of the last kind. Memory is what
Python says the index takes beside the compiled patterns.
"""

import argparse
import time
import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.report import machine, markdown, publish
from router.patterns.events import Pattern, compile_pattern
from router.patterns.index import PatternIndex

EVENT = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "OrderPaid",
    "source": "shop-0",
    "account": "111122223333",
    "time": "2026-12-22T18:43:48Z",
    "region": "eu-west-1",
    "resources": [],
    "detail": {"total": 12.5, "country": "de", "items": [{"sku": "a", "count": 1}, {"sku": "b", "count": 2}]},
}


def named(number: int) -> dict[str, Any]:
    return {"source": [f"shop-{number}"], "detail-type": ["OrderPaid"], "detail": {"total": [{"numeric": [">", 0]}]}}


def typed(number: int) -> dict[str, Any]:
    return {"source": [f"shop-{number % 100}"], "detail-type": ["OrderPaid" if number < 100 else f"Type-{number // 100}"]}


def inside(number: int) -> dict[str, Any]:
    return {"source": [{"prefix": "shop"}], "detail": {"items": {"sku": [{"prefix": f"{'a' if number == 0 else number}"}]}}}


def ranging(number: int) -> dict[str, Any]:
    return {"source": [{"prefix": "shop"}], "detail": {"total": [{"numeric": [">", number + 12, "<=", number + 13]}]}}


def searching(number: int) -> dict[str, Any]:
    detail = {"country": [{"prefix": "d"}], "items": {"sku": ["ba"[number % 2]], "count": [number]}}
    return {"source": [{"prefix": "shop"}], "detail": detail}


def measured(index: PatternIndex) -> float:
    """Microseconds for one event, the best of five rounds of at least a fifth of a second."""
    best = float("inf")
    for _ in range(5):
        rounds, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < 0.2:
            for _ in range(10):
                index.matching(EVENT)
            rounds += 10
        best = min(best, elapsed / rounds * 1e6)
    return best


KINDS: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "source of their own": named,
    "100 sources by many types": typed,
    "a prefix inside an array": inside,
    "a range of numbers": ranging,
    "any source, four predicates": searching,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--numbers", type=int, nargs="+", default=[10, 100, 1000, 10_000], help="of rules")
    arguments = parser.parse_args()
    rows = []
    for kind, make in KINDS.items():
        for number in arguments.numbers:
            patterns: list[Pattern] = [compile_pattern(make(each)) for each in range(number)]
            tracemalloc.start()
            index = PatternIndex(patterns)
            taken, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            found = len(index.matching(EVENT))
            rows.append((kind, f"{number:,}", f"{found:,}", f"{measured(index):.1f}", f"{taken / number:,.0f}"))
    head = ("kind", "rules", "matching", "µs/event", "index, bytes per rule")
    publish("event_patterns", f"{machine()}\n\n{markdown(head, rows)}")


if __name__ == "__main__":
    main()
