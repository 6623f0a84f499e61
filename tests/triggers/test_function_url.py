"""The function URL front door, row by row (semantics/sync.md §7)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.errors import BodyIncomplete, Invoked, RequestError, Unavailable
from router.fakes import play, request, succeeded
from router.model import ErrorNote, ReadBody, Reply, SiteClaim
from router.outcome import Outcome, function_error, refused, throttled, timed_out, transport
from router.triggers import TYPES

Url = Callable[..., Any]
ID = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10"
FIRST, LAST = ("x-amzn-RequestId", ID), ("x-amzn-trace-id", "Root=1-6a514b28-0123456789abcdef01234567")
JSON, TEXT = ("content-type", "application/json"), ("content-type", "text/plain")
FAILED = b"Internal Server Error"
TOO_LARGE = b'{"Message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}'


def good(status: int, headers: list[tuple[str, str]], body: bytes) -> Reply:
    return Reply(status, [FIRST, *headers, LAST], body)


@pytest.mark.parametrize(
    ("payload", "reply"),
    [
        (b'"hello"', good(200, [JSON], b"hello")),
        (b"[1, 2]", good(200, [JSON], b"[1,2]")),
        (b"7", good(200, [JSON], b"7")),
        (b"1.50", good(200, [JSON], b"1.50")),
        (b"true", good(200, [JSON], b"true")),
        (b"null", good(200, [JSON], b"null")),
        (b'{"a": "b\\" : c", "d" : [1.0, {}]}', good(200, [JSON], b'{"a":"b\\" : c","d":[1.0,{}]}')),
        (b'{"statusCode": 200, "body": "x"}', good(200, [JSON], b"x")),
        (b'{"statusCode": "599", "headers": {"Content-Type": "a/b"}}', good(599, [("content-type", "a/b")], b"")),
        (b'{"statusCode": 200, "cookies": ["a=1"]}', good(200, [("set-cookie", "a=1"), JSON], b"")),
        (b'{"statusCode": 200, "isBase64Encoded": true, "body": "/wA="}', good(200, [JSON], b"\xff\x00")),
        (b'{"statusCode": 204, "body": "x"}', good(204, [JSON], b"")),
        (b'{"statusCode": 200, "headers": {"X-Amzn-RequestId": "a", "x-amzn-trace-id": "b"}}', good(200, [JSON], b"")),
    ],
)
def test_answers(url: Url, payload: bytes, reply: Reply) -> None:
    assert url().call("GET", "/", answer=succeeded(payload)) == reply


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"nope",
        b"NaN",
        b"1 2",
        b'{"statusCode": 99}',
        b'{"statusCode": 600}',
        b'{"statusCode": "20"}',
        b'{"statusCode": 200, "headers": {"a": "b\\nc"}}',
        b'{"statusCode": 200, "body": 7}',
        b'{"statusCode": 200, "isBase64Encoded": true, "body": "?"}',
    ],
)
def test_bad_answers(url: Url, payload: bytes) -> None:
    reply = url().call("GET", "/", answer=succeeded(payload))

    assert reply == Reply(502, [FIRST, TEXT], FAILED, ErrorNote("bad_response", Invoked.YES, detail=reply.error.detail))


@pytest.mark.parametrize(
    ("outcome", "status", "headers", "body"),
    [
        (function_error(b"{}", ID), 502, [TEXT], FAILED),
        (timed_out(900), 502, [TEXT], FAILED),
        (transport("refused", sent=False), 502, [TEXT], FAILED),
        (refused(500, "ServiceException", "no"), 502, [TEXT], FAILED),
        (refused(404, "ResourceNotFoundException", "no"), 502, [TEXT], FAILED),
        (
            refused(413, "RequestEntityTooLargeException", "no"),
            413,
            [JSON, ("x-amzn-ErrorType", "RequestTooLargeException")],
            TOO_LARGE,
        ),
        (
            throttled("ConcurrentInvocationLimitExceeded", 4),
            429,
            [JSON, ("x-amzn-ErrorType", "TooManyRequestsException")],
            b'{"Reason":"ConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}',
        ),
    ],
)
def test_outcomes(url: Url, outcome: Outcome, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    reply = url().call("GET", "/", answer=outcome)

    note = ErrorNote(str(outcome.kind), outcome.invoked, outcome.retry_after, reply.error.detail)
    assert reply == Reply(status, [FIRST, *headers], body, note)


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (BodyIncomplete("gone"), 400, b'{"Message":"Bad Request"}'),
        (Unavailable("drains"), 503, b'{"Message":"Service Unavailable"}'),
    ],
)
def test_thrown_errors(url: Url, error: RequestError, status: int, body: bytes) -> None:
    page = url()

    _, reply = play(page.type.handle(request("POST", "/"), page.built), error)

    assert reply == Reply(status, [FIRST, JSON], body, ErrorNote(error.name, Invoked.NO, error.retry_after, str(error)))


def test_limits(url: Url) -> None:
    page = url()
    limit = 6 * 1024 * 1024

    assert next(page.type.handle(request("POST", "/"), page.built)) == ReadBody(limit)
    for size, name in ((limit + 1, "request_too_large"), (limit, "event_too_large")):
        reply = page.call("POST", "/", body=b"x" * size)
        assert (reply.status, reply.body, reply.error.name) == (413, TOO_LARGE, name)
    assert page.invoked == []


def test_a_preflight_is_answered_without_the_function(url: Url) -> None:
    page = url(cors={"allow_origins": ["*"], "allow_methods": ["*"], "max_age": "10s"})

    reply = page.call("OPTIONS", "/", [("Origin", "https://a"), ("Access-Control-Request-Method", "PUT")])

    assert reply == Reply(
        200,
        [
            FIRST,
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "*"),
            ("access-control-max-age", "10"),
        ],
    )
    assert page.invoked == []


def test_settings(url: Url) -> None:
    page = url(function="page", weights={"live": 9, "8": 1}, hosts=["Page.example.com", "*.page.example.com"])

    page.call("GET", "/")

    assert page.type.claims(page.settings) == (SiteClaim("page.example.com"), SiteClaim("*.page.example.com"))
    assert TYPES["function_url"].claims(url().settings) == (SiteClaim(None),)
    assert (page.invoked[0].target.weights, page.invoked[0].timeout) == ((("live", 9), ("8", 1)), None)
    context = page.event["requestContext"]
    assert len(context["apiId"]) == 32
    assert context["apiId"] == context["domainPrefix"] == url().built.shape.api_id


def test_findings(findings: Callable[[dict[str, Any]], object]) -> None:
    base = {"type": "function_url", "function": "f"}

    assert findings(base) == []
    assert findings(base | {"cors": {"allow_origins": ["*"], "allow_credentials": True}}) == [
        (("cors", "allow_credentials"), "cors-credentials")
    ]


def test_an_event_is_the_same_twice(url: Url) -> None:
    """Events depend on the request and the settings alone."""
    first, second = url(), url()

    first.call("GET", "/")
    second.call("GET", "/")

    assert first.invoked == second.invoked
    assert json.loads(first.invoked[0].payload)["requestContext"]["requestId"] == ID
