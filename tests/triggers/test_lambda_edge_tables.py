"""CloudFront's tables, written down a second time from semantics/sync.md §9.4 and §9.5, in its own words."""

from collections.abc import Callable
from typing import Any

import pytest

from router.triggers.lambda_edge.headers import (
    CUSTOM_FORBIDDEN,
    CUSTOM_FORBIDDEN_PREFIXES,
    DISALLOWED,
    DISALLOWED_PREFIXES,
    READ_ONLY,
    EventType,
    is_disallowed,
    is_forbidden_as_custom,
)

NEVER = """Connection, Expect, Keep-Alive, Proxy-Authenticate, Proxy-Authorization, Proxy-Connection, Trailer, Upgrade,
X-Accel-Buffering, X-Accel-Charset, X-Accel-Limit-Rate, X-Accel-Redirect, X-Amz-Cf-*, X-Amzn-Auth, X-Amzn-Cf-Billing,
X-Amzn-Cf-Id, X-Amzn-Cf-Xff, X-Amzn-Errortype, X-Amzn-Fle-Profile, X-Amzn-Header-Count, X-Amzn-Header-Order,
X-Amzn-Lambda-Integration-Tag, X-Amzn-RequestId, X-Cache, X-Edge-*, X-Forwarded-Proto, X-Real-IP"""

SEEN_ONLY = {
    EventType.VIEWER_REQUEST: "CDN-Loop, Content-Length, Host, Transfer-Encoding, Via",
    EventType.ORIGIN_REQUEST: """Accept-Encoding, CDN-Loop, Content-Length, If-Modified-Since, If-None-Match, If-Range,
        If-Unmodified-Since, Transfer-Encoding, Via""",
    EventType.ORIGIN_RESPONSE: "Transfer-Encoding, Via",
    EventType.VIEWER_RESPONSE: "Warning, Via, Content-Length, Content-Encoding, Transfer-Encoding",
}

NOT_CUSTOM = """Cache-Control, Connection, Content-Length, Cookie, Host, If-Match, If-Modified-Since, If-None-Match, If-Range,
If-Unmodified-Since, Max-Forwards, Pragma, Proxy-Authenticate, Proxy-Authorization, Proxy-Connection, Range, Request-Range,
TE, Trailer, Transfer-Encoding, Upgrade, Via, X-Amz-*, X-Edge-*, X-Real-Ip"""


def names(text: str) -> tuple[set[str], set[str]]:
    """Whole names and prefixes, in lower case."""
    listed = {" ".join(name.split()).lower() for name in text.split(",")}
    return {name for name in listed if not name.endswith("*")}, {name[:-1] for name in listed if name.endswith("*")}


def test_disallowed() -> None:
    assert (set(DISALLOWED), set(DISALLOWED_PREFIXES)) == names(NEVER)


@pytest.mark.parametrize("event", EventType)
def test_read_only(event: EventType) -> None:
    assert set(READ_ONLY[event]) == names(SEEN_ONLY[event])[0]


def test_not_custom() -> None:
    assert (set(CUSTOM_FORBIDDEN), set(CUSTOM_FORBIDDEN_PREFIXES)) == names(NOT_CUSTOM)


@pytest.mark.parametrize(
    ("name", "disallowed", "not_custom"),
    [
        ("x-amz-cf-id", True, True),
        ("x-amz-cf-", True, True),
        ("x-amz-date", False, True),
        ("x-edge-location", True, True),
        ("x-edged", False, False),
        ("x-real-ip", True, True),
        ("x-cache", True, False),
        ("x-cache-hits", False, False),
        ("host", False, True),
        ("authorization", False, False),
    ],
)
def test_prefixes(name: str, disallowed: bool, not_custom: bool) -> None:
    assert (is_disallowed(name), is_forbidden_as_custom(name)) == (disallowed, not_custom)


def test_limits_of_2026(door: Callable[..., Any]) -> None:
    site = door({"type": "lambda_edge", "behaviors": {"*": {"origin": "http://o"}}}).built
    found = {
        side: (limits.generated_response, limits.include_body, limits.replaced_text, limits.replaced_base64, limits.timeout)
        for side, limits in (("viewer", site.viewer), ("origin", site.origin))
    }
    kilobyte, megabyte = 1024, 1024 * 1024
    assert found == {
        "viewer": (40 * kilobyte, 40 * kilobyte, 40 * kilobyte, int(53.2 * kilobyte), 30.0),
        "origin": (megabyte, megabyte, megabyte, int(1.33 * megabyte), 30.0),
    }
    for event in EventType:
        assert site.limits(event) is (site.viewer if event.startswith("viewer") else site.origin)


def test_times_of_an_origin(door: Callable[..., Any]) -> None:
    server = door({"type": "lambda_edge", "behaviors": {"*": {"origin": "https://o"}}}).built.behaviors[0].origin.server
    assert (server.attempts, server.connect_timeout, server.read_timeout, server.keepalive_timeout) == (3, 10.0, 30.0, 5.0)
    assert (str(server), server.completion_timeout, server.ca_file) == ("https://o:443", None, None)
