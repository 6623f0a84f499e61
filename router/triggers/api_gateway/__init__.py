"""API Gateway in front of Lambda: `api: rest` (payload 1.0) and `api: http` (payload 2.0 or 1.0).

`rest` and `http` are the two front doors; `routes` and `site` find the function, `payload1` and `_payload2` speak the formats.
"""

from collections.abc import Mapping
from typing import Any

from router.deliveries import Durability
from router.model import Conversation, Request, Scope, Target, TriggerType
from router.policies.webhook_auth import Auth, compile_auth
from router.triggers._http import derived_id
from router.triggers._refusals import ErrorTable
from router.triggers.api_gateway import http, judging, rest, rest_answers, rules
from router.triggers.api_gateway.routes import DEFAULT_ROUTE, Integration, parse_route_key
from router.triggers.api_gateway.site import claims, compile_site, stage_of

Api = rest.RestApi | http.HttpApi

ERRORS: Mapping[str, ErrorTable] = {"rest": rest_answers.ERRORS, "http": http.ERRORS}
"""The error tables by `api`."""


def build(settings: Mapping[str, Any], scope: Scope) -> Api:
    """The compiled API. Everything that no request changes is computed here."""
    auth = compile_auth(settings.get("auth"), scope.name)
    integrations = {text: _integration(settings, route, scope, auth) for text, route in settings["routes"].items()}
    default = integrations.pop(DEFAULT_ROUTE, None)
    routes = [(parse_route_key(text), integration) for text, integration in integrations.items()]
    site = compile_site(settings)
    api_id = settings.get("api_id") or derived_id(10, scope.name)
    stage = stage_of(settings)
    if settings["api"] == "rest":
        return rest.build(settings, scope, routes, site, api_id, stage)
    return http.build(settings, scope, routes, default, site, api_id, stage)


def _integration(settings: Mapping[str, Any], route: Any, scope: Scope, inherited: Auth) -> Integration:
    """A route is a function reference, or a map with `function`; its own `auth` and `invocation` replace the trigger's."""
    auth = None if isinstance(route, str) else route.get("auth")
    later = Durability(settings.get("durability") or Durability.DISK) if rules.is_later(settings, route) else None
    return Integration(_target(route, scope), compile_auth(auth, scope.name, inherited), later, rules.streams(settings, route))


def _target(route: Any, scope: Scope) -> Target:
    if isinstance(route, str):
        return scope.target(route)
    return scope.target({key: route[key] for key in ("function", "weights") if route.get(key) is not None})


def handle(request: Request, api: Api) -> Conversation:
    """The conversation of one request."""
    return rest.handle(request, api) if isinstance(api, rest.RestApi) else http.handle(request, api)


def rank(api: Api, request: Request) -> int:
    """How specific the API's route for a request is; 0: it has none."""
    return rest.rank(api, request) if isinstance(api, rest.RestApi) else http.rank(api, request)


TYPE = TriggerType(
    name="api_gateway",
    invocations=frozenset({"sync", "async"}),
    build=build,
    claims=claims,
    handle=handle,
    check=rules.check,
    rank=rank,
    route_keys=rules.route_keys,
    accepts=rules.accepts,
    routes=judging.routes,
    judge=judging.judge,
    matches=judging.matches,
    is_later=rules.is_later_at,
)
