"""One request on its way through the edge: viewer-request, origin-request, the origin, origin-response, viewer-response.

There is no cache, so every request is a miss. Which stage is left out when: semantics/sync.md §9.3.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from router.errors import Invoked, RequestError, Unmatched
from router.model import Conversation, Forward, Glimpse, Invoke, PeekBody, Reply, Request, Resolve, Step
from router.outcome import Outcome, OutcomeKind
from router.triggers._auth import authorize
from router.triggers._http import LAMBDA_PAYLOAD_LIMIT, METHODS
from router.triggers._refusals import EventTooLarge, Failed, HeadersTooLarge, UriTooLong
from router.triggers.lambda_edge import answers, results
from router.triggers.lambda_edge.headers import EventType
from router.triggers.lambda_edge.messages import (
    EdgeRequest,
    EdgeResponse,
    event,
    from_origin,
    invocation_id,
    opaque_id,
    origin_view,
    outgoing_headers,
    viewer_view,
)
from router.triggers.lambda_edge.origins import DeclaredOrigin, chosen
from router.triggers.lambda_edge.site import Behavior, Site, Stage

REQUEST_LIMIT = 32 * 1024
"""Bytes of request line and headers that CloudFront takes."""
SIGNED_BODY_LIMIT = 10 * 1024 * 1024
"""Bytes of a body that `auth: {hmac: …}` has to see whole; every other body streams."""
_TIMED_OUT = b"Task timed out after "
"""In the error of a function that ran into Lambda's own time limit."""


class MethodNotAllowed(RequestError):
    """CloudFront knows seven methods."""

    name = "method_not_allowed"


class BodyNotAllowed(RequestError):
    """A GET with a body (semantics/sync.md §9.3)."""

    name = "body_not_allowed"


class UpgradeRefused(RequestError):
    """The viewer wants another protocol on the connection."""

    name = "upgrade_refused"


@dataclass(slots=True)
class Passage:
    """A request under way. `invoked`: what is known about functions that ran for it."""

    site: Site
    request: Request
    token: str
    invoked: Invoked = Invoked.NO


def handle(request: Request, site: Site) -> Conversation:
    """The conversation of one request."""
    passage = Passage(site, request, opaque_id(request.id))
    try:
        return (yield from _pass(passage))
    except RequestError as error:
        invoked = error.invoked if passage.invoked is Invoked.NO else passage.invoked
        return answers.refused(error, invoked, site, request, passage.token)


def _pass(passage: Passage) -> Conversation:
    request = passage.request
    check_request(request)
    yield from authorize(request, passage.site.auth, SIGNED_BODY_LIMIT)
    behavior = passage.site.behavior(request.path)
    if behavior is None:
        raise Unmatched(f"no path pattern fits {request.path}; a behavior `*` is the default")
    viewer = viewer_view(request)
    stage = behavior.stages.get(EventType.VIEWER_REQUEST)
    if stage is not None:
        answer = yield from _request_stage(passage, EventType.VIEWER_REQUEST, stage, viewer)
        if isinstance(answer, EdgeResponse):
            return _served(passage, answer, answers.GENERATED)
        viewer = answer[0]
    response, x_cache, skips_viewer_response = yield from _ask_origin(passage, behavior, viewer)
    stage = behavior.stages.get(EventType.VIEWER_RESPONSE)
    if stage is not None and not skips_viewer_response:
        response = yield from _response_stage(passage, EventType.VIEWER_RESPONSE, stage, viewer, None, response)
    return _served(passage, response, x_cache)


def _ask_origin(
    passage: Passage, behavior: Behavior, viewer: EdgeRequest
) -> Generator[Step, Any, tuple[EdgeResponse, str, bool]]:
    """The response to send, its X-Cache, and whether the viewer-response stage is left out."""
    request = origin_view(viewer, passage.request, passage.site, behavior)
    origin = behavior.origin
    stage = behavior.stages.get(EventType.ORIGIN_REQUEST)
    if stage is not None:
        yield Resolve(origin.server)
        answer = yield from _request_stage(passage, EventType.ORIGIN_REQUEST, stage, request, behavior)
        if isinstance(answer, EdgeResponse):
            return answer, answers.GENERATED, False
        request, chosen_origin = answer
        origin = chosen_origin or origin
    forwarded = Forward(
        origin.server,
        request.method,
        _target(origin, request),
        outgoing_headers(request, origin, passage.token),
        request.body,
    )
    answered = yield forwarded
    response = from_origin(answered, request.method)
    failed = answered.status >= 400
    stage = behavior.stages.get(EventType.ORIGIN_RESPONSE)
    if stage is not None:
        response = yield from _response_stage(passage, EventType.ORIGIN_RESPONSE, stage, request, origin, response)
    return response, answers.FAILED if int(response.status) >= 400 else answers.MISS, failed


def _target(origin: DeclaredOrigin, request: EdgeRequest) -> str:
    """Path and query as they go out: what is not ASCII goes as percent-encoded UTF-8."""
    target = origin.path + request.target
    return target if target.isascii() else "".join(map(_escaped, target))


def _escaped(character: str) -> str:
    return character if character.isascii() else "".join(f"%{byte:02X}" for byte in character.encode())


def check_request(request: Request) -> None:
    """Raises what CloudFront refuses before it looks at behaviors."""
    if request.method not in METHODS:
        raise MethodNotAllowed(f"the method {request.method} is not one of {', '.join(METHODS)}")
    if request.header("upgrade") is not None and "upgrade" in (request.header("connection") or "").lower():
        raise UpgradeRefused("lambda_edge does not switch protocols")
    if request.method == "GET" and request.body != b"":
        raise BodyNotAllowed("a GET request came with a body")
    target = len(request.path.encode()) + len(request.query.encode()) + bool(request.query)
    if target > results.URL_LIMIT:
        raise UriTooLong(f"the URL has {target} bytes")
    size = len(request.method) + target + 12 + results.headers_size(request.headers)
    if size > REQUEST_LIMIT:
        raise HeadersTooLarge(f"request line and headers have {size} bytes")


def _served(passage: Passage, response: EdgeResponse, x_cache: str) -> Reply:
    return answers.served(response, x_cache, passage.site, passage.request, passage.token)


# --- stages ----------------------------------------------------------------------------------------------------------


def _request_stage(
    passage: Passage, kind: EventType, stage: Stage, request: EdgeRequest, behavior: Behavior | None = None
) -> Generator[Step, Any, EdgeResponse | tuple[EdgeRequest, DeclaredOrigin | None]]:
    """A response of the function's own, or the request as it changed it and the origin that it chose."""
    limits = passage.site.limits(kind)
    glimpse = None
    if stage.include_body:
        glimpse = yield from _glimpse(request, limits.include_body)
    origin = behavior.origin if behavior is not None else None
    payload = event(passage.site, kind, passage.token, request, origin=origin, glimpse=glimpse)
    result = yield from _invoke(passage, kind, stage, payload)
    if results.is_response(result):
        return results.generated_response(result, limits)
    after = results.changed_request(result, request, kind, stage, limits)
    if behavior is None:
        return after, None
    return after, chosen(result.get("origin"), behavior.origin, behavior.allowed_origins, after.headers)


def _response_stage(
    passage: Passage,
    kind: EventType,
    stage: Stage,
    request: EdgeRequest,
    origin: DeclaredOrigin | None,
    response: EdgeResponse,
) -> Generator[Step, Any, EdgeResponse]:
    payload = event(passage.site, kind, passage.token, request, origin=origin, response=response)
    result = yield from _invoke(passage, kind, stage, payload)
    return results.changed_response(result, response, kind, passage.site.limits(kind))


def _glimpse(request: EdgeRequest, limit: int) -> Generator[Step, Any, Glimpse]:
    if request.body is not None:
        return Glimpse(request.body[:limit], len(request.body) > limit)
    glimpse: Glimpse = yield PeekBody(limit)
    return glimpse


def _invoke(passage: Passage, kind: EventType, stage: Stage, payload: bytes) -> Generator[Step, Any, dict[str, Any]]:
    """The object that the function returned."""
    if len(payload) > LAMBDA_PAYLOAD_LIMIT:
        raise EventTooLarge(f"the event has {len(payload)} bytes")
    timeout = passage.site.limits(kind).timeout
    outcome: Outcome = yield Invoke(stage.target, payload, timeout, id=invocation_id(passage.request.id, kind))
    if passage.invoked is not Invoked.YES and outcome.invoked is not Invoked.NO:
        passage.invoked = outcome.invoked
    if outcome.kind is not OutcomeKind.OK:
        timed_out = outcome.kind is OutcomeKind.FUNCTION_ERROR and _TIMED_OUT in outcome.payload
        raise answers.LimitExceeded(outcome) if timed_out else Failed(outcome)
    return results.parse_result(outcome.payload)
