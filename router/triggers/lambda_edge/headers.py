"""Headers in the edge's form, and CloudFront's tables of what functions may see and change.

The form is lower-case name -> list of (key in its own case, value). A table's name decides, never a key's case.
Source: semantics/sync.md §9.2, §9.4 and
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from router.model import Headers
from router.triggers._refusals import BadResponse
from router.triggers._replies import OWN_HEADERS, header_name, header_value

HeaderMap = dict[str, list[tuple[str, str]]]


class EventType(StrEnum):
    """The four stages, as events name them."""

    VIEWER_REQUEST = "viewer-request"
    ORIGIN_REQUEST = "origin-request"
    ORIGIN_RESPONSE = "origin-response"
    VIEWER_RESPONSE = "viewer-response"


# --- tables ----------------------------------------------------------------------------------------------------------

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Of one connection: never passed on (RFC 9110 §7.6.1)."""

DISALLOWED = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "trailer",
        "upgrade",
        "x-accel-buffering",
        "x-accel-charset",
        "x-accel-limit-rate",
        "x-accel-redirect",
        "x-amzn-auth",
        "x-amzn-cf-billing",
        "x-amzn-cf-id",
        "x-amzn-cf-xff",
        "x-amzn-errortype",
        "x-amzn-fle-profile",
        "x-amzn-header-count",
        "x-amzn-header-order",
        "x-amzn-lambda-integration-tag",
        "x-amzn-requestid",
        "x-cache",
        "x-forwarded-proto",
        "x-real-ip",
    }
)
"""Never shown to a function, never taken from one."""
DISALLOWED_PREFIXES = ("x-amz-cf-", "x-edge-")

READ_ONLY: Mapping[EventType, frozenset[str]] = {
    EventType.VIEWER_REQUEST: frozenset({"cdn-loop", "content-length", "host", "transfer-encoding", "via"}),
    EventType.ORIGIN_REQUEST: frozenset(
        {
            "accept-encoding",
            "cdn-loop",
            "content-length",
            "if-modified-since",
            "if-none-match",
            "if-range",
            "if-unmodified-since",
            "transfer-encoding",
            "via",
        }
    ),
    EventType.ORIGIN_RESPONSE: frozenset({"transfer-encoding", "via"}),
    EventType.VIEWER_RESPONSE: frozenset({"content-encoding", "content-length", "transfer-encoding", "via", "warning"}),
}
"""What a function sees and may not add or change."""

NOT_BEFORE_ORIGIN_REQUEST = frozenset({"cloudfront-viewer-country"})
"""CloudFront adds it after the viewer request; a viewer-request function that adds it fails."""

CUSTOM_FORBIDDEN = frozenset(
    {
        "cache-control",
        "connection",
        "content-length",
        "cookie",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "max-forwards",
        "pragma",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "request-range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-real-ip",
    }
)
"""What an origin's custom headers may not be called."""
CUSTOM_FORBIDDEN_PREFIXES = ("x-amz-", "x-edge-")


def is_disallowed(name: str) -> bool:
    """Whether functions have nothing to do with a header. `name` in lower case."""
    return name in DISALLOWED or name.startswith(DISALLOWED_PREFIXES)


def is_forbidden_as_custom(name: str) -> bool:
    """Whether an origin's custom header may not have this name. `name` in lower case."""
    return name in CUSTOM_FORBIDDEN or name.startswith(CUSTOM_FORBIDDEN_PREFIXES)


# --- to the edge's form and back -------------------------------------------------------------------------------------


def to_map(pairs: Iterable[tuple[str, str]]) -> HeaderMap:
    """Every header that functions may see; what Connection names is of one connection and goes with it."""
    listed = [*pairs]
    connection = ",".join(value for name, value in listed if name.lower() == "connection")
    of_connection = {token.strip().lower() for token in connection.split(",")}
    found: HeaderMap = {}
    for key, value in listed:
        name = key.lower()
        if not is_disallowed(name) and name not in of_connection and name != "te":
            found.setdefault(name, []).append((key, value))
    return found


def to_pairs(headers: HeaderMap) -> Headers:
    """Names and values in order."""
    return [pair for entries in headers.values() for pair in entries]


def as_json(headers: HeaderMap) -> dict[str, list[dict[str, str]]]:
    """The form that events have."""
    return {name: [{"key": key, "value": value} for key, value in entries] for name, entries in headers.items()}


def set_header(headers: HeaderMap, key: str, *values: str) -> None:
    """Replace a header; no value removes it."""
    headers.pop(key.lower(), None)
    if values:
        headers[key.lower()] = [(key, value) for value in values]


# --- from a function -------------------------------------------------------------------------------------------------


def parse_map(value: Any) -> HeaderMap:
    """The headers that a function returned. Raises BadResponse."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadResponse("headers is not an object")
    parsed: HeaderMap = {}
    for name, entries in value.items():
        if header_name(name) != name:
            raise BadResponse(f"the header name {name!r} is not in lower case")
        if is_disallowed(name) or name in OWN_HEADERS:
            raise BadResponse(f"the header {name} is not for functions to set")
        if not isinstance(entries, list):
            raise BadResponse(f"the header {name} is not a list")
        if entries:
            parsed[name] = [_entry(name, entry) for entry in entries]
    return parsed


def _entry(name: str, entry: Any) -> tuple[str, str]:
    if not isinstance(entry, dict) or not isinstance(entry.get("value"), str):
        raise BadResponse(f"an entry of the header {name} has no text as its value")
    key = entry.get("key")
    if key is None:
        key = title_case(name)
    if not isinstance(key, str) or key.lower() != name:
        raise BadResponse(f"the key of an entry of the header {name} is another name")
    return key, header_value(entry["value"])


def title_case(name: str) -> str:
    """`X-My-Header` for `x-my-header`: the key of an entry that has none (semantics/sync.md §9.3)."""
    return "-".join(part[:1].upper() + part[1:] for part in name.split("-"))


def changed(event: EventType, before: HeaderMap, after: HeaderMap) -> HeaderMap:
    """The headers that a function returned for those it was given. Raises BadResponse where it touched a read-only one.

    One that it left out is as it was: CloudFront documents adding and editing as violations, not leaving out.
    """
    for name in READ_ONLY[event]:
        if name in after and _values(after, name) != _values(before, name):
            raise BadResponse(f"the header {name} is read-only in {event} events")
        if name in before:
            after.setdefault(name, before[name])
    if event is EventType.VIEWER_REQUEST and not NOT_BEFORE_ORIGIN_REQUEST.isdisjoint(after):
        raise BadResponse("CloudFront-Viewer-Country cannot be added in viewer-request events")
    return after


def _values(headers: HeaderMap, name: str) -> list[str]:
    return [value for _, value in headers.get(name, ())]
