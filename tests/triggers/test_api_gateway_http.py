"""The HTTP API front door, row by row (semantics/sync.md §4)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.errors import BodyIncomplete, Invoked, RequestError, Unavailable
from router.fakes import play, request, succeeded
from router.model import ErrorNote, ReadBody, Reply
from router.outcome import Outcome, function_error, refused, throttled, timed_out, transport
from router.triggers.api_gateway.http import ERRORS

Api = Callable[..., Any]
ID, TOKEN = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10", ("apigw-requestid", "W01Ljw58G28vOhA=")
JSON, TEXT = ("content-type", "application/json"), ("content-type", "text/plain; charset=utf-8")
INTERNAL = b'{"message":"Internal Server Error"}'
UNAVAILABLE = b'{"message":"Service Unavailable"}'


def good(status: int, headers: list[tuple[str, str]], body: bytes) -> Reply:
    return Reply(status, [*headers, TOKEN], body)


def refusal(status: int, body: bytes, note: ErrorNote) -> Reply:
    return Reply(status, [JSON, TOKEN], body, note)


def answered(api: Any, value: Any) -> Reply:
    payload = value if isinstance(value, bytes) else json.dumps(value).encode()
    reply: Reply = api.call("GET", "/x", [("Host", "h")], answer=succeeded(payload))
    return reply


# --- routing ---------------------------------------------------------------------------------------------------------

ROUTES = {
    "GET /": "root",
    "GET /pets/dog/1": "dog-1",
    "GET /pets/dog/{id}": "dog",
    "GET /{kind}/cat/{id}": "cat",
    "GET /pets/{rest+}": "pets",
    "ANY /pets/dog/{id}": "any-dog",
    "ANY /any": "any",
    "GET /slash/": "slash",
    "$default": "other",
}


@pytest.mark.parametrize(
    ("method", "path", "function", "parameters"),
    [
        ("GET", "/", "root", None),
        ("POST", "/", "other", None),
        ("GET", "/pets/dog/1", "dog-1", None),
        ("PUT", "/pets/dog/1", "any-dog", {"id": "1"}),
        ("GET", "/pets/dog/2", "dog", {"id": "2"}),
        ("GET", "/pets/cat/2", "cat", {"kind": "pets", "id": "2"}),
        ("GET", "/pets/bird/2", "pets", {"rest": "bird/2"}),
        ("GET", "/pets/bird/", "pets", {"rest": "bird/"}),
        ("GET", "/pets/", "other", None),
        ("GET", "/pets", "other", None),
        ("GET", "/pets/dog/a%2Fb%20c", "dog", {"id": "a/b c"}),
        ("GET", "/%70ets/dog/2", "dog", {"id": "2"}),
        ("GET", "/PETS/dog/2", "other", None),
        ("GET", "/any/", "other", None),
        ("GET", "/slash/", "slash", None),
        ("GET", "/slash", "other", None),
        ("PROPFIND", "/any", "other", None),
        ("DELETE", "/any", "any", None),
        ("GET", "//pets/dog/1", "other", None),
    ],
)
def test_routing(http: Api, method: str, path: str, function: str, parameters: dict[str, str] | None) -> None:
    api = http(routes=ROUTES)

    api.call(method, path)

    assert (api.invoked[0].target.function.name, api.event.get("pathParameters")) == (function, parameters)


@pytest.mark.parametrize(("method", "path"), [("GET", "/b"), ("POST", "/a"), ("GET", "/a/"), ("GET", "/A"), ("GET", "/")])
def test_what_no_route_takes(http: Api, method: str, path: str) -> None:
    api = http(routes={"GET /a": "f"})

    reply = api.call(method, path)

    assert reply == refusal(404, b'{"message":"Not Found"}', ErrorNote("unmatched", detail=reply.error.detail))
    assert api.invoked == []


@pytest.mark.parametrize(
    ("settings", "url", "raw_path", "path_1"),
    [
        ({}, "/x/y", "/x/y", "/x/y"),
        ({"stage": "dev"}, "/dev/x/y", "/dev/x/y", "/dev/x/y"),
        ({"stage": "dev"}, "/dev", "/dev/", "/dev/"),
        ({"stage": "dev", "hosts": ["h.example.com"]}, "/x/y", "/x/y", "/x/y"),
        ({"base_path": "/v1"}, "/v1/x/y", "/x/y", "/v1/x/y"),
        ({"base_path": "/v1"}, "/v1", "/", "/v1/"),
        ({"base_path": "/v1/deep", "stage": "dev"}, "/v1/deep/x%20y", "/x y", "/v1/deep/x y"),
        ({}, "/a%3Fb", "/a", "/a"),
        ({}, "/a%25b%ff", "/a%b\ufffd", "/a%b\ufffd"),
    ],
)
def test_paths_in_the_event(http: Api, settings: dict[str, Any], url: str, raw_path: str, path_1: str) -> None:
    api, api_1 = http(**settings), http(payload="1.0", **settings)

    api.call("GET", url)
    api_1.call("GET", url)

    assert (api.event["rawPath"], api.event["requestContext"]["http"]["path"]) == (raw_path, raw_path)
    assert (api_1.event["path"], api_1.event["requestContext"]["path"]) == (path_1, path_1)


def test_format_1_of_the_default_route(http: Api) -> None:
    api = http(payload="1.0")

    api.call("GET", "/x", [])

    event = api.event
    assert [event[key] for key in ("resource", "pathParameters", "queryStringParameters", "body", "stageVariables")] == [
        "$default",
        None,
        None,
        None,
        None,
    ]
    assert event["headers"]["Content-Length"] == "0"


# --- event -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "base64"),
    [
        ("text/plain", False),
        ("TEXT/html ; charset=UTF-8", False),
        ("text/css", False),
        ("text/css; boundary=x", False),
        ("application/json", False),
        ('application/json; charset="utf-8"', False),
        ("application/xml", False),
        ("application/javascript", False),
        (None, True),
        ("", True),
        ("application/x-www-form-urlencoded", True),
        ("application/vnd.api+json", True),
        ("application/graphql", True),
        ("multipart/form-data; boundary=x", True),
        ("image/png", True),
        ("text/plain; charset=iso-8859-1", True),
    ],
)
@pytest.mark.parametrize("payload", ["1.0", "2.0"])
def test_which_bodies_are_base64(http: Api, payload: str, content_type: str | None, base64: bool) -> None:
    api = http(payload=payload)

    api.call("POST", "/x", [("Content-Type", content_type)] if content_type is not None else [], b"hi")

    assert (api.event["body"], api.event["isBase64Encoded"]) == (("aGk=", True) if base64 else ("hi", False))


def test_keys_without_content_are_left_out(http: Api) -> None:
    api = http()

    api.call("GET", "/x?&", [])

    assert list(api.event) == [
        "version",
        "routeKey",
        "rawPath",
        "rawQueryString",
        "headers",
        "requestContext",
        "isBase64Encoded",
    ]
    assert api.event["rawQueryString"] == "&"


@pytest.mark.parametrize(
    ("sent", "cookies"), [("a=1;b=2; ", ["a=1", "b=2"]), ("a=1;;b", ["a=1", "b"]), ('a="x, y"', ['a="x, y"']), ("", None)]
)
def test_cookies_are_split(http: Api, sent: str, cookies: list[str] | None) -> None:
    api = http()

    api.call("GET", "/x", [("cookie", sent)])

    assert (api.event.get("cookies"), "cookie" in api.event["headers"]) == (cookies, False)


def test_hop_by_hop_headers_do_not_arrive(http: Api) -> None:
    api = http()
    names = ["Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Expect"]

    api.call("POST", "/x", [*((name, "x") for name in names), ("Content-Length", "999"), ("a", "")], b"four")

    assert api.event["headers"] == {
        "a": "",
        "content-length": "4",
        "x-amzn-trace-id": "Root=1-6a514b28-0123456789abcdef01234567",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "8080",
        "x-forwarded-proto": "http",
    }


# --- answer ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "reply"),
    [
        ("text", good(200, [JSON], b"text")),
        (b'"\\ud800 \\u00e9"', good(200, [JSON], "? é".encode())),
        (b'{"a": 1.50}', good(200, [JSON], b'{"a": 1.50}')),
        (b"[1, 2]", good(200, [JSON], b"[1, 2]")),
        (b"null", good(200, [JSON], b"null")),
        (b"12345678901234567890123", good(200, [JSON], b"12345678901234567890123")),
        ({"statusCode": 201, "body": "x"}, good(201, [TEXT], b"x")),
        ({"statusCode": "404"}, good(404, [TEXT], b"")),
        ({"statusCode": 200, "unknown": 1, "multiValueHeaders": {"a": ["b"]}}, good(200, [TEXT], b"")),
        ({"statusCode": 200, "headers": None, "cookies": None, "body": None}, good(200, [TEXT], b"")),
        (
            {"statusCode": 200, "headers": {"Content-TYPE": "a/b", "X": 1, "Y": True, "Z": None}},
            good(200, [("content-type", "a/b"), ("x", "1"), ("y", "true"), ("z", "")], b""),
        ),
        (
            {"statusCode": 302, "headers": {"Location": "/a", "Set-Cookie": "c=3"}, "cookies": ["a=1", "b=2"]},
            good(302, [("set-cookie", "a=1"), ("set-cookie", "b=2"), ("location", "/a"), ("set-cookie", "c=3"), TEXT], b""),
        ),
        ({"statusCode": 200, "body": "/wA=", "isBase64Encoded": True}, good(200, [TEXT], b"\xff\x00")),
        ({"statusCode": 200, "body": "/wA=", "isBase64Encoded": False}, good(200, [TEXT], b"/wA=")),
        ({"statusCode": 204, "body": "x"}, good(204, [TEXT], b"")),
        (
            {
                "statusCode": 200,
                "headers": dict.fromkeys(["Connection", "Content-Length", "Transfer-Encoding", "Date", "Apigw-Requestid"], "9"),
            },
            good(200, [TEXT], b""),
        ),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_answers_2(http: Api, value: Any, reply: Reply) -> None:
    assert answered(http(), value) == reply


BAD = [
    b"",
    b"{",
    b"NaN",
    b'{"statusCode":200,"body":Infinity}',
    b"[" * 100_000,
    b"\xff",
    {"statusCode": None},
    {"statusCode": "x"},
    {"statusCode": 99},
    {"statusCode": 101},
    {"statusCode": 600},
    {"statusCode": False},
    {"statusCode": 200, "headers": []},
    {"statusCode": 200, "headers": {"a": ["b"]}},
    {"statusCode": 200, "headers": {"a": "b\r\nc: d"}},
    {"statusCode": 200, "headers": {"a": "b\0"}},
    {"statusCode": 200, "headers": {"a b": "c"}},
    {"statusCode": 200, "headers": {"a\r\n": "c"}},
    {"statusCode": 200, "body": {}},
    {"statusCode": 200, "body": 1},
    {"statusCode": 200, "body": "no base64", "isBase64Encoded": True},
]


@pytest.mark.parametrize(
    "value",
    [
        *BAD,
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "cookies": [1]},
        {"statusCode": 200, "cookies": ["a=1\nb"]},
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_answers_2(http: Api, value: Any) -> None:
    reply = answered(http(), value)

    assert reply == refusal(500, INTERNAL, ErrorNote("bad_response", Invoked.YES, detail=reply.error.detail))


@pytest.mark.parametrize(
    ("value", "reply"),
    [
        ({"statusCode": 201, "unknown": 1, "body": "x"}, good(201, [TEXT], b"x")),
        (
            {"statusCode": 200, "headers": {"A": "1"}, "multiValueHeaders": {"A": ["2"], "Content-Type": ["a/b"]}},
            good(200, [("a", "2"), ("content-type", "a/b"), ("a", "1")], b""),
        ),
        ({"statusCode": 200, "body": "/wA=", "isBase64Encoded": True}, good(200, [TEXT], b"\xff\x00")),
        ({"statusCode": 304, "body": "x"}, good(304, [TEXT], b"")),
    ],
)
def test_answers_1(http: Api, value: Any, reply: Reply) -> None:
    assert answered(http(payload="1.0"), value) == reply


@pytest.mark.parametrize(
    "value",
    [*BAD, {"body": "x"}, "text", None, [1], {"statusCode": 200, "multiValueHeaders": {"a": "b"}}],
    ids=lambda value: repr(value)[:40],
)
def test_bad_answers_1(http: Api, value: Any) -> None:
    reply = answered(http(payload="1.0"), value)

    assert reply == refusal(500, INTERNAL, ErrorNote("bad_response", Invoked.YES, detail=reply.error.detail))


# --- errors and limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "status", "body", "name", "invoked", "retry_after"),
    [
        (function_error(b"{}", ID), 500, INTERNAL, "function_error", Invoked.YES, None),
        (timed_out(30), 503, UNAVAILABLE, "timeout", Invoked.UNKNOWN, None),
        (throttled("ReservedFunctionConcurrentInvocationLimitExceeded", 2), 500, INTERNAL, "throttled", Invoked.NO, 2),
        (refused(404, "ResourceNotFoundException", "no"), 500, INTERNAL, "client_error", Invoked.NO, None),
        (refused(502, "ServiceException", "no"), 500, INTERNAL, "service_error", Invoked.NO, None),
        (transport("reset", sent=True), 503, UNAVAILABLE, "transport", Invoked.UNKNOWN, None),
    ],
)
def test_outcomes(
    http: Api, outcome: Outcome, status: int, body: bytes, name: str, invoked: Invoked, retry_after: int | None
) -> None:
    reply = http().call("GET", "/x", answer=outcome)

    assert reply == refusal(status, body, ErrorNote(name, invoked, retry_after, reply.error.detail))


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (BodyIncomplete("gone"), 400, b'{"message":"Bad Request"}'),
        (Unavailable("drains"), 503, UNAVAILABLE),
        (RequestError("?"), 500, INTERNAL),
    ],
)
def test_thrown_errors(http: Api, error: RequestError, status: int, body: bytes) -> None:
    api = http()

    _, reply = play(api.type.handle(request("POST", "/x"), api.built), error)

    assert reply == refusal(status, body, ErrorNote(error.name, Invoked.NO, error.retry_after, str(error)))


def test_limits(http: Api) -> None:
    api = http()
    limit = 10 * 1024 * 1024

    assert next(api.type.handle(request("POST", "/x"), api.built)) == ReadBody(limit)
    replies = [
        api.call("POST", "/x", body=b"x" * (limit + 1)),
        api.call("GET", "/x", [("a", "b" * 10_240)]),
        api.call("POST", "/x", body=b"x" * 6_000_000),
    ]
    assert [(reply.status, reply.body, reply.error.name) for reply in replies] == [
        (413, b'{"message":"Request Entity Too Large"}', "request_too_large"),
        (431, b'{"message":"Request Header Fields Too Large"}', "headers_too_large"),
        (500, INTERNAL, "event_too_large"),
    ]
    assert api.invoked == []


@pytest.mark.parametrize(("written", "seconds"), [(None, 30.0), ("50ms", 0.05), ("5s", 5.0)])
def test_the_timeout_is_the_invocations(http: Api, written: str | None, seconds: float) -> None:
    api = http(**({"timeout": written} if written else {}))

    api.call("GET", "/x")

    assert api.invoked[0].timeout == seconds


def test_every_error_row_is_json() -> None:
    assert {tuple(json.loads(row.body)) for row in ERRORS.values()} == {("message",)}


# --- CORS ------------------------------------------------------------------------------------------------------------

CORS = {"allow_origins": ["https://a.example.com"], "expose_headers": ["x-b"]}
OURS = [("access-control-allow-origin", "https://a.example.com"), ("access-control-expose-headers", "x-b")]


@pytest.mark.parametrize(("origin", "added"), [("https://a.example.com", OURS), ("https://b.example.com", []), (None, [])])
def test_the_gateways_cors_headers_replace_the_functions(http: Api, origin: str | None, added: list[tuple[str, str]]) -> None:
    api = http(cors=CORS)
    value = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "Access-Control-Max-Age": 1, "a": "b"}}

    reply = api.call("GET", "/x", [("Origin", origin)] if origin else [], answer=succeeded(json.dumps(value).encode()))

    assert reply == good(200, [("a", "b"), TEXT, *added], b"")


def test_errors_carry_cors_headers_too(http: Api) -> None:
    reply = http(cors=CORS, routes={"GET /a": "f"}).call("GET", "/b", [("Origin", "https://a.example.com")])

    assert (reply.status, reply.headers) == (404, [JSON, *OURS, TOKEN])


def test_options_without_preflight_headers_is_a_request_like_others(http: Api) -> None:
    api = http(cors=CORS)

    api.call("OPTIONS", "/x", [("Origin", "https://a.example.com")])

    assert len(api.invoked) == 1


def test_without_cors_the_function_answers_preflights(http: Api) -> None:
    api = http()

    api.call("OPTIONS", "/x", [("Origin", "https://a.example.com"), ("Access-Control-Request-Method", "GET")])

    assert len(api.invoked) == 1
