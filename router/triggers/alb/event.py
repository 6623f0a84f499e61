"""The event of a load balancer: single values, of which the last one counts, or lists; nothing is decoded.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html and semantics/sync.md §8.1.
"""

from base64 import b64encode
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from router.errors import BadRequest
from router.model import Headers, Request
from router.triggers._http import forwarded_for
from router.triggers.alb.conditions import query_pairs

_TEXT_TYPES = frozenset({"application/json", "application/javascript", "application/xml"})
_FORWARDED = "x-forwarded-for"

Context = Mapping[str, Any]


def context_of(target_group_arn: str) -> Context:
    """The part of an event that no request changes: its `requestContext`."""
    return {"elb": {"targetGroupArn": target_group_arn}}


def event(request: Request, body: bytes, context: Context, *, multi_value: bool, forwarded: str) -> dict[str, Any]:
    """The event, keys in AWS's order. `forwarded`: `append`, `preserve` or `remove`. Raises BadRequest."""
    headers = sent_headers(request, len(body), forwarded)
    query = query_pairs(request.query)
    text, base64 = event_body(body, headers)
    value: dict[str, Any] = {"requestContext": context, "httpMethod": request.method, "path": request.path}
    if multi_value:
        value["multiValueQueryStringParameters"] = _lists(query)
        value["multiValueHeaders"] = _lists(headers)
    else:
        value["queryStringParameters"] = dict(query)
        value["headers"] = dict(headers)
    value["body"] = text
    value["isBase64Encoded"] = base64
    return value


def _lists(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def sent_headers(request: Request, content_length: int, forwarded: str) -> Headers:
    """Lower-case names in wire order, with the four headers that the load balancer adds.

    A body that came in chunks is whole by now, so that it has a length instead of a transfer coding.
    """
    headers: Headers = []
    hops = []
    chunked = False
    for name, value in request.headers:
        lower = name.lower()
        if lower == _FORWARDED:
            hops.append(value)
        elif lower == "transfer-encoding":
            chunked = True
        elif lower not in _OWN:
            headers.append((lower, value))
    if chunked:
        headers = [*(pair for pair in headers if pair[0] != "content-length"), ("content-length", str(content_length))]
    headers.append(("x-amzn-trace-id", request.trace_id))
    sent = ", ".join(hops)
    if forwarded == "append":
        headers.append((_FORWARDED, forwarded_for(sent, request)))
    elif forwarded == "preserve" and sent:
        headers.append((_FORWARDED, sent))
    return [*headers, ("x-forwarded-port", str(request.port)), ("x-forwarded-proto", request.scheme)]


_OWN = frozenset({"x-amzn-trace-id", "x-forwarded-port", "x-forwarded-proto"})


def event_body(body: bytes, headers: Headers) -> tuple[str, bool]:
    """The body as text, or as base64 with True. Raises BadRequest where text is not UTF-8 (`LambdaBadRequest`)."""
    if not body:
        return "", False
    sent = dict(headers)
    if "content-encoding" in sent or not _is_text(sent.get("content-type", "")):
        return b64encode(body).decode(), True
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        raise BadRequest("the body is text by its type, and not UTF-8") from None


@lru_cache(maxsize=1024)
def _is_text(content_type: str) -> bool:
    media = content_type.partition(";")[0].strip().lower()
    return media.startswith("text/") or media in _TEXT_TYPES
