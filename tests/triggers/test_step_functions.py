"""Step Functions, conversation by conversation: tasks of an activity, HTTP Tasks, and `lambda:invoke` (sync.md §11)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.arn import FunctionArn
from router.batches import ActivitySource, Batch, Completed, Message, Rejected, Settlement
from router.config import load
from router.errors import BodyIncomplete, Invoked, RequestError, Unavailable
from router.fakes import FakeFiles, play, request, succeeded
from router.model import ErrorNote, Function, Headers, Invoke, PathClaim, ReadBody, Reply, Scope, Target
from router.outcome import Outcome, OutcomeKind, function_error, refused, throttled, timed_out, transport
from router.triggers import TYPES

TYPE = TYPES["step_functions"]
ID = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10"
HELLO = Target(Function("resize", FunctionArn("eu-west-1", "111122223333", "resize"), 3.0))
SCOPE = Scope("worker", "111122223333", "eu-west-1", lambda reference: HELLO, {})
ARN = "arn:aws:states:eu-west-1:111122223333:activity:resize"
ACTIVITY = {"type": "step_functions", "activity": ARN, "function": "resize"}
HTTP = {"type": "step_functions", "path": "/tasks/resize", "function": "resize"}
LIMIT = 262_144

WORKER = TYPE.build(ACTIVITY, SCOPE)


def batch_of(body: str) -> Batch:
    return Batch((Message("token", body),), ID, "Root=1-6a514b28-0123456789abcdef01234567", 1_783_711_144.0)


def work(body: str, *outcomes: Outcome) -> tuple[list[Any], Settlement]:
    """The other side of an activity's conversation: the steps, and what Step Functions is told."""
    assert TYPE.handle_batch is not None
    conversation = TYPE.handle_batch(batch_of(body), WORKER)
    steps: list[Any] = []
    pending: list[Any] = [None, *outcomes]
    try:
        while True:
            steps.append(conversation.send(pending.pop(0)))
    except StopIteration as stop:
        assert not pending
        return steps, stop.value


# --- what is declared ------------------------------------------------------------------------------------------------


def test_an_activity_is_polled_and_claims_nothing(door: Callable[..., Any]) -> None:
    trigger = door(ACTIVITY, name="w")
    assert TYPE.claims(trigger.settings) == ()
    assert TYPE.source is not None
    assert TYPE.source(trigger.built) == ActivitySource(ARN, "eu-west-1", "lambda-router.w")
    role = "arn:aws:iam::111122223333:role/worker"
    more = {"heartbeat": "30s", "max_concurrency": 4, "worker_name": "w-1", "region": "us-east-1", "role_arn": role}
    assert TYPE.source(door(ACTIVITY | more).built) == ActivitySource(ARN, "us-east-1", "w-1", 4, 30.0, role)


def test_an_http_task_claims_its_path_and_is_not_polled(door: Callable[..., Any]) -> None:
    trigger = door(HTTP)
    assert TYPE.claims(trigger.settings) == (PathClaim("/tasks/resize"),)
    assert TYPE.source is not None
    assert TYPE.source(trigger.built) is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"path": "/x", "activity": ARN}, [((), "one-form")]),
        ({}, [((), "one-form")]),
        ({"path": "/x", "heartbeat": "30s"}, [(("heartbeat",), "without-effect")]),
        ({"path": "/x", "max_concurrency": 2}, [(("max_concurrency",), "without-effect")]),
        (
            {"path": "/x", "worker_name": "w", "region": "eu-west-1"},
            [(("worker_name",), "without-effect"), (("region",), "without-effect")],
        ),
        ({"path": "/x", "role_arn": "arn:aws:iam::111122223333:role/r"}, [(("role_arn",), "without-effect")]),
        ({"activity": ARN, "timeout": "30s"}, [(("timeout",), "without-effect")]),
        ({"activity": ARN, "auth": "none"}, [(("auth",), "without-effect")]),
        ({"activity": ARN, "listener": "main"}, [(("listener",), "without-effect")]),
        ({"activity": ARN, "heartbeat": "500ms"}, [(("heartbeat",), "bad-heartbeat")]),
        ({"path": "/x", "timeout": "61s"}, [(("timeout",), "bad-timeout")]),
        ({"path": "/x", "timeout": "0s"}, [(("timeout",), "bad-timeout")]),
    ],
)
def test_findings(settings: dict[str, Any], expected: Any, findings: Callable[..., Any]) -> None:
    assert findings({"type": "step_functions", "function": "resize", **settings}) == expected


FILE = """
version: 1
listeners: {public: "0.0.0.0:8443", internal: "127.0.0.1:8081"}
functions: {f: "arn:aws:lambda:eu-west-1:111122223333:function:f"}
triggers:
  worker: {type: step_functions, invocation: sync, activity: "%s", function: f}
  one: {type: function_url, invocation: sync, listener: public, auth: none, function: f}
  other: {type: function_url, invocation: sync, listener: internal, function: f}
"""


def test_an_activity_needs_no_listener_and_no_auth() -> None:
    loaded = load(["/etc/router/router.yaml"], files=FakeFiles({"/etc/router/router.yaml": FILE % ARN}), env={})
    assert loaded.problems == []
    assert loaded.config is not None
    assert loaded.config.triggers[0].claims == ()


# --- tasks of an activity --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ['{"a": 1}', "null", "[]", '"text"', " 12345678901234567890123 ", '{"ü": "\\ud800"}'])
def test_the_input_is_the_event_as_it_came(body: str) -> None:
    steps, settlement = work(body, succeeded(b'{"made": true}'))
    assert steps == [Invoke(HELLO, body.encode())]
    assert settlement == Settlement((Completed("token", '{"made": true}'),))


CAUSE = '{"errorMessage":"no","errorType":"TooSmall","stackTrace":[]}'
UUID = "00000000-0000-4000-8000-000000000000"
LOST = "The function could not be reached, or its answer was lost."
SERVICE = "(Service: AWSLambda; Status Code: {}; Error Code: {}; Request ID: {}; Proxy: null)"


@pytest.mark.parametrize(
    ("outcome", "error", "cause"),
    [
        (function_error(b'{"errorMessage": "no", "errorType": "TooSmall", "stackTrace": []}', UUID), "TooSmall", CAUSE),
        (function_error(b'{"errorMessage":"no"}', UUID), "Exception", '{"errorMessage":"no"}'),
        (function_error(b'{"errorType":7}', UUID), "Exception", '{"errorType":7}'),
        (function_error(b'{"errorType":""}', UUID), "Exception", '{"errorType":""}'),
        (function_error(b"null", UUID), "Exception", "null"),
        (function_error(b"\xff<html>", UUID), "Exception", "\ufffd<html>"),
        (
            function_error(b'{"errorType":"Runtime.ExitError","errorMessage":"RequestId: x"}', UUID),
            "Runtime.ExitError",
            '{"errorType":"Runtime.ExitError","errorMessage":"RequestId: x"}',
        ),
        (
            function_error(b'{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out"}', UUID),
            "Sandbox.Timedout",
            '{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out"}',
        ),
        (
            refused(404, "ResourceNotFoundException", "Function not found: x", UUID),
            "Lambda.ResourceNotFoundException",
            f"Function not found: x {SERVICE.format(404, 'ResourceNotFoundException', UUID)}",
        ),
        (
            throttled("ConcurrentInvocationLimitExceeded", None, UUID),
            "Lambda.TooManyRequestsException",
            f"Rate Exceeded. {SERVICE.format(429, 'TooManyRequestsException', UUID)}",
        ),
        (
            Outcome(OutcomeKind.SERVICE_ERROR, status=500, request_id=UUID),
            "Lambda.ServiceException",
            f"ServiceException {SERVICE.format(500, 'ServiceException', UUID)}",
        ),
        (
            Outcome(OutcomeKind.CLIENT_ERROR, status=400, request_id=UUID),
            "Lambda.AWSLambdaException",
            f"AWSLambdaException {SERVICE.format(400, 'AWSLambdaException', UUID)}",
        ),
        (timed_out(905), "Lambda.ClientExecutionTimeoutException", "The function did not answer in time."),
        (transport("connection reset", True), "Lambda.SdkClientException", LOST),
    ],
)
def test_failures_have_the_names_of_lambda_invoke(outcome: Outcome, error: str, cause: str) -> None:
    _, settlement = work("{}", outcome)
    assert settlement == Settlement((Rejected("token", error, cause),), str(outcome.kind), error)


def test_error_and_cause_are_cut_to_what_step_functions_takes() -> None:
    payload = json.dumps({"errorType": "x" * 300, "errorMessage": "y" * 40_000}).encode()
    _, settlement = work("{}", function_error(payload, UUID))
    (told,) = settlement.results
    assert isinstance(told, Rejected)
    assert (told.error, len(told.cause), told.cause[:20]) == ("x" * 256, 32_768, '{"errorType":"xxxxxx')


def test_an_output_has_a_limit() -> None:
    fits = b'"' + b"x" * (LIMIT - 2) + b'"'
    assert work("1", succeeded(fits))[1] == Settlement((Completed("token", fits.decode()),))
    cause = f"The function's result has {LIMIT + 1} bytes; at most {LIMIT} can be an output."
    rejected = Rejected("token", "States.DataLimitExceeded", cause)
    assert work("1", succeeded(fits + b" "))[1] == Settlement((rejected,), "bad_response", "States.DataLimitExceeded")


@pytest.mark.parametrize(("payload", "why"), [(b"NaN", "NaN is not JSON"), (b"", "Expecting value: line 1 column 1 (char 0)")])
def test_a_result_that_is_not_json_is_no_output(payload: bytes, why: str) -> None:
    rejected = Rejected("token", "Lambda.Unknown", f"The function's result is not JSON: {why}")
    assert work("1", succeeded(payload))[1] == Settlement((rejected,), "bad_response", "Lambda.Unknown")


def test_an_input_that_is_not_json_runs_nothing() -> None:
    cause = "The task's input is not JSON: Expecting value: line 1 column 1 (char 0)"
    rejected = Rejected("token", "Lambda.InvalidRequestContentException", cause)
    assert work("?") == ([], Settlement((rejected,), "bad_request", "Lambda.InvalidRequestContentException"))


# --- HTTP Tasks ------------------------------------------------------------------------------------------------------

SENT: Headers = [
    ("Host", "tasks.example.com"),
    ("User-Agent", "Amazon|StepFunctions|HttpInvoke|eu-west-1"),
    ("Range", "bytes=0-262144"),
    ("Content-Type", "application/json; charset=UTF-8"),
]
COMMON: Headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", ID)]


@pytest.fixture
def task(door: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint of an HTTP Task; settings are added."""
    return lambda **settings: door(HTTP | settings)


def refusal(status: int, error: str, cause: str, note: ErrorNote, *more: tuple[str, str]) -> Reply:
    body = json.dumps({"Error": error, "Cause": cause}, separators=(",", ":"), ensure_ascii=False).encode()
    return Reply(status, [*COMMON, *more], body, note)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GET", "HEAD"])
def test_the_body_is_the_event_and_the_result_the_answer(method: str, task: Any) -> None:
    trigger = task()
    body = b'{ "width": 640 }'
    reply = trigger.call(method, "/tasks/resize?key=secret", SENT, body, answer=succeeded(b'{"made": 1}'))
    assert [(step.payload, step.timeout) for step in trigger.invoked] == [(body, 60.0)]
    assert reply == Reply(200, COMMON, b'{"made": 1}')


@pytest.mark.parametrize(
    ("content_type", "body", "event"),
    [
        (None, b"[1]", b"[1]"),
        ("application/vnd.shop+json", b"null", b"null"),
        ("APPLICATION/JSON", b"1", b"1"),
        ("application/x-www-form-urlencoded", b"a=1&b=x%20y&c=&a[]", b'{"a":["1",""],"b":"x y","c":""}'),
        ("application/x-www-form-urlencoded; charset=UTF-8", b"a[0]=x&a[1]=y&b[0]=z", b'{"a":["x","y"],"b":["z"]}'),
        ("application/x-www-form-urlencoded", b"a[]=x&a[]=y", b'{"a":["x","y"]}'),
        ("application/x-www-form-urlencoded", b"a=x&a=y&a=z", b'{"a":["x","y","z"]}'),
        ("application/x-www-form-urlencoded", b"a=x,y", b'{"a":"x,y"}'),
        ("application/x-www-form-urlencoded", b"a[b][c]=x&[0]=y", b'{"a[b][c]":"x","[0]":"y"}'),
        ("application/x-www-form-urlencoded", b"a=%ff", '{"a":"\ufffd"}'.encode()),
        ("text/plain", b"", b"{}"),
    ],
)
def test_bodies(content_type: str | None, body: bytes, event: bytes, task: Any) -> None:
    trigger = task()
    headers = [("Content-Type", content_type)] if content_type else []
    assert trigger.call("POST", "/tasks/resize", headers, body, answer=succeeded(b"1")) == Reply(200, COMMON, b"1")
    assert trigger.invoked[0].payload == event


def test_without_a_body_the_query_is_the_event(task: Any) -> None:
    trigger = task()
    trigger.call("GET", "/tasks/resize?width=640&tag[0]=a&tag[1]=b&q=x%2By+z", SENT, answer=succeeded(b"1"))
    assert trigger.event == {"width": "640", "tag": ["a", "b"], "q": "x+y z"}


def bad_request(cause: str, name: str = "bad_request", error: str = "Router.BadRequest") -> Any:
    return error, cause, ErrorNote(name, Invoked.NO, detail=cause)


@pytest.mark.parametrize(
    ("sent", "reply"),
    [
        (
            {"method": "POST", "body": b"{"},
            refusal(
                400,
                *bad_request(
                    "the body is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
                ),
            ),
        ),
        (
            {"method": "POST", "headers": [("Content-Type", "text/xml")], "body": b"<a/>"},
            refusal(415, *bad_request("the body is text/xml; JSON or a form is wanted")),
        ),
        (
            {"method": "TRACE"},
            refusal(
                405,
                *bad_request("TRACE is not among DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
                ("Allow", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"),
            ),
        ),
        (
            {"method": "POST", "body": b" " * (LIMIT + 1)},
            refusal(
                413,
                *bad_request(f"the request body exceeds {LIMIT} bytes", "request_too_large", "States.DataLimitExceeded"),
            ),
        ),
    ],
)
def test_requests_that_are_refused(sent: dict[str, Any], reply: Reply, task: Any) -> None:
    trigger = task()
    assert trigger.call(url="/tasks/resize", **sent) == reply
    assert trigger.invoked == []


def test_a_form_may_be_three_times_as_long(task: Any) -> None:
    trigger = task()
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    assert trigger.call("POST", "/", form, b"a=" + b"%41" * LIMIT, answer=succeeded(b"1")).status == 413
    assert trigger.call("POST", "/", form, b"a=" + b"%41" * (LIMIT - 1), answer=succeeded(b"1")).status == 200


@pytest.mark.parametrize(
    ("outcome", "reply"),
    [
        (
            function_error(b'{"errorType":"TooSmall","errorMessage":"no"}', UUID),
            refusal(500, "TooSmall", '{"errorType":"TooSmall","errorMessage":"no"}', ErrorNote("function_error", Invoked.YES)),
        ),
        (
            throttled("CallerRateLimitExceeded", 2, UUID),
            refusal(
                429,
                "Lambda.TooManyRequestsException",
                f"Rate Exceeded. {SERVICE.format(429, 'TooManyRequestsException', UUID)}",
                ErrorNote("throttled", Invoked.NO, 2, "TooManyRequestsException Rate Exceeded. CallerRateLimitExceeded"),
            ),
        ),
        (
            timed_out(60.0),
            refusal(
                504,
                "Lambda.ClientExecutionTimeoutException",
                "The function did not answer in time.",
                ErrorNote("timeout", Invoked.UNKNOWN, None, "no answer within 60 seconds"),
            ),
        ),
        (
            refused(403, "AccessDeniedException", "no", UUID),
            refusal(
                502,
                "Lambda.AccessDeniedException",
                f"no {SERVICE.format(403, 'AccessDeniedException', UUID)}",
                ErrorNote("client_error", Invoked.NO, None, "AccessDeniedException no"),
            ),
        ),
        (
            Outcome(OutcomeKind.SERVICE_ERROR, status=500, code="ServiceException", message="sorry", request_id=UUID),
            refusal(
                503,
                "Lambda.ServiceException",
                f"sorry {SERVICE.format(500, 'ServiceException', UUID)}",
                ErrorNote("service_error", Invoked.UNKNOWN, None, "ServiceException sorry"),
            ),
        ),
        (
            transport("gone", True),
            refusal(503, "Lambda.SdkClientException", LOST, ErrorNote("transport", Invoked.UNKNOWN, None, "gone")),
        ),
        (
            succeeded(b"Infinity"),
            refusal(
                502,
                "Lambda.Unknown",
                "The function's result is not JSON: Infinity is not JSON",
                ErrorNote("bad_response", Invoked.YES, None, "The function's result is not JSON: Infinity is not JSON"),
            ),
        ),
    ],
)
def test_each_failure_has_a_status_that_a_state_machine_can_catch(outcome: Outcome, reply: Reply, task: Any) -> None:
    assert task().call("POST", "/tasks/resize", SENT, b"{}", answer=outcome) == reply


def test_a_result_beyond_256_kib_is_an_error_not_a_piece(task: Any) -> None:
    reply = task().call("POST", "/tasks/resize", SENT, b"{}", answer=succeeded(b'"' + b"x" * LIMIT + b'"'))
    assert (reply.status, json.loads(bytes(reply.body))["Error"]) == (502, "States.DataLimitExceeded")


def test_what_the_door_could_not_read_is_answered(task: Any) -> None:
    trigger = task()
    for error, status in ((BodyIncomplete("cut"), 400), (Unavailable("draining", 3), 503)):
        steps, reply = play(TYPE.handle(request("POST", "/"), trigger.built), error)
        assert (steps, reply.status) == ([ReadBody(LIMIT)], status)


DENIED = {"Error": "Router.AccessDenied", "Cause": "Access is denied."}


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        ({"api_key": {"header": "X-Api-Key", "value": "secret"}}, ("x-api-key", "secret")),
        ({"bearer": "secret"}, ("Authorization", "Bearer secret")),
        ({"basic": {"user": "sf", "password": "secret"}}, ("Authorization", "Basic c2Y6c2VjcmV0")),
    ],
)
def test_the_connection_proves_who_calls(auth: Any, header: tuple[str, str], task: Any) -> None:
    trigger = task(auth=auth)
    denied = trigger.call("POST", "/tasks/resize", SENT, b"{}", answer=succeeded(b"1"))
    assert (denied.status, json.loads(bytes(denied.body)), trigger.invoked) == (401, DENIED, [])
    assert trigger.call("POST", "/tasks/resize", [*SENT, header], b"{}", answer=succeeded(b"1")) == Reply(200, COMMON, b"1")


# --- lambda:invoke ---------------------------------------------------------------------------------------------------


def test_the_optimized_integration_calls_the_invoke_api() -> None:
    """What Step Functions sends for `arn:aws:states:::lambda:invoke`, to the router as the Lambda endpoint (sync.md §11.2)."""
    type = TYPES["lambda_api"]
    api = type.build(
        {"functions": "all", "invocation": ["sync"]},
        Scope("api", "111122223333", "eu-west-1", lambda _: HELLO, {"resize": HELLO.function}),
    )
    arn = "arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Aresize"
    headers = [("X-Amz-Invocation-Type", "RequestResponse"), ("X-Amz-Log-Type", "None"), ("Content-Type", "application/json")]
    asked = request("POST", f"/2015-03-31/functions/{arn}/invocations?Qualifier=live", headers)
    steps, reply = play(type.handle(asked, api), b'{"a":1}', succeeded(b'{"b":2}'))
    assert steps[-1] == Invoke(Target(HELLO.function, "live"), b'{"a":1}', is_json=True)
    assert (reply.status, reply.body, dict(reply.headers)["X-Amz-Executed-Version"]) == (200, b'{"b":2}', "$LATEST")


# --- anything --------------------------------------------------------------------------------------------------------

OUTCOMES = st.one_of(
    st.binary(max_size=30).map(succeeded),
    st.binary(max_size=30).map(lambda payload: function_error(payload, "id")),
    st.text(max_size=9).map(lambda text: refused(429 if len(text) % 2 else 500, text, text)),
    st.sampled_from([timed_out(60.0), transport("gone", False)]),
)
ENDPOINT = TYPE.build(HTTP, SCOPE)


@given(
    method=st.sampled_from(["GET", "POST", "PURGE"]),
    content_type=st.sampled_from(["application/json", "application/x-www-form-urlencoded", "x/y", "", "é"]),
    query=st.text(st.characters(max_codepoint=255), max_size=20),
    body=st.binary(max_size=40),
    outcome=OUTCOMES,
)
def test_any_request_and_any_outcome_end_in_a_reply(
    method: str, content_type: str, query: str, body: bytes, outcome: Outcome
) -> None:
    asked = request(method, "/", [("Content-Type", content_type)], query=query)
    conversation = TYPE.handle(asked, ENDPOINT)
    given: Any = None
    try:
        while True:
            step = conversation.throw(given) if isinstance(given, RequestError) else conversation.send(given)
            given = body if isinstance(step, ReadBody) else outcome
    except StopIteration as stop:
        reply = stop.value
    assert (reply.status == 200) is (reply.error is None)
    json.loads(reply.body)


@given(body=st.text(max_size=30) | st.just("{}"), outcome=OUTCOMES)
def test_any_task_and_any_outcome_end_in_one_verdict(body: str, outcome: Outcome) -> None:
    assert TYPE.handle_batch is not None
    conversation = TYPE.handle_batch(batch_of(body), WORKER)
    try:
        next(conversation)
        conversation.send(outcome)
    except StopIteration as stop:
        settlement = stop.value
    (told,) = settlement.results
    assert (settlement.error is None) is isinstance(told, Completed)
    if isinstance(told, Rejected):
        assert len(told.error) <= 256
        assert len(told.cause) <= 32_768
