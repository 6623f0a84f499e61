"""Lambda@Edge, stage by stage: what functions see, what they may return, and what each violation costs (sync.md §9)."""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from router.errors import BodyIncomplete, BodyTooLarge, Invoked, OriginBroken, OriginTimeout, OriginUnreachable
from router.fakes import FakeStream, play, request, succeeded
from router.model import ErrorNote, Forward, Glimpse, Headers, Invoke, OriginResponse, PeekBody, Reply, Resolve
from router.outcome import Outcome, OutcomeKind, function_error, refused, throttled, timed_out, transport
from router.triggers.lambda_edge import TYPE
from router.triggers.lambda_edge.headers import DISALLOWED, READ_ONLY, EventType, title_case
from router.triggers.lambda_edge.messages import opaque_id
from router.triggers.lambda_edge.site import fits, normalized

STAGES = ("viewer_request", "origin_request", "origin_response", "viewer_response")
REQUEST_STAGES = STAGES[:2]
HIDDEN = ("x-amz-cf-anything", "x-edge-anything", "te", "cloudfront-viewer-country")
EVENT_TYPES = dict(zip(STAGES, EventType, strict=True))
MISS, FAILED = "Miss from cloudfront", "Error from cloudfront"
GENERATED, VALIDATION = "LambdaGeneratedResponse from cloudfront", "LambdaValidationError from cloudfront"
EXECUTION, LIMIT = "LambdaExecutionError from cloudfront", "LambdaLimitExceeded from cloudfront"
Change = Callable[[dict[str, Any]], Any]
Make = Callable[..., Any]


def answer(status: int = 200, headers: Headers | None = None, body: bytes = b"body", reason: str = "OK") -> OriginResponse:
    given = [("Content-Length", str(len(body)))] if headers is None else headers
    return OriginResponse(status, reason, given, FakeStream(body))


@pytest.fixture
def edge(door: Make) -> Make:
    """An edge with one default behavior; stages and other settings of that are given by name, the site's as `site`."""

    def make(site: dict[str, Any] | None = None, origin: Any = "http://origin.example.com", **behavior: Any) -> Any:
        made = door({"type": "lambda_edge", "behaviors": {"*": {"origin": origin, **behavior}}, **(site or {})})
        made.origin = answer()
        return made

    return make


def untouched(record: dict[str, Any]) -> Any:
    return record.get("response") or record["request"]


def running(**changes: Change) -> Callable[[bytes], Outcome]:
    """Functions that return what they got, changed by stage."""

    def run(payload: bytes) -> Outcome:
        (record,) = (each["cf"] for each in json.loads(payload)["Records"])
        change = changes.get(record["config"]["eventType"].replace("-", "_"), untouched)
        return succeeded(json.dumps(change(record)).encode())

    return run


def with_request(**fields: Any) -> Change:
    return lambda record: record["request"] | fields


def with_response(**fields: Any) -> Change:
    return lambda record: record["response"] | fields


def with_header(side: str, name: str, value: str, key: str | None = None) -> Change:
    def change(record: dict[str, Any]) -> Any:
        record[side]["headers"][name] = [{"value": value} if key is None else {"key": key, "value": value}]
        return record[side]

    return change


def header(reply: Reply, name: str) -> str | None:
    return next((value for key, value in reply.headers if key.lower() == name.lower()), None)


def assert_page(reply: Reply, status: int, x_cache: str, error: str, invoked: Invoked = Invoked.YES) -> None:
    assert (reply.status, header(reply, "x-cache"), header(reply, "content-type")) == (status, x_cache, "text/html")
    assert reply.error is not None
    assert (reply.error.name, reply.error.invoked) == (error, invoked)
    assert isinstance(reply.body, bytes)
    assert b"<TITLE>ERROR: The request could not be satisfied</TITLE>" in reply.body
    assert f"<H1>{status} ERROR</H1>".encode() in reply.body
    assert f"Request ID: {header(reply, 'x-amz-cf-id')}".encode() in reply.body


def assert_invalid(reply: Reply) -> None:
    assert_page(reply, 502, VALIDATION, "bad_response")


# --- the way through -------------------------------------------------------------------------------------------------


def test_the_whole_conversation(edge: Make) -> None:
    site = edge(**{stage: f"{stage}:1" for stage in STAGES}).built
    asked = request("POST", "/x", [("Host", "h")], body=b"")
    given = {"headers": {}, "method": "POST", "uri": "/x", "querystring": "", "clientIp": "203.0.113.7"}
    viewer = given | {"headers": {"host": [{"value": "h"}]}}
    shown = {"headers": {}, "status": "200", "statusDescription": "OK"}
    returned = [succeeded(json.dumps(value).encode()) for value in (viewer, given, shown, shown)]
    steps, reply = play(TYPE.handle(asked, site), returned[0], None, returned[1], answer(), returned[2], returned[3])
    assert [type(step) for step in steps] == [Invoke, Resolve, Invoke, Forward, Invoke, Invoke]
    invokes = [step for step in steps if isinstance(step, Invoke)]
    assert [(step.target.function.name, step.target.qualifier, step.timeout) for step in invokes] == [
        (stage, "1", 30.0) for stage in STAGES
    ]
    assert len({step.id for step in invokes}) == 4
    assert reply.status == 200


@pytest.mark.parametrize(
    ("behavior", "functions", "expected"),
    [
        ({}, {}, []),
        ({"status": 404}, {}, ["viewer_request", "origin_request", "origin_response"]),
        ({"status": 400}, {}, ["viewer_request", "origin_request", "origin_response"]),
        ({"status": 399}, {}, list(STAGES)),
        ({}, {"viewer_request": lambda _: {"status": "200"}}, ["viewer_request"]),
        (
            {},
            {"origin_request": lambda _: {"status": "503"}},
            ["viewer_request", "origin_request", "viewer_response"],
        ),
        ({}, {"origin_response": with_response(status="500")}, list(STAGES)),
    ],
)
def test_which_stages_run(edge: Make, behavior: dict[str, int], functions: dict[str, Change], expected: list[str]) -> None:
    stages = {stage: f"{stage}:1" for stage in STAGES} if expected else {}
    made = edge(**stages)
    made.origin = answer(behavior.get("status", 200))
    made.call("GET", "/", answer=running(**functions))
    assert [step.target.function.name for step in made.invoked] == expected


def test_a_response_stage_does_not_run_where_the_origin_fails(edge: Make) -> None:
    made = edge(origin_response="a:1", viewer_response="b:1")
    made.origin = OriginTimeout("slow")
    assert_page(made.call("GET", "/"), 504, FAILED, "origin_timeout", Invoked.NO)
    assert made.invoked == []


def test_no_origin_request_function_runs_for_a_name_that_leads_nowhere(edge: Make) -> None:
    made = edge(viewer_request="a:1", origin_request="b:1")
    made.resolves = False
    assert_page(made.call("GET", "/", answer=running()), 502, FAILED, "origin_unreachable", Invoked.YES)
    assert [step.target.function.name for step in made.invoked] == ["a"]


def test_the_router_forwards_what_the_viewer_changed_and_keeps_the_behavior(door: Make) -> None:
    made = door(
        {
            "type": "lambda_edge",
            "behaviors": {
                "/a/*": {"origin": "http://a.example.com", "viewer_request": "f:1"},
                "*": {"origin": "http://b.example.com"},
            },
        }
    )
    made.origin = answer()
    made.call("GET", "/a/1?x", answer=running(viewer_request=with_request(uri="/b/ü", querystring="y=ß")))
    (step,) = made.forwarded
    assert (str(step.origin), step.target) == ("http://a.example.com:80", "/b/%C3%BC?y=%C3%9F")


# --- what functions see ----------------------------------------------------------------------------------------------


def test_the_request_id_is_opaque_and_derived() -> None:
    token = opaque_id("5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10")
    assert (len(token), token[-2:]) == (56, "==")
    assert token == opaque_id("5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10") != opaque_id("other")


@pytest.mark.parametrize(
    "name", [*sorted(DISALLOWED), "x-amz-cf-anything", "x-edge-anything", "te", "cloudfront-viewer-country"]
)
def test_what_is_hidden_from_functions_goes_nowhere(edge: Make, name: str) -> None:
    made = edge(viewer_request="f:1")
    made.call("GET", "/", [("Host", "h"), (name.title(), "x")], answer=running())
    assert sorted(made.event["Records"][0]["cf"]["request"]["headers"]) == ["host"]
    assert [key.lower() for key, _ in made.forwarded[0].headers] == [
        "host",
        "x-forwarded-for",
        "user-agent",
        "via",
        "x-amz-cf-id",
    ]
    assert dict(made.forwarded[0].headers)["User-Agent"] == "Amazon CloudFront"


def test_headers_of_an_answer_pass_by_functions_unless_they_are_ours(edge: Make) -> None:
    made = edge(origin_response="f:1")
    given = [("X-Amzn-RequestId", "1"), ("X-Accel-Redirect", "/x"), ("X-Cache", "Hit"), ("X-Amz-Cf-Pop", "FRA"), ("A", "b")]
    made.origin = answer(headers=[*given, ("X-Router-Error", "no"), ("Upgrade", "h2c"), ("Proxy-Authenticate", "x")])
    reply = made.call("GET", "/", answer=running())
    assert sorted(made.event["Records"][0]["cf"]["response"]["headers"]) == ["a"]
    assert reply.headers[:-3] == [("A", "b"), ("X-Amzn-RequestId", "1"), ("X-Accel-Redirect", "/x")]
    assert [name for name, _ in reply.headers[-3:]] == ["X-Cache", "Via", "X-Amz-Cf-Id"]


def test_custom_headers_of_the_origin_replace_what_the_viewer_sent(edge: Make) -> None:
    made = edge(origin={"url": "https://o.example.com", "custom_headers": {"X-Key": "ours"}})
    made.call("GET", "/", [("Host", "h"), ("x-key", "theirs")])
    assert [value for name, value in made.forwarded[0].headers if name.lower() == "x-key"] == ["ours"]


# --- requests that functions return ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", REQUEST_STAGES)
@pytest.mark.parametrize("name", [*sorted(DISALLOWED), "x-amz-cf-id", "x-edge-location", "x-router-error"])
def test_disallowed_headers_in_a_request(edge: Make, stage: str, name: str) -> None:
    made = edge(**{stage: "f:1"})
    assert_invalid(made.call("GET", "/", answer=running(**{stage: with_header("request", name, "x")})))
    assert made.forwarded == []


@pytest.mark.parametrize("stage", STAGES[2:])
@pytest.mark.parametrize("name", [*sorted(DISALLOWED), "x-amz-cf-id", "x-edge-location"])
def test_disallowed_headers_in_a_response(edge: Make, stage: str, name: str) -> None:
    assert_invalid(edge(**{stage: "f:1"}).call("GET", "/", answer=running(**{stage: with_header("response", name, "x")})))


HOP_OR_FRAMING = ("content-length", "transfer-encoding")
"""Made anew for each connection, whatever functions see."""
READ_ONLY_ROWS = [(stage, name) for stage in STAGES for name in sorted(READ_ONLY[EVENT_TYPES[stage]])]


def all_headers(name: str) -> Headers:
    return [("Host", "h"), (name.title(), "5")] if name != "host" else [("Host", "h")]


@pytest.mark.parametrize(("stage", "name"), READ_ONLY_ROWS)
def test_read_only_headers_cannot_change_and_do_not_go_away(edge: Make, stage: str, name: str) -> None:
    made = edge(**{stage: "f:1"})
    made.origin = answer(headers=[(name.title(), "5")])
    side = "response" if stage in STAGES[2:] else "request"
    changed = made.call("GET", "/", all_headers(name), answer=running(**{stage: with_header(side, name, "9")}))
    assert_invalid(changed)
    emptied = made.call("GET", "/", all_headers(name), answer=running(**{stage: lambda record: record[side] | {"headers": {}}}))
    assert emptied.error is None
    sent = emptied.headers if side == "response" else made.forwarded[-1].headers
    assert name in HOP_OR_FRAMING or name in [key.lower() for key, _ in sent]


@pytest.mark.parametrize(("stage", "name"), [row for row in READ_ONLY_ROWS if row[1] not in ("host", "via")])
def test_read_only_headers_cannot_be_added(edge: Make, stage: str, name: str) -> None:
    made = edge(**{stage: "f:1"})
    made.origin = answer(headers=[])
    side = "response" if stage in STAGES[2:] else "request"
    assert_invalid(made.call("GET", "/", answer=running(**{stage: with_header(side, name, "9")})))


def test_the_host_is_the_origins_unless_an_origin_request_function_says_otherwise(edge: Make) -> None:
    made = edge(origin_request="f:1")
    made.call("GET", "/", answer=running())
    made.call("GET", "/", answer=running(origin_request=with_header("request", "host", "www.example.com")))
    made.call("GET", "/", answer=running(origin_request=with_request(headers={})))
    hosts = [dict(step.headers)["Host"] for step in made.forwarded]
    assert hosts == ["origin.example.com", "www.example.com", "origin.example.com"]


def test_a_viewer_request_function_cannot_add_cloudfront_viewer_country(edge: Make) -> None:
    change = with_header("request", "cloudfront-viewer-country", "DE")
    assert_invalid(edge(viewer_request="f:1").call("GET", "/", answer=running(viewer_request=change)))
    assert edge(origin_request="f:1").call("GET", "/", answer=running(origin_request=change)).error is None


@pytest.mark.parametrize("stage", REQUEST_STAGES)
@pytest.mark.parametrize(
    "fields",
    [
        {"uri": "no-slash"},
        {"uri": ""},
        {"uri": None},
        {"uri": 1},
        {"uri": "/a b"},
        {"uri": "/a?b"},
        {"uri": "/a#b"},
        {"uri": "/a\r\nX: y"},
        {"uri": "/\ud800"},
        {"uri": "/" + "x" * 8191},
        {"uri": "/" + "x" * 4000, "querystring": "y" * 4191},
        {"querystring": "a b"},
        {"querystring": "a#b"},
        {"querystring": "a\x7f"},
        {"querystring": None},
        {"method": "POST"},
        {"clientIp": "1.1.1.1"},
        {"headers": []},
        {"headers": {"X-Upper": [{"value": "x"}]}},
        {"headers": {"x y": [{"value": "x"}]}},
        {"headers": {"x": {"value": "x"}}},
        {"headers": {"x": ["x"]}},
        {"headers": {"x": [{"key": "X"}]}},
        {"headers": {"x": [{"value": 1}]}},
        {"headers": {"x": [{"key": "Y", "value": "x"}]}},
        {"headers": {"x": [{"key": 1, "value": "x"}]}},
        {"headers": {"x": [{"value": "a\r\nInjected: 1"}]}},
        {"headers": {"x": [{"value": "a\0"}]}},
        {"body": "text"},
        {"body": {"action": "drop"}},
        {"body": {"action": "replace", "encoding": "text", "data": "x"}},
    ],
)
def test_requests_that_are_none(edge: Make, stage: str, fields: dict[str, Any]) -> None:
    made = edge(**{stage: "f:1"})
    assert_invalid(made.call("GET", "/", answer=running(**{stage: with_request(**fields)})))
    assert made.forwarded == []


@pytest.mark.parametrize(
    "payload", [b"null", b"[]", b'"x"', b"1", b"{}", b"NaN", b"not JSON", b'{"uri": NaN}', b'{"headers": {}}']
)
@pytest.mark.parametrize("stage", STAGES)
def test_results_that_are_none(edge: Make, stage: str, payload: bytes) -> None:
    assert_invalid(edge(**{stage: "f:1"}).call("GET", "/", answer=succeeded(payload)))


def test_uri_and_query_just_below_the_limit(edge: Make) -> None:
    made = edge(viewer_request="f:1")
    made.call("GET", "/", answer=running(viewer_request=with_request(uri="/" + "x" * 8190)))
    assert made.forwarded[0].target == "/" + "x" * 8190


def test_origin_cannot_be_chosen_before_its_stage(edge: Make) -> None:
    made = edge(viewer_request="f:1")
    assert_invalid(made.call("GET", "/", answer=running(viewer_request=with_request(origin={"custom": {}}))))


@pytest.mark.parametrize(
    ("name", "key"),
    [("x-my-header", "X-My-Header"), ("etag", "Etag"), ("www-authenticate", "Www-Authenticate"), ("x--a", "X--A")],
)
def test_title_case(name: str, key: str) -> None:
    assert title_case(name) == key


# --- bodies of requests ----------------------------------------------------------------------------------------------

LIMITS = {"viewer_request": (40_960, 40_960, 54_476), "origin_request": (1_048_576, 1_048_576, 1_394_606)}


@pytest.mark.parametrize("stage", REQUEST_STAGES)
def test_a_body_is_cut_off_for_the_function_and_goes_whole(edge: Make, stage: str) -> None:
    limit = LIMITS[stage][0]
    made = edge(**{stage: {"function": "f:1", "include_body": True}})
    steps, _ = play(TYPE.handle(request("POST", "/", body=b"xyz"), made.built), *peek_answers(stage))
    assert PeekBody(limit) in steps
    made.call("POST", "/", body=b"x" * (limit + 1), answer=running())
    body = made.event["Records"][0]["cf"]["request"]["body"]
    assert body == {
        "inputTruncated": True,
        "action": "read-only",
        "encoding": "base64",
        "data": b64encode(b"x" * limit).decode(),
    }
    assert made.forwarded[0].body is None


def peek_answers(stage: str) -> list[object]:
    """The function fails, which ends the conversation."""
    before: list[object] = [None] if stage == "origin_request" else []
    return [*before, Glimpse(b"xyz", False), function_error(b"{}", "id")]


def replaced(**body: Any) -> Change:
    return with_request(body={"action": "replace", **body})


@pytest.mark.parametrize("stage", REQUEST_STAGES)
@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({"encoding": "text", "data": "häß"}, "häß".encode()),
        ({"encoding": "base64", "data": "AAEC"}, b"\x00\x01\x02"),
        ({"data": "AAEC"}, b"\x00\x01\x02"),
        ({"encoding": "text", "data": ""}, b""),
        ({}, b""),
    ],
)
def test_a_body_is_replaced(edge: Make, stage: str, body: dict[str, str], sent: bytes) -> None:
    made = edge(**{stage: {"function": "f:1", "include_body": True}})
    reply = made.call("PUT", "/", [("Content-Length", "3")], b"old", answer=running(**{stage: replaced(**body)}))
    assert (reply.error, made.forwarded[0].body) == (None, sent)


def test_a_replaced_body_has_a_length_of_its_own(edge: Make) -> None:
    made = edge(viewer_request={"function": "f:1", "include_body": True}, origin_request="g:1")
    headers = [("Host", "h"), ("Transfer-Encoding", "chunked")]
    made.call("PUT", "/", headers, b"old", answer=running(viewer_request=replaced(encoding="text", data="newer")))
    shown = made.event["Records"][0]["cf"]["request"]["headers"]
    assert (shown["content-length"], "transfer-encoding" in shown) == ([{"key": "Content-Length", "value": "5"}], False)


@pytest.mark.parametrize("stage", REQUEST_STAGES)
@pytest.mark.parametrize("encoding", ["text", "base64"])
def test_limits_of_a_replaced_body(edge: Make, stage: str, encoding: str) -> None:
    most = LIMITS[stage][1 if encoding == "text" else 2]
    made = edge(**{stage: {"function": "f:1", "include_body": True}})
    longest = most if encoding == "text" else most // 4 * 4
    fine = made.call("PUT", "/", answer=running(**{stage: replaced(encoding=encoding, data="A" * longest)}))
    assert fine.error is None
    assert_invalid(made.call("PUT", "/", answer=running(**{stage: replaced(encoding=encoding, data="A" * (longest + 4))})))


@pytest.mark.parametrize(
    "body",
    [{"encoding": "base64", "data": "?"}, {"encoding": "gzip", "data": ""}, {"encoding": "text", "data": 1}, {"data": "A"}],
)
def test_replaced_bodies_that_are_none(edge: Make, body: dict[str, Any]) -> None:
    made = edge(viewer_request={"function": "f:1", "include_body": True})
    assert_invalid(made.call("PUT", "/", answer=running(viewer_request=replaced(**body))))


def test_a_read_only_body_is_not_replaced(edge: Make) -> None:
    made = edge(viewer_request={"function": "f:1", "include_body": True})
    change = with_request(body={"action": "read-only", "encoding": "text", "data": "new"})
    made.call("PUT", "/", body=b"old", answer=running(viewer_request=change))
    assert made.forwarded[0].body is None


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_get_gets_no_body(edge: Make, method: str) -> None:
    made = edge(viewer_request={"function": "f:1", "include_body": True})
    assert_invalid(made.call(method, "/", answer=running(viewer_request=replaced(encoding="text", data="x"))))
    assert made.call(method, "/", answer=running(viewer_request=replaced(encoding="text", data=""))).error is None


# --- failures of functions, origins, callers --------------------------------------------------------------------------


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("outcome", "x_cache", "error", "invoked"),
    [
        (function_error(b'{"errorMessage":"no"}', "id"), EXECUTION, "function_error", Invoked.YES),
        (function_error(b'{"errorMessage":"x Task timed out after 3.00 seconds"}', "id"), LIMIT, "function_error", Invoked.YES),
        (timed_out(30), LIMIT, "timeout", Invoked.UNKNOWN),
        (throttled("CallerRateLimitExceeded", 1), LIMIT, "throttled", Invoked.NO),
        (refused(404, "ResourceNotFoundException", "gone"), EXECUTION, "client_error", Invoked.NO),
        (Outcome(OutcomeKind.SERVICE_ERROR, status=500), EXECUTION, "service_error", Invoked.UNKNOWN),
        (transport("reset", sent=True), EXECUTION, "transport", Invoked.UNKNOWN),
    ],
)
def test_functions_that_fail(edge: Make, stage: str, outcome: Outcome, x_cache: str, error: str, invoked: Invoked) -> None:
    reply = edge(**{stage: "f:1"}).call("GET", "/", answer=outcome)
    assert_page(reply, 503, x_cache, error, invoked)
    assert reply.error is not None
    assert reply.error.retry_after == outcome.retry_after


@pytest.mark.parametrize(
    ("failure", "status", "name"),
    [
        (OriginUnreachable("refused"), 502, "origin_unreachable"),
        (OriginTimeout("slow"), 504, "origin_timeout"),
        (OriginBroken("garbage"), 502, "bad_origin_response"),
        (BodyTooLarge(1), 413, "request_too_large"),
        (BodyIncomplete("gone"), 400, "incomplete_request"),
    ],
)
def test_exchanges_with_the_origin_that_fail(edge: Make, failure: Exception, status: int, name: str) -> None:
    made = edge()
    made.origin = failure
    reply = made.call("POST", "/")
    assert_page(reply, status, FAILED, name, Invoked.NO)
    assert reply.error == ErrorNote(name, Invoked.NO, None, str(failure))


def test_what_a_function_did_is_told_whatever_fails_later(edge: Make) -> None:
    made = edge(viewer_request="f:1")
    made.origin = OriginTimeout("slow")
    assert_page(made.call("GET", "/", answer=running()), 504, FAILED, "origin_timeout", Invoked.YES)


@pytest.mark.parametrize(
    ("asked", "status", "name"),
    [
        ({"method": "GET", "body": b"x"}, 403, "body_not_allowed"),
        ({"method": "GET", "body": None}, 403, "body_not_allowed"),
        ({"method": "TRACE"}, 405, "method_not_allowed"),
        ({"method": "BREW"}, 405, "method_not_allowed"),
        ({"headers": [("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade")]}, 501, "upgrade_refused"),
        ({"path": "/" + "x" * 8192}, 414, "uri_too_long"),
        ({"headers": [("X", "x" * 32_768)]}, 413, "headers_too_large"),
    ],
)
def test_requests_that_the_edge_refuses(edge: Make, asked: dict[str, Any], status: int, name: str) -> None:
    made = edge(viewer_request="f:1")
    reply = made.send(request(**{"method": "GET", "target": "/", **asked}))
    assert_page(reply, status, FAILED, name, Invoked.NO)
    assert (made.invoked, made.forwarded) == ([], [])


def test_a_path_that_no_behavior_covers(door: Make) -> None:
    made = door({"type": "lambda_edge", "behaviors": {"/a/*": {"origin": "http://o"}}})
    assert_page(made.call("GET", "/b"), 404, FAILED, "unmatched", Invoked.NO)


def test_auth_comes_before_functions(edge: Make) -> None:
    made = edge(site={"auth": {"basic": {"user": "u", "password": "p"}}}, viewer_request="f:1")
    reply = made.call("GET", "/")
    assert_page(reply, 401, FAILED, "unauthorized", Invoked.NO)
    assert (header(reply, "www-authenticate"), made.invoked) == ('Basic realm="shop", charset="UTF-8"', [])
    fine = made.call("GET", "/", [("Authorization", "Basic dTpw")], answer=running())
    assert fine.error is None


# --- path patterns ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "path", "fit"),
    [
        ("*", "/anything/at.all", True),
        ("/images/*", "/images/", True),
        ("/images/*", "/images", False),
        ("/*.jpg", "/a/b/c.jpg", True),
        ("/*.jpg", "/a.jpeg", False),
        ("/a?.html", "/ab.html", True),
        ("/a?.html", "/a.html", False),
        ("/a?.html", "/abc.html", False),
        ("/A", "/a", False),
        ("/*a*b*c", "/xaybzc", True),
        ("/*a*b*c", "/xaybz", False),
        ("/a", "/a", True),
        ("/a*", "/a", True),
        ("/[a]", "/[a]", True),
        ("/" + "*a" * 100 + "b", "/" + "a" * 8000, False),
    ],
)
def test_patterns(pattern: str, path: str, fit: bool) -> None:
    assert fits(pattern, path) is fit


@pytest.mark.parametrize(
    ("sent", "same_as"),
    [
        ("/a/./b", "/a/b"),
        ("/public/../private/x", "/private/x"),
        ("/../../x", "/x"),
        ("/%70rivate/%2fx", "/private/%2Fx"),
        ("/a/%2e%2e/b", "/b"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/.well-known/x", "/.well-known/x"),
        ("/a//b", "/a//b"),
        ("/%zz", "/%zz"),
    ],
)
def test_paths_are_compared_in_their_normal_form(sent: str, same_as: str) -> None:
    assert normalized(sent) == same_as


@pytest.mark.parametrize("path", ["/private/x", "/public/../private/x", "/%70rivate/x", "/private/./x"])
def test_no_spelling_of_a_path_slips_past_its_behavior(door: Make, path: str) -> None:
    behaviors = {"/private/*": {"origin": "http://o", "viewer_request": "auth:1"}, "*": {"origin": "http://o"}}
    made = door({"type": "lambda_edge", "behaviors": behaviors})
    made.origin = answer()
    made.call("GET", path, answer=running())
    assert (len(made.invoked), made.forwarded[0].target) == (1, path)
