"""Streamed answers at a function URL and a REST API (semantics/sync.md §3.9, §7.5, §12.5)."""

from collections.abc import Callable
from typing import Any

import pytest

from router.errors import BadStream, Invoked
from router.fakes import FakeStream, streaming, succeeded
from router.model import ErrorNote, Reply
from router.outcome import HTTP_RESPONSE, Outcome, function_error, timed_out

Door = Callable[..., Any]
ID = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10"
TRACE = "Root=1-6a514b28-0123456789abcdef01234567"
URL_FIRST, URL_LAST = ("x-amzn-RequestId", ID), ("x-amzn-trace-id", TRACE)
JSON, OCTETS = ("content-type", "application/json"), ("content-type", "application/octet-stream")


def begun(prelude: bytes, content_type: str | None = HTTP_RESPONSE) -> Outcome:
    """An outcome as the driver hands it over: the prelude is its payload."""
    outcome = streaming(b"body", content_type=content_type)
    outcome.payload = prelude
    return outcome


@pytest.fixture
def url(door: Door) -> Door:
    return lambda **settings: door({"type": "function_url", "function": "f", "invoke_mode": "response_stream", **settings})


@pytest.fixture
def rest(door: Door) -> Door:
    base = {"type": "api_gateway", "api": "rest", "base_path": "/", "stage": "prod"}
    return lambda **settings: door(
        {**base, "response_transfer_mode": "stream", "routes": {"GET /": "f", **settings.pop("routes", {})}, **settings}
    )


# --- function URL ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("prelude", "status", "headers"),
    [
        (b"{}", 200, [OCTETS]),
        (b'{"statusCode": 404, "headers": {"Content-Type": "a/b"}}', 404, [("content-type", "a/b")]),
        (b'{"headers": {"X-A": "1"}, "cookies": ["a=1"]}', 200, [("set-cookie", "a=1"), ("x-a", "1"), OCTETS]),
        (b'{"headers": {"Content-Length": "4"}}', 200, [OCTETS, ("content-length", "4")]),
        (b'{"headers": {"content-length": 4}}', 200, [OCTETS, ("content-length", "4")]),
        (b'{"headers": {"transfer-encoding": "chunked", "connection": "close"}}', 200, [OCTETS]),
        (b'{"body": "not the body", "isBase64Encoded": true}', 200, [OCTETS]),
        (b"null", 200, [OCTETS]),
    ],
)  # fmt: skip
def test_a_url_sends_what_the_prelude_says(url: Door, prelude: bytes, status: int, headers: list[tuple[str, str]]) -> None:
    answer = begun(prelude)
    page = url()
    assert page.call("GET", "/", answer=answer) == Reply(status, [URL_FIRST, *headers, URL_LAST], answer.stream)
    (step,) = page.invoked
    assert (step.stream, step.http, step.timeout, step.idle) == (True, True, None, None)


@pytest.mark.parametrize(
    "prelude",
    [
        b"",
        b"nope",
        b"[]",
        b'{"statusCode": 99}',
        b'{"statusCode": 101}',
        b'{"headers": {"a": "b\\nc"}}',
        b'{"headers": {"a b": "c"}}',
        b'{"headers": []}',
        b'{"cookies": "a=1"}',
        b'{"headers": {"content-length": "-1"}}',
        b'{"headers": {"content-length": "4, 4"}}',
        b'{"headers": {"content-length": "4", "Content-Length": "5"}}',
        b'{"multiValueHeaders": {"content-length": ["4", "4"]}}',
    ],
)
def test_a_prelude_that_cannot_be_sent(url: Door, rest: Door, prelude: bytes) -> None:
    reply = url().call("GET", "/", answer=begun(prelude))
    assert (reply.status, reply.body) == (502, b"Internal Server Error")
    assert reply.error == ErrorNote("bad_response", Invoked.YES, detail=reply.error.detail)
    reply = rest().call("GET", "/", answer=begun(prelude))
    assert (reply.status, reply.body) == (500, b'{"message": "Internal server error"}')
    assert reply.error == ErrorNote("bad_response", Invoked.YES, detail=reply.error.detail)


@pytest.mark.parametrize(("content_type", "sent"), [(None, OCTETS[1]), ("text/event-stream", "text/event-stream")])
def test_a_stream_without_a_prelude_is_all_body(url: Door, content_type: str | None, sent: str) -> None:
    answer = streaming(b"body", content_type=content_type)
    reply = url().call("GET", "/", answer=answer)
    assert reply == Reply(200, [URL_FIRST, ("content-type", sent), URL_LAST], answer.stream)


def test_a_content_type_that_cannot_be_sent(url: Door) -> None:
    assert url().call("GET", "/", answer=streaming(content_type="a\nb: c")).status == 502


@pytest.mark.parametrize("payload", [b'{"statusCode": 404, "body": "x"}', b"null", b"not json"])
def test_an_answer_that_came_whole_goes_out_as_it_is(url: Door, payload: bytes) -> None:
    assert url().call("GET", "/", answer=succeeded(payload)) == Reply(200, [URL_FIRST, JSON, URL_LAST], payload)


@pytest.mark.parametrize("answer", [function_error(b"{}", ID), timed_out(3)])
def test_a_failure_before_anything_was_sent(url: Door, rest: Door, answer: Outcome) -> None:
    assert url().call("GET", "/", answer=answer).status == 502
    assert rest().call("GET", "/", answer=answer).status == {"function_error": 502, "timeout": 504}[answer.kind]


def test_cross_origin_headers_stand_beside_those_of_the_prelude(url: Door) -> None:
    page = url(cors={"allow_origins": ["*"]})
    reply = page.call("GET", "/", [("Host", "h"), ("Origin", "https://a.example")], answer=begun(b"{}"))
    assert ("access-control-allow-origin", "*") in [(name.lower(), value) for name, value in reply.headers]
    assert isinstance(reply.body, FakeStream)


def test_a_buffered_url_asks_for_no_stream(door: Door) -> None:
    page = door({"type": "function_url", "function": "f"})
    page.call("GET", "/")
    assert not page.invoked[0].stream


# --- REST API ---------------------------------------------------------------------------------------------------------

REST_FIRST = [("x-amzn-RequestId", ID), ("x-amz-apigw-id", "TUuPDnwbby8-OhA=")]
REST_LAST = ("X-Amzn-Trace-Id", TRACE)


@pytest.mark.parametrize(
    ("prelude", "status", "headers"),
    [
        (b"{}", 200, [("Content-Type", "application/octet-stream")]),
        (
            b'{"statusCode": 201, "headers": {"Content-Type": "a/b", "Content-Length": "4", "Server": "s", "TE": "x"}}',
            201,
            [("Content-Type", "a/b"), ("x-amzn-Remapped-Server", "s"), ("content-length", "4")],
        ),
        (
            b'{"multiValueHeaders": {"X-A": ["1", "2"], "Content-Type": ["a/b"]}, "cookies": ["c=1"]}',
            200,
            [("set-cookie", "c=1"), ("X-A", "1"), ("X-A", "2"), ("Content-Type", "a/b")],
        ),
    ],
)
def test_a_rest_api_sends_what_the_prelude_says(
    rest: Door, prelude: bytes, status: int, headers: list[tuple[str, str]]
) -> None:
    answer = begun(prelude)
    api = rest()
    reply = api.call("GET", "/", answer=answer)
    assert (reply.status, reply.headers[2:], reply.body) == (status, [*headers, REST_LAST], answer.stream)
    assert [name for name, _ in reply.headers[:2]] == ["x-amzn-RequestId", "x-amz-apigw-id"]
    (step,) = api.invoked
    assert (step.stream, step.http, step.timeout, step.idle) == (True, True, 900.0, 300.0)


@pytest.mark.parametrize(
    "answer", [succeeded(b'{"statusCode": 200}'), streaming(b"body"), streaming(b"body", content_type="text/plain")]
)
def test_a_rest_api_takes_nothing_without_a_prelude(rest: Door, answer: Outcome) -> None:
    reply = rest().call("GET", "/", answer=answer)
    assert (reply.status, reply.error.name) == (500, "bad_response")


def test_a_prelude_that_the_driver_did_not_find(rest: Door, url: Door) -> None:
    def fail(event: bytes) -> Any:
        return BadStream("no eight NUL bytes")

    assert rest().call("GET", "/", answer=fail).status == 500
    assert url().call("GET", "/", answer=fail).status == 502


def test_the_apis_timeout_is_that_of_the_whole_stream(rest: Door) -> None:
    api = rest(timeout="2s")
    api.call("GET", "/", answer=begun(b"{}"))
    assert api.invoked[0].timeout == 2.0


def test_routes_say_it_themselves(door: Door) -> None:
    base = {"type": "api_gateway", "api": "rest", "base_path": "/", "stage": "prod"}
    whole, streamed = ({"function": "f", "response_transfer_mode": mode} for mode in ("buffered", "stream"))
    api = door({**base, "routes": {"GET /a": "f", "GET /b": streamed}})
    api.call("GET", "/a")
    api.call("GET", "/b", answer=begun(b"{}"))
    assert [(step.stream, step.timeout) for step in api.invoked] == [(False, 29.0), (True, 900.0)]
    api = door({**base, "response_transfer_mode": "stream", "routes": {"GET /a": whole}})
    api.call("GET", "/a")
    assert not api.invoked[0].stream


STREAM = {"function": "f", "response_transfer_mode": "stream"}


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ({"api": "rest", "response_transfer_mode": "stream"}, []),
        ({"api": "http", "response_transfer_mode": "buffered", "stage": "$default"}, []),
        (
            {"api": "http", "response_transfer_mode": "stream", "stage": "$default"},
            [(("response_transfer_mode",), "without-effect")],
        ),
        (
            {"api": "http", "stage": "$default", "routes": {"GET /": STREAM}},
            [(("routes", "GET /", "response_transfer_mode"), "without-effect")],
        ),
        (
            {"api": "rest", "invocation": "async", "response_transfer_mode": "stream"},
            [(("response_transfer_mode",), "without-effect")],
        ),
        (
            {"api": "rest", "routes": {"GET /": {**STREAM, "invocation": "async"}}},
            [(("routes", "GET /", "response_transfer_mode"), "without-effect")],
        ),
    ],
)
def test_findings(findings: Callable[[dict[str, Any]], Any], settings: dict[str, Any], found: list[Any]) -> None:
    base = {"type": "api_gateway", "stage": "prod", "base_path": "/", "routes": {"GET /": "f"}}
    assert findings({**base, **settings}) == found


def test_nobody_waits_for_the_stream_of_an_asynchronous_url(findings: Callable[[dict[str, Any]], Any]) -> None:
    settings = {"type": "function_url", "function": "f", "invocation": "async", "invoke_mode": "response_stream"}
    assert findings(settings) == [(("invoke_mode",), "without-effect")]
