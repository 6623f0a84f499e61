"""Which route of an API takes a request, and why the others do not: path segment by segment, then the method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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


def matches(api: rest.RestApi | http.HttpApi, given: Request | Batch) -> Sequence[RouteVerdict]:
    """That of the route which the API finds, if any."""
    request = the_request(given)
    try:
        asked = _asked_of_rest(api, request) if isinstance(api, rest.RestApi) else _asked_of_http(api, request)
    except RequestError:
        return []
    if asked is None or asked.winner is None:
        return []
    key = asked.winner.key
    return [judged(DEFAULT_ROUTE, ()) if key is None else judged(_text(key), predicates(key, asked.method, asked.segments))]


def _text(key: RouteKey) -> str:
    return f"{key.method} {key.path}"


@dataclass(slots=True, frozen=True)
class _Asked:
    """What routes are found by. `winner`: the one that takes the request."""

    method: str
    segments: Sequence[str]
    winner: rest.RestRoute | http.HttpRoute | None

    @property
    def name(self) -> str | None:
        """The winner's."""
        if self.winner is None:
            return None
        return DEFAULT_ROUTE if self.winner.key is None else _text(self.winner.key)


def _asked_of_rest(api: rest.RestApi, request: Request) -> _Asked:
    """Raises RequestError where the front door refuses the request before it looks at routes."""
    rest.check_limits(request, api)
    the_body(request, rest.BODY_LIMIT)
    method, segments = rest.method_of(request), rest.segments_of(rest.resource_path(api, request))
    found = api.tree.find(method, segments)
    return _Asked(method, segments, None if found is None else found[0])


def _asked_of_http(api: http.HttpApi, request: Request) -> _Asked | None:
    """As of a REST API; None: a preflight."""
    if api.cors is not None and is_preflight(request):
        return None
    check_header_size(request)
    the_body(request, http.BODY_LIMIT)
    segments = http.segments_of(request, api)
    return _Asked(request.method, segments, http.find(api, request.method, segments))


def _rest(api: rest.RestApi, request: Request) -> Sequence[RouteVerdict]:
    keys = [key for key, _ in api.tree.routes]
    try:
        asked = _asked_of_rest(api, request)
    except RequestError as error:
        return refused(map(_text, keys), error)
    return _of_keys(keys, asked)


def _http(api: http.HttpApi, request: Request) -> Sequence[RouteVerdict]:
    keys = [key for key, _ in api.tree.routes]
    names = [*map(_text, keys), *([DEFAULT_ROUTE] if api.default is not None else [])]
    try:
        asked = _asked_of_http(api, request)
    except RequestError as error:
        return refused(names, error)
    if asked is None:
        return nobody(names, _PREFLIGHT)
    verdicts = _of_keys(keys, asked)
    if api.default is not None:
        verdicts += with_winner([judged(DEFAULT_ROUTE, ())], asked.name, _DEFAULT)
    return verdicts


def _of_keys(keys: Sequence[RouteKey], asked: _Asked) -> list[RouteVerdict]:
    verdicts = (judged(_text(key), predicates(key, asked.method, asked.segments)) for key in keys)
    return with_winner(verdicts, asked.name, _MOST_SPECIFIC)
