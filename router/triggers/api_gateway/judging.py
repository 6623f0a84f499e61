"""Which route of an API takes a request, and why the others do not: path segment by segment, then the method."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from router.batches import Batch
from router.errors import RequestError
from router.model import DeclaredRoute, Predicate, Request, RouteVerdict
from router.policies.cors import is_preflight
from router.triggers._http import check_header_size
from router.triggers._judging import judged, named_routes, nobody, refused, the_body, the_request, with_winner
from router.triggers.api_gateway import http, rest
from router.triggers.api_gateway.routes import DEFAULT_ROUTE, RouteKey, predicates
from router.triggers.api_gateway.rules import is_later

_MOST_SPECIFIC = "the most specific route"
_DEFAULT = "no other route that fits"
_PREFLIGHT = Predicate("method", "no CORS preflight: the gateway answers those itself", "OPTIONS", False)


def routes(settings: Mapping[str, Any]) -> Sequence[DeclaredRoute]:
    """The route keys."""
    return [
        replace(route, invocation="async" if is_later(settings, settings["routes"][route.name]) else "sync")
        for route in named_routes(settings, "routes")
    ]


def judge(api: rest.RestApi | http.HttpApi, given: Request | Batch) -> Sequence[RouteVerdict]:
    """A verdict on each route, `$default` last."""
    return _rest(api, the_request(given)) if isinstance(api, rest.RestApi) else _http(api, the_request(given))


def _text(key: RouteKey) -> str:
    return f"{key.method} {key.path}"


def _rest(api: rest.RestApi, request: Request) -> Sequence[RouteVerdict]:
    keys = [key for key, _ in api.tree.routes]
    try:
        rest.check_limits(request, api)
        the_body(request, rest.BODY_LIMIT)
    except RequestError as error:
        return refused(map(_text, keys), error)
    method, segments = rest.method_of(request), rest.segments_of(rest.resource_path(api, request))
    found = api.tree.find(method, segments)
    winner = None if found is None else _text(found[0].key)
    return with_winner((judged(_text(key), predicates(key, method, segments)) for key in keys), winner, _MOST_SPECIFIC)


def _http(api: http.HttpApi, request: Request) -> Sequence[RouteVerdict]:
    keys = [key for key, _ in api.tree.routes]
    names = [*map(_text, keys), *([DEFAULT_ROUTE] if api.default is not None else [])]
    if api.cors is not None and is_preflight(request):
        return nobody(names, _PREFLIGHT)
    try:
        check_header_size(request)
        the_body(request, http.BODY_LIMIT)
    except RequestError as error:
        return refused(names, error)
    segments = http.segments_of(request, api)
    found = http.find(api, request.method, segments)
    winner = None if found is None else found.shape.route_key
    verdicts = with_winner(
        (judged(_text(key), predicates(key, request.method, segments)) for key in keys), winner, _MOST_SPECIFIC
    )
    if api.default is not None:
        verdicts += with_winner([judged(DEFAULT_ROUTE, ())], winner, _DEFAULT)
    return verdicts
