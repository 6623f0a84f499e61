"""The AWS backend against a Lambda endpoint of our own: what it sends, and what it makes of every answer."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from router.arn import FunctionArn
from router.backends.aws import AwsInvoker
from router.errors import BackendError, Invoked
from router.fakes import FakeClock
from router.model import Function, Invocation
from router.outcome import Outcome, OutcomeKind, refused, throttled, timed_out
from router.settings import Aws

ARN = FunctionArn("eu-west-1", "111122223333", "orders")
PATH = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Aorders/invocations"
ID = "6f0c0d5e-7a43-4a6a-9d8e-0123456789ab"
TRACE = "Root=1-6a560000-0123456789abcdef01234567"

Start = Callable[..., Awaitable[AwsInvoker]]


def function(**fields: Any) -> Function:
    return Function("orders", ARN, **({"timeout": 30.0} | fields))


def invocation(target: Function, **fields: Any) -> Invocation:
    return Invocation(**({"function": target, "qualifier": None, "payload": b"{}", "id": ID, "trace_id": TRACE} | fields))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def start(endpoint: Any, clock: FakeClock) -> AsyncIterator[Start]:
    started = []

    async def start(*functions: Function, **settings: Any) -> AwsInvoker:
        aws = Aws("eu-west-1", "111122223333", **({"endpoint_url": endpoint.url} | settings))
        invoker = AwsInvoker(aws, {each.name: each for each in functions}, clock)
        started.append(invoker)
        await invoker.start()
        return invoker

    yield start
    for invoker in started:
        await invoker.close()


# --- what is sent --------------------------------------------------------------------------------------------------------

PLAIN = {"x-amz-invocation-type": "RequestResponse", "x-amz-log-type": "None", "x-amzn-trace-id": TRACE}


@pytest.mark.parametrize(
    ("declared", "asked", "target", "headers"),
    [
        ({}, {}, PATH, PLAIN),
        ({}, {"qualifier": "live"}, f"{PATH}?Qualifier=live", PLAIN),
        ({"qualifier": "live"}, {}, f"{PATH}?Qualifier=live", PLAIN),
        ({"qualifier": "live"}, {"qualifier": "$LATEST"}, f"{PATH}?Qualifier=%24LATEST", PLAIN),
        ({}, {"type": "Event"}, PATH, PLAIN | {"x-amz-invocation-type": "Event"}),
        ({}, {"type": "DryRun"}, PATH, PLAIN | {"x-amz-invocation-type": "DryRun"}),
        ({}, {"log_tail": True}, PATH, PLAIN | {"x-amz-log-type": "Tail"}),
        ({}, {"client_context": "eyJhIjoxfQ=="}, PATH, PLAIN | {"x-amz-client-context": "eyJhIjoxfQ=="}),
        ({}, {"tenant_id": "blue  team@1"}, PATH, PLAIN | {"x-amz-tenant-id": "blue  team@1"}),
        ({}, {"payload": b""}, PATH, PLAIN),
        ({}, {"payload": b"a" * 7_000_000}, PATH, PLAIN),
    ],
)
@pytest.mark.parametrize("token", [None, "a+token/=="])
async def test_a_request_is_whole_and_signed(
    keys_in_environment: None,
    monkeypatch: pytest.MonkeyPatch,
    endpoint: Any,
    start: Start,
    token: str | None,
    declared: dict[str, Any],
    asked: dict[str, Any],
    target: str,
    headers: dict[str, str],
) -> None:
    if token is not None:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    orders = function(**declared)
    invoker = await start(orders)
    for _ in range(2):
        await invoker.invoke(invocation(orders, **asked))
    for received in endpoint.requests:
        assert received.line == f"POST {target} HTTP/1.1"
        assert received.body == asked.get("payload", b"{}")
        assert received.signed_by("secret", "eu-west-1")
        assert {name: value for name, value in received.headers.items() if name.startswith("x-amz")} == {
            **headers,
            "x-amz-date": "20231114T221320Z",
            **({} if token is None else {"x-amz-security-token": token}),
        }
    assert len(endpoint.requests) == 2


async def test_a_path_of_the_endpoint_comes_first(keys_in_environment: None, endpoint: Any, start: Start) -> None:
    orders = function()
    invoker = await start(orders, endpoint_url=f"{endpoint.url}/lambda/")
    await invoker.invoke(invocation(orders))
    assert endpoint.requests[0].line == f"POST /lambda{PATH} HTTP/1.1"
    assert endpoint.requests[0].signed_by("secret", "eu-west-1")


async def test_a_trace_header_that_no_header_can_carry_is_left_out(
    keys_in_environment: None, endpoint: Any, start: Start
) -> None:
    orders = function()
    invoker = await start(orders)
    await invoker.invoke(invocation(orders, trace_id="Root=1\r\nX-Amz-Tenant-Id: other"))
    assert "x-amzn-trace-id" not in endpoint.requests[0].headers
    assert "x-amz-tenant-id" not in endpoint.requests[0].headers


@pytest.mark.parametrize(("field", "header"), [("client_context", "X-Amz-Client-Context"), ("tenant_id", "X-Amz-Tenant-Id")])
@pytest.mark.parametrize("value", ["", "a\r\nb: c", "é"])
async def test_values_that_no_header_can_carry_are_refused(
    keys_in_environment: None, endpoint: Any, start: Start, field: str, header: str, value: str
) -> None:
    orders = function()
    invoker = await start(orders)
    outcome = await invoker.invoke(invocation(orders, **{field: value}))
    assert outcome == refused(400, "InvalidParameterValueException", f"The value of {header} is not valid.", ID)
    assert endpoint.requests == []


# --- what comes back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (
            200,
            b'{"a":1}',
            {"x_amzn_RequestId": "r1", "X_Amz_Executed_Version": "7", "X_Amz_Log_Result": "bG9n", "X_Amzn_Trace_Id": "t"},
            Outcome(OutcomeKind.OK, b'{"a":1}', 200, "r1", "7", log_tail="bG9n", trace_id="t", invoked=Invoked.YES),
        ),
        (
            200,
            b'{"errorMessage":"no"}',
            {"X_Amz_Function_Error": "Unhandled"},
            Outcome(
                OutcomeKind.FUNCTION_ERROR,
                b'{"errorMessage":"no"}',
                200,
                function_error="Unhandled",
                invoked=Invoked.YES,
            ),
        ),
        (202, b"", {}, Outcome(OutcomeKind.OK, b"", 202, invoked=Invoked.YES)),
        (
            429,
            b'{"Reason":"CallerRateLimitExceeded","Type":"User","message":"Rate Exceeded."}',
            {"x_amzn_ErrorType": "TooManyRequestsException", "Retry_After": "3"},
            Outcome(
                OutcomeKind.THROTTLED,
                b'{"Reason":"CallerRateLimitExceeded","Type":"User","message":"Rate Exceeded."}',
                429,
                code="TooManyRequestsException",
                message="Rate Exceeded.",
                reason="CallerRateLimitExceeded",
                retry_after=3,
                invoked=Invoked.NO,
            ),
        ),
        (
            404,
            b'{"Type":"User","Message":"Function not found: x"}',
            {"x_amzn_ErrorType": "ResourceNotFoundException:http://internal/"},
            Outcome(
                OutcomeKind.CLIENT_ERROR,
                b'{"Type":"User","Message":"Function not found: x"}',
                404,
                code="ResourceNotFoundException",
                message="Function not found: x",
                invoked=Invoked.NO,
            ),
        ),
        (502, b"<html>", {}, Outcome(OutcomeKind.SERVICE_ERROR, b"<html>", 502, invoked=Invoked.UNKNOWN)),
        (500, b"[]", {}, Outcome(OutcomeKind.SERVICE_ERROR, b"[]", 500, invoked=Invoked.UNKNOWN)),
    ],
)
async def test_answers_become_outcomes(
    keys_in_environment: None,
    endpoint: Any,
    start: Start,
    reply_with: Any,
    status: int,
    body: bytes,
    headers: dict[str, str],
    expected: Outcome,
) -> None:
    endpoint.answers = [reply_with(status, body, **headers)]
    orders = function()
    invoker = await start(orders)
    assert await invoker.invoke(invocation(orders)) == expected
    assert len(endpoint.requests) == 1


async def test_an_answer_to_a_dry_run_has_no_body(keys_in_environment: None, endpoint: Any, start: Start) -> None:
    endpoint.answers = [b"HTTP/1.1 204 No Content\r\n\r\n"]
    orders = function()
    invoker = await start(orders)
    for _ in range(2):
        assert await invoker.invoke(invocation(orders, type="DryRun")) == Outcome(OutcomeKind.OK, b"", 204, invoked=Invoked.YES)


async def test_a_broken_connection_is_reported_and_nothing_is_repeated(
    keys_in_environment: None, endpoint: Any, start: Start, reply_with: Any
) -> None:
    endpoint.answers = [reply_with(200, b"1"), None]
    orders = function()
    invoker = await start(orders)
    await invoker.invoke(invocation(orders))
    outcome = await invoker.invoke(invocation(orders))
    assert (outcome.kind, outcome.invoked) == (OutcomeKind.TRANSPORT, Invoked.UNKNOWN)
    assert len(endpoint.requests) == 2


async def test_an_endpoint_that_is_not_there_was_not_asked(
    keys_in_environment: None, start: Start, unused_tcp_port: int
) -> None:
    orders = function()
    invoker = await start(orders, endpoint_url=f"http://127.0.0.1:{unused_tcp_port}")
    outcome = await invoker.invoke(invocation(orders))
    assert (outcome.kind, outcome.invoked) == (OutcomeKind.TRANSPORT, Invoked.NO)
    assert f"cannot connect to 127.0.0.1:{unused_tcp_port}" in str(outcome.message)


async def test_a_deadline_passes(keys_in_environment: None, endpoint: Any, start: Start, reply_with: Any) -> None:
    endpoint.answers = [reply_with(200, b"warm"), asyncio.get_running_loop().create_future()]
    orders = function()
    invoker = await start(orders)
    await invoker.invoke(invocation(orders))
    assert await invoker.invoke(invocation(orders, timeout=0.02)) == timed_out(0.02, Invoked.UNKNOWN)


async def test_a_function_that_nobody_declared(keys_in_environment: None, endpoint: Any, start: Start) -> None:
    invoker = await start(function())
    stranger = Function("stranger", FunctionArn("eu-west-1", "111122223333", "stranger"), 3.0)
    assert await invoker.invoke(invocation(stranger)) == refused(
        404,
        "ResourceNotFoundException",
        "Function not found: arn:aws:lambda:eu-west-1:111122223333:function:stranger:$LATEST",
        ID,
    )


# --- limits --------------------------------------------------------------------------------------------------------------

THROTTLED = throttled("ReservedFunctionConcurrentInvocationLimitExceeded", request_id=ID)


async def test_a_permit_is_held_until_the_function_has_ended(
    keys_in_environment: None, endpoint: Any, start: Start, reply_with: Any
) -> None:
    late: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    endpoint.answers = [reply_with(200, b"warm"), late, reply_with(200, b"2")]
    orders = function(max_concurrency=1)
    invoker = await start(orders)
    await invoker.invoke(invocation(orders))
    assert await invoker.invoke(invocation(orders, timeout=0.02)) == timed_out(0.02, Invoked.UNKNOWN)
    assert await invoker.invoke(invocation(orders)) == THROTTLED
    late.set_result(reply_with(200, b"1"))
    while (outcome := await invoker.invoke(invocation(orders))) == THROTTLED:
        await asyncio.sleep(0)
    assert (outcome.payload, len(endpoint.requests)) == (b"2", 3)


async def test_reserved_concurrency_zero_takes_events_alone(keys_in_environment: None, endpoint: Any, start: Start) -> None:
    orders = function(max_concurrency=0)
    invoker = await start(orders)
    assert await invoker.invoke(invocation(orders)) == THROTTLED
    assert (await invoker.invoke(invocation(orders, type="Event"))).kind is OutcomeKind.OK
    assert [received.headers["x-amz-invocation-type"] for received in endpoint.requests] == ["Event"]


async def test_what_nobody_waits_for_takes_no_permit(
    keys_in_environment: None, endpoint: Any, start: Start, reply_with: Any
) -> None:
    orders = function(max_concurrency=0)
    invoker = await start(orders)
    endpoint.answers = [reply_with(200, b"1")]
    assert (await invoker.invoke(invocation(orders, asynchronous=True))).payload == b"1"
    assert await invoker.invoke(invocation(orders)) == THROTTLED


async def test_a_broken_connection_gives_the_permit_back(
    keys_in_environment: None, endpoint: Any, start: Start, reply_with: Any
) -> None:
    endpoint.answers = [None, reply_with(200, b"2")]
    orders = function(max_concurrency=1)
    invoker = await start(orders)
    assert (await invoker.invoke(invocation(orders))).kind is OutcomeKind.TRANSPORT
    assert (await invoker.invoke(invocation(orders))).payload == b"2"


# --- what refusals teach -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["InvalidSignatureException", "SignatureDoesNotMatch"])
async def test_a_wrong_clock_is_corrected_for_the_requests_to_come(
    keys_in_environment: None, endpoint: Any, start: Start, reply_with: Any, code: str
) -> None:
    endpoint.answers = [
        reply_with(403, b"{}", x_amzn_ErrorType=code, Date="Tue, 14 Nov 2023 23:13:20 GMT"),
        reply_with(200, b"null"),
    ]
    orders = function()
    invoker = await start(orders)
    kinds = [(await invoker.invoke(invocation(orders))).kind for _ in range(2)]
    assert kinds == [OutcomeKind.CLIENT_ERROR, OutcomeKind.OK]
    dates = [received.headers["x-amz-date"] for received in endpoint.requests]
    assert dates == ["20231114T221320Z", "20231114T231320Z"]
    assert endpoint.requests[1].signed_by("secret", "eu-west-1")


@pytest.mark.parametrize("date", ["Tue, 14 Nov 2023 22:15:00 GMT", "not a date"])
async def test_a_right_clock_is_left_alone(
    keys_in_environment: None, endpoint: Any, start: Start, reply_with: Any, date: str
) -> None:
    endpoint.answers = [reply_with(403, b"{}", x_amzn_ErrorType="InvalidSignatureException", Date=date)]
    orders = function()
    invoker = await start(orders)
    for _ in range(2):
        await invoker.invoke(invocation(orders))
    assert {received.headers["x-amz-date"] for received in endpoint.requests} == {"20231114T221320Z"}


async def test_rejected_keys_are_read_anew(
    aws_home: Path, clock: FakeClock, endpoint: Any, start: Start, reply_with: Any
) -> None:
    def write(key: str) -> None:
        (aws_home / "credentials").write_text(f"[default]\naws_access_key_id={key}\naws_secret_access_key=secret\n")

    endpoint.answers = [
        reply_with(403, b'{"message":"expired"}', x_amzn_ErrorType="ExpiredTokenException"),
        reply_with(200, b"null"),
    ]
    orders = function()
    write("OLD")
    invoker = await start(orders)
    write("NEW")
    clock.advance(31)
    await invoker.invoke(invocation(orders))
    assert invoker.not_ready() == "AWS rejects the credentials of the default chain: expired"
    while invoker.not_ready() is not None:
        await asyncio.sleep(0)
    await invoker.invoke(invocation(orders))
    assert [received.headers["authorization"].split("/")[0][-3:] for received in endpoint.requests] == ["OLD", "NEW"]


# --- credentials at the start --------------------------------------------------------------------------------------------


async def test_an_emulator_gets_dummy_credentials(aws_home: Path, endpoint: Any, start: Start) -> None:
    orders = function()
    invoker = await start(orders)
    assert invoker.not_ready() is None
    assert (await invoker.invoke(invocation(orders))).kind is OutcomeKind.OK
    assert endpoint.requests[0].headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=test/")
    assert endpoint.requests[0].signed_by("test", "eu-west-1")


async def test_without_credentials_nothing_is_sent(aws_home: Path, start: Start) -> None:
    orders = function()
    invoker = await start(orders, endpoint_url=None)
    outcome = await invoker.invoke(invocation(orders))
    assert (outcome.kind, outcome.invoked, outcome.message) == (OutcomeKind.TRANSPORT, Invoked.NO, invoker.not_ready())
    assert str(invoker.not_ready()).startswith(
        "The credentials of the default chain cannot be fetched: no AWS credentials were found; set aws.profile"
    )


async def test_the_operator_sees_routes_and_credentials(keys_in_environment: None, endpoint: Any, start: Start) -> None:
    orders = function()
    invoker = await start(orders)
    await invoker.invoke(invocation(orders))
    assert invoker.status() == {
        "routes": [
            {
                "region": "eu-west-1",
                "endpoint": endpoint.url,
                "credential": "the default chain",
                "clock_skew": 0.0,
                "connections": 1,
                "idle": 1,
                "waiting": 0,
                "streams": 0,
            }
        ],
        "credentials": {"the default chain": "ok"},
    }


async def test_an_unreadable_ca_bundle_stops_the_start(aws_home: Path, monkeypatch: pytest.MonkeyPatch, start: Start) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(aws_home / "none.pem"))
    with pytest.raises(BackendError, match=r"The CA bundle .*none\.pem cannot be read"):
        await start(function(), endpoint_url=None)


async def test_the_endpoint_is_verified_with_the_ca_bundle(
    keys_in_environment: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: Any, start: Start
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    await endpoint.stop()
    await endpoint.start(ssl=context)
    url = f"https://localhost:{endpoint.port}"
    orders = function()
    stranger = await start(orders, endpoint_url=url)
    outcome = await stranger.invoke(invocation(orders))
    assert (outcome.kind, outcome.invoked) == (OutcomeKind.TRANSPORT, Invoked.NO)
    assert "CERTIFICATE_VERIFY_FAILED" in str(outcome.message)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    trusting = await start(orders, endpoint_url=url)
    assert [(await trusting.invoke(invocation(orders))).payload for _ in range(2)] == [b"null", b"null"]
    assert trusting.status()["routes"][0]["connections"] == 1
