"""An Application Load Balancer with Lambda targets: listener rules, its own event, its own HTML.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html and semantics/sync.md §8.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from router import jsontext
from router.errors import RequestError, Unmatched
from router.model import Conversation, Probe, Reply, Request, Scope, SiteClaim, TriggerType
from router.policies.webhook_auth import compile_auth
from router.triggers._auth import authorize, authorized_body
from router.triggers._http import invoke
from router.triggers.alb import judging, rules
from router.triggers.alb.actions import Action, Forward, compile_action
from router.triggers.alb.answers import answer, refusal
from router.triggers.alb.balancer import LoadBalancer, Rule, check_limits
from router.triggers.alb.conditions import Clause, compile_conditions
from router.triggers.alb.event import event
from router.triggers.alb.health import compile_probes
from router.triggers.alb.index import RuleIndex

BODY_LIMIT = 1024 * 1024
"""Bytes of a request's body (semantics/sync.md §8.3)."""


def build(settings: Mapping[str, Any], scope: Scope) -> LoadBalancer:
    """The compiled form."""
    auth = compile_auth(settings.get("auth"), scope.name)
    multi_value = settings.get("multi_value_headers", False)
    actions = [
        (path[-1], compile_action(action, scope, auth, multi_value=multi_value)) for path, action in rules.actions(settings)
    ]
    compiled = dict(actions[: len(settings["rules"])])
    return LoadBalancer(
        tuple(_rule(name, compile_conditions(rule), compiled[name]) for name, rule in settings["rules"].items()),
        RuleIndex([*settings["rules"].values()]),
        actions[-1][1] if settings.get("default") is not None else None,
        settings.get("x_forwarded_for", "append"),
        compile_probes(settings.get("health_check"), [each.does for _, each in actions if isinstance(each.does, Forward)]),
    )


def _rule(name: str, clauses: tuple[Clause, ...], action: Action) -> Rule:
    return Rule(name, tuple(clause.holds for clause in clauses), clauses, action)


def claims(settings: Mapping[str, Any]) -> tuple[SiteClaim, ...]:
    """A load balancer owns its hosts whole."""
    return tuple(SiteClaim(host and host.lower()) for host in settings.get("hosts") or (None,))


def probes(balancer: LoadBalancer) -> Sequence[Probe]:
    """The health checks that are declared."""
    return balancer.probes


def handle(request: Request, balancer: LoadBalancer) -> Conversation:
    """The conversation of one request."""
    try:
        check_limits(request)
        action = _action(request, balancer)
        if isinstance(action.does, Forward):
            return (yield from _forward(request, balancer, action, action.does))
        yield from authorize(request, action.auth, BODY_LIMIT)
        return _without_body_for_head(action.does.reply(request), request)
    except RequestError as error:
        return _without_body_for_head(refusal(error), request)


def _action(request: Request, balancer: LoadBalancer) -> Action:
    """That of the rule that takes the request, else the default one."""
    rule = balancer.find(request)
    if rule is not None:
        return rule.action
    if balancer.default is None:
        raise Unmatched(f"no rule for {request.method} {request.path}, and no default action")
    return balancer.default


def _forward(request: Request, balancer: LoadBalancer, action: Action, forward: Forward) -> Conversation:
    body = yield from authorized_body(request, action.auth, BODY_LIMIT)
    sent = event(request, body, forward.context, multi_value=forward.multi_value, forwarded=balancer.forwarded)
    payload = yield from invoke(forward.target, jsontext.dumps(sent), None)
    return answer(payload, request, multi_value=forward.multi_value)


def _without_body_for_head(reply: Reply, request: Request) -> Reply:
    if request.method == "HEAD":
        reply.body = b""
    return reply


TYPE = TriggerType(
    name="alb",
    invocations=frozenset({"sync"}),
    build=build,
    claims=claims,
    handle=handle,
    check=rules.check,
    probes=probes,
    routes=judging.routes,
    judge=judging.judge,
    matches=judging.matches,
)
