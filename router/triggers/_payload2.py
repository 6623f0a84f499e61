"""Payload format 2.0: the event and the answer that HTTP APIs and function URLs share.

Keys without content are left out, never null. Source: semantics/sync.md §4.2, §4.3, §4.5, §7.1, §7.2.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from router.model import Headers, Request
from router.triggers._http import forwarded_for, human_time, query_items
from router.triggers._refusals import BadResponse
from router.triggers._replies import (
    BODYLESS,
    OWN_HEADERS,
    body_bytes,
    header_name,
    header_value,
    mapping,
    parse_answer,
    status_code,
)

DROPPED: frozenset[str] = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
    }
)
"""Headers of one connection only; `content-length` is replaced by the length that was read."""

ANSWER_DROPPED: frozenset[str] = DROPPED | OWN_HEADERS | {"date"}
"""What a function's answer cannot set: the door frames and dates the answer itself."""

_STRING_OR_SPACE = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")|[ \t\r\n]+', re.DOTALL)
"""Removing what is no string here compacts JSON and leaves every number and escape as it was written."""

_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/javascript"})


# --- event -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Shape:
    """What no request changes: the keys in front of and inside `requestContext`, and how a door treats cookies."""

    route_key: str
    account_id: str
    api_id: str
    stage: str
    stage_variables: Mapping[str, str] | None = None
    domain_prefix: str | None = None
    """None: the first label of the request's host."""
    keeps_cookie_header: bool = False


def event(
    shape: Shape,
    request: Request,
    body: bytes,
    *,
    request_id: str,
    raw_path: str,
    http_path: str,
    path_parameters: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The event, keys in AWS's order."""
    headers, cookies = fold_headers(request, len(body))
    host = request.host
    value: dict[str, Any] = {
        "version": "2.0",
        "routeKey": shape.route_key,
        "rawPath": raw_path,
        "rawQueryString": request.query,
    }
    if cookies:
        value["cookies"] = [crumb for crumb in map(str.strip, cookies.split(";")) if crumb]
        if shape.keeps_cookie_header:
            headers["cookie"] = cookies
    value["headers"] = headers
    if request.query and (parameters := fold_query(request.query)):
        value["queryStringParameters"] = parameters
    value["requestContext"] = {
        "accountId": shape.account_id,
        "apiId": shape.api_id,
        "domainName": host,
        "domainPrefix": host.partition(".")[0] if shape.domain_prefix is None else shape.domain_prefix,
        "http": {
            "method": request.method,
            "path": http_path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.client_ip,
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": request_id,
        "routeKey": shape.route_key,
        "stage": shape.stage,
        "time": human_time(int(request.received_at)),
        "timeEpoch": int(request.received_at * 1000),
    }
    if path_parameters:
        value["pathParameters"] = path_parameters
    if shape.stage_variables:
        value["stageVariables"] = shape.stage_variables
    if body:
        value["body"], value["isBase64Encoded"] = event_body(body, headers.get("content-type", ""))
    else:
        value["isBase64Encoded"] = False
    return value


def fold_headers(request: Request, content_length: int) -> tuple[dict[str, str], str]:
    """Lower-case names, repeated values joined by commas; and the cookies, joined by semicolons, apart."""
    headers: dict[str, str] = {}
    cookies = ""
    for name, value in request.headers:
        lower = name.lower()
        if lower == "cookie":
            cookies = f"{cookies}; {value}" if cookies else value
        elif lower in headers:
            headers[lower] = f"{headers[lower]},{value}"
        elif lower not in DROPPED:
            headers[lower] = value
    headers["content-length"] = str(content_length)
    headers["x-amzn-trace-id"] = request.trace_id
    headers["x-forwarded-for"] = forwarded_for(headers.get("x-forwarded-for"), request)
    headers["x-forwarded-port"] = str(request.port)
    headers["x-forwarded-proto"] = request.scheme
    return headers, cookies


def fold_query(query: str) -> dict[str, str]:
    """Decoded names and values; repeats joined by commas."""
    values: dict[str, str] = {}
    for name, value in query_items(query):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def event_body(body: bytes, content_type: str) -> tuple[str, bool]:
    """The body as text, or as base64 with True (semantics/sync.md §4.3)."""
    if (_known_type if len(content_type) <= 128 else is_text)(content_type):
        return body.decode("utf-8", "replace"), False
    return b64encode(body).decode(), True


def is_text(content_type: str) -> bool:
    """The measured rule: `text/*`, JSON, XML and JavaScript in UTF-8; everything else, forms included, travels as base64."""
    media, *parameters = content_type.lower().split(";")
    media = media.strip()
    if not media.startswith("text/") and media not in _TEXT_TYPES:
        return False
    charsets = [
        value.strip().strip('"') for name, _, value in (each.partition("=") for each in parameters) if name.strip() == "charset"
    ]
    return all(charset in ("utf-8", "utf8") for charset in charsets)


_known_type = lru_cache(maxsize=1024)(is_text)
"""Remembers short values only: they come from strangers."""


# --- answer ----------------------------------------------------------------------------------------------------------


def is_formatted(value: Any) -> bool:
    """Whether an answer says status and headers itself; anything else is a body."""
    return isinstance(value, dict) and "statusCode" in value


def formatted(value: Mapping[str, Any], default_type: str) -> tuple[int, Headers, bytes]:
    """An object with `statusCode`: status, headers (lower-case names, cookies first), body. Raises BadResponse."""
    status = status_code(value["statusCode"])
    headers = cookie_headers(value.get("cookies"))
    typed = False
    for name, each in mapping(value.get("headers"), "headers").items():
        lower = header_name(name)
        if lower not in ANSWER_DROPPED:
            typed = typed or lower == "content-type"
            headers.append((lower, header_value(each)))
    if not typed:
        headers.append(("content-type", default_type))
    body = body_bytes(value.get("body"), base64=value.get("isBase64Encoded") is True)
    return status, headers, b"" if status in BODYLESS else body


def cookie_headers(cookies: Any) -> Headers:
    """Each entry of `cookies` becomes a header of its own. Raises BadResponse."""
    if cookies is None:
        return []
    if not isinstance(cookies, list) or not all(isinstance(cookie, str) for cookie in cookies):
        raise BadResponse("cookies is not a list of strings")
    return [("set-cookie", header_value(cookie)) for cookie in cookies]


def answer(payload: bytes, default_type: str, *, compact: bool = False) -> tuple[int, Headers, bytes]:
    """The function's answer by the decision tree of §4.5. Raises BadResponse.

    A bare JSON string is sent without its quotes. Other JSON goes out as it came, or without white space (`compact`).
    """
    value = parse_answer(payload)
    if is_formatted(value):
        return formatted(value, default_type)
    if isinstance(value, str):
        body = value.encode("utf-8", "replace")
    else:
        body = _STRING_OR_SPACE.sub(rb"\1", payload) if compact else payload
    return 200, [("content-type", "application/json")], body
