"""A compiled load balancer, and what it refuses before it looks at its rules (semantics/sync.md §8.3)."""

from dataclasses import dataclass

from router.errors import BadRequest
from router.model import Probe, Request
from router.triggers._refusals import HeadersTooLarge, UriTooLong
from router.triggers.alb.actions import Action
from router.triggers.alb.answers import MethodNotAllowed, TooManyForwards
from router.triggers.alb.conditions import Clause, Condition
from router.triggers.alb.index import RuleIndex

LINE_LIMIT = 16 * 1024
"""Bytes of the request line, and of one header."""
HEADERS_LIMIT = 64 * 1024
MOST_FORWARDS = 30


@dataclass(slots=True)
class Rule:
    """A compiled rule. `conditions`: what its `clauses` judge by."""

    name: str
    conditions: tuple[Condition, ...]
    clauses: tuple[Clause, ...]
    action: Action


@dataclass(slots=True)
class LoadBalancer:
    """A compiled load balancer; `default` is None where none is declared. `index`: finds the rules worth a look."""

    rules: tuple[Rule, ...]
    index: RuleIndex
    default: Action | None
    forwarded: str
    probes: tuple[Probe, ...]

    def find(self, request: Request) -> Rule | None:
        """The first rule whose conditions all hold."""
        for number in self.index.candidates(request):
            rule = self.rules[number]
            for condition in rule.conditions:
                if not condition(request):
                    break
            else:
                return rule
        return None


def check_limits(request: Request) -> None:
    """Raises MethodNotAllowed, UriTooLong, HeadersTooLarge, BadRequest, TooManyForwards."""
    if request.method == "TRACE":
        raise MethodNotAllowed("TRACE is not taken")
    if len(request.method) + len(request.path) + len(request.query) + 12 > LINE_LIMIT:
        raise UriTooLong(f"the request line is longer than {LINE_LIMIT} bytes")
    size = hops = 0
    for name, value in request.headers:
        length = len(name) + len(value) + 4
        size += length
        if length > LINE_LIMIT or size > HEADERS_LIMIT:
            raise HeadersTooLarge("one header is longer than 16 KiB, or all together are longer than 64 KiB")
        lower = name.lower()
        if lower == "x-forwarded-for":
            hops += value.count(",") + 1
        elif lower == "upgrade" and "websocket" in value.lower():
            raise BadRequest("LambdaWebsocketNotSupported: Lambda targets take no WebSockets")
    if hops > MOST_FORWARDS:
        raise TooManyForwards(f"X-Forwarded-For names {hops} addresses, {MOST_FORWARDS} are taken")
