"""Front doors that accept events for later: the same event as for a synchronous call, answered with the delivery's id."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from router.arn import FunctionArn
from router.deliveries import MAX_EVENT, Acceptance, Durability, Receipt
from router.errors import BodyTooLarge, Invoked, Unavailable
from router.fakes import FakeAcceptor, play, request, succeeded
from router.model import Accept, ErrorNote, Function, Headers, Invoke, ReadBody, Reply, Request, Scope, Step, Target
from router.triggers import TYPES, lambda_api

ID = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10"
TRACE = "Root=1-6a514b28-0123456789abcdef01234567"
RECEIPT: Headers = [
    ("content-type", "application/json"),
    ("x-router-delivery-id", "delivery-1"),
    ("x-router-durability", "disk"),
]
BODY = b'{"deliveryId":"delivery-1"}'


def conversation(door: Any, asked: Request, acceptor: FakeAcceptor | None = None) -> tuple[list[Step], Reply]:
    """The conversation with a journal behind it."""
    journal = acceptor or FakeAcceptor()
    running = door.type.handle(asked, door.built)
    steps: list[Step] = []
    answer: Any = None
    try:
        while True:
            step = running.throw(answer) if isinstance(answer, Exception) else running.send(answer)
            steps.append(step)
            answer = _performed(step, asked, journal)
    except StopIteration as stop:
        return steps, stop.value


def _performed(step: Step, asked: Request, journal: FakeAcceptor) -> object:
    if isinstance(step, ReadBody):
        body = asked.body or b""
        return body if len(body) <= step.limit else BodyTooLarge(step.limit)
    assert isinstance(step, Accept), step
    return journal.error or [journal.receipt("shop", acceptance) for acceptance in step.acceptances]


def bytes_of(reply: Reply) -> bytes:
    assert isinstance(reply.body, bytes)
    return reply.body


def accepted(steps: list[Step]) -> list[Acceptance]:
    return [one for step in steps if isinstance(step, Accept) for one in step.acceptances]


ASKED: dict[str, Any] = {"headers": [("Host", "localhost"), ("Content-Type", "application/json")], "body": b'{"a":1}'}


OWN_HEADERS: dict[str, tuple[Headers, Headers]] = {
    "http": ([], [("apigw-requestid", "W01Ljw58G28vOhA=")]),
    "rest": ([("x-amzn-RequestId", ID), ("x-amz-apigw-id", "W01Ljw58G28vOhA=")], [("X-Amzn-Trace-Id", TRACE)]),
}


@pytest.mark.parametrize("api", OWN_HEADERS)
def test_an_api_accepts_the_event_that_a_synchronous_call_would_bring(api: str, door: Callable[..., Any]) -> None:
    settings = {"type": "api_gateway", "api": api, "stage": "prod", "routes": {"POST /orders/{id}": {"function": "f"}}}
    asked = request("POST", "/prod/orders/7?x=1", **ASKED)
    waiting = door(settings)
    waiting.send(asked)
    steps, reply = conversation(door(settings | {"invocation": "async"}), asked)
    (acceptance,) = accepted(steps)
    assert (acceptance.target.function.name, acceptance.payload) == ("f", waiting.invoked[0].payload)
    assert (acceptance.route, acceptance.deduplication_id) == ("POST /orders/{id}", None)
    before, after = OWN_HEADERS[api]
    assert reply == Reply(202, [*before, *RECEIPT, *after], BODY)


def test_a_route_decides_for_itself(door: Callable[..., Any]) -> None:
    routes = {"GET /now": "f", "POST /later": {"function": "g", "invocation": "async"}}
    built = door({"type": "api_gateway", "api": "http", "invocation": "sync", "durability": "os", "routes": routes})
    assert TYPES["api_gateway"].accepts(built.settings)
    steps, reply = conversation(built, request("POST", "/later"))
    assert [one.target.function.name for one in accepted(steps)] == ["g"]
    assert ("x-router-durability", "os") in reply.headers
    assert built.call("GET", "/now").status == 200
    routes = {"GET /now": {"function": "f", "invocation": "sync"}, "$default": "g"}
    built = door({"type": "api_gateway", "api": "http", "invocation": "async", "routes": routes})
    assert built.call("GET", "/now").status == 200
    assert [one.target.function.name for one in accepted(conversation(built, request("GET", "/x"))[0])] == ["g"]


def test_a_function_url_accepts(door: Callable[..., Any]) -> None:
    asked = request("POST", "/x", **ASKED)
    waiting = door({"type": "function_url", "function": "f"})
    waiting.send(asked)
    steps, reply = conversation(door({"type": "function_url", "invocation": "async", "function": "f"}), asked)
    assert [one.payload for one in accepted(steps)] == [waiting.invoked[0].payload]
    headers = [("x-amzn-RequestId", ID), *RECEIPT, ("x-amzn-trace-id", TRACE)]
    assert reply == Reply(202, headers, BODY)


API = {"type": "api_gateway", "api": "http", "invocation": "async", "routes": {"$default": "f"}}
URL = {"type": "function_url", "invocation": "async", "function": "f"}


@pytest.mark.parametrize("settings", [API, URL])
def test_a_known_idempotency_key_is_answered_as_before(settings: dict[str, Any], door: Callable[..., Any]) -> None:
    built, acceptor = door(settings), FakeAcceptor()
    keyed = request("POST", "/", [("Host", "localhost"), ("Idempotency-Key", "order-7")])
    replies = [conversation(built, keyed, acceptor)[1] for _ in range(2)]
    assert replies[0] == replies[1]
    assert (replies[0].status, replies[0].body) == (202, BODY)
    assert [one.deduplication_id for _, one in acceptor.accepted] == ["order-7"]
    empty = request("POST", "/", [("Host", "localhost"), ("Idempotency-Key", "")])
    assert [conversation(built, empty, acceptor)[1].body for _ in range(2)] == [
        b'{"deliveryId":"delivery-2"}',
        b'{"deliveryId":"delivery-3"}',
    ]


@pytest.mark.parametrize(
    ("settings", "body"),
    [
        (API, b'{"message":"Request Entity Too Large"}'),
        (API | {"api": "rest", "stage": "prod", "routes": {"ANY /": "f"}}, None),
        (URL, None),
    ],
)
def test_an_event_above_1_mib_is_refused_before_it_is_accepted(
    settings: dict[str, Any], body: bytes | None, door: Callable[..., Any]
) -> None:
    path = "/prod/" if settings.get("stage") else "/"
    steps, reply = conversation(door(settings), request("POST", path, body=b"x" * MAX_EVENT))
    assert accepted(steps) == []
    assert (reply.status, reply.error and (reply.error.name, reply.error.invoked)) == (413, ("request_too_large", Invoked.NO))
    if body is not None:
        assert reply.body == body
    if settings["type"] == "function_url":
        assert b"too large for the Event invocation type (limit 1048576 bytes)" in bytes_of(reply)


@pytest.mark.parametrize("settings", [API, API | {"api": "rest", "stage": "prod", "routes": {"ANY /": "f"}}, URL])
def test_a_full_journal_is_a_503_with_retry_after(settings: dict[str, Any], door: Callable[..., Any]) -> None:
    path = "/prod/" if settings.get("stage") else "/"
    _, reply = conversation(door(settings), request("POST", path), FakeAcceptor(Unavailable("the journal is full", 10)))
    assert reply.status == 503
    assert reply.error == ErrorNote("unavailable", Invoked.NO, 10, "the journal is full")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"invocation": ["sync", "async"]}, [(("invocation",), "one-invocation")]),
        ({"invocation": "async", "timeout": "3s"}, [(("timeout",), "without-effect")]),
        ({"invocation": "async", "timeout": "3s", "routes": {"GET /": {"function": "f", "invocation": "sync"}}}, []),
    ],
)
def test_what_an_api_does_not_take(
    settings: dict[str, Any], expected: list[tuple[tuple[Any, ...], str]], findings: Callable[..., Any]
) -> None:
    assert findings({"type": "api_gateway", "api": "http", "routes": {"$default": "f"}} | settings) == expected


def test_a_function_url_has_one_invocation(findings: Callable[..., Any]) -> None:
    found = findings({"type": "function_url", "function": "f", "invocation": ["sync", "async"]})
    assert found == [(("invocation",), "one-invocation")]


# --- the Invoke API ----------------------------------------------------------------------------------------------------

INVOKE = "/2015-03-31/functions/f/invocations"
EVENT = ("X-Amz-Invocation-Type", "Event")


FUNCTION = Function("f", FunctionArn("eu-west-1", "111122223333", "f"), 3.0)


def invoke_api(*invocations: str, durability: str | None = None) -> Any:
    """The compiled trigger."""
    settings = {"functions": "all", "invocation": [*invocations], "durability": durability}
    return lambda_api.TYPE.build(
        settings, Scope("api", "111122223333", "eu-west-1", lambda _: Target(FUNCTION), {"f": FUNCTION})
    )


def call(built: Any, *answers: object, headers: Headers | None = None, query: str = "") -> tuple[list[Step], Reply]:
    asked = request("POST", f"{INVOKE}{query}", [EVENT] if headers is None else headers)
    return play(lambda_api.handle(asked, built), *answers)


def test_event_is_accepted_with_an_empty_body_and_the_delivery_as_request() -> None:
    context = ("X-Amz-Client-Context", "e30=")
    steps, reply = call(
        invoke_api("sync", "async"), b"[1]", [Receipt("d-1")], headers=[EVENT, context], query="?Qualifier=live"
    )
    assert steps[1:] == [Accept((Acceptance(Target(FUNCTION, "live"), b"[1]"),))]
    headers = [
        ("x-amzn-RequestId", "d-1"),
        ("x-amzn-Remapped-Content-Length", "0"),
        ("X-Amzn-Trace-Id", TRACE),
        ("x-router-delivery-id", "d-1"),
        ("x-router-durability", "disk"),
    ]
    assert reply == Reply(202, headers)


def test_durability_is_stated() -> None:
    _, reply = call(invoke_api("async", durability=Durability.OS), b"", [Receipt("d-1")])
    assert ("x-router-durability", "os") in reply.headers


def test_an_event_of_1_mib_is_taken_and_a_longer_one_refused_in_lambdas_words() -> None:
    longest = b'"' + b"x" * (MAX_EVENT - 2) + b'"'
    assert call(invoke_api("async"), longest, [Receipt("d-1")])[1].status == 202
    steps, reply = call(invoke_api("async"), b" " + longest)
    assert [type(step) for step in steps] == [ReadBody]
    message = "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    assert reply == Reply(
        413,
        [
            ("Content-Type", "application/json"),
            ("x-amzn-RequestId", ID),
            ("x-amzn-ErrorType", "RequestEntityTooLargeException"),
        ],
        json.dumps({"message": message}, separators=(",", ":")).encode(),
        ErrorNote("request_too_large", Invoked.NO, None, message),
    )


@pytest.mark.parametrize(
    ("invocations", "type", "declared"), [(("sync",), "Event", "sync"), (("async",), "RequestResponse", "async")]
)
def test_a_type_that_is_not_declared_is_refused(invocations: tuple[str, ...], type: str, declared: str) -> None:
    steps, reply = call(invoke_api(*invocations), headers=[("X-Amz-Invocation-Type", type)])
    message = f"The invocation type {type} is not taken here: this endpoint is declared with `invocation: {declared}`."
    assert (steps, reply.status, json.loads(bytes_of(reply))) == ([], 400, {"Type": "User", "message": message})


def test_a_dry_run_is_taken_in_either_case() -> None:
    steps, _ = call(invoke_api("async"), b"", succeeded(b""), headers=[("X-Amz-Invocation-Type", "DryRun")])
    assert [type(step) for step in steps] == [ReadBody, Invoke]


# --- Cognito's custom senders --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "type"),
    [
        ("CustomEmailSender_AccountTakeOverNotification", "customEmailSenderRequestV1"),
        ("CustomSMSSender_Authentication", "customSMSSenderRequestV1"),
    ],
)
def test_custom_senders_are_handed_their_event_for_later(source: str, type: str, door: Callable[..., Any]) -> None:
    operation = source.partition("_")[0]
    settings = {"type": "cognito", "path": "/pool", "user_pool": "eu-west-1_abc", "operations": {operation: "send"}}
    event = {
        "version": "1",
        "triggerSource": source,
        "region": "eu-west-1",
        "userPoolId": "eu-west-1_abc",
        "userName": "ada",
        "callerContext": {"awsSdkVersion": "1", "clientId": "web"},
        "request": {"type": type, "code": "AQID", "userAttributes": {"sub": "1"}, "clientMetadata": None},
        "response": {"x": None},
    }
    body = json.dumps(event).encode()
    built = door(settings)
    assert TYPES["cognito"].accepts(built.settings)
    steps, reply = conversation(built, request("POST", "/pool", body=body))
    assert [(one.target.function.name, one.payload, one.route) for one in accepted(steps)] == [("send", body, operation)]
    headers = [
        ("Content-Type", "application/json"),
        ("x-amzn-RequestId", ID),
        ("x-router-delivery-id", "delivery-1"),
        ("x-router-durability", "disk"),
    ]
    assert reply == Reply(202, headers, body)
    wrong = event | {"request": {"type": "other", "userAttributes": {}}}
    assert conversation(built, request("POST", "/pool", body=json.dumps(wrong).encode()))[1].status == 400


def test_a_pool_without_custom_senders_needs_no_journal(door: Callable[..., Any]) -> None:
    settings = {"type": "cognito", "path": "/pool", "user_pool": "eu-west-1_abc", "operations": {"PreSignUp": "check"}}
    assert not TYPES["cognito"].accepts(door(settings).settings)
