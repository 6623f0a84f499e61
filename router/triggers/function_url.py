"""Lambda function URLs, buffered or streamed: payload 2.0 with the measured differences, plain-text errors, CORS beside the
function's.

Source: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html and semantics/sync.md §7.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router import jsontext
from router.batches import Batch
from router.deliveries import Durability
from router.errors import RequestError
from router.model import (
    Conversation,
    Predicate,
    Reply,
    Report,
    Request,
    RouteVerdict,
    Scope,
    SiteClaim,
    Target,
    TriggerType,
)
from router.outcome import Outcome
from router.policies.cors import Cors, check_cors, compile_cors, is_preflight, preflight_headers, response_headers
from router.policies.webhook_auth import Auth, check_auth, compile_auth
from router.triggers import _payload2
from router.triggers._accept import AsyncEventTooLarge, accepted
from router.triggers._auth import authorized_body
from router.triggers._http import LAMBDA_PAYLOAD_LIMIT, derived_id, invoke, percent_decoded
from router.triggers._judging import judged, nobody, only_route, refused, the_body, the_request
from router.triggers._refusals import ErrorAnswer, ErrorTable, Failed, error_answer, error_note
from router.triggers._replies import header_value
from router.triggers._streaming import DEFAULT_TYPE, announced_length, has_prelude, invoke_streaming, prelude

_FAILED = ErrorAnswer(502, b"Internal Server Error", content_type="text/plain")
_TOO_LARGE = ErrorAnswer(
    413,
    b'{"Message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}',
    "RequestTooLargeException",
)
_BAD_REQUEST = ErrorAnswer(400, b'{"Message":"Bad Request"}')
_FORBIDDEN = ErrorAnswer(
    403,
    b'{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: '
    b'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}',
    "AccessDeniedException",
)
_REASON = b"ReservedFunctionConcurrentInvocationLimitExceeded"
"""Lambda's reason where it gives none; the one that it gives stands in its place."""

ERRORS: ErrorTable = {
    "function_error": _FAILED,
    "bad_response": _FAILED,
    "timeout": _FAILED,
    "throttled": ErrorAnswer(
        429, b'{"Reason":"%s","Type":"User","message":"Rate Exceeded."}' % _REASON, "TooManyRequestsException"
    ),
    "client_error": _FAILED,
    "client_error 403": _FORBIDDEN,
    "client_error 413": _TOO_LARGE,
    "event_too_large": _TOO_LARGE,
    "service_error": _FAILED,
    "transport": _FAILED,
    "unmatched": ErrorAnswer(403, b'{"Message":null}'),
    "unauthorized": _FORBIDDEN,
    "forbidden": _FORBIDDEN,
    "bad_request": _BAD_REQUEST,
    "incomplete_request": _BAD_REQUEST,
    "request_too_large": _TOO_LARGE,
    "unavailable": ErrorAnswer(503, b'{"Message":"Service Unavailable"}'),
    "internal": _FAILED,
}
"""What a function URL answers, by outcome kind or error name (semantics/sync.md §7.3). The rows for a Lambda 4xx other than 403
and 413, `service_error`, `transport`, `bad_request`, `incomplete_request` and `unavailable` are not measured."""

_DEFAULT_TYPE = "application/json"
_DROPPED = _payload2.ANSWER_DROPPED | {"x-amzn-requestid", "x-amzn-trace-id"}


@dataclass(slots=True)
class FunctionUrl:
    """A compiled function URL."""

    target: Target
    shape: _payload2.Shape
    cors: Cors | None
    auth: Auth
    later: Durability | None
    """How durably events are accepted; None: callers wait."""
    streams: bool = False
    """Whether answers are passed on as they come."""


def build(settings: Mapping[str, Any], scope: Scope) -> FunctionUrl:
    """The compiled form."""
    url_id = settings.get("url_id") or derived_id(32, scope.name)
    reference = {key: settings[key] for key in ("function", "weights") if settings.get(key) is not None}
    shape = _payload2.Shape("$default", "anonymous", url_id, "$default", domain_prefix=url_id, keeps_cookie_header=True)
    auth = compile_auth(settings.get("auth"), scope.name)
    later = Durability(settings.get("durability") or Durability.DISK) if settings["invocation"] == ["async"] else None
    streams = settings.get("invoke_mode") == "response_stream"
    return FunctionUrl(scope.target(reference), shape, compile_cors(settings.get("cors")), auth, later, streams)


def claims(settings: Mapping[str, Any]) -> tuple[SiteClaim, ...]:
    """A function URL owns its hosts whole."""
    return tuple(SiteClaim(host and host.lower()) for host in settings.get("hosts") or (None,))


def check(settings: Mapping[str, Any], report: Report) -> None:
    """Rules beyond the schema."""
    if settings.get("cors"):
        check_cors(settings["cors"], report)
    check_auth(settings.get("auth"), report)
    if len(settings["invocation"]) > 1:
        message = "a function URL's callers cannot choose how the function is invoked"
        report(("invocation",), "one-invocation", message, help="write one of them, and another trigger for the other")
    if settings["invocation"] == ["async"] and settings.get("invoke_mode") == "response_stream":
        message = "`invoke_mode` has no effect: nobody waits for an answer"
        report(("invoke_mode",), "without-effect", message, help="remove it", on="key")


def handle(request: Request, url: FunctionUrl) -> Conversation:
    """The conversation of one request. A preflight is answered without the function."""
    identity = ("x-amzn-RequestId", request.id)
    if url.cors is not None and is_preflight(request):
        return Reply(200, [identity, *preflight_headers(url.cors, request)])
    try:
        reply = yield from _answer(request, url)
        reply.headers.append(("x-amzn-trace-id", request.trace_id))
    except RequestError as error:
        reply = _refusal(error)
    reply.headers.insert(0, identity)
    if url.cors is not None:
        reply.headers += response_headers(url.cors, request)
    return reply


def _answer(request: Request, url: FunctionUrl) -> Conversation:
    body = yield from authorized_body(request, url.auth, LAMBDA_PAYLOAD_LIMIT)
    event = _payload2.event(
        url.shape,
        request,
        body,
        request_id=request.id,
        raw_path=request.path,
        http_path=percent_decoded(request.path),
    )
    if url.later is not None:
        return (yield from accepted(request, url.target, jsontext.dumps(event), url.later))
    if url.streams:
        return _streamed((yield from invoke_streaming(url.target, jsontext.dumps(event), None, None)))
    payload = yield from invoke(url.target, jsontext.dumps(event), None)
    status, headers, sent = _payload2.answer(payload, _DEFAULT_TYPE, compact=True)
    return Reply(status, [pair for pair in headers if pair[0] not in _DROPPED], sent)


def _streamed(outcome: Outcome) -> Reply:
    """The beginning of a streamed answer. One that came whole goes out as it is (semantics/sync.md §7.5)."""
    if outcome.stream is None:
        return Reply(200, [("content-type", outcome.content_type or _DEFAULT_TYPE)], outcome.payload)
    if not has_prelude(outcome):
        return Reply(200, [("content-type", header_value(outcome.content_type or DEFAULT_TYPE))], outcome.stream)
    value = prelude(outcome)
    status, headers, _ = _payload2.formatted({"statusCode": 200, **value, "body": None}, DEFAULT_TYPE)
    sent = [pair for pair in headers if pair[0] not in _DROPPED] + announced_length(value)
    return Reply(status, sent, outcome.stream)


def _refusal(error: RequestError) -> Reply:
    row = error_answer(error, ERRORS)
    error_type = [("x-amzn-ErrorType", row.error_type)] if row.error_type else []
    body = row.body
    if isinstance(error, Failed) and error.reason:
        body = body.replace(_REASON, error.reason.encode("ascii", "replace"))
    if isinstance(error, AsyncEventTooLarge):
        body = jsontext.dumps({"Message": str(error)})
    return Reply(row.status, [("content-type", row.content_type), *error_type], body, error_note(error))


def judge(url: FunctionUrl, given: Request | Batch) -> Sequence[RouteVerdict]:
    """The verdict on the function: whether it is asked at all."""
    request = the_request(given)
    if url.cors is not None and is_preflight(request):
        return nobody([""], Predicate("method", "no CORS preflight: the URL answers those itself", request.method, False))
    try:
        the_body(request, LAMBDA_PAYLOAD_LIMIT)
    except RequestError as error:
        return refused([""], error)
    return [judged("", ())]


TYPE = TriggerType(
    name="function_url",
    invocations=frozenset({"sync", "async"}),
    build=build,
    claims=claims,
    handle=handle,
    check=check,
    routes=only_route,
    judge=judge,
)
