"""What travels through the stages: the request as viewer and origin see it, the response, and the events made of them.

Source: semantics/sync.md §9.2 and
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html
"""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, replace
from typing import Any

from router import jsontext
from router.model import Glimpse, Headers, OriginResponse, Request, Stream
from router.triggers._http import forwarded_for
from router.triggers._replies import BODYLESS, OWN_HEADERS
from router.triggers.lambda_edge.headers import (
    HOP_BY_HOP,
    EventType,
    HeaderMap,
    as_json,
    is_disallowed,
    set_header,
    to_map,
)
from router.triggers.lambda_edge.origins import DeclaredOrigin
from router.triggers.lambda_edge.site import Behavior, Site

_OWN_PREFIX = "cloudfront-"
"""Headers that only CloudFront may add; what a viewer sends under such a name goes nowhere."""
_CLOUDFRONTS_OWN = ("x-cache", "x-amz-cf-", "x-edge-")


@dataclass(slots=True)
class EdgeRequest:
    """A request as functions see it. `body`: bytes that replace the caller's; None: the caller's own."""

    client_ip: str
    method: str
    uri: str
    querystring: str
    headers: HeaderMap
    body: bytes | None = None

    @property
    def target(self) -> str:
        return f"{self.uri}?{self.querystring}" if self.querystring else self.uri


@dataclass(slots=True)
class EdgeResponse:
    """A response as functions see it, and its body, which they do not.

    `unseen`: headers that pass by the functions. `length`: Content-Length of an origin's answer, where it has one.
    `generated`: a function made it.
    """

    status: str
    description: str
    headers: HeaderMap
    body: bytes | Stream
    unseen: Headers
    length: int | None = None
    generated: bool = False


def opaque_id(request_id: str) -> str:
    """CloudFront's request id: 56 characters that end in `==`."""
    return urlsafe_b64encode(hashlib.sha512(request_id.encode()).digest()[:40]).decode()


def invocation_id(request_id: str, event: EventType) -> str:
    """The UUID of one stage's invocation: a request can cause four."""
    digest = hashlib.sha256(f"{request_id} {event}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"


# --- views -----------------------------------------------------------------------------------------------------------


def viewer_view(request: Request) -> EdgeRequest:
    """The request as it came."""
    pairs = ((name, value) for name, value in request.headers if not name.lower().startswith(_OWN_PREFIX))
    return EdgeRequest(request.client_ip, request.method, request.path, request.query, to_map(pairs))


def origin_view(viewer: EdgeRequest, request: Request, site: Site, behavior: Behavior) -> EdgeRequest:
    """The request as it goes to the origin: what the edge adds, and all that the viewer sent but Host.

    That is AWS's managed policy AllViewerExceptHostHeader.
    """
    headers = {name: entries for name, entries in viewer.headers.items() if name not in behavior.origin.custom_headers}
    sent = headers.get("x-forwarded-for")
    set_header(headers, "X-Forwarded-For", forwarded_for(", ".join(value for _, value in sent) if sent else None, request))
    headers.setdefault("user-agent", [("User-Agent", "Amazon CloudFront")])
    set_header(headers, "Via", *(value for _, value in headers.get("via", ())), via(site, request))
    set_header(headers, "Host", behavior.origin.server.host)
    for name in behavior.cloudfront_headers:
        set_header(headers, name, _CLOUDFRONT_HEADERS[name](request))
    return replace(viewer, headers=headers)


_CLOUDFRONT_HEADERS = {
    "CloudFront-Forwarded-Proto": lambda request: request.scheme,
    "CloudFront-Viewer-Http-Version": lambda request: request.protocol.removeprefix("HTTP/"),
}
"""Those that the router can say truthfully."""


def via(site: Site, request: Request) -> str:
    """`1.1 <hash>.cloudfront.net (CloudFront)`."""
    return f"{request.protocol.removeprefix('HTTP/')} {site.via} (CloudFront)"


def outgoing_headers(request: EdgeRequest, origin: DeclaredOrigin, token: str) -> Headers:
    """What is sent to the origin, Host first; framing is the forwarder's."""
    host = request.headers.get("host") or [("Host", origin.server.host)]
    rest = [
        pair
        for name, entries in request.headers.items()
        if name not in HOP_BY_HOP and name not in ("host", "content-length")
        for pair in entries
    ]
    custom = [pair for entries in origin.custom_headers.values() for pair in entries]
    return [("Host", host[0][1]), *rest, *custom, ("X-Amz-Cf-Id", token)]


def from_origin(answer: OriginResponse, method: str) -> EdgeResponse:
    """An origin's answer. What functions may not see passes by them, except what is CloudFront's or the router's to say."""
    pairs = [pair for pair in answer.headers if pair[0].lower() not in OWN_HEADERS]
    unseen = [
        (name, value)
        for name, value in pairs
        if is_disallowed(low := name.lower()) and low not in HOP_BY_HOP and not low.startswith(_CLOUDFRONTS_OWN)
    ]
    headers = to_map(pairs)
    has_length = "transfer-encoding" not in headers and (method == "HEAD" or answer.status not in BODYLESS)
    lengths = {value for _, value in headers.get("content-length", ())} if has_length else set()
    known = len(lengths) == 1 and (written := lengths.pop()).isascii() and written.isdigit()
    length = int(written) if known else None
    return EdgeResponse(str(answer.status), answer.reason, headers, answer.body, unseen, length)


# --- events ----------------------------------------------------------------------------------------------------------


def event(
    site: Site,
    kind: EventType,
    token: str,
    request: EdgeRequest,
    *,
    origin: DeclaredOrigin | None = None,
    glimpse: Glimpse | None = None,
    response: EdgeResponse | None = None,
) -> bytes:
    """The JSON of one stage. `origin`: in origin events; `glimpse`: where the stage includes the body."""
    shown: dict[str, Any] = {
        "clientIp": request.client_ip,
        "headers": as_json(request.headers),
        "method": request.method,
        "querystring": request.querystring,
        "uri": request.uri,
    }
    if glimpse is not None:
        data = b64encode(glimpse.data).decode()
        shown["body"] = {"inputTruncated": glimpse.truncated, "action": "read-only", "encoding": "base64", "data": data}
    if origin is not None:
        shown["origin"] = origin.event()
    record: dict[str, Any] = {
        "config": {
            "distributionDomainName": site.domain_name,
            "distributionId": site.distribution_id,
            "eventType": kind.value,
            "requestId": token,
        },
        "request": shown,
    }
    if response is not None:
        record["response"] = {
            "headers": as_json(response.headers),
            "status": response.status,
            "statusDescription": response.description,
        }
    return jsontext.dumps({"Records": [{"cf": record}]})
