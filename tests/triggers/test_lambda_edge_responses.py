"""Lambda@Edge: responses that functions make or change, and the origins that they choose (sync.md §9.2, §9.3, §9.5)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.errors import Invoked
from router.fakes import FakeStream, request, succeeded
from router.model import Headers, OriginResponse, Reply
from router.outcome import Outcome
from router.triggers.lambda_edge.headers import CUSTOM_FORBIDDEN, EventType
from router.triggers.lambda_edge.messages import invocation_id

Change = Callable[[dict[str, Any]], Any]
Make = Callable[..., Any]
REQUEST_STAGES = ("viewer_request", "origin_request")


@pytest.fixture
def edge(door: Make) -> Make:
    """An edge with one default behavior whose stages and other settings are given by name."""

    def make(origin: Any = "http://origin.example.com", **behavior: Any) -> Any:
        made = door({"type": "lambda_edge", "behaviors": {"*": {"origin": origin, **behavior}}})
        made.origin = from_origin()
        return made

    return make


def from_origin(status: int = 200, headers: Headers | None = None, body: bytes = b"body") -> OriginResponse:
    given = [("Content-Length", str(len(body)))] if headers is None else headers
    return OriginResponse(status, "As It Is", given, FakeStream(body))


def returning(change: Change) -> Callable[[bytes], Outcome]:
    """Functions that all return what `change` makes of their record."""
    return lambda payload: succeeded(json.dumps(change(json.loads(payload)["Records"][0]["cf"])).encode())


def response(**fields: Any) -> Change:
    return lambda record: record["response"] | fields


def own(reply: Reply) -> Headers:
    """The headers without the three that the edge adds to every reply."""
    assert [name for name, _ in reply.headers[-3:]] == ["X-Cache", "Via", "X-Amz-Cf-Id"]
    return reply.headers[:-3]


def assert_invalid(reply: Reply) -> None:
    assert reply.error is not None
    assert (reply.status, reply.error.name, reply.error.invoked) == (502, "bad_response", Invoked.YES)
    assert ("X-Cache", "LambdaValidationError from cloudfront") in reply.headers


# --- generated responses ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", REQUEST_STAGES)
@pytest.mark.parametrize(
    ("result", "status", "reason", "headers", "body"),
    [
        ({"status": "200"}, 200, "OK", [], b""),
        ({"status": "599"}, 599, None, [], b""),
        ({"status": "302", "statusDescription": "Elsewhere"}, 302, "Elsewhere", [], b""),
        ({"status": "200", "body": "häß"}, 200, "OK", [], "häß".encode()),
        ({"status": "200", "body": "AAEC", "bodyEncoding": "base64"}, 200, "OK", [], b"\x00\x01\x02"),
        ({"status": "204", "body": ""}, 204, "No Content", [], b""),
        (
            {"status": "200", "headers": {"set-cookie": [{"value": "a"}, {"key": "set-COOKIE", "value": "b"}]}},
            200,
            "OK",
            [("Set-Cookie", "a"), ("set-COOKIE", "b")],
            b"",
        ),
        ({"status": "200", "headers": {"content-length": [{"value": "999"}]}, "body": "x"}, 200, "OK", [], b"x"),
        ({"status": "200", "headers": {"x": []}}, 200, "OK", [], b""),
    ],
)
def test_generated_responses(
    edge: Make, stage: str, result: dict[str, Any], status: int, reason: str | None, headers: Headers, body: bytes
) -> None:
    made = edge(**{stage: "f:1"})
    reply = made.call("GET", "/", answer=returning(lambda _: result))
    assert (reply.status, reply.reason, own(reply), reply.body, reply.error) == (status, reason, headers, body, None)
    assert ("X-Cache", "LambdaGeneratedResponse from cloudfront") in reply.headers
    assert made.forwarded == []


BAD_RESPONSES = [
    {"status": 200},
    {"status": "199"},
    {"status": "600"},
    {"status": "99"},
    {"status": "2OO"},
    {"status": "٢٠٠"},
    {"status": None},
    {"status": "200 OK"},
    {"status": "200", "statusDescription": 1},
    {"status": "200", "statusDescription": "OK\r\nX-Injected: 1"},
    {"status": "200", "headers": "none"},
    {"status": "200", "headers": {"x": [{"value": "a\nb"}]}},
    {"status": "200", "headers": {"x\r\n": [{"value": "a"}]}},
]
BAD_BODIES = [
    {"status": "200", "body": 1},
    {"status": "200", "body": {"a": 1}},
    {"status": "200", "body": "?", "bodyEncoding": "base64"},
    {"status": "200", "body": "x", "bodyEncoding": "gzip"},
    {"status": "200", "body": "\ud800"},
    {"status": "204", "body": "x"},
    {"status": "304", "body": "x"},
]


@pytest.mark.parametrize("stage", REQUEST_STAGES)
@pytest.mark.parametrize("result", [*BAD_RESPONSES, *BAD_BODIES])
def test_generated_responses_that_are_none(edge: Make, stage: str, result: dict[str, Any]) -> None:
    assert_invalid(edge(**{stage: "f:1"}).call("GET", "/", answer=returning(lambda _: result)))


@pytest.mark.parametrize("name", ["transfer-encoding", "via"])
def test_headers_that_a_generated_response_may_not_have(edge: Make, name: str) -> None:
    result = {"status": "200", "headers": {name: [{"value": "x"}]}}
    assert_invalid(edge(viewer_request="f:1").call("GET", "/", answer=returning(lambda _: result)))


@pytest.mark.parametrize(
    ("stage", "most"), [("viewer_request", 40_960), ("origin_request", 1_048_576), ("origin_response", 1_048_576)]
)
def test_limits_of_a_response_with_its_headers(edge: Make, stage: str, most: int) -> None:
    def result(size: int) -> Change:
        return lambda _: {"status": "200", "headers": {"x": [{"value": "12345"}]}, "body": "b" * (size - len("X: 12345\r\n"))}

    made = edge(**{stage: "f:1"})
    assert made.call("GET", "/", answer=returning(result(most))).error is None
    assert_invalid(made.call("GET", "/", answer=returning(result(most + 1))))


# --- changed responses -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["origin_response", "viewer_response"])
@pytest.mark.parametrize("fields", BAD_RESPONSES)
def test_changed_responses_that_are_none(edge: Make, stage: str, fields: dict[str, Any]) -> None:
    assert_invalid(edge(**{stage: "f:1"}).call("GET", "/", answer=returning(response(**fields))))


@pytest.mark.parametrize("result", BAD_BODIES)
def test_bodies_that_an_origin_response_function_cannot_put_in_place(edge: Make, result: dict[str, Any]) -> None:
    assert_invalid(edge(origin_response="f:1").call("GET", "/", answer=returning(lambda _: result)))


@pytest.mark.parametrize("stage", ["origin_response", "viewer_response"])
def test_without_a_body_the_origins_passes_through(edge: Make, stage: str) -> None:
    made = edge(**{stage: "f:1"})
    reply = made.call("GET", "/", answer=returning(response(statusDescription="Nice")))
    assert reply.body is made.origin.body
    assert (reply.status, reply.reason, own(reply)) == (200, "Nice", [("Content-Length", "4")])


def test_an_origin_response_function_cannot_break_the_framing(edge: Make) -> None:
    made = edge(origin_response="f:1")
    change = response(headers={"content-length": [{"value": "1"}], "a": [{"value": "b"}]})
    assert own(made.call("GET", "/", answer=returning(change))) == [("A", "b"), ("Content-Length", "4")]


@pytest.mark.parametrize(
    ("fields", "body"), [({"body": ""}, b""), ({"body": "new"}, b"new"), ({"body": "AA==", "bodyEncoding": "base64"}, b"\0")]
)
def test_an_origin_response_function_replaces_the_body(edge: Make, fields: dict[str, str], body: bytes) -> None:
    made = edge(origin_response="f:1")
    made.origin = from_origin(500, [("Transfer-Encoding", "chunked"), ("A", "b")])
    reply = made.call("GET", "/", answer=returning(response(status="200", statusDescription=None, **fields)))
    assert (reply.status, reply.reason, reply.body, own(reply)) == (200, "OK", body, [("A", "b")])
    assert ("X-Cache", "Miss from cloudfront") in reply.headers


def test_a_status_without_body_drops_the_origins(edge: Make) -> None:
    reply = edge(origin_response="f:1").call("GET", "/", answer=returning(response(status="204")))
    assert (reply.status, reply.body, own(reply)) == (204, b"", [])


@pytest.mark.parametrize("fields", [{"status": "201"}, {"body": "x"}, {"body": ""}])
def test_what_a_viewer_response_function_cannot_change(edge: Make, fields: dict[str, str]) -> None:
    assert_invalid(edge(viewer_response="f:1").call("GET", "/", answer=returning(response(**fields))))


def test_a_viewer_response_function_changes_headers(edge: Make) -> None:
    change = response(headers={"strict-transport-security": [{"value": "max-age=1"}]})
    reply = edge(viewer_response="f:1").call("GET", "/", answer=returning(change))
    assert own(reply) == [("Strict-Transport-Security", "max-age=1"), ("Content-Length", "4")]


@pytest.mark.parametrize(
    ("method", "status", "headers", "length"),
    [
        ("HEAD", 200, [("Content-Length", "7")], "7"),
        ("GET", 304, [("Content-Length", "7")], None),
        ("GET", 200, [("Content-Length", "7"), ("Transfer-Encoding", "chunked")], None),
        ("GET", 200, [("Content-Length", "7"), ("content-length", "7")], "7"),
        ("GET", 200, [("Content-Length", "7"), ("Content-Length", "8")], None),
        ("GET", 200, [("Content-Length", "many")], None),
        ("GET", 200, [], None),
    ],
)
def test_the_length_of_an_answer(edge: Make, method: str, status: int, headers: Headers, length: str | None) -> None:
    made = edge()
    made.origin = from_origin(status, headers)
    assert dict(own(made.call(method, "/"))).get("Content-Length") == length


@pytest.mark.parametrize(
    ("status", "x_cache"), [(200, "Miss from cloudfront"), (399, "Miss from cloudfront"), (400, "Error from cloudfront")]
)
def test_x_cache_of_an_origins_answer(edge: Make, status: int, x_cache: str) -> None:
    made = edge()
    made.origin = from_origin(status)
    reply = made.call("GET", "/")
    assert (reply.status, dict(reply.headers)["X-Cache"], reply.error) == (status, x_cache, None)


# --- origins ---------------------------------------------------------------------------------------------------------

EU = {
    "customHeaders": {},
    "domainName": "eu.example.com",
    "keepaliveTimeout": 10,
    "path": "/eu",
    "port": 8443,
    "protocol": "https",
    "readTimeout": 20,
    "sslProtocols": ["TLSv1.2", "TLSv1.1"],
}
ALLOWED = ["https://eu.example.com:8443", {"type": "s3", "url": "https://b.s3.amazonaws.com", "connection_attempts": 1}]


def choosing(origin: Any, **fields: Any) -> Callable[[bytes], Outcome]:
    return returning(lambda record: record["request"] | {"origin": origin} | fields)


@pytest.fixture
def switching(edge: Make) -> Any:
    return edge(origin_request="f:1", allowed_origins=ALLOWED)


def test_a_switch_to_a_declared_origin(switching: Any) -> None:
    reply = switching.call("GET", "/x", answer=choosing({"custom": EU | {"responseCompletionTimeout": 60}}))
    (step,) = switching.forwarded
    origin = step.origin
    assert (str(origin), step.target, reply.status) == ("https://eu.example.com:8443", "/eu/x", 200)
    assert (origin.read_timeout, origin.keepalive_timeout, origin.completion_timeout) == (20.0, 10.0, 60.0)
    assert dict(step.headers)["Host"] == "origin.example.com"


@pytest.mark.parametrize(("written", "seconds"), [(0, None), (20, 20.0), (None, None)])
def test_the_completion_timeout_of_a_choice(switching: Any, written: int | None, seconds: float | None) -> None:
    switching.call("GET", "/", answer=choosing({"custom": EU | {"responseCompletionTimeout": written}}))
    assert switching.forwarded[0].origin.completion_timeout == seconds


def test_a_switch_to_an_s3_origin(switching: Any) -> None:
    s3 = {"authMethod": "none", "customHeaders": {}, "domainName": "b.s3.amazonaws.com", "path": "", "region": "us-east-1"}
    switching.call("GET", "/x", answer=choosing({"s3": s3}))
    (step,) = switching.forwarded
    assert (str(step.origin), step.origin.attempts, step.target) == ("https://b.s3.amazonaws.com:443", 1, "/x")


@pytest.mark.parametrize("origin", [None, "left out"])
def test_without_a_choice_the_origin_stays(switching: Any, origin: Any) -> None:
    keep = returning(lambda record: {key: value for key, value in record["request"].items() if key != "origin"})
    switching.call("GET", "/x", answer=keep if origin else choosing(None))
    assert str(switching.forwarded[0].origin) == "http://origin.example.com:80"


@pytest.mark.parametrize(
    ("origin", "written"),
    [
        ({"custom": EU | {"domainName": "evil.example.com"}}, "https://evil.example.com:8443"),
        ({"custom": EU | {"port": 443}}, "https://eu.example.com:443"),
        ({"custom": EU | {"domainName": "b.s3.amazonaws.com", "port": 443}}, "https://b.s3.amazonaws.com:443"),
        ({"custom": EU | {"protocol": "http"}}, "http://eu.example.com:8443"),
        ({"custom": EU | {"domainName": "169.254.169.254", "port": 80, "protocol": "http"}}, "http://169.254.169.254:80"),
        (
            {"s3": {"authMethod": "none", "customHeaders": {}, "domainName": "c.s3.amazonaws.com", "path": ""}},
            "{type: s3, url: https://c.s3.amazonaws.com}",
        ),
    ],
)
def test_undeclared_origins_are_refused_with_what_to_write(switching: Any, origin: Any, written: str) -> None:
    reply = switching.call("GET", "/", answer=choosing(origin))
    assert reply.error is not None
    assert (reply.status, reply.error.name) == (502, "undeclared_origin")
    assert f"add `{written}` to the behavior's `allowed_origins`" in reply.error.detail
    assert switching.forwarded == []


@pytest.mark.parametrize(
    "origin",
    [
        "http://x",
        {},
        {"custom": EU, "s3": {}},
        {"custom": "x"},
        *({"custom": {key: value for key, value in EU.items() if key != missing}} for missing in EU),
        {"custom": EU | {"domainName": "a:80"}},
        {"custom": EU | {"domainName": "x" * 254}},
        {"custom": EU | {"domainName": "a b"}},
        {"custom": EU | {"domainName": 1}},
        {"custom": EU | {"port": 22}},
        {"custom": EU | {"port": 65536}},
        {"custom": EU | {"port": "443"}},
        {"custom": EU | {"port": True}},
        {"custom": EU | {"protocol": "ftp"}},
        {"custom": EU | {"path": "eu"}},
        {"custom": EU | {"path": "/eu/"}},
        {"custom": EU | {"path": "/"}},
        {"custom": EU | {"path": "/a\r\nb"}},
        {"custom": EU | {"path": "/" + "x" * 255}},
        {"custom": EU | {"readTimeout": 0}},
        {"custom": EU | {"readTimeout": 121}},
        {"custom": EU | {"readTimeout": "30"}},
        {"custom": EU | {"keepaliveTimeout": 0}},
        {"custom": EU | {"keepaliveTimeout": 121}},
        {"custom": EU | {"responseCompletionTimeout": 19}},
        {"custom": EU | {"responseCompletionTimeout": "60"}},
        {"custom": EU | {"sslProtocols": "TLSv1.2"}},
        {"custom": EU | {"sslProtocols": ["TLSv9"]}},
        {"custom": EU | {"sslProtocols": [[]]}},
        {"custom": EU | {"sslProtocols": ["TLSv1"]}},
        {"custom": EU | {"customHeaders": {"X": [{"value": "x"}]}}},
        {"custom": EU | {"customHeaders": {"user-agent": [{"value": "in request.headers too"}]}}},
        {"s3": {"authMethod": "origin-access-identity", "customHeaders": {}, "domainName": "b.s3.amazonaws.com", "path": ""}},
        {"s3": {"authMethod": "magic", "customHeaders": {}, "domainName": "b.s3.amazonaws.com", "path": ""}},
        {"s3": {"authMethod": "none", "domainName": "b.s3.amazonaws.com", "path": ""}},
        {"s3": {"authMethod": "none", "customHeaders": {}, "domainName": "x" * 129, "path": ""}},
        {"s3": {"authMethod": "none", "customHeaders": {}, "domainName": "b.s3.amazonaws.com", "path": "", "region": 1}},
    ],
)
def test_origins_that_are_none(switching: Any, origin: Any) -> None:
    assert_invalid(switching.call("GET", "/", answer=choosing(origin)))
    assert switching.forwarded == []


@pytest.mark.parametrize("name", [*sorted(CUSTOM_FORBIDDEN), "x-amz-meta", "x-edge-x"])
def test_custom_headers_that_are_forbidden(switching: Any, name: str) -> None:
    custom_headers = {name: [{"value": "x"}]}
    assert_invalid(switching.call("GET", "/", answer=choosing({"custom": EU | {"customHeaders": custom_headers}})))


def test_custom_headers_go_out(switching: Any) -> None:
    custom_headers = {"x-mine": [{"value": "1"}, {"key": "X-MINE", "value": "2"}]}
    switching.call("GET", "/", answer=choosing({"custom": EU | {"customHeaders": custom_headers}}))
    assert [pair for pair in switching.forwarded[0].headers if pair[0].lower() == "x-mine"] == [
        ("X-Mine", "1"),
        ("X-MINE", "2"),
    ]


def test_the_origin_that_a_response_stage_sees_is_the_chosen_one(edge: Make) -> None:
    made = edge(origin_request="f:1", origin_response="g:1", allowed_origins=ALLOWED)

    def run(payload: bytes) -> Outcome:
        record = json.loads(payload)["Records"][0]["cf"]
        shown = record.get("response") or record["request"] | {"origin": {"custom": EU}}
        return succeeded(json.dumps(shown).encode())

    made.call("GET", "/", answer=run)
    shown = made.event["Records"][0]["cf"]["request"]["origin"]["custom"]
    assert shown == EU | {"sslProtocols": ["TLSv1.2"]}


def test_every_stage_has_an_id_of_its_own() -> None:
    ids = {invocation_id(request("GET", "/").id, event) for event in EventType}
    assert len(ids) == 4
    assert {(len(each), each[14]) for each in ids} == {(36, "4")}
