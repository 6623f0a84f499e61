"""An Application Load Balancer, row by row of semantics/sync.md §8: events, answers, error pages, health checks, auth."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.errors import BodyIncomplete, BodyTooLarge, Invoked, Unavailable
from router.fakes import play, request, succeeded
from router.model import ErrorNote, Headers, ReadBody, Reply, Scope, SiteClaim, Target
from router.outcome import Outcome, OutcomeKind, refused, throttled, timed_out, transport
from router.triggers import TYPES

Door = Callable[..., Any]
TYPE = TYPES["alb"]
HOST = [("Host", "lb.example.com")]
OWN = [("Server", "awselb/2.0"), ("Content-Type", "text/html")]
PLAIN = ("Content-Type", "application/octet-stream")


@pytest.fixture
def alb(door: Door) -> Door:
    """A load balancer whose default action is a function; settings are added."""
    return lambda **settings: door({"type": "alb", "default": "web", **settings})


def page(title: str) -> bytes:
    return (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    ).encode()


def error(title: str, name: str, invoked: Invoked = Invoked.NO, detail: str = "", retry_after: int | None = None) -> Reply:
    note = ErrorNote(name, invoked, retry_after, detail)
    return Reply(int(title[:3]), OWN, page(title), note, reason=title[4:] or None)


def sent(**keys: Any) -> Outcome:
    return succeeded(json.dumps(keys).encode())


# --- claims ----------------------------------------------------------------------------------------------------------


def test_it_owns_its_hosts_or_the_whole_listener() -> None:
    assert TYPE.claims({"hosts": None}) == (SiteClaim(None),)
    assert TYPE.claims({"hosts": ["A.example.com", "*.b"]}) == (SiteClaim("a.example.com"), SiteClaim("*.b"))


def test_a_body_of_exactly_one_mebibyte_is_read(alb: Door) -> None:
    trigger = alb()
    steps, _ = play(trigger.type.handle(request("POST", "/", HOST), trigger.built), BodyTooLarge(1024 * 1024))
    assert steps == [ReadBody(1024 * 1024)]


# --- event -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "body", "text", "base64"),
    [
        ([], b"", "", False),
        ([("Content-Encoding", "gzip")], b"", "", False),
        ([("Content-Type", "application/json")], b"{}", "{}", False),
        ([("Content-Type", "Application/JSON ; charset=utf-8")], "é".encode(), "é", False),
        ([("Content-Type", "application/javascript")], b"x", "x", False),
        ([("Content-Type", "application/xml")], b"x", "x", False),
        ([("Content-Type", "text/anything")], b"x", "x", False),
        ([("Content-Type", "application/x-www-form-urlencoded")], b"a=b", "YT1i", True),
        ([("Content-Type", "application/vnd.api+json")], b"{}", "e30=", True),
        ([("Content-Type", "text/plain"), ("Content-Encoding", "gzip")], b"x", "eA==", True),
        ([], b"x", "eA==", True),
    ],
)
def test_the_body_is_text_or_base64(alb: Door, headers: Headers, body: bytes, text: str, base64: bool) -> None:
    trigger = alb()

    trigger.call("POST", "/", HOST + headers, body)

    assert (trigger.event["body"], trigger.event["isBase64Encoded"]) == (text, base64)


def test_text_that_is_not_utf_8_is_a_bad_request(alb: Door) -> None:
    trigger = alb()

    reply = trigger.call("POST", "/", [*HOST, ("Content-Type", "text/plain")], b"\xff")

    assert reply == error("400 Bad Request", "bad_request", detail="the body is text by its type, and not UTF-8")
    assert trigger.invoked == []


@pytest.mark.parametrize(
    ("mode", "forwarded", "seen"),
    [
        ("append", [], "203.0.113.7"),
        ("append", ["198.51.100.1"], "198.51.100.1, 203.0.113.7"),
        ("append", ["198.51.100.1", "a, b"], "198.51.100.1, a, b, 203.0.113.7"),
        ("preserve", ["198.51.100.1", "b"], "198.51.100.1, b"),
        ("preserve", [], None),
        ("remove", ["198.51.100.1"], None),
    ],
)
@pytest.mark.parametrize("multi_value", [False, True])
def test_the_modes_of_x_forwarded_for(alb: Door, mode: str, forwarded: list[str], seen: str | None, multi_value: bool) -> None:
    trigger = alb(x_forwarded_for=mode, multi_value_headers=multi_value)

    trigger.call("GET", "/", HOST + [("X-Forwarded-For", value) for value in forwarded])

    headers = trigger.event["multiValueHeaders" if multi_value else "headers"]
    expected = None if seen is None else [seen] if multi_value else seen
    assert headers.get("x-forwarded-for") == expected


def test_what_the_balancer_says_itself_cannot_be_sent(alb: Door) -> None:
    trigger = alb()

    trigger.call("GET", "/", [*HOST, ("X-Forwarded-Proto", "gopher"), ("X-Forwarded-Port", "1"), ("X-Amzn-Trace-Id", "Root=x")])

    headers = trigger.event["headers"]
    assert [headers[name] for name in ("x-forwarded-proto", "x-forwarded-port", "x-amzn-trace-id")] == [
        "http",
        "8080",
        "Root=1-6a514b28-0123456789abcdef01234567",
    ]


def test_a_rule_may_have_its_own_target_group(alb: Door) -> None:
    arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/lists/73e2d6bc24d8a067"
    rules = {"lists": {"path": "/lists", "function": "web", "multi_value_headers": True, "target_group_arn": arn}}
    trigger = alb(rules=rules)

    trigger.call("GET", "/lists", HOST)
    assert (trigger.event["requestContext"], "multiValueHeaders" in trigger.event) == ({"elb": {"targetGroupArn": arn}}, True)
    trigger.call("GET", "/", HOST)
    derived = trigger.event["requestContext"]["elb"]["targetGroupArn"]
    assert derived.startswith("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop-web/")
    assert "headers" in trigger.event


# --- answer ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "reply"),
    [
        ({"statusCode": 200}, Reply(200, [PLAIN])),
        ({"statusCode": "404"}, Reply(404, [PLAIN])),
        ({"statusCode": 200, "statusDescription": "200 All right"}, Reply(200, [PLAIN], reason="All right")),
        ({"statusCode": 200, "headers": {}}, Reply(200, [PLAIN])),
        ({"statusCode": 200, "unknown": None}, Reply(200, [PLAIN])),
        ({"statusCode": 200, "body": "é"}, Reply(200, [PLAIN], "é".encode())),
        ({"statusCode": 200, "body": "", "isBase64Encoded": True}, Reply(200, [PLAIN])),
        ({"statusCode": 200, "body": "eA==", "isBase64Encoded": True}, Reply(200, [PLAIN], b"x")),
        ({"statusCode": 200, "headers": {"content-type": "a/b"}}, Reply(200, [("content-type", "a/b")])),
        ({"statusCode": 200, "headers": {"Server": "mine", "X-Ü": "1"}}, None),
        ({"statusCode": 200, "headers": {"Server": "mine"}}, Reply(200, [("Server", "mine"), PLAIN])),
        ({"statusCode": 200, "multiValueHeaders": {"a": ["1"]}}, Reply(200, [PLAIN])),
        ({"statusCode": 200, "multiValueHeaders": None}, Reply(200, [PLAIN])),
        ({"statusCode": 204, "body": "lost"}, Reply(204, [PLAIN])),
        (
            {"statusCode": 200, "headers": {"Connection": "close", "Content-Length": "9", "Date": "x", "x-router-error": "no"}},
            Reply(200, [PLAIN]),
        ),
        ({}, None),
        ({"statusCode": None}, None),
        ({"statusCode": True}, None),
        ({"statusCode": "many"}, None),
        ({"statusCode": 99}, None),
        ({"statusCode": 200, "statusDescription": None}, None),
        ({"statusCode": 200, "statusDescription": "OK"}, None),
        ({"statusCode": 200, "statusDescription": "200 a\r\nb: c"}, None),
        ({"statusCode": 200, "headers": None}, None),
        ({"statusCode": 200, "headers": []}, None),
        ({"statusCode": 200, "headers": {"a": True}}, None),
        ({"statusCode": 200, "headers": {"a": 1}}, None),
        ({"statusCode": 200, "headers": {"a": None}}, None),
        ({"statusCode": 200, "headers": {"a": "b\r\nc: d"}}, None),
        ({"statusCode": 200, "body": None}, None),
        ({"statusCode": 200, "body": {"a": 1}}, None),
        ({"statusCode": 200, "body": "?", "isBase64Encoded": True}, None),
        ({"statusCode": 200, "isBase64Encoded": None}, None),
        ({"statusCode": 200, "isBase64Encoded": "true"}, None),
    ],
)
def test_what_a_function_may_answer(alb: Door, result: dict[str, Any], reply: Reply | None) -> None:
    seen = alb().call("GET", "/", HOST, answer=sent(**result))

    if reply is None:
        assert (seen.status, seen.headers, seen.body) == (502, OWN, page("502 Bad Gateway"))
        assert (seen.error.name, seen.error.invoked) == ("bad_response", Invoked.YES)
        assert seen.error.detail.startswith("LambdaInvalidResponse: ")
    else:
        assert seen == reply


@pytest.mark.parametrize(
    ("result", "headers"),
    [
        ({"multiValueHeaders": {"a": ["1", "2"], "b": []}}, [("a", "1"), ("a", "2"), PLAIN]),
        ({"headers": {"a": "1"}}, [PLAIN]),
        ({"headers": None}, [PLAIN]),
        ({"multiValueHeaders": None}, None),
        ({"multiValueHeaders": {"a": "1"}}, None),
        ({"multiValueHeaders": {"a": [1]}}, None),
    ],
)
def test_what_a_function_may_answer_with_lists(alb: Door, result: dict[str, Any], headers: Headers | None) -> None:
    seen = alb(multi_value_headers=True).call("GET", "/", HOST, answer=sent(statusCode=200, **result))

    assert (seen.status, seen.headers) == ((502, OWN) if headers is None else (200, headers))


@pytest.mark.parametrize("payload", [b"null", b'"text"', b"[]", b"1", b"no", b"", b'{"statusCode":NaN}'])
def test_what_is_no_answer(alb: Door, payload: bytes) -> None:
    assert alb().call("GET", "/", HOST, answer=succeeded(payload)).status == 502


def test_an_answer_may_have_a_mebibyte_and_no_more(alb: Door) -> None:
    def answer(size: int) -> Outcome:
        return succeeded(b'{"statusCode":200,"body":"' + b"x" * (size - 28) + b'"}')

    assert alb().call("GET", "/", HOST, answer=answer(1048576)).status == 200
    assert alb().call("GET", "/", HOST, answer=answer(1048577)) == error(
        "502 Bad Gateway",
        "bad_response",
        Invoked.YES,
        "LambdaResponseTooLarge: the function's answer has 1048577 bytes, 1048576 are allowed",
    )


@pytest.mark.parametrize("path", ["/", "/old/x", "/down", "/open"])
def test_head_has_no_body(alb: Door, path: str) -> None:
    rules = {
        "old": {"path": "/old/*", "redirect": {"path": "/"}},
        "down": {"path": "/down", "status": 503, "body": "down"},
        "ws": {"path": "/open", "function": "web", "auth": {"bearer": "t"}},
    }
    reply = alb(rules=rules).call("HEAD", path, HOST, answer=sent(statusCode=200, body="x", headers={"Content-Type": "a/b"}))

    assert reply.body == b""
    assert "content-type" in {name.lower() for name, _ in reply.headers}


@pytest.mark.parametrize(
    ("location", "absolute"),
    [
        ("/a?b#c", "https://lb.example.com:444/a?b#c"),
        ("a", "https://lb.example.com:444/x/a"),
        ("?q", "https://lb.example.com:444/x/y?q"),
        ("//other/a", "https://other/a"),
        ("http://other/a", "http://other/a"),
        ("mailto:a@b", "mailto:a@b"),
        ("//[", "//["),
    ],
)
def test_a_relative_location_is_completed(alb: Door, location: str, absolute: str) -> None:
    reply = alb().call(
        "GET",
        "/x/y",
        [("Host", "lb.example.com:444")],
        scheme="https",
        answer=sent(statusCode=302, headers={"Location": location}),
    )

    assert reply.headers == [("Location", absolute), PLAIN]


# --- errors ----------------------------------------------------------------------------------------------------------


def bad_gateway(name: str, invoked: Invoked, detail: str, retry_after: int | None = None) -> Reply:
    return error("502 Bad Gateway", name, invoked, detail, retry_after)


@pytest.mark.parametrize(
    ("outcome", "reply"),
    [
        (
            Outcome(OutcomeKind.FUNCTION_ERROR, b"{}", 200, invoked=Invoked.YES),
            bad_gateway("function_error", Invoked.YES, "LambdaUnhandled: "),
        ),
        (
            throttled("ReservedFunctionConcurrentInvocationLimitExceeded", 1),
            bad_gateway(
                "throttled",
                Invoked.NO,
                "LambdaThrottling: TooManyRequestsException Rate Exceeded. ReservedFunctionConcurrentInvocationLimitExceeded",
                1,
            ),
        ),
        (
            refused(403, "AccessDeniedException", "no"),
            bad_gateway("client_error", Invoked.NO, "LambdaAccessDenied: AccessDeniedException no"),
        ),
        (
            refused(404, "ResourceNotFoundException", "none"),
            bad_gateway("client_error", Invoked.NO, "LambdaResourceNotFound: ResourceNotFoundException none"),
        ),
        (
            refused(502, "EC2ThrottledException", "later"),
            bad_gateway("service_error", Invoked.NO, "LambdaServiceException: EC2ThrottledException later"),
        ),
        (transport("reset", sent=True), bad_gateway("transport", Invoked.UNKNOWN, "LambdaConnectionError: reset")),
        (
            timed_out(900),
            error("504 Gateway Time-out", "timeout", Invoked.UNKNOWN, "LambdaConnectionTimeout: no answer within 900 seconds"),
        ),
    ],
)
def test_what_lambda_does_becomes_a_page(alb: Door, outcome: Outcome, reply: Reply) -> None:
    assert alb().call("GET", "/", HOST, answer=outcome) == reply


@pytest.mark.parametrize(
    ("thrown", "title", "name"),
    [
        (BodyTooLarge(1), "413 Request Entity Too Large", "request_too_large"),
        (BodyIncomplete("gone"), "400 Bad Request", "incomplete_request"),
        (Unavailable("draining", 1), "503 Service Temporarily Unavailable", "unavailable"),
    ],
)
def test_what_the_door_meets_becomes_a_page(alb: Door, thrown: Exception, title: str, name: str) -> None:
    trigger = alb()

    _, reply = play(trigger.type.handle(request("POST", "/", HOST), trigger.built), thrown)

    assert (reply.status, reply.headers, reply.body) == (int(title[:3]), OWN, page(title))
    assert reply.error is not None
    assert reply.error.name == name


LIMITS: list[tuple[str, dict[str, Any], str | None]] = [
    ("GET", {"query": "x" * 16_367}, None),
    ("GET", {"query": "x" * 16_369}, "414 Request-URI Too Large"),
    ("TRACE", {}, "405 Not Allowed"),
    ("BREW", {}, None),
    ("GET", {"headers": [("X", "x" * 16_379)]}, None),
    ("GET", {"headers": [("X", "x" * 16_380)]}, "400 Bad Request"),
    ("GET", {"headers": [("X", "x" * 16_000)] * 4}, None),
    ("GET", {"headers": [("X", "x" * 13_200)] * 5}, "400 Bad Request"),
    ("GET", {"headers": [("Upgrade", "WebSocket")]}, "400 Bad Request"),
    ("GET", {"headers": [("Upgrade", "h2c")]}, None),
    ("GET", {"headers": [("X-Forwarded-For", ",".join(["192.0.2.1"] * 30))]}, None),
    ("GET", {"headers": [("X-Forwarded-For", ",".join(["192.0.2.1"] * 20)), ("x-forwarded-for", ",".join(["a"] * 11))]}, "463"),
]


@pytest.mark.parametrize(("method", "fields", "title"), LIMITS)
def test_limits(alb: Door, method: str, fields: dict[str, Any], title: str | None) -> None:
    trigger = alb()

    reply = trigger.call(method, "/", **{"headers": HOST, **fields})

    if title is None:
        assert (reply.status, len(trigger.invoked)) == (200, 1)
    else:
        assert (reply.status, reply.headers, reply.body, trigger.invoked) == (int(title[:3]), OWN, page(title), [])


# --- auth ------------------------------------------------------------------------------------------------------------


def test_auth_guards_every_action_and_a_rule_may_say_otherwise(alb: Door) -> None:
    rules = {
        "open": {"path": "/open", "function": "web", "auth": "none"},
        "old": {"path": "/old", "redirect": {"path": "/"}},
        "elsewhere": {"path": "/elsewhere", "function": "web", "auth": {"source_ip": "10.0.0.0/8"}},
    }
    trigger = alb(auth={"basic": {"user": "u", "password": "p"}}, rules=rules)

    replies = {path: trigger.call("GET", path, HOST) for path in ("/open", "/old", "/elsewhere", "/")}

    challenge = ("www-authenticate", 'Basic realm="shop", charset="UTF-8"')
    unauthorized = Reply(
        401,
        [*OWN, challenge],
        page("401 Authorization Required"),
        ErrorNote("unauthorized", Invoked.NO, detail="the header authorization stands 0 times"),
        reason="Authorization Required",
    )
    forbidden = error("403 Forbidden", "forbidden", detail="203.0.113.7 is in none of the networks of source_ip")
    assert replies == {"/open": Reply(200, [PLAIN]), "/old": unauthorized, "/elsewhere": forbidden, "/": unauthorized}


# --- health checks ---------------------------------------------------------------------------------------------------


def checks(door: Door, **settings: Any) -> list[Any]:
    trigger = door({"type": "alb", **settings})
    assert trigger.type.probes is not None
    return list(trigger.type.probes(trigger.built))


def test_there_are_no_checks_unless_declared(alb: Door) -> None:
    assert alb().built.probes == ()


@pytest.mark.parametrize(
    ("multi_value", "query", "headers"),
    [
        (False, ("queryStringParameters", {"deep": "1"}), ("headers", {"user-agent": "ELB-HealthChecker/2.0"})),
        (
            True,
            ("multiValueQueryStringParameters", {"deep": ["1"]}),
            ("multiValueHeaders", {"user-agent": ["ELB-HealthChecker/2.0"]}),
        ),
    ],
)
def test_the_event_of_a_check(door: Door, multi_value: bool, query: Any, headers: Any) -> None:
    arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/73e2d6bc24d8a067"
    action = {"function": "web", "target_group_arn": arn, "multi_value_headers": multi_value}

    [probe] = checks(door, default=action, health_check={"path": "/healthz?deep=1"})

    assert json.loads(probe.payload) == {
        "requestContext": {"elb": {"targetGroupArn": arn}},
        "httpMethod": "GET",
        "path": "/healthz",
        query[0]: query[1],
        headers[0]: headers[1],
        "body": "",
        "isBase64Encoded": False,
    }
    assert (probe.interval, probe.timeout, probe.healthy_threshold, probe.unhealthy_threshold) == (35.0, 30.0, 5, 2)


def test_each_target_is_checked_once(door: Door) -> None:
    rules = {
        "a": {"path": "/a", "function": "web", "weights": {"blue": 90, "green": 10, "old": 0}},
        "b": {"path": "/b", "function": "web:blue"},
        "c": {"path": "/c", "function": "api"},
        "d": {"path": "/d", "function": "api"},
        "e": {"path": "/e", "status": 404},
    }

    found = checks(door, rules=rules, health_check={"interval": "10s", "timeout": "5s"})

    assert [(probe.name, probe.target.function.name, probe.target.qualifier) for probe in found] == [
        ("web:blue", "web", "blue"),
        ("web:green", "web", "green"),
        ("api", "api", None),
    ]
    assert {(probe.interval, probe.timeout, probe.target.weights) for probe in found} == {(10.0, 5.0, ())}


@pytest.mark.parametrize(
    ("matcher", "outcome", "verdict"),
    [
        ("200", sent(statusCode=200), None),
        ("200", sent(statusCode=201), "Target.ResponseCodeMismatch: 201 is not in 200"),
        ("200,301-302", sent(statusCode=302, headers={"location": "/"}), None),
        ("200,301-302", sent(statusCode=303), "Target.ResponseCodeMismatch: 303 is not in 200,301-302"),
        ("200", sent(ok=True), "Target.FailedHealthChecks: the function's answer is not an object with statusCode"),
        ("200", refused(403, "AccessDeniedException", "no"), "Target.FailedHealthChecks: client_error AccessDeniedException"),
        ("200", Outcome(OutcomeKind.FUNCTION_ERROR, b"{}"), "Target.FailedHealthChecks: function_error"),
        ("200", timed_out(30), "Target.Timeout: no answer within 30 seconds"),
    ],
)
def test_what_counts_as_healthy(door: Door, matcher: str, outcome: Outcome, verdict: str | None) -> None:
    [probe] = checks(door, default="web", health_check={"matcher": matcher})

    assert probe.judge(outcome) == verdict


def test_an_arn_is_derived_from_the_function_s_own_account_and_region(door: Door) -> None:
    def context(name: str) -> str:
        trigger = door({"type": "alb", "default": "web"})
        target: Target = trigger.built.default.does.target
        built = TYPE.build(
            {"rules": {}, "default": {"function": "web"}}, Scope(name, "9" * 12, "us-east-1", lambda _: target, {})
        )
        arn: str = built.default.does.context["elb"]["targetGroupArn"]
        return arn

    assert context("shop").startswith("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop-web/")
    assert context("shop") == context("shop") != context("other")
    assert context("a.team.with" * 9).split("/")[1] == "a-team-witha-team-witha-team-wit"
