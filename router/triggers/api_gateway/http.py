"""The HTTP API front door: stages, route priority, events 2.0 and 1.0, inferred answers, CORS.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html and
semantics/sync.md §4.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router import jsontext
from router.deliveries import Durability
from router.errors import RequestError, Unmatched
from router.model import Conversation, Headers, Reply, Request, Scope, Target
from router.policies.cors import Cors, compile_cors, is_preflight, preflight_headers, response_headers
from router.policies.webhook_auth import Auth
from router.triggers import _payload2
from router.triggers._accept import accepted
from router.triggers._auth import authorized_body, challenge
from router.triggers._http import check_header_size, decoded_path, derived_id, invoke, percent_decoded, short_token
from router.triggers._refusals import BadResponse, ErrorAnswer, ErrorTable, error_answer, error_note
from router.triggers._replies import BODYLESS, body_bytes, header_name, parse_answer, status_code
from router.triggers.api_gateway import payload1
from router.triggers.api_gateway.routes import DEFAULT_ROUTE, Integration, RouteKey, RouteTree, path_parameters, specificity
from router.triggers.api_gateway.site import Site

BODY_LIMIT = 10 * 1024 * 1024

_INTERNAL = ErrorAnswer(500, b'{"message":"Internal Server Error"}')
_UNAVAILABLE = ErrorAnswer(503, b'{"message":"Service Unavailable"}')
_BAD_REQUEST = ErrorAnswer(400, b'{"message":"Bad Request"}')

ERRORS: ErrorTable = {
    "function_error": _INTERNAL,
    "bad_response": _INTERNAL,
    "timeout": _UNAVAILABLE,
    "throttled": _INTERNAL,
    "client_error": _INTERNAL,
    "event_too_large": _INTERNAL,
    "service_error": _INTERNAL,
    "transport": _UNAVAILABLE,
    "unmatched": ErrorAnswer(404, b'{"message":"Not Found"}'),
    "unauthorized": ErrorAnswer(401, b'{"message":"Unauthorized"}'),
    "forbidden": ErrorAnswer(403, b'{"message":"Forbidden"}'),
    "bad_request": _BAD_REQUEST,
    "incomplete_request": _BAD_REQUEST,
    "request_too_large": ErrorAnswer(413, b'{"message":"Request Entity Too Large"}'),
    "headers_too_large": ErrorAnswer(431, b'{"message":"Request Header Fields Too Large"}'),
    "unavailable": _UNAVAILABLE,
    "internal": _INTERNAL,
}
"""What an HTTP API answers, by outcome kind or error name (semantics/sync.md §4.6). The rows `service_error`, `transport`,
`bad_request`, `incomplete_request` and `unavailable` are not measured."""

_DEFAULT_TYPE = "text/plain; charset=utf-8"
_DROPPED = _payload2.ANSWER_DROPPED | {"apigw-requestid"}


@dataclass(slots=True)
class HttpRoute:
    """A route, compiled. `key` is None for `$default`; `shape` and `context` belong to events 2.0 and 1.0."""

    key: RouteKey | None
    target: Target
    auth: Auth
    shape: _payload2.Shape
    context: Mapping[str, Any]
    later: Durability | None = None


@dataclass(slots=True)
class HttpApi:
    """A compiled HTTP API."""

    tree: RouteTree[HttpRoute]
    default: HttpRoute | None
    site: Site
    cors: Cors | None
    stage_variables: Mapping[str, str] | None
    timeout: float
    payload: str


def build(
    settings: Mapping[str, Any],
    scope: Scope,
    routes: list[tuple[RouteKey, Integration]],
    default: Integration | None,
    site: Site,
    api_id: str,
    stage: str,
) -> HttpApi:
    """The compiled form; `routes` are the parsed keys with what stands behind them, `default` is the same of `$default`."""
    variables = dict(settings.get("stage_variables") or {}) or None

    def route(key: RouteKey | None, integration: Integration) -> HttpRoute:
        text = f"{key.method} {key.path}" if key else DEFAULT_ROUTE
        context = payload1.static_context(
            account_id=scope.account_id,
            api_id=api_id,
            deployment_id=derived_id(6, api_id, stage),
            stage=stage,
            resource_id=None,
            resource=key.path if key else DEFAULT_ROUTE,
        )
        context["authorizer"] = {"claims": None, "scopes": None}
        shape = _payload2.Shape(text, scope.account_id, api_id, stage, variables)
        return HttpRoute(key, integration.target, integration.auth, shape, context, integration.later)

    return HttpApi(
        RouteTree((key, route(key, integration)) for key, integration in routes),
        None if default is None else route(None, default),
        site,
        compile_cors(settings.get("cors")),
        variables,
        settings.get("timeout") or 30.0,
        settings.get("payload") or "2.0",
    )


def rank(api: HttpApi, request: Request) -> int:
    """How specific the route is that this API has for the request; 0 where it has none.

    A preflight belongs to the API whose route it asks about.
    """
    preflight = api.cors is not None and is_preflight(request)
    method = (request.header("access-control-request-method") or "") if preflight else request.method
    segments = segments_of(request, api)
    full = api.tree.find(method, segments, greedy=False)
    found = full or api.tree.find(method, segments, full=False)
    if found is not None:
        digits = len(segments)
        first: int = (2 if full else 1) << 2 * (digits + 1)
        return first + specificity(found[1], found[2], digits)
    return 1 if api.default is not None or preflight else 0


def handle(request: Request, api: HttpApi) -> Conversation:
    """The conversation of one request. With CORS configured the gateway answers every preflight itself."""
    token = short_token(request.id)
    if api.cors is not None and is_preflight(request):
        return Reply(204, [*preflight_headers(api.cors, request), ("apigw-requestid", token)])
    try:
        reply = yield from _answer(request, api, token)
    except RequestError as error:
        row = error_answer(error, ERRORS)
        headers = [("content-type", row.content_type), *challenge(error, row.status)]
        reply = Reply(row.status, headers, row.body, error_note(error))
    if api.cors is not None:
        reply.headers = _with_cors(reply.headers, api.cors, request)
    reply.headers.append(("apigw-requestid", token))
    return reply


def _with_cors(headers: Headers, cors: Cors, request: Request) -> Headers:
    """The gateway's CORS headers in place of the function's (semantics/sync.md §4.8)."""
    kept = [pair for pair in headers if not pair[0].startswith("access-control-")]
    return kept + response_headers(cors, request)


# --- request ---------------------------------------------------------------------------------------------------------


def _answer(request: Request, api: HttpApi, token: str) -> Conversation:
    check_header_size(request)
    segments = segments_of(request, api)
    route = find(api, request.method, segments)
    if route is None:
        raise Unmatched(f"no route for {request.method} {request.path}")
    body = yield from authorized_body(request, route.auth, BODY_LIMIT)
    render = _event_2 if api.payload == "2.0" else _event_1
    event = jsontext.dumps(render(request, api, route, segments, body, token))
    if route.later is not None:
        return (yield from accepted(request, route.target, event, route.later, route=route.shape.route_key))
    payload = yield from invoke(route.target, event, api.timeout)
    return _reply_2(payload) if api.payload == "2.0" else _reply_1(payload)


def find(api: HttpApi, method: str, segments: list[str]) -> HttpRoute | None:
    """A full match, then a greedy one, then `$default`."""
    found = api.tree.find(method, segments, greedy=False) or api.tree.find(method, segments, full=False)
    return found[0] if found else api.default


def segments_of(request: Request, api: HttpApi) -> list[str]:
    """Decoded path segments. A trailing slash is a segment of its own: `/x/` is not `/x` here."""
    path = api.site.rest(request.path)
    return [percent_decoded(segment) for segment in path[1:].split("/")] if path != "/" else []


def _event_2(request: Request, api: HttpApi, route: HttpRoute, segments: list[str], body: bytes, token: str) -> dict[str, Any]:
    path = decoded_path(api.site.rest(request.path) if api.site.mapped else api.site.sent_path(request.path))
    parameters = path_parameters(route.key, segments) if route.key else None
    event = _payload2.event(
        route.shape, request, body, request_id=token, raw_path=path, http_path=path, path_parameters=parameters
    )
    if request.client_certificate is not None:
        event["requestContext"]["authentication"] = {"clientCert": request.client_certificate}
    return event


def _event_1(request: Request, api: HttpApi, route: HttpRoute, segments: list[str], body: bytes, token: str) -> dict[str, Any]:
    """Format 1.0 keeps a custom domain's base path in `path` (semantics/sync.md §4.1)."""
    headers = payload1.fold_headers(request, len(body))
    path = decoded_path(api.site.sent_path(request.path))
    content_type = request.header("content-type") or ""
    text, base64 = _payload2.event_body(body, content_type) if body else (None, False)
    context = payload1.request_context(
        route.context,
        request,
        method=request.method,
        path=path,
        request_id=token,
        token=token,
        user_agent=payload1.user_agent(headers),
    )
    return {
        "version": "1.0",
        **payload1.event(
            resource=route.context["resourcePath"],
            path=path,
            method=request.method,
            headers=headers,
            query=request.query,
            path_parameters=path_parameters(route.key, segments) if route.key else {},
            stage_variables=api.stage_variables,
            context=context,
            body=text,
            base64=base64,
        ),
    }


# --- answer ----------------------------------------------------------------------------------------------------------


def _reply_2(payload: bytes) -> Reply:
    status, headers, body = _payload2.answer(payload, _DEFAULT_TYPE)
    return Reply(status, [pair for pair in headers if pair[0] not in _DROPPED], body)


def _reply_1(payload: bytes) -> Reply:
    """Format 1.0: `statusCode` is a must, unknown keys are ignored (semantics/sync.md §4.4)."""
    value = parse_answer(payload)
    if not _payload2.is_formatted(value):
        raise BadResponse("the function's answer is not an object with statusCode")
    status = status_code(value["statusCode"])
    named = [(header_name(name), text) for name, text in payload1.answer_headers(value)]
    headers = [pair for pair in named if pair[0] not in _DROPPED]
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", _DEFAULT_TYPE))
    body = body_bytes(value.get("body"), base64=value.get("isBase64Encoded") is True)
    return Reply(status, headers, b"" if status in BODYLESS else body)
