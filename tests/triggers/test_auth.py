"""`auth:` at each front door: its own words for a refusal, the order of the steps, and that routes may say otherwise."""

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest

from router.errors import BodyTooLarge, Invoked
from router.fakes import play, request, succeeded
from router.model import ErrorNote, Invoke, ReadBody, Reply

ID = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10"
INVOKE_PATH = "/2015-03-31/functions/f/invocations"
DOORS: dict[str, dict[str, Any]] = {
    "rest": {"type": "api_gateway", "api": "rest", "stage": "prod", "base_path": "/", "routes": {"POST /x": "f"}},
    "http": {"type": "api_gateway", "api": "http", "routes": {"POST /x": "f"}},
    "url": {"type": "function_url", "function": "f"},
    "api": {"type": "lambda_api", "functions": ["f"]},
    "alb": {"type": "alb", "default": "f"},
}
BASIC = {"basic": {"user": "u", "password": "p"}}
ELSEWHERE = {"source_ip": "10.0.0.0/8"}
SIGNED = {"hmac": {"provider": "github", "secret": "s"}}
Doors = Callable[..., Any]


def path_of(kind: str) -> str:
    return INVOKE_PATH if kind == "api" else "/x"


def refused(door: Doors, kind: str, auth: Any) -> Reply:
    """The refusal of a request without credentials; neither body nor function was asked for."""
    trigger = door({**DOORS[kind], "auth": auth})
    steps, reply = play(trigger.type.handle(request("POST", path_of(kind), []), trigger.built))
    assert steps == []
    return reply


UNAUTHORIZED = ErrorNote("unauthorized", Invoked.NO, detail="the header authorization stands 0 times")
FORBIDDEN = ErrorNote("forbidden", Invoked.NO, detail="203.0.113.7 is in none of the networks of source_ip")
CHALLENGE = ("www-authenticate", 'Basic realm="shop", charset="UTF-8"')


def test_a_rest_api_refuses(door: Doors) -> None:
    replies = [refused(door, "rest", BASIC), refused(door, "rest", ELSEWHERE)]

    common = replies[0].headers[:3]
    assert [name for name, _ in common] == ["x-amzn-RequestId", "x-amz-apigw-id", "Content-Type"]
    assert replies == [
        Reply(
            401,
            [*common, ("x-amzn-ErrorType", "UnauthorizedException"), CHALLENGE],
            b'{"message":"Unauthorized"}',
            UNAUTHORIZED,
        ),
        Reply(403, [*common, ("x-amzn-ErrorType", "ForbiddenException")], b'{"message":"Forbidden"}', FORBIDDEN),
    ]


def test_an_http_api_refuses(door: Doors) -> None:
    replies = [refused(door, "http", BASIC), refused(door, "http", ELSEWHERE)]

    token = replies[0].headers[-1]
    assert token[0] == "apigw-requestid"
    assert replies == [
        Reply(401, [("content-type", "application/json"), CHALLENGE, token], b'{"message":"Unauthorized"}', UNAUTHORIZED),
        Reply(403, [("content-type", "application/json"), token], b'{"message":"Forbidden"}', FORBIDDEN),
    ]


@pytest.mark.parametrize(("auth", "note"), [(BASIC, UNAUTHORIZED), (ELSEWHERE, FORBIDDEN)])
def test_a_function_url_refuses(door: Doors, auth: Any, note: ErrorNote) -> None:
    body = (
        b'{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: '
        b'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}'
    )
    headers = [("x-amzn-RequestId", ID), ("content-type", "application/json"), ("x-amzn-ErrorType", "AccessDeniedException")]

    assert refused(door, "url", auth) == Reply(403, headers, body, note)


@pytest.mark.parametrize(("auth", "note"), [(BASIC, UNAUTHORIZED), (ELSEWHERE, FORBIDDEN)])
def test_the_invoke_api_refuses(door: Doors, auth: Any, note: ErrorNote) -> None:
    body = b'{"Message":"The caller is not authorized to perform: lambda:InvokeFunction"}'
    headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", ID), ("x-amzn-ErrorType", "AccessDeniedException")]

    assert refused(door, "api", auth) == Reply(403, headers, body, note)


@pytest.mark.parametrize("kind", DOORS)
@pytest.mark.parametrize("body", [b"{}", b""])
def test_a_signed_body_is_read_once(door: Doors, kind: str, body: bytes) -> None:
    trigger = door({**DOORS[kind], "auth": [SIGNED, {"source_ip": "203.0.113.7"}]})
    signature = f"sha256={hmac.new(b's', body, hashlib.sha256).hexdigest()}"
    asked = request("POST", path_of(kind), [("X-Hub-Signature-256", signature)])

    steps, reply = play(trigger.type.handle(asked, trigger.built), body, succeeded(b'{"statusCode":204}'))

    assert [type(step) for step in steps] == [ReadBody, Invoke]
    assert reply.error is None


@pytest.mark.parametrize("kind", DOORS)
def test_a_body_with_a_wrong_signature_reaches_no_function(door: Doors, kind: str) -> None:
    trigger = door({**DOORS[kind], "auth": SIGNED})
    asked = request("POST", path_of(kind), [("X-Hub-Signature-256", f"sha256={'0' * 64}")])

    steps, reply = play(trigger.type.handle(asked, trigger.built), b"{}")

    assert [type(step) for step in steps] == [ReadBody]
    assert reply.error == ErrorNote("unauthorized", Invoked.NO, detail="the signature does not fit the body")
    assert reply.status in (401, 403)


@pytest.mark.parametrize("kind", DOORS)
def test_a_signed_body_that_is_too_large_is_answered_as_such(door: Doors, kind: str) -> None:
    trigger = door({**DOORS[kind], "auth": SIGNED})
    asked = request("POST", path_of(kind), [("X-Hub-Signature-256", f"sha256={'0' * 64}")])

    _, reply = play(trigger.type.handle(asked, trigger.built), BodyTooLarge(1))

    assert (reply.status, reply.error and reply.error.name) == (413, "request_too_large")


@pytest.mark.parametrize("kind", DOORS)
def test_credentials_that_fit_let_the_request_through_with_its_headers(door: Doors, kind: str) -> None:
    trigger = door({**DOORS[kind], "auth": {"bearer": "t"}})

    reply = trigger.call("POST", path_of(kind), [("Authorization", "Bearer t")], b"{}")

    assert (reply.error, len(trigger.invoked)) == (None, 1)
    if kind != "api":
        headers = {name.lower(): value for name, value in trigger.event["headers"].items()}
        assert headers["authorization"] == "Bearer t"


@pytest.mark.parametrize("api", ["rest", "http"])
def test_a_route_says_who_may_call_in_place_of_its_trigger(door: Doors, api: str) -> None:
    routes = {
        "GET /open": {"function": "f", "auth": "none"},
        "GET /inherited": "f",
        "GET /mapped": {"function": "f"},
        "GET /own": {"function": "f", "auth": {"bearer": "own"}},
    }
    trigger = door(
        {"type": "api_gateway", "api": api, "stage": "s", "base_path": "/", "auth": {"bearer": "t"}, "routes": routes}
    )

    def statuses(*headers: tuple[str, str]) -> list[int]:
        paths = ("/open", "/inherited", "/mapped", "/own")
        return [trigger.call("GET", path, [*headers], answer=succeeded(b'{"statusCode":200}')).status for path in paths]

    assert statuses() == [200, 401, 401, 401]
    assert statuses(("Authorization", "Bearer t")) == [200, 200, 200, 401]
    assert statuses(("Authorization", "Bearer own")) == [200, 401, 401, 200]


def test_a_default_route_says_who_may_call(door: Doors) -> None:
    trigger = door({"type": "api_gateway", "api": "http", "routes": {"$default": {"function": "f", "auth": {"bearer": "t"}}}})

    assert [trigger.call("GET", "/", headers).status for headers in ([], [("Authorization", "Bearer t")])] == [401, 200]


def test_a_browser_s_preflight_needs_no_credentials(door: Doors) -> None:
    trigger = door({**DOORS["http"], "auth": {"bearer": "t"}, "cors": {"allow_origins": ["https://a.example"]}})
    origin = ("Origin", "https://a.example")

    preflight = trigger.call("OPTIONS", "/x", [origin, ("Access-Control-Request-Method", "POST")])
    refusal = trigger.call("POST", "/x", [origin])

    assert (preflight.status, refusal.status) == (204, 401)
    assert ("access-control-allow-origin", "https://a.example") in refusal.headers
