"""Which rule of a load balancer takes a request: the first whose conditions all hold, in the order of the file."""

from collections.abc import Mapping, Sequence
from typing import Any

from router.batches import Batch
from router.errors import RequestError
from router.model import DeclaredRoute, Request, RouteVerdict
from router.triggers._judging import first_wins, judged, refused, the_request
from router.triggers.alb.balancer import LoadBalancer, check_limits
from router.triggers.alb.rules import actions

DEFAULT_ROUTE = "$default"
"""The default action; no rule can be called so."""


def routes(settings: Mapping[str, Any]) -> Sequence[DeclaredRoute]:
    """The rules, then the default action. What answers by itself names no function."""
    return [
        DeclaredRoute(
            str(path[-1]) if path[0] == "rules" else DEFAULT_ROUTE,
            path,
            (str(action["function"]),) if action.get("function") is not None else (),
        )
        for path, action in actions(settings)
    ]


def judge(balancer: LoadBalancer, given: Request | Batch) -> Sequence[RouteVerdict]:
    """A verdict on each rule, then on the default action."""
    request = the_request(given)
    names = [rule.name for rule in balancer.rules] + [DEFAULT_ROUTE] * (balancer.default is not None)
    try:
        check_limits(request)
    except RequestError as error:
        return refused(names, error)
    verdicts = [judged(rule.name, (clause.predicate(request) for clause in rule.clauses)) for rule in balancer.rules]
    if balancer.default is not None:
        verdicts.append(judged(DEFAULT_ROUTE, ()))
    return first_wins(verdicts)


def matches(balancer: LoadBalancer, given: Request | Batch) -> Sequence[RouteVerdict]:
    """That of the rule which takes the request, or of the default action."""
    request = the_request(given)
    try:
        check_limits(request)
    except RequestError:
        return []
    rule = balancer.find(request)
    if rule is not None:
        return [judged(rule.name, (clause.predicate(request) for clause in rule.clauses))]
    return [judged(DEFAULT_ROUTE, ())] if balancer.default is not None else []
