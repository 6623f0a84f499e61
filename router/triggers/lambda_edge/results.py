"""What a function may return, checked: a changed request, a response of its own, a changed response.

Everything here raises BadResponse with the reason, for the log; the viewer gets CloudFront's 502.
Source: semantics/sync.md §9.3, §9.5 and
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-generating-http-responses.html
"""

import binascii
import re
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from router.triggers._refusals import BadResponse
from router.triggers._replies import BODYLESS, header_value, parse_answer
from router.triggers.lambda_edge.headers import EventType, changed, parse_map, set_header, to_pairs
from router.triggers.lambda_edge.messages import EdgeRequest, EdgeResponse
from router.triggers.lambda_edge.site import Limits, Stage

URL_LIMIT = 8192
"""Bytes that path and query together stay below (semantics/sync.md §9.3)."""
_URI = re.compile(r"/[^\x00-\x20\x7f?#\ud800-\udfff]*")
_QUERYSTRING = re.compile(r"[^\x00-\x20\x7f#\ud800-\udfff]*")
_STATUS = re.compile(r"[2-5][0-9]{2}", re.ASCII)
_NO_BODY_METHODS = frozenset({"GET", "HEAD"})
_GENERATED_READ_ONLY = ("transfer-encoding", "via")


def parse_result(payload: bytes) -> dict[str, Any]:
    """The object that a function returned."""
    value = parse_answer(payload)
    if not isinstance(value, dict):
        raise BadResponse("the function returned no object")
    return value


def is_response(result: Mapping[str, Any]) -> bool:
    """Whether a request stage's function answers the viewer itself."""
    return "status" in result


# --- requests --------------------------------------------------------------------------------------------------------


def changed_request(
    result: Mapping[str, Any], before: EdgeRequest, event: EventType, stage: Stage, limits: Limits
) -> EdgeRequest:
    """The request that a function returned for the one that it was given; its `origin` is read elsewhere."""
    if "uri" not in result:
        raise BadResponse("the function returned neither a request (no uri) nor a response (no status)")
    if event is EventType.VIEWER_REQUEST and result.get("origin") is not None:
        raise BadResponse("origin can only be chosen in origin-request events")
    for key, value in (("method", before.method), ("clientIp", before.client_ip)):
        if result.get(key, value) != value:
            raise BadResponse(f"{key} is read-only")
    uri, querystring = result["uri"], result.get("querystring", "")
    if not isinstance(uri, str) or _URI.fullmatch(uri) is None:
        raise BadResponse("uri does not start with /, or holds a space, a control character, ? or #")
    if not isinstance(querystring, str) or _QUERYSTRING.fullmatch(querystring) is None:
        raise BadResponse("querystring is not text, or holds a space, a control character or #")
    if len(uri.encode()) + len(querystring.encode()) >= URL_LIMIT:
        raise BadResponse(f"uri and querystring together have {URL_LIMIT} bytes or more")
    headers = changed(event, before.headers, parse_map(result.get("headers")))
    body = _replaced_body(result.get("body"), before.method, stage, limits)
    after = replace(before, uri=uri, querystring=querystring, headers=headers)
    if body is not None:
        after.body = body
        set_header(headers, "Content-Length", str(len(body)))
        set_header(headers, "Transfer-Encoding")
    return after


def _replaced_body(written: Any, method: str, stage: Stage, limits: Limits) -> bytes | None:
    """The bytes that replace the body; None where it stays."""
    if written is None:
        return None
    if not isinstance(written, dict) or written.get("action") not in ("read-only", "replace"):
        raise BadResponse("body.action is neither read-only nor replace")
    if written["action"] == "read-only":
        return None
    if not stage.include_body:
        raise BadResponse("the function replaced the body, and its stage does not say include_body: true")
    encoding, data = written.get("encoding", "base64"), written.get("data", "")
    limit = limits.replaced_text if encoding == "text" else limits.replaced_base64
    body = _decoded(data, encoding, "body.encoding", "body.data")
    if len(data.encode("utf-8", "replace")) > limit:
        raise BadResponse(f"the replaced body is longer than {limit} bytes")
    if body and method in _NO_BODY_METHODS:
        raise BadResponse(f"a {method} request has no body to replace")
    return body


# --- responses -------------------------------------------------------------------------------------------------------


def generated_response(result: Mapping[str, Any], limits: Limits) -> EdgeResponse:
    """The response that a request stage's function made."""
    headers = parse_map(result.get("headers"))
    for name in _GENERATED_READ_ONLY:
        if name in headers:
            raise BadResponse(f"the header {name} cannot be set in a generated response")
    status, description = _status(result)
    body = _body(result, limits)
    _check_size(headers_size(to_pairs(headers)), result, limits)
    _check_bodyless(status, body)
    return EdgeResponse(status, description, headers, body, [], generated=True)


def changed_response(result: Mapping[str, Any], before: EdgeResponse, event: EventType, limits: Limits) -> EdgeResponse:
    """The response that a response stage's function returned for the one that it was given."""
    status, description = _status(result)
    headers = changed(event, before.headers, parse_map(result.get("headers")))
    after = replace(before, status=status, description=description, headers=headers)
    if event is EventType.VIEWER_RESPONSE:
        if status != before.status:
            raise BadResponse("the status cannot change in viewer-response events")
        if result.get("body") is not None:
            raise BadResponse("the body cannot change in viewer-response events")
        return after
    if result.get("body") is not None:
        after.body, after.length = _body(result, limits), None
        _check_size(headers_size(to_pairs(headers)), result, limits)
        _check_bodyless(status, after.body)
        set_header(headers, "Transfer-Encoding")
    elif int(status) in BODYLESS:
        after.body, after.length = b"", None
    return after


def headers_size(pairs: list[tuple[str, str]]) -> int:
    """Bytes of headers on the wire."""
    return sum(len(name) + len(value.encode()) + 4 for name, value in pairs)


def _status(result: Mapping[str, Any]) -> tuple[str, str]:
    """Status and its description; a description that is missing or null is the usual one."""
    status = result.get("status")
    if not isinstance(status, str) or _STATUS.fullmatch(status) is None:
        raise BadResponse("status is not text from 200 to 599")
    description = result.get("statusDescription")
    if description is None:
        return status, usual_description(int(status))
    if not isinstance(description, str) or "\t" in description:
        raise BadResponse("statusDescription is not text")
    return status, header_value(description)


def usual_description(status: int) -> str:
    """The reason phrase that HTTP registers; empty where it has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _body(result: Mapping[str, Any], limits: Limits) -> bytes:
    body = result.get("body")
    return b"" if body is None else _decoded(body, result.get("bodyEncoding", "text"), "bodyEncoding", "body")


def _decoded(data: Any, encoding: Any, encoding_key: str, data_key: str) -> bytes:
    if not isinstance(data, str):
        raise BadResponse(f"{data_key} is not text")
    if encoding == "text":
        try:
            return data.encode()
        except UnicodeEncodeError:
            raise BadResponse(f"{data_key} is not Unicode text") from None
    if encoding != "base64":
        raise BadResponse(f"{encoding_key} is neither text nor base64")
    try:
        return binascii.a2b_base64(data, strict_mode=True) if data else b""
    except ValueError:
        raise BadResponse(f"{data_key} is not base64") from None


def _check_size(headers: int, result: Mapping[str, Any], limits: Limits) -> None:
    size = headers + len((result.get("body") or "").encode("utf-8", "replace"))
    if size > limits.generated_response:
        raise BadResponse(f"the generated response has {size} bytes with its headers, of at most {limits.generated_response}")


def _check_bodyless(status: str, body: bytes) -> None:
    if body and int(status) in BODYLESS:
        raise BadResponse(f"a response with the status {status} has no body")
