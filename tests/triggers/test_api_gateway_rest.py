"""The REST API front door, row by row (semantics/sync.md §3)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.errors import BodyIncomplete, Invoked, RequestError, Unavailable
from router.fakes import play, request, succeeded
from router.model import ErrorNote, ReadBody, Reply
from router.outcome import Outcome, function_error, refused, throttled, timed_out, transport
from router.triggers.api_gateway.rest_answers import ERRORS

Api = Callable[..., Any]
ID, TOKEN, TRACE = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10", "W01Ljw58G28vOhA=", "Root=1-6a514b28-0123456789abcdef01234567"
INTERNAL = b'{"message": "Internal server error"}'
FIRST = [("x-amzn-RequestId", ID), ("x-amz-apigw-id", TOKEN)]
LAST = ("X-Amzn-Trace-Id", TRACE)
JSON = ("Content-Type", "application/json")


def refusal(status: int, body: bytes, error_type: str, note: ErrorNote) -> Reply:
    return Reply(status, [*FIRST, JSON, ("x-amzn-ErrorType", error_type)], body, note)


def good(status: int, headers: list[tuple[str, str]], body: bytes) -> Reply:
    return Reply(status, [*FIRST, *headers, LAST], body)


def answered(api: Any, value: Any, **headers: str) -> Reply:
    payload = value if isinstance(value, bytes) else json.dumps(value).encode()
    reply: Reply = api.call("GET", "/prod/x", [("Host", "h"), *headers.items()], answer=succeeded(payload))
    return reply


# --- routing ---------------------------------------------------------------------------------------------------------

ROUTES = {
    "GET /": "root",
    "POST /admin": "admin",
    "GET /pets/mine": "mine",
    "GET /pets/{id}": "pet",
    "ANY /pets/{id}": "any-pet",
    "GET /pets/{id}/toys/{toy}": "toy",
    "GET /files/{path+}": "files",
    "ANY /{proxy+}": "rest",
}


@pytest.mark.parametrize(
    ("method", "path", "function", "parameters"),
    [
        ("GET", "", "root", None),
        ("GET", "/", "root", None),
        ("GET", "//", "root", None),
        ("POST", "/admin", "admin", None),
        ("GET", "/admin", "rest", {"proxy": "admin"}),
        ("GET", "/pets/mine", "mine", None),
        ("PUT", "/pets/mine", "any-pet", {"id": "mine"}),
        ("GET", "/pets/mine/", "mine", None),
        ("GET", "/pets/7", "pet", {"id": "7"}),
        ("PATCH", "/pets/7", "any-pet", {"id": "7"}),
        ("GET", "/pets/mine/toys/ball", "toy", {"id": "mine", "toy": "ball"}),
        ("POST", "/pets/mine/toys/ball", "rest", {"proxy": "pets/mine/toys/ball"}),
        ("GET", "/pets//toys", "rest", {"proxy": "pets//toys"}),
        ("GET", "/files/a/b%2Fc/", "files", {"path": "a/b%2Fc"}),
        ("GET", "/files/", "rest", {"proxy": "files"}),
        ("GET", "/files//", "rest", {"proxy": "files/"}),
        ("HEAD", "/nowhere", "rest", {"proxy": "nowhere"}),
        ("GET", "/Pets/mine", "rest", {"proxy": "Pets/mine"}),
        ("GET", "//pets//mine", "rest", {"proxy": "pets//mine"}),
    ],
)
def test_routing(rest: Api, method: str, path: str, function: str, parameters: dict[str, str] | None) -> None:
    api = rest(routes=ROUTES)

    api.call(method, f"/prod{path}")

    assert (api.invoked[0].target.function.name, api.event["pathParameters"], api.event["httpMethod"]) == (
        function,
        parameters,
        method,
    )


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", []),
        ("GET", "/a", []),
        ("POST", "/a/b", []),
        ("PROPFIND", "/any/x", []),
        ("GET", "/a/b/c", []),
        ("GET", "/A/b", []),
        ("GET", "/any//", []),
        ("POST", "/a/b", [("X-HTTP-Method-Override", "DELETE")]),
    ],
)
def test_what_no_route_takes(rest: Api, method: str, path: str, headers: list[tuple[str, str]]) -> None:
    api = rest(routes={"GET /a/{b}": "f", "ANY /any/{x}": "f"})

    reply = api.call(method, f"/prod{path}", [("Host", "h"), *headers])

    body = b'{"message":"Missing Authentication Token"}'
    assert reply == refusal(403, body, "MissingAuthenticationTokenException", reply.error)
    assert (reply.error.name, reply.error.invoked, api.invoked) == ("unmatched", Invoked.NO, [])


@pytest.mark.parametrize(("method", "function"), [("POST", "put"), ("PATCH", "rest")])
def test_a_post_may_override_its_method(rest: Api, method: str, function: str) -> None:
    api = rest(routes={"PUT /x": "put", "ANY /x": "rest"})

    api.call(method, "/prod/x", [("X-HTTP-Method-Override", " put ")])

    assert api.invoked[0].target.function.name == function


def test_weights_and_qualifiers_reach_the_driver(rest: Api) -> None:
    api = rest(routes={"GET /a": {"function": "f", "weights": {"live": 95, "8": 5}}, "GET /b": "f:live"})

    api.call("GET", "/prod/a")
    api.call("GET", "/prod/b")

    targets = [step.target for step in api.invoked]
    assert [(target.weights, target.qualifier) for target in targets] == [((("live", 95), ("8", 5)), None), ((), "live")]


# --- event -----------------------------------------------------------------------------------------------------------


def test_the_body_waits_for_a_route(rest: Api) -> None:
    api = rest(routes={"GET /a": "f"})

    steps, reply = play(api.type.handle(request("GET", "/prod/b"), api.built))

    assert (steps, reply.status) == ([], 403)


def test_headers_that_do_not_arrive(rest: Api) -> None:
    names = (
        "Connection Content-Length Content-MD5 Expect Max-Forwards Proxy-Authenticate Server TE Transfer-Encoding Trailer"
        " Upgrade WWW-Authenticate"
    )
    api = rest()

    api.call("GET", "/prod/x", [("Keep", "me"), *((name, "x") for name in names.split())])

    added = {
        "X-Amzn-Trace-Id": TRACE,
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Port": "8080",
        "X-Forwarded-Proto": "http",
    }
    assert api.event["headers"] == {"Keep": "me", **added}


def test_two_spellings_of_a_header_are_one(rest: Api) -> None:
    api = rest()

    api.call("GET", "/prod/x", [("x-a", "1"), ("X-A", "2"), ("USER-AGENT", "u")])

    assert api.event["multiValueHeaders"]["X-A"] == ["1", "2"]
    assert api.event["headers"]["X-A"] == "2"
    assert "x-a" not in api.event["headers"]
    assert api.event["headers"]["User-Agent"] == api.event["requestContext"]["identity"]["userAgent"] == "u"


@pytest.mark.parametrize(
    ("sent", "peer", "seen"),
    [
        (None, "203.0.113.7", "203.0.113.7"),
        ("", "203.0.113.7", "203.0.113.7"),
        ("1.1.1.1", "203.0.113.7", "1.1.1.1, 203.0.113.7"),
        ("1.1.1.1, 203.0.113.7", "10.0.0.5", "1.1.1.1, 203.0.113.7"),
        ("1.1.1.1", "10.0.0.5", "1.1.1.1, 203.0.113.7"),
        (None, "10.0.0.5", "203.0.113.7"),
    ],
)
def test_the_client_is_appended_to_x_forwarded_for(rest: Api, sent: str | None, peer: str, seen: str) -> None:
    api = rest()

    api.call("GET", "/prod/x", [("X-Forwarded-For", sent)] if sent else [], peer=peer)

    assert api.event["headers"]["X-Forwarded-For"] == seen
    assert api.event["requestContext"]["identity"]["sourceIp"] == "203.0.113.7"


@pytest.mark.parametrize(
    ("query", "last", "every"),
    [
        ("", None, None),
        ("&&", None, None),
        ("a=1&a=2", {"a": "2"}, {"a": ["1", "2"]}),
        ("a=b=c&=x&d", {"a": "b=c", "": "x", "d": ""}, {"a": ["b=c"], "": ["x"], "d": [""]}),
        ("a+b=%2B%20+", {"a b": "+  "}, {"a b": ["+  "]}),
        ("a=%ff&b=%C3%A9&c=%zz", {"a": "\ufffd", "b": "é", "c": "%zz"}, {"a": ["\ufffd"], "b": ["é"], "c": ["%zz"]}),
    ],
)
def test_query(rest: Api, query: str, last: Any, every: Any) -> None:
    api = rest()

    api.call("GET", f"/prod/x?{query}")

    assert (api.event["queryStringParameters"], api.event["multiValueQueryStringParameters"]) == (last, every)


@pytest.mark.parametrize(
    ("types", "content_type", "base64"),
    [
        ([], "image/png", False),
        (["image/png"], "image/png", True),
        (["image/png"], "IMAGE/PNG; a=b", True),
        (["image/png"], " image/png ;a=b", True),
        (["image/png"], "image/jpeg", False),
        (["image/*"], "image/jpeg", True),
        (["image/*"], "images/jpeg", False),
        (["*/*"], "text/plain", True),
        (["*/*"], None, True),
        (["application/json"], None, True),
        (["text/plain"], None, False),
    ],
)
def test_binary_requests(rest: Api, types: list[str], content_type: str | None, base64: bool) -> None:
    api = rest(binary_media_types=types)

    api.call("POST", "/prod/x", [("content-type", content_type)] if content_type else [], b"hi")

    assert (api.event["body"], api.event["isBase64Encoded"]) == (("aGk=", True) if base64 else ("hi", False))


def test_text_that_is_not_utf_8_is_replaced(rest: Api) -> None:
    api = rest()

    api.call("POST", "/prod/x", [], b"a\xffb")

    assert (api.event["body"], api.event["isBase64Encoded"]) == ("a\ufffdb", False)


# --- answer ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "reply"),
    [
        ({"statusCode": 200, "body": "x"}, good(200, [JSON], b"x")),
        ({}, good(200, [JSON], b"")),
        ({"body": "x"}, good(200, [JSON], b"x")),
        ({"statusCode": "201"}, good(201, [JSON], b"")),
        ({"statusCode": 201.0}, good(201, [JSON], b"")),
        ({"headers": None, "multiValueHeaders": None, "body": None}, good(200, [JSON], b"")),
        (
            {"headers": {"a": True, "b": 1, "c": 1.5, "d": None, "CONTENT-type": "text/plain"}},
            good(200, [("a", "true"), ("b", "1"), ("c", "1.5"), ("d", ""), ("CONTENT-type", "text/plain")], b""),
        ),
        (
            {"headers": {"X-a": "1"}, "multiValueHeaders": {"x-A": ["2", 3]}},
            good(200, [("x-A", "2"), ("x-A", "3"), ("x-A", "1"), JSON], b""),
        ),
        ({"statusCode": 204, "body": "x"}, good(204, [JSON], b"")),
        ({"statusCode": 304, "body": "x"}, good(304, [JSON], b"")),
        ({"body": "\ud800é"}, good(200, [JSON], "?é".encode())),
    ],
)
def test_answers(rest: Api, value: Any, reply: Reply) -> None:
    assert answered(rest(), value) == reply


@pytest.mark.parametrize(
    "value",
    [
        "text",
        7,
        [],
        None,
        True,
        b"",
        b"{",
        b"{'statusCode':200}",
        b'{"body":NaN}',
        b"[" * 100_000,
        b'{"a":' * 3000 + b"1" + b"}" * 3000,
        b"\xff\xfe\x00",
        {"statusCode": 200, "cookies": []},
        {"statuscode": 200},
        {"statusCode": "ok"},
        {"statusCode": ""},
        {"statusCode": None},
        {"statusCode": True},
        {"statusCode": 200.5},
        {"statusCode": 99},
        {"statusCode": 100},
        {"statusCode": 600},
        {"statusCode": "٢٠٠"},
        {"statusCode": 10**30},
        {"statusCode": [200]},
        {"headers": []},
        {"headers": "x"},
        {"headers": {"a": ["b"]}},
        {"headers": {"a": {}}},
        {"headers": {"a": "b\r\nc: d"}},
        {"headers": {"a": "b\n"}},
        {"headers": {"a": "\0"}},
        {"headers": {"a": "\x7f"}},
        {"headers": {"a": "\x1b[0m"}},
        {"headers": {"a": "\ud800"}},
        {"headers": {"a b": "c"}},
        {"headers": {"": "c"}},
        {"headers": {"a:": "c"}},
        {"headers": {"é": "c"}},
        {"multiValueHeaders": {"a": "b"}},
        {"multiValueHeaders": {"a": ["b\rc"]}},
        {"multiValueHeaders": {"a\n": ["b"]}},
        {"multiValueHeaders": ["a"]},
        {"body": {}},
        {"body": 7},
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_answers(rest: Api, value: Any) -> None:
    reply = answered(rest(), value)

    assert reply == refusal(502, INTERNAL, "InternalServerErrorException", reply.error)
    assert (reply.error.name, reply.error.invoked) == ("bad_response", Invoked.YES)


@pytest.mark.parametrize(
    ("types", "accept", "decoded"),
    [
        (["image/png"], "image/png", True),
        (["image/png"], "image/png;q=1, text/html", True),
        (["image/png"], "text/html, image/png", False),
        (["image/png"], "*/*", False),
        (["image/png"], None, False),
        (["image/*"], "image/webp", True),
        (["*/*"], "*/*", True),
        (["*/*"], None, True),
        ([], "*/*", False),
    ],
)
def test_base64_answers(rest: Api, types: list[str], accept: str | None, decoded: bool) -> None:
    headers = {"Accept": accept} if accept else {}

    reply = answered(rest(binary_media_types=types), {"body": "/wA=", "isBase64Encoded": True}, **headers)

    assert reply == good(200, [JSON], b"\xff\x00" if decoded else b"/wA=")


@pytest.mark.parametrize("body", ["/w", "not base64!", "é", "/wA=\n", "/wA=A"])
def test_a_broken_base64_answer_is_a_configuration_error(rest: Api, body: str) -> None:
    reply = answered(rest(binary_media_types=["*/*"]), {"body": body, "isBase64Encoded": True})

    assert reply == refusal(500, INTERNAL, "InternalServerErrorException", reply.error)
    assert (reply.error.name, reply.error.invoked) == ("bad_response", Invoked.YES)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        *(
            (name, f"x-amzn-Remapped-{name}")
            for name in [
                "Connection",
                "content-length",
                "Date",
                "Server",
                "Authorization",
                "Content-MD5",
                "Max-Forwards",
                "User-Agent",
            ]
        ),
        ("WWW-Authenticate", "x-amzn-Remapped-WWW-Authenticate"),
        *((name, None) for name in ["Host", "Expect", "Proxy-Authenticate", "TE", "trailer", "Transfer-Encoding", "Upgrade"]),
        *((name, None) for name in ["X-Amzn-RequestId", "x-amz-apigw-id", "x-router-error", "X-Router-Invoked"]),
        ("x-mine", "x-mine"),
    ],
)
def test_header_remapping(rest: Api, name: str, sent: str | None) -> None:
    assert answered(rest(), {"headers": {name: "v"}}) == good(200, [*([(sent, "v")] if sent else []), JSON], b"")


# --- errors and limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "status", "body", "name", "invoked", "retry_after"),
    [
        (function_error(b'{"errorMessage":"x"}', ID), 502, INTERNAL, "function_error", Invoked.YES, None),
        (timed_out(29), 504, b'{"message": "Endpoint request timed out"}', "timeout", Invoked.UNKNOWN, None),
        (throttled("ReservedFunctionConcurrentInvocationLimitExceeded", 2), 500, INTERNAL, "throttled", Invoked.NO, 2),
        (refused(403, "AccessDeniedException", "no"), 500, INTERNAL, "client_error", Invoked.NO, None),
        (refused(500, "ServiceException", "no"), 500, INTERNAL, "service_error", Invoked.NO, None),
        (
            transport("refused", sent=False),
            504,
            b'{"message": "Network error communicating with endpoint"}',
            "transport",
            Invoked.NO,
            None,
        ),
    ],
)
def test_outcomes(
    rest: Api, outcome: Outcome, status: int, body: bytes, name: str, invoked: Invoked, retry_after: int | None
) -> None:
    reply = rest().call("GET", "/prod/x", answer=outcome)

    note = ErrorNote(name, invoked, retry_after, reply.error.detail)
    assert reply == refusal(status, body, "InternalServerErrorException", note)


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (BodyIncomplete("gone"), 400, b'{"message":"Bad Request"}'),
        (Unavailable("drains"), 503, b'{"message":"Service Unavailable"}'),
        (RequestError("?"), 500, INTERNAL),
    ],
)
def test_thrown_errors(rest: Api, error: RequestError, status: int, body: bytes) -> None:
    api = rest()

    _, reply = play(api.type.handle(request("POST", "/prod/x"), api.built), error)

    assert (reply.status, reply.body) == (status, body)
    assert reply.error == ErrorNote(error.name, Invoked.NO, error.retry_after, str(error))


def test_a_body_of_10_mib_is_taken_and_one_byte_more_is_not(rest: Api) -> None:
    api = rest(binary_media_types=[])
    limit = 10 * 1024 * 1024

    assert next(api.type.handle(request("POST", "/prod/x"), api.built)) == ReadBody(limit)
    reply = api.call("POST", "/prod/x", body=b"x" * (limit + 1))
    assert (reply.status, reply.body) == (413, b'{"message":"HTTP content length exceeded 10485760 bytes."}')
    assert (reply.error.name, api.invoked) == ("request_too_large", [])


def test_an_event_beyond_lambdas_limit_is_refused_without_a_call(rest: Api) -> None:
    api = rest()

    reply = api.call("POST", "/prod/x", body=b"x" * (6 * 1024 * 1024))

    assert (reply.status, reply.body, reply.error.name, api.invoked) == (500, INTERNAL, "event_too_large", [])


def test_an_event_of_6_mib_is_sent(rest: Api) -> None:
    api, limit = rest(), 6 * 1024 * 1024
    api.call("POST", "/prod/x", body=b"x")

    room = limit - len(api.invoked[0].payload)
    replies = [api.call("POST", "/prod/x", body=b"x" * (1 + room + extra)) for extra in (0, 1)]

    assert [(reply.status, len(step.payload)) for reply, step in zip(replies, api.invoked[1:], strict=False)] == [(200, limit)]
    assert replies[1].error.name == "event_too_large"


@pytest.mark.parametrize(
    ("target", "headers", "status", "name"),
    [
        ("/prod/x?" + "a" * 10_240, [], 414, "uri_too_long"),
        ("/prod/" + "a" * 1600, [], 414, "uri_too_long"),
        ("/prod/x", [("a", "b" * 10_240)], 431, "headers_too_large"),
        ("/prod/x", [("a", "b" * 1000)] * 11, 431, "headers_too_large"),
        ("/prod/x?a|b", [], 400, "bad_request"),
        ("/prod/x?a{b", [], 400, "bad_request"),
        ("/prod/x?a}b", [], 400, "bad_request"),
        ("/prod/x?a;b", [], 400, "bad_request"),
    ],
)
def test_limits_of_the_request_line(rest: Api, target: str, headers: list[tuple[str, str]], status: int, name: str) -> None:
    api = rest()

    reply = api.call("GET", target, headers)

    assert (reply.status, reply.error.name, api.invoked) == (status, name, [])


def test_encoded_forbidden_characters_pass(rest: Api) -> None:
    api = rest()

    api.call("GET", "/prod/x?a=%7C%3B%7B%7D")

    assert api.event["queryStringParameters"] == {"a": "|;{}"}


@pytest.mark.parametrize(("written", "seconds"), [(None, 29.0), ("50ms", 0.05), ("15m", 900.0)])
def test_the_timeout_is_the_invocations(rest: Api, written: str | None, seconds: float) -> None:
    api = rest(**({"timeout": written} if written else {}))

    api.call("GET", "/prod/x")

    assert api.invoked[0].timeout == seconds


def test_every_error_row_is_json() -> None:
    for row in ERRORS.values():
        assert list(json.loads(row.body)) == ["message"]
        assert row.error_type
