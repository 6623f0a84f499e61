"""Real clients against the real door: boto3 and the AWS CLI find Lambda's Invoke API, functions are played."""

import asyncio
import base64
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from router.arn import FunctionArn
from router.driver import Driver
from router.errors import Invoked, StreamFailed
from router.fakes import FakeClock, FakeInvoker, FakeMetrics, streaming, succeeded
from router.ingress.http import HttpDoor
from router.ingress.listen import listen
from router.model import Function, Invocation, Place, Scope, Target, Trigger
from router.outcome import Outcome, OutcomeKind, function_error, refused, throttled
from router.routing import compile_tables
from router.settings import Address, Listener
from router.triggers import TYPES

REGION, ACCOUNT = "eu-west-1", "111122223333"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
HELLO = Function("hello", FunctionArn(REGION, ACCOUNT, "hello"), 3.0)
LOG = b"START RequestId: x\nEND RequestId: x\n"
EVENT = {"a": "hallöchen"}


def answer(invocation: Invocation) -> Outcome:
    """A function that returns its event, and a log."""
    if invocation.type == "DryRun":
        return Outcome(OutcomeKind.OK, b"", 204, "dry")
    outcome = succeeded(invocation.payload)
    outcome.log_tail = base64.b64encode(LOG).decode()
    return outcome


@dataclass
class Served:
    """A listening door with one `lambda_api` trigger for the function `hello`."""

    url: str
    invoker: FakeInvoker

    async def ask(self, **arguments: Any) -> dict[str, Any]:
        """boto3's `invoke`, in a thread. The response, its payload read."""

        def invoke() -> dict[str, Any]:
            response: dict[str, Any] = self.client.invoke(**arguments)
            return response | {"Payload": response["Payload"].read()}

        return await asyncio.to_thread(invoke)

    @property
    def client(self) -> Any:
        return boto3.client(
            "lambda",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="AKIDEXAMPLE",
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
        )


@pytest.fixture
async def served(clean_environment: None) -> AsyncIterator[Served]:
    type = TYPES["lambda_api"]
    settings = {"functions": "all", "invocation": ["sync"]}
    api = type.build(settings, Scope("api", ACCOUNT, REGION, lambda key: Target(HELLO), {"hello": HELLO}))
    place = Place("router.yaml", 1, 1)
    trigger = Trigger("api", type, frozenset({"sync"}), "main", type.claims(settings), api, {}, place)
    invoker, clock, metrics = FakeInvoker({"hello": answer}), FakeClock(), FakeMetrics()
    driver = Driver(invoker, clock, lambda: 0.0, metrics)
    listener = Listener("main", Address("127.0.0.1", 0))
    door = HttpDoor(listener, compile_tables([trigger])["main"], driver, metrics, clock)
    listening = await listen(door.server(), listener.address, None, 1.0)
    yield Served(f"http://127.0.0.1:{listening.address.port}", invoker)
    await listening.close()


async def test_request_response(served: Served) -> None:
    response = await served.ask(FunctionName="hello", Payload=json.dumps(EVENT, ensure_ascii=False).encode())
    meta = response.pop("ResponseMetadata")
    assert response == {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": '{"a": "hallöchen"}'.encode()}
    assert meta["RequestId"] == "00000000-0000-4000-8000-000000000000"
    headers = meta["HTTPHeaders"]
    assert {name: headers.pop(name) for name in ("date", "x-amzn-trace-id")}.keys() == {"date", "x-amzn-trace-id"}
    assert headers == {
        "content-type": "application/json",
        "x-amzn-requestid": "00000000-0000-4000-8000-000000000000",
        "x-amzn-remapped-content-length": "0",
        "x-amz-executed-version": "$LATEST",
        "content-length": "19",
    }


async def test_a_dry_run_reaches_the_backend_as_one(served: Served) -> None:
    response = await served.ask(FunctionName="hello", InvocationType="DryRun")
    assert (response["StatusCode"], response["Payload"]) == (204, b"")
    assert [(call.type, call.payload) for call in served.invoker.invocations] == [("DryRun", b"{}")]


async def test_the_log_tail(served: Served) -> None:
    response = await served.ask(FunctionName="hello", LogType="Tail", Payload=b"1")
    assert base64.b64decode(response["LogResult"]) == LOG


async def test_the_client_context(served: Served) -> None:
    context = base64.b64encode(b'{"custom":{"a":"b"}}').decode()
    await served.ask(FunctionName="hello", ClientContext=context, Payload=b"1")
    assert [call.client_context for call in served.invoker.invocations] == [context]


@pytest.mark.parametrize(
    ("arguments", "qualifier"),
    [
        ({"FunctionName": "hello"}, None),
        ({"FunctionName": "hello:live"}, "live"),
        ({"FunctionName": "hello", "Qualifier": "$LATEST"}, "$LATEST"),
        ({"FunctionName": f"{ARN}:hello"}, None),
        ({"FunctionName": f"{ARN}:hello:8"}, "8"),
        ({"FunctionName": f"{ARN}:hello:$LATEST"}, "$LATEST"),
        ({"FunctionName": f"{ACCOUNT}:function:hello", "Qualifier": "live"}, "live"),
    ],
)
async def test_names_and_qualifiers(served: Served, arguments: dict[str, str], qualifier: str | None) -> None:
    response = await served.ask(**arguments, Payload=b"7")
    assert response["Payload"] == b"7"
    assert [call.qualifier for call in served.invoker.invocations] == [qualifier]


async def test_a_function_error(served: Served) -> None:
    served.invoker.answers["hello"] = function_error(b'{"errorMessage":"no"}', "id", executed_version="$LATEST")
    response = await served.ask(FunctionName="hello")
    assert (response["StatusCode"], response["FunctionError"], response["Payload"]) == (
        200,
        "Unhandled",
        b'{"errorMessage":"no"}',
    )


async def refusal(served: Served, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as raised:
        await served.ask(**arguments)
    response: dict[str, Any] = dict(raised.value.response)
    meta = response.pop("ResponseMetadata")
    headers = {name: value for name, value in meta["HTTPHeaders"].items() if name.startswith("x-router")}
    return response | {"status": meta["HTTPStatusCode"], "class": type(raised.value).__name__, "headers": headers}


async def test_a_throttle(served: Served) -> None:
    served.invoker.answers["hello"] = throttled("ReservedFunctionConcurrentInvocationLimitExceeded", 2)
    assert await refusal(served, FunctionName="hello") == {
        "Error": {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."},
        "class": "TooManyRequestsException",
        "status": 429,
        "Type": "User",
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "message": "Rate Exceeded.",
        "retryAfterSeconds": "2",
        "headers": {"x-router-error": "throttled", "x-router-invoked": "no"},
    }


async def test_a_function_that_is_not_declared(served: Served) -> None:
    message = f"Function not found: {ARN}:nobody:live"
    assert await refusal(served, FunctionName="nobody", Qualifier="live") == {
        "Error": {"Code": "ResourceNotFoundException", "Message": message},
        "class": "ResourceNotFoundException",
        "status": 404,
        "Type": "User",
        "Message": message,
        "headers": {"x-router-error": "unmatched", "x-router-invoked": "no"},
    }


async def test_a_body_that_is_not_json(served: Served) -> None:
    found = await refusal(served, FunctionName="hello", Payload=b"no")
    assert found["Error"] == {
        "Code": "InvalidRequestContentException",
        "Message": "Could not parse request body into json: Could not parse payload into json:"
        " Expecting value: line 1 column 1 (char 0)",
    }
    assert served.invoker.invocations == []


async def test_a_body_at_the_limit_and_one_beyond(served: Served) -> None:
    longest = b'"' + b"x" * (6_291_456 - 2) + b'"'
    assert (await served.ask(FunctionName="hello", Payload=longest))["Payload"] == longest
    found = await refusal(served, FunctionName="hello", Payload=longest + b" ")
    assert (found["status"], found["Error"]) == (
        413,
        {
            "Code": "RequestEntityTooLargeException",
            "Message": "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        },
    )
    assert len(served.invoker.invocations) == 1


async def test_events_are_refused(served: Served) -> None:
    found = await refusal(served, FunctionName="hello", InvocationType="Event")
    assert (found["status"], found["Error"]["Code"]) == (400, "InvalidParameterValueException")
    assert served.invoker.invocations == []


async def test_an_error_of_lambda(served: Served) -> None:
    served.invoker.answers["hello"] = refused(403, "AccessDeniedException", "User: x is not authorized")
    found = await refusal(served, FunctionName="hello")
    assert (found["status"], found["Error"]) == (
        403,
        {"Code": "AccessDeniedException", "Message": "User: x is not authorized"},
    )


async def test_an_unknown_outcome_is_a_service_exception(served: Served) -> None:
    served.invoker.answers["hello"] = Outcome(OutcomeKind.TRANSPORT, message="reset", invoked=Invoked.UNKNOWN)
    found = await refusal(served, FunctionName="hello")
    assert (found["class"], found["headers"]) == (
        "ServiceException",
        {"x-router-error": "transport", "x-router-invoked": "unknown"},
    )


async def test_other_operations_of_the_sdk_get_a_typed_error(served: Served) -> None:
    with pytest.raises(ClientError) as raised:
        await asyncio.to_thread(served.client.list_functions)
    assert raised.value.response["Error"]["Code"] == "UnknownOperationException"


# --- streaming -------------------------------------------------------------------------------------------------------

Chunks = list[dict[str, Any]]


def stream(served: Served, **arguments: Any) -> tuple[dict[str, Any], Chunks]:
    """boto3's `invoke_with_response_stream`: the response, and its events."""
    response: dict[str, Any] = served.client.invoke_with_response_stream(FunctionName="hello", **arguments)
    return response, [*response.pop("EventStream")]


async def test_a_streamed_answer(served: Served) -> None:
    served.invoker.answers["hello"] = lambda call: streaming(b"ab", b"", b"c" * 200_000, log_tail="bG9n")
    response, events = await asyncio.to_thread(stream, served, LogType="Tail", Payload=b'{"a":1}')
    assert (response["StatusCode"], response["ExecutedVersion"]) == (200, "$LATEST")
    assert response["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    assert events == [
        {"PayloadChunk": {"Payload": b"ab"}},
        {"PayloadChunk": {"Payload": b"c" * 131_072}},
        {"PayloadChunk": {"Payload": b"c" * 68_928}},
        {"InvokeComplete": {"LogResult": "bG9n"}},
    ]
    (call,) = served.invoker.invocations
    assert (call.payload, call.stream, call.log_tail, call.type) == (b'{"a":1}', True, True, "RequestResponse")


@pytest.mark.parametrize(
    ("outcome", "events"),
    [
        (succeeded(b'{"a":1}'), [{"PayloadChunk": {"Payload": b'{"a":1}'}}, {"InvokeComplete": {}}]),
        (succeeded(b""), [{"InvokeComplete": {}}]),
        (
            function_error(b'{"errorType":"Oops"}', "x", log_tail="bG9n"),
            [{"InvokeComplete": {"ErrorCode": "Unhandled", "ErrorDetails": '{"errorType":"Oops"}'}}],
        ),
        (
            streaming(b"begun", StreamFailed("function_error", "failed", b'{"errorType":"Oops"}', "bG9n")),
            [
                {"PayloadChunk": {"Payload": b"begun"}},
                {"InvokeComplete": {"ErrorCode": "Unhandled", "ErrorDetails": '{"errorType":"Oops"}'}},
            ],
        ),
        (
            streaming(b"begun", StreamFailed("timeout", "too late")),
            [
                {"PayloadChunk": {"Payload": b"begun"}},
                {"InvokeComplete": {"ErrorCode": "ServiceException", "ErrorDetails": "too late"}},
            ],
        ),
    ],
)
async def test_how_a_stream_ends(served: Served, outcome: Outcome, events: Chunks) -> None:
    """Also that of an answer that came whole; the log is told to those who ask for it alone."""
    served.invoker.answers["hello"] = outcome
    _, seen = await asyncio.to_thread(stream, served)
    assert seen == events


async def test_what_fails_before_it_begins_is_an_error_of_the_call(served: Served) -> None:
    served.invoker.answers["hello"] = throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
    with pytest.raises(ClientError) as raised:
        await asyncio.to_thread(stream, served)
    assert raised.value.response["Error"]["Code"] == "TooManyRequestsException"


async def test_a_dry_run_of_a_stream(served: Served) -> None:
    response, events = await asyncio.to_thread(stream, served, InvocationType="DryRun")
    assert (response["StatusCode"], events) == (204, [])
    assert [(call.type, call.stream) for call in served.invoker.invocations] == [("DryRun", False)]


async def test_a_stream_is_not_for_events(served: Served) -> None:
    with pytest.raises(ClientError, match=r"enum value set: \[RequestResponse, DryRun\]"):
        await asyncio.to_thread(stream, served, InvocationType="Event")


# --- the AWS CLI -----------------------------------------------------------------------------------------------------


async def aws(served: Served, *arguments: str) -> tuple[int, str, str]:
    """`aws lambda …` against the door: exit code, standard output, standard error."""
    environment = {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "awscli", "lambda", *arguments, "--endpoint-url", served.url]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=pipe, stderr=pipe)
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.mark.slow
async def test_the_cli_invokes(served: Served, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    code, out, err = await aws(served, "invoke", "--function-name", f"{ARN}:hello:live", "--payload", '{"a":1}', str(target))
    assert (code, json.loads(out), err) == (0, {"StatusCode": 200, "ExecutedVersion": "$LATEST"}, "")
    assert target.read_bytes() == b'{"a":1}'
    assert [call.qualifier for call in served.invoker.invocations] == ["live"]


@pytest.mark.slow
async def test_the_cli_shows_a_refusal(served: Served, tmp_path: Path) -> None:
    code, out, err = await aws(served, "invoke", "--function-name", "nobody", str(tmp_path / "out.json"))
    assert code > 0
    assert (out, err.strip().removeprefix("aws: [ERROR]: ")) == (
        "",
        "An error occurred (ResourceNotFoundException) when calling the Invoke operation:"
        f" Function not found: {ARN}:nobody:$LATEST",
    )
