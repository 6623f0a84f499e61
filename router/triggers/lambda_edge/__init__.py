"""Lambda@Edge: the router is the edge, a proxy whose four stages functions may look at, change and answer.

`site` and `origins` are what was declared, `conversation` the way of a request, `results` what functions may return.
"""

from collections.abc import Mapping
from typing import Any

from router.model import Scope, SiteClaim, TriggerType
from router.policies.webhook_auth import compile_auth
from router.triggers._http import derived_id
from router.triggers.lambda_edge import judging, rules
from router.triggers.lambda_edge.conversation import handle
from router.triggers.lambda_edge.headers import EventType
from router.triggers.lambda_edge.origins import declared
from router.triggers.lambda_edge.site import Behavior, Limits, Site, Stage, with_slash


def build(settings: Mapping[str, Any], scope: Scope) -> Site:
    """The compiled distribution."""
    return Site(
        settings.get("domain_name") or f"d{derived_id(13, 'domain', scope.name)}.cloudfront.net",
        settings.get("distribution_id") or f"E{derived_id(13, 'distribution', scope.name).upper()}",
        f"{derived_id(32, 'via', scope.name)}.cloudfront.net",
        tuple(_behavior(pattern, written, scope) for pattern, written in settings["behaviors"].items()),
        _limits(settings, "viewer"),
        _limits(settings, "origin"),
        compile_auth(settings.get("auth"), scope.name),
    )


def _behavior(pattern: str, written: Mapping[str, Any], scope: Scope) -> Behavior:
    stages = {
        event: Stage(scope.target(stage["function"]), bool(stage.get("include_body")))
        for event in EventType
        if (stage := written.get(event.replace("-", "_"))) is not None
    }
    allowed = tuple(declared(origin) for origin in written["allowed_origins"])
    origin, headers = declared(written["origin"]), tuple(written["cloudfront_headers"])
    return Behavior(pattern, with_slash(pattern), origin, allowed, stages, headers)


def _limits(settings: Mapping[str, Any], side: str) -> Limits:
    return Limits(**settings["limits"][side], timeout=settings["timeouts"][side])


def claims(settings: Mapping[str, Any]) -> tuple[SiteClaim, ...]:
    """A distribution owns its hosts whole."""
    return tuple(SiteClaim(host and host.lower()) for host in settings.get("hosts") or (None,))


TYPE = TriggerType(
    name="lambda_edge",
    invocations=frozenset({"sync"}),
    build=build,
    claims=claims,
    handle=handle,
    check=rules.check,
    check_functions=rules.check_functions,
    routes=judging.routes,
    judge=judging.judge,
)
