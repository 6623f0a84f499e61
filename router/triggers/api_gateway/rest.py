"""The REST API front door: routing with backtracking and event 1.0. What it answers stands in `rest_answers`.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html and
semantics/sync.md §3.
"""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router import jsontext
from router.deliveries import Durability
from router.errors import BadRequest, RequestError, Unmatched
from router.model import Conversation, Request, Scope, Target
from router.policies.webhook_auth import Auth
from router.triggers._accept import accepted
from router.triggers._auth import authorized_body
from router.triggers._http import check_header_size, derived_id, invoke, short_token
from router.triggers._refusals import UriTooLong
from router.triggers._streaming import invoke_streaming
from router.triggers.api_gateway import payload1
from router.triggers.api_gateway.binary import BinaryMediaTypes, compile_binary_media_types
from router.triggers.api_gateway.rest_answers import answer, refusal, streamed
from router.triggers.api_gateway.routes import Integration, RouteKey, RouteTree, path_parameters, specificity
from router.triggers.api_gateway.site import Site

BODY_LIMIT = 10 * 1024 * 1024
TARGET_LIMIT = 10_240
"""Bytes of a URL at a Regional API (semantics/sync.md §3.7)."""
METHOD_ARN_LIMIT = 1600
STREAM_TIMEOUT = 900.0
"""Seconds that a streamed answer may take as a whole, where the API has no `timeout` (semantics/sync.md §3.9)."""
STREAM_IDLE = 300.0
"""Seconds that it may pause, at a Regional API."""

_FORBIDDEN_IN_QUERY = frozenset("|{};")


@dataclass(slots=True)
class RestRoute:
    """A method of a resource, compiled. `context`: the part of `requestContext` that no request changes."""

    key: RouteKey
    target: Target
    auth: Auth
    context: Mapping[str, Any]
    later: Durability | None = None
    streams: bool = False


@dataclass(slots=True)
class RestApi:
    """A compiled REST API."""

    tree: RouteTree[RestRoute]
    site: Site
    binary: BinaryMediaTypes
    stage_variables: Mapping[str, str] | None
    timeout: float
    stream_timeout: float
    method_arn_overhead: int


def build(
    settings: Mapping[str, Any], scope: Scope, routes: list[tuple[RouteKey, Integration]], site: Site, api_id: str, stage: str
) -> RestApi:
    """The compiled form; `routes` are the parsed keys with what stands behind them."""

    def route(key: RouteKey, integration: Integration) -> RestRoute:
        resource_id = derived_id(6, api_id, key.path)
        context = payload1.static_context(
            account_id=scope.account_id,
            api_id=api_id,
            deployment_id=derived_id(6, api_id, stage),
            stage=stage,
            resource_id=resource_id,
            resource=key.path,
        )
        return RestRoute(key, integration.target, integration.auth, context, integration.later, integration.streams)

    arn = f"arn:aws:execute-api:{scope.region}:{scope.account_id}:{api_id}/{stage}/"
    return RestApi(
        RouteTree((key, route(key, integration)) for key, integration in routes),
        site,
        compile_binary_media_types(settings.get("binary_media_types") or ()),
        dict(settings.get("stage_variables") or {}) or None,
        settings.get("timeout") or 29.0,
        settings.get("timeout") or STREAM_TIMEOUT,
        len(arn),
    )


def rank(api: RestApi, request: Request) -> int:
    """How specific the route is that this API has for the request; 0 where it has none."""
    segments = segments_of(resource_path(api, request))
    found = api.tree.find(method_of(request), segments)
    return 0 if found is None else specificity(found[1], found[2], len(segments))


def handle(request: Request, api: RestApi) -> Conversation:
    """The conversation of one request."""
    token = short_token(request.id)
    try:
        return (yield from _answer(request, api, token))
    except RequestError as error:
        return refusal(request, error, token)


# --- request ---------------------------------------------------------------------------------------------------------


def _answer(request: Request, api: RestApi, token: str) -> Conversation:
    check_limits(request, api)
    path = resource_path(api, request)
    method = method_of(request)
    segments = segments_of(path)
    found = api.tree.find(method, segments)
    if found is None:
        raise Unmatched(f"no route for {method} {path}")
    route = found[0]
    body = yield from authorized_body(request, route.auth, BODY_LIMIT)
    headers = payload1.fold_headers(request)
    text, base64 = _event_body(body, headers, api.binary)
    context = payload1.request_context(
        route.context,
        request,
        method=method,
        path=api.site.sent_path(request.path),
        request_id=request.id,
        token=token,
        user_agent=payload1.user_agent(headers),
    )
    event = payload1.event(
        resource=route.key.path,
        path=api.site.sent_path(request.path) if api.site.mapped else path,
        method=method,
        headers=headers,
        query=request.query,
        path_parameters=path_parameters(route.key, segments),
        stage_variables=api.stage_variables,
        context=context,
        body=text,
        base64=base64,
    )
    if route.later is not None:
        reply = yield from accepted(
            request, route.target, jsontext.dumps(event), route.later, route=f"{route.key.method} {route.key.path}"
        )
        reply.headers = [("x-amzn-RequestId", request.id), ("x-amz-apigw-id", token), *reply.headers]
        reply.headers.append(("X-Amzn-Trace-Id", request.trace_id))
        return reply
    if route.streams:
        outcome = yield from invoke_streaming(route.target, jsontext.dumps(event), api.stream_timeout, STREAM_IDLE)
        return streamed(outcome, request, token)
    payload = yield from invoke(route.target, jsontext.dumps(event), api.timeout)
    return answer(payload, request, api.binary, token)


def check_limits(request: Request, api: RestApi) -> None:
    """Raises what API Gateway refuses before it looks for a method."""
    target = len(request.path) + len(request.query) + 1
    if target > TARGET_LIMIT:
        raise UriTooLong(f"the request target has {target} bytes")
    check_header_size(request)
    if api.method_arn_overhead + len(request.method) + len(request.path) > METHOD_ARN_LIMIT:
        raise UriTooLong("the method ARN would have more than 1600 bytes")
    if not _FORBIDDEN_IN_QUERY.isdisjoint(request.query):
        raise BadRequest("the query holds one of | { } ;")


def method_of(request: Request) -> str:
    """A POST may ask for another method by `X-HTTP-Method-Override` (semantics/sync.md §3.1)."""
    if request.method == "POST":
        return (request.header("x-http-method-override") or "POST").strip().upper()
    return request.method


def resource_path(api: RestApi, request: Request) -> str:
    """The path below stage or base path; slashes directly after that count as one."""
    rest = api.site.rest(request.path)
    return "/" + rest.lstrip("/") if rest.startswith("//") else rest


def segments_of(path: str) -> list[str]:
    """Path segments as sent, undecoded; one trailing slash does not count."""
    trimmed = path[1:].removesuffix("/")
    return trimmed.split("/") if trimmed else []


def _event_body(body: bytes, headers: payload1.MultiValue, binary: BinaryMediaTypes) -> tuple[str | None, bool]:
    if not body:
        return None, False
    if binary.match(_content_type(headers)):
        return b64encode(body).decode(), True
    return body.decode("utf-8", "replace"), False


def _content_type(headers: payload1.MultiValue) -> str:
    """A body without a type counts as JSON."""
    values = headers.get("Content-Type") or headers.get("content-type")
    if values is None:
        values = next((each for name, each in headers.items() if name.lower() == "content-type"), ["application/json"])
    return values[-1]
