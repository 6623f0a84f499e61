"""What a load balancer makes of a function's result, and its own HTML error pages.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html and
semantics/sync.md §8.2, §8.3.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from router.errors import RequestError
from router.model import ErrorNote, Headers, Reply, Request
from router.triggers._auth import challenge
from router.triggers._refusals import BadResponse, ErrorAnswer, ErrorTable, Failed, error_answer
from router.triggers._replies import BODYLESS, OWN_HEADERS, body_bytes, header_name, header_value, parse_answer, status_code

ANSWER_LIMIT = 1024 * 1024
"""Bytes of a function's whole JSON answer (`LambdaResponseTooLarge`)."""

SERVER = ("Server", "awselb/2.0")


class TooManyForwards(RequestError):
    """`X-Forwarded-For` names more than 30 addresses."""

    name = "too_many_forwards"


class AnswerTooLarge(BadResponse):
    """The function's whole JSON answer is longer than the load balancer takes."""


class MethodNotAllowed(RequestError):
    """The load balancer does not take this method."""

    name = "method_not_allowed"


# --- error pages -----------------------------------------------------------------------------------------------------


def page(title: str) -> bytes:
    """The load balancer's own HTML, for errors and redirects; byte layout by semantics/sync.md §8.3."""
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    ).encode()


_TITLES: Mapping[str, str] = {
    "function_error": "502 Bad Gateway",
    "bad_response": "502 Bad Gateway",
    "timeout": "504 Gateway Time-out",
    "throttled": "502 Bad Gateway",
    "client_error": "502 Bad Gateway",
    "service_error": "502 Bad Gateway",
    "transport": "502 Bad Gateway",
    "event_too_large": "413 Request Entity Too Large",
    "request_too_large": "413 Request Entity Too Large",
    "bad_request": "400 Bad Request",
    "incomplete_request": "400 Bad Request",
    "headers_too_large": "400 Bad Request",
    "unauthorized": "401 Authorization Required",
    "forbidden": "403 Forbidden",
    "unmatched": "404 Not Found",
    "method_not_allowed": "405 Not Allowed",
    "uri_too_long": "414 Request-URI Too Large",
    "too_many_forwards": "463",
    "unavailable": "503 Service Temporarily Unavailable",
    "internal": "500 Internal Server Error",
}
"""What the load balancer answers, by outcome kind or error name (semantics/sync.md §8.3). The statuses are documented; of the
titles only those of 502, 503 and 504 have been seen, the others follow the same layout. `timeout` is the router's own wait for
Lambda: a function's own limit is a `function_error`."""

ERRORS: ErrorTable = {
    name: ErrorAnswer(int(title[:3]), page(title), content_type="text/html") for name, title in _TITLES.items()
}
_PHRASES = {int(title[:3]): title[4:] for title in _TITLES.values()}

_REASONS: Mapping[str, str] = {
    "function_error": "LambdaUnhandled",
    "bad_response": "LambdaInvalidResponse",
    "timeout": "LambdaConnectionTimeout",
    "throttled": "LambdaThrottling",
    "client_error": "LambdaAccessDenied",
    "client_error 404": "LambdaResourceNotFound",
    "service_error": "LambdaServiceException",
    "transport": "LambdaConnectionError",
    "event_too_large": "LambdaRequestTooLarge",
    "request_too_large": "LambdaRequestTooLarge",
}
"""The reason that a load balancer's access log gives; it stands in front of the detail in ours."""


def refusal(error: RequestError) -> Reply:
    """The load balancer's own page for an error."""
    row = error_answer(error, ERRORS)
    reason = _reason(error)
    detail = f"{reason}: {error}" if reason else str(error)
    headers = [SERVER, ("Content-Type", row.content_type), *challenge(error, row.status)]
    note = ErrorNote(error.name, error.invoked, error.retry_after, detail)
    return Reply(row.status, headers, row.body, note, reason=_PHRASES[row.status] or None)


def _reason(error: RequestError) -> str | None:
    if isinstance(error, AnswerTooLarge):
        return "LambdaResponseTooLarge"
    narrow = _REASONS.get(f"{error.name} {error.status}") if isinstance(error, Failed) else None
    return narrow or _REASONS.get(error.name)


# --- the function's answer -------------------------------------------------------------------------------------------

_DROPPED = OWN_HEADERS | {
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_DESCRIPTION = re.compile(r"[0-9]{3} ([^\x00-\x1f\x7f]+)")


def answer(payload: bytes, request: Request, *, multi_value: bool) -> Reply:
    """The function's result as a reply. Raises BadResponse (semantics/sync.md §8.2).

    Keys may be missing, except `statusCode`; a key that is there with null, or with a value of another type, is an error.
    """
    if len(payload) > ANSWER_LIMIT:
        raise AnswerTooLarge(f"the function's answer has {len(payload)} bytes, {ANSWER_LIMIT} are allowed")
    value = parse_answer(payload)
    if not isinstance(value, dict) or "statusCode" not in value:
        raise BadResponse("the function's answer is not an object with statusCode")
    status = status_code(value["statusCode"])
    headers = _headers(value, request, multi_value=multi_value)
    base64 = value.get("isBase64Encoded", False)
    if not isinstance(base64, bool):
        raise BadResponse("isBase64Encoded is not a boolean")
    body = body_bytes(_text(value.get("body", ""), "body"), base64=base64)
    bodyless = status in BODYLESS or request.method == "HEAD"
    return Reply(status, headers, b"" if bodyless else body, reason=_status_reason(value))


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadResponse(f"{name} is not a string")
    return value


def _status_reason(value: Mapping[str, Any]) -> str | None:
    """The reason phrase of `statusDescription`: `200 OK`."""
    if "statusDescription" not in value:
        return None
    found = _DESCRIPTION.fullmatch(_text(value["statusDescription"], "statusDescription"))
    if found is None:
        raise BadResponse("statusDescription is not a status with its reason, as in `200 OK`")
    return found[1]


def _headers(value: Mapping[str, Any], request: Request, *, multi_value: bool) -> Headers:
    """The headers of the mode that is switched on; the other map is ignored, as AWS does (semantics/sync.md §8.2)."""
    headers: Headers = []
    typed = False
    for name, text in _pairs(value, multi_value=multi_value):
        lower = header_name(name)
        if lower in _DROPPED:
            continue
        typed = typed or lower == "content-type"
        headers.append((name, absolute_location(text, request) if lower == "location" else text))
    if not typed:
        headers.append(("Content-Type", "application/octet-stream"))
    return headers


def _pairs(value: Mapping[str, Any], *, multi_value: bool) -> Headers:
    key = "multiValueHeaders" if multi_value else "headers"
    written = value.get(key, {})
    if not isinstance(written, dict):
        raise BadResponse(f"{key} is not an object")
    pairs: Headers = []
    for name, found in written.items():
        values = found if multi_value else [found]
        if not isinstance(values, list):
            raise BadResponse(f"the header {name} is not a list of strings")
        pairs += [(name, header_value(_text(each, f"the header {name}"))) for each in values]
    return pairs


def absolute_location(location: str, request: Request) -> str:
    """A relative `Location` is completed with scheme and host of the request (semantics/sync.md §8.2)."""
    host = request.header("host") or request.host
    try:
        return urljoin(f"{request.scheme}://{host}{request.path}", location)
    except ValueError:
        return location
