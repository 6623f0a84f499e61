"""What one request costs inside the HTTP front doors alone: decode, route, event, answer. No sockets, no functions.

    python -m benchmarks.conversations [--rounds 5] [--calls 5000]

Prints microseconds per request, the best of the rounds, for a browser-like request (12 headers, a query, a cookie).
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

from benchmarks.report import machine, markdown, publish
from router.arn import FunctionArn
from router.fakes import request, succeeded
from router.model import Function, Request, Scope, Target
from router.triggers import TYPES

HEADERS = [
    ("Host", "shop.example.com"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-US,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br"),
    ("Content-Type", "application/json"),
    ("Content-Length", "27"),
    ("Origin", "https://shop.example.com"),
    ("Connection", "keep-alive"),
    ("Cookie", "session=0123456789abcdef; theme=dark"),
    ("X-Request-Id", "0123456789"),
    ("Authorization", "Bearer 0123456789abcdef0123456789abcdef"),
]
BODY = b'{"item":"teapot","count":1}'
ANSWER = succeeded(
    json.dumps({"statusCode": 201, "headers": {"content-type": "application/json", "x-a": "b"}, "body": '{"id":"7"}'}).encode()
)
ROUTES = {f"GET /r{number}/{{id}}": "f" for number in range(100)} | {"POST /orders/{id}": "f", "ANY /{proxy+}": "f"}
SHARED: dict[str, Any] = {"invocation": ["sync"], "auth": None, "hosts": None, "base_path": None}
DOORS: dict[str, dict[str, Any]] = {
    "REST API": {"type": "api_gateway", "api": "rest", "stage": "prod", "hosts": ["shop.example.com"], "routes": ROUTES},
    "HTTP API 2.0": {"type": "api_gateway", "api": "http", "stage": "$default", "routes": ROUTES},
    "HTTP API 1.0": {"type": "api_gateway", "api": "http", "stage": "$default", "payload": "1.0", "routes": ROUTES},
    "function URL": {"type": "function_url", "function": "f"},
}


def target(reference: Any) -> Target:
    return Target(Function("f", FunctionArn("eu-west-1", "111122223333", "f"), 3.0))


def microseconds(call: Callable[[], object], rounds: int, calls: int) -> float:
    """Per call, the best round."""
    best = float("inf")
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(calls):
            call()
        best = min(best, (time.perf_counter() - started) / calls)
    return best * 1e6


def conversation(settings: dict[str, Any], asked: Request) -> Callable[[], object]:
    kind = TYPES[settings["type"]]
    built = kind.build({**SHARED, **settings}, Scope("bench", "111122223333", "eu-west-1", target, {}))

    def run() -> object:
        talk = kind.handle(asked, built)
        next(talk)
        talk.send(BODY)
        try:
            talk.send(ANSWER)
        except StopIteration as stop:
            return stop.value
        raise AssertionError("the conversation asks on")

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=5000, help="in a round")
    arguments = parser.parse_args()
    posted = request("POST", "/orders/7?tag=a&tag=b&note=caf%C3%A9", HEADERS, BODY)
    rows = [
        (name, f"{microseconds(conversation(settings, posted), arguments.rounds, arguments.calls):.1f}")
        for name, settings in DOORS.items()
    ]
    table = markdown(("front door", "µs/request"), rows)
    publish("conversations", f"{machine()}\n\n{table}")


if __name__ == "__main__":
    main()
