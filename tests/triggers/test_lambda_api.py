"""The Invoke API, conversation by conversation: what is asked of the function, and the whole answer (sync.md §1)."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from router.arn import FunctionArn
from router.errors import BadRequest, BodyIncomplete, BodyTooLarge, Invoked, RequestError, Unavailable
from router.fakes import play, request, succeeded
from router.model import ApiClaim, ErrorNote, Function, Headers, Invoke, ReadBody, Reply, Scope, Step, Target
from router.outcome import Outcome, OutcomeKind, function_error, refused, throttled, timed_out, transport
from router.triggers import TYPES
from router.triggers.lambda_api.answers import SHAPES
from router.triggers.lambda_api.names import NAME_PATTERN, QUALIFIER_PATTERN

ID = "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10"
TRACE = "Root=1-6a514b28-0123456789abcdef01234567"
LAMBDA_ID = "00000000-0000-4000-8000-000000000000"
HOME, ACCOUNT = "eu-west-1", "111122223333"
ARN = f"arn:aws:lambda:{HOME}:{ACCOUNT}:function"

ORDERS = Function("orders", FunctionArn(HOME, ACCOUNT, "orders-prod"), 900.0)
HELLO = Function("hello", FunctionArn(HOME, ACCOUNT, "hello"), 3.0)
PARTNER = Function("partner", FunctionArn("us-gov-west-1", "444455556666", "hello", partition="aws-us-gov"), 900.0)
LIVE = Function("pinned", FunctionArn(HOME, ACCOUNT, "worker"), 900.0, qualifier="live")
WORKER = Function("worker-any", FunctionArn(HOME, ACCOUNT, "worker"), 900.0)
FUNCTIONS = {function.name: function for function in (ORDERS, PARTNER, HELLO, WORKER, LIVE)}
TYPE = TYPES["lambda_api"]


def by_key(reference: str) -> Target:
    return Target(FUNCTIONS[reference])


SCOPE = Scope("api", ACCOUNT, HOME, by_key, FUNCTIONS)
API = TYPE.build({"functions": "all", "invocation": ["sync"]}, SCOPE)


def call(
    target: str, *answers: object, method: str = "POST", headers: Headers | None = None, api: Any = API
) -> tuple[list[Step], Reply]:
    return play(TYPE.handle(request(method, target, headers or []), api), *answers)


def invoke(name: str, *answers: object, headers: Headers | None = None, query: str = "") -> tuple[list[Step], Reply]:
    return call(f"/2015-03-31/functions/{name}/invocations{query}", *answers, headers=headers)


def checked(target: Target, payload: bytes, **more: Any) -> Invoke:
    """The step of a call whose body is known to be JSON."""
    return Invoke(target, payload, **more, is_json=True)


def result(payload: bytes, *more: tuple[str, str], request_id: str = LAMBDA_ID, trace: str = TRACE) -> Reply:
    return Reply(200, [*common(request_id, trace), *more], payload)


def common(request_id: str = LAMBDA_ID, trace: str = TRACE) -> Headers:
    return [
        ("Content-Type", "application/json"),
        ("x-amzn-RequestId", request_id),
        ("x-amzn-Remapped-Content-Length", "0"),
        ("X-Amzn-Trace-Id", trace),
    ]


def error(status: int, code: str, body: bytes, note: ErrorNote, *more: tuple[str, str], request_id: str = ID) -> Reply:
    headers = [("Content-Type", "application/json"), ("x-amzn-RequestId", request_id), ("x-amzn-ErrorType", code), *more]
    return Reply(status, headers, body, note)


def bad(code: str, message: str, type: bool = True, name: str = "bad_request") -> Reply:
    kind = b'"Type":"User",' if type else b""
    body = b"{" + kind + b'"message":"' + message.replace("\\", "\\\\").encode() + b'"}'
    return error(SHAPES[code].status, code, body, ErrorNote(name, Invoked.NO, detail=message))


def not_found(arn: str) -> Reply:
    message = f"Function not found: {arn}"
    note = ErrorNote("unmatched", Invoked.NO, detail=message)
    return error(404, "ResourceNotFoundException", b'{"Type":"User","Message":"' + message.encode() + b'"}', note)


VERSION = ("X-Amz-Executed-Version", "$LATEST")


# --- what is asked for -----------------------------------------------------------------------------------------------


def test_an_invocation_reads_the_body_and_runs_the_function_once() -> None:
    assert invoke("hello", b'{"a": 1}', succeeded(b'"hi"')) == (
        [ReadBody(6_291_456), checked(Target(HELLO), b'{"a": 1}')],
        result(b'"hi"', VERSION),
    )


@pytest.mark.parametrize(
    "body", [b"null", b"[]", b'"text"', b" 1 ", b'{"n": 123456789012345678901234567890}', b'"\\ud800"', b"1e400"]
)
def test_any_json_is_an_event_and_stays_as_it_came(body: bytes) -> None:
    steps, reply = invoke("hello", body, succeeded(b"null"))
    assert steps == [ReadBody(6_291_456), checked(Target(HELLO), body)]
    assert reply == result(b"null", VERSION)


def test_an_empty_body_is_an_empty_object() -> None:
    assert invoke("hello", b"", succeeded(b"null"))[0][1] == checked(Target(HELLO), b"{}")


CONTEXT = base64.b64encode(b'{"custom": {"a": "b"}}').decode()


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ([("X-Amz-Invocation-Type", "RequestResponse")], {}),
        ([("X-AMZ-INVOCATION-TYPE", "DryRun")], {"type": "DryRun"}),
        ([("x-amz-log-type", "None")], {}),
        ([("x-amz-log-type", "Tail")], {"log_tail": True}),
        ([("X-Amz-Client-Context", CONTEXT)], {"client_context": CONTEXT}),
        ([("X-Amz-Tenant-Id", "acme/eu: 1+2=3@x-y._")], {"tenant_id": "acme/eu: 1+2=3@x-y._"}),
        ([("Authorization", "AWS4-HMAC-SHA256 Credential=wrong"), ("Content-Type", "text/plain")], {}),
    ],
)
def test_headers_say_how_it_is_invoked(headers: Headers, asked: Mapping[str, Any]) -> None:
    assert invoke("hello", b"1", succeeded(b"null"), headers=headers)[0][1] == checked(Target(HELLO), b"1", **asked)


@pytest.mark.parametrize(
    ("name", "query", "target"),
    [
        ("hello", "", Target(HELLO)),
        ("orders", "", Target(ORDERS)),
        ("orders-prod", "", Target(ORDERS)),
        ("hello:live", "", Target(HELLO, "live")),
        ("hello%3A8", "", Target(HELLO, "8")),
        ("hello:%24LATEST", "", Target(HELLO, "$LATEST")),
        ("hello:$LATEST.PUBLISHED", "", Target(HELLO, "$LATEST.PUBLISHED")),
        ("hello", "?Qualifier=live", Target(HELLO, "live")),
        ("hello", "?x=1&Qualifier=%24LATEST", Target(HELLO, "$LATEST")),
        ("hello", "?qualifier=live", Target(HELLO)),
        ("hello:live", "?Qualifier=live", Target(HELLO, "live")),
        ("function:hello", "", Target(HELLO)),
        (f"{ACCOUNT}:function:hello", "", Target(HELLO)),
        (f"{ACCOUNT}%3Afunction%3Ahello%3Alive", "", Target(HELLO, "live")),
        (f"{HOME}:{ACCOUNT}:function:hello", "", Target(HELLO)),
        (f"{ARN}:hello", "", Target(HELLO)),
        (f"{ARN}:orders-prod:live", "", Target(ORDERS, "live")),
        (f"{ARN}:orders", "", Target(ORDERS)),
        (f"{ARN}:hello".replace(":", "%3A"), "?Qualifier=3", Target(HELLO, "3")),
        (f"{ARN}:hello:live".replace(":", "%3a"), "", Target(HELLO, "live")),
        (f"{ARN}:hello:$LATEST".replace(":", "%253A").replace("$", "%2524"), "", Target(HELLO, "$LATEST")),
        ("arn:aws-us-gov:lambda:us-gov-west-1:444455556666:function:hello", "", Target(PARTNER)),
        ("444455556666:function:hello", "", Target(PARTNER)),
        ("partner", "", Target(PARTNER)),
        ("worker", "", Target(WORKER)),
        ("worker:live", "", Target(LIVE, "live")),
        ("worker:8", "", Target(WORKER, "8")),
        ("pinned", "", Target(LIVE)),
        ("pinned:8", "", Target(LIVE, "8")),
    ],
)
def test_forms_of_a_function_name(name: str, query: str, target: Target) -> None:
    assert invoke(name, b"", succeeded(b"null"), query=query)[0] == [ReadBody(6_291_456), checked(target, b"{}")]


# --- answers: results ------------------------------------------------------------------------------------------------


def test_the_answer_carries_what_lambda_said() -> None:
    outcome = Outcome(
        OutcomeKind.OK, b"[1]", 200, LAMBDA_ID, "7", None, "bG9n", "Root=1-6a514b29-00;Sampled=1", invoked=Invoked.YES
    )
    trace = "Root=1-6a514b29-00;Sampled=1"
    assert invoke("hello", b"", outcome)[1] == result(b"[1]", ("X-Amz-Executed-Version", "7"), trace=trace)
    assert invoke("hello", b"", outcome, headers=[("X-Amz-Log-Type", "Tail")])[1] == result(
        b"[1]", ("X-Amz-Executed-Version", "7"), ("X-Amz-Log-Result", "bG9n"), trace=trace
    )


def test_a_result_without_ids_of_lambda_carries_those_of_the_request() -> None:
    assert invoke("hello", b"", Outcome(OutcomeKind.OK, b"1", 200))[1] == result(b"1", request_id=ID)


def test_a_failed_function_is_a_200_that_says_so() -> None:
    failed = function_error(b'{"errorMessage":"no"}', LAMBDA_ID, executed_version="$LATEST", log_tail="bG9n")
    expected = result(b'{"errorMessage":"no"}', VERSION, ("X-Amz-Function-Error", "Unhandled"), ("X-Amz-Log-Result", "bG9n"))
    assert invoke("hello", b"", failed, headers=[("X-Amz-Log-Type", "Tail")])[1] == expected


def test_a_handled_function_error_keeps_its_word() -> None:
    failed = Outcome(OutcomeKind.FUNCTION_ERROR, b"{}", 200, LAMBDA_ID, "3", "Handled")
    expected = result(b"{}", ("X-Amz-Executed-Version", "3"), ("X-Amz-Function-Error", "Handled"))
    assert invoke("hello", b"", failed)[1] == expected


def test_a_dry_run_is_a_204_without_version_or_body() -> None:
    dry = Outcome(OutcomeKind.OK, b"", 204, LAMBDA_ID, "$LATEST")
    assert invoke("hello", b"", dry, headers=[("X-Amz-Invocation-Type", "DryRun")])[1] == Reply(204, common())


# --- answers: refusals -----------------------------------------------------------------------------------------------


def violation(value: str, member: str, constraint: str) -> str:
    return f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}"


def enum_violation(value: str, member: str, allowed: str) -> str:
    return f"Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy enum value set: [{allowed}]"


NAME_RULE = f"satisfy regular expression pattern: {NAME_PATTERN}"
TYPES_ALLOWED = "Event, RequestResponse, DryRun"
TENANT_RULE = (
    "Member must have length between 1 and 256, inclusive, and satisfy regular expression pattern: [a-zA-Z0-9\\._:\\/=+\\-@ ]+"
)


@pytest.mark.parametrize(
    ("name", "query", "message"),
    [
        ("a%20b", "", violation("a b", "functionName", NAME_RULE)),
        ("hello:", "", violation("hello:", "functionName", NAME_RULE)),
        ("a:b:c", "", violation("a:b:c", "functionName", NAME_RULE)),
        ("%25%32%30", "", violation(" ", "functionName", NAME_RULE)),
        ("hall%C3%B6chen", "", violation("hallöchen", "functionName", NAME_RULE)),
        (
            "arn:aws:sqs:eu-west-1:111122223333:jobs",
            "",
            violation("arn:aws:sqs:eu-west-1:111122223333:jobs", "functionName", NAME_RULE),
        ),
        ("", "", violation("", "functionName", "have length greater than or equal to 1")),
        ("a" * 257, "", violation("a" * 257, "functionName", "have length less than or equal to 256")),
        ("hello", "?Qualifier=a.b", violation("a.b", "qualifier", f"satisfy regular expression pattern: {QUALIFIER_PATTERN}")),
        ("hello", "?Qualifier=", violation("", "qualifier", "have length greater than or equal to 1")),
        ("hello", "?Qualifier=" + "q" * 129, violation("q" * 129, "qualifier", "have length less than or equal to 128")),
    ],
)
def test_names_that_break_the_pattern(name: str, query: str, message: str) -> None:
    assert invoke(name, query=query) == ([], bad("ValidationException", message, type=False))


def test_two_qualifiers_that_differ() -> None:
    message = "The derived qualifier from the function name does not match the specified qualifier."
    assert invoke("hello:live", query="?Qualifier=8") == ([], bad("InvalidParameterValueException", message))


@pytest.mark.parametrize(
    ("name", "query", "arn"),
    [
        ("nobody", "", f"{ARN}:nobody:$LATEST"),
        ("HELLO", "", f"{ARN}:HELLO:$LATEST"),
        ("nobody:live", "", f"{ARN}:nobody:live"),
        ("nobody", "?Qualifier=8", f"{ARN}:nobody:8"),
        ("999999999999:function:hello", "", f"arn:aws:lambda:{HOME}:999999999999:function:hello:$LATEST"),
        (f"us-east-1:{ACCOUNT}:function:hello:1", "", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:hello:1"),
        (
            f"arn:aws-cn:lambda:{HOME}:{ACCOUNT}:function:hello",
            "",
            f"arn:aws-cn:lambda:{HOME}:{ACCOUNT}:function:hello:$LATEST",
        ),
    ],
)
def test_functions_that_are_not_declared(name: str, query: str, arn: str) -> None:
    assert invoke(name, query=query) == ([], not_found(arn))


def test_a_function_that_is_declared_but_not_listed_is_not_found() -> None:
    api = TYPE.build({"functions": ["orders"], "invocation": ["sync"]}, SCOPE)
    assert call("/2015-03-31/functions/hello/invocations", api=api) == ([], not_found(f"{ARN}:hello:$LATEST"))
    steps, _ = call("/2015-03-31/functions/orders-prod/invocations", b"", succeeded(b"1"), api=api)
    assert steps[1] == checked(Target(ORDERS), b"{}")


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


NO_CONTEXT = ("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")


@pytest.mark.parametrize(
    ("header", "value", "code", "message"),
    [
        (
            "X-Amz-Invocation-Type",
            "Sometimes",
            "InvalidParameterValueException",
            enum_violation("Sometimes", "invocationType", TYPES_ALLOWED),
        ),
        (
            "X-Amz-Invocation-Type",
            "dryrun",
            "InvalidParameterValueException",
            enum_violation("dryrun", "invocationType", TYPES_ALLOWED),
        ),
        ("X-Amz-Invocation-Type", "", "InvalidParameterValueException", enum_violation("", "invocationType", TYPES_ALLOWED)),
        (
            "X-Amz-Invocation-Type",
            "Event",
            "InvalidParameterValueException",
            "The invocation type Event is not taken here: this endpoint is declared with `invocation: sync`.",
        ),
        ("X-Amz-Log-Type", "Head", "InvalidParameterValueException", enum_violation("Head", "logType", "None, Tail")),
        ("X-Amz-Client-Context", "no base64!", *NO_CONTEXT),
        ("X-Amz-Client-Context", encoded(b"no json"), *NO_CONTEXT),
        ("X-Amz-Client-Context", encoded(b"[1]"), *NO_CONTEXT),
        ("X-Amz-Client-Context", encoded(b"\xff"), *NO_CONTEXT),
        ("X-Amz-Client-Context", "", *NO_CONTEXT),
        (
            "X-Amz-Client-Context",
            encoded(b'{"a":"' + b"x" * 2680 + b'"}'),
            "InvalidRequestContentException",
            "Client context must be no more than 3583 bytes of Base64.",
        ),
        (
            "X-Amz-Tenant-Id",
            "a#b",
            "InvalidParameterValueException",
            f"Value 'a#b' at 'tenantId' failed to satisfy constraint: {TENANT_RULE}",
        ),
        (
            "X-Amz-Tenant-Id",
            "",
            "InvalidParameterValueException",
            f"Value '' at 'tenantId' failed to satisfy constraint: {TENANT_RULE}",
        ),
        (
            "X-Amz-Tenant-Id",
            "a" * 257,
            "InvalidParameterValueException",
            f"Value '{'a' * 257}' at 'tenantId' failed to satisfy constraint: {TENANT_RULE}",
        ),
        (
            "X-Amz-Durable-Execution-Name",
            "once",
            "InvalidParameterValueException",
            "Durable executions are not supported: the header X-Amz-Durable-Execution-Name is not taken here.",
        ),
    ],
)
def test_headers_that_are_refused(header: str, value: str, code: str, message: str) -> None:
    assert invoke("hello", headers=[(header, value)]) == ([], bad(code, message))


def test_the_longest_client_context() -> None:
    context = encoded(b'{"a":"' + b"x" * 2677 + b'"}')
    assert len(context) == 3580
    assert invoke("hello", b"", succeeded(b"1"), headers=[("X-Amz-Client-Context", context)])[1].status == 200


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"no json", "Expecting value: line 1 column 1 (char 0)"),
        (b'{"a":1}}', "Extra data: line 1 column 8 (char 7)"),
        (b" ", "Expecting value: line 1 column 2 (char 1)"),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"[" * 100_000, "the JSON is nested too deeply"),
    ],
)
def test_bodies_that_are_not_json(body: bytes, detail: str) -> None:
    message = f"Could not parse request body into json: Could not parse payload into json: {detail}"
    assert invoke("hello", body) == ([ReadBody(6_291_456)], bad("InvalidRequestContentException", message))


@pytest.mark.parametrize(
    ("thrown", "expected"),
    [
        (
            BodyTooLarge(6_291_456),
            error(
                413,
                "RequestEntityTooLargeException",
                b'{"message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}',
                ErrorNote("request_too_large", Invoked.NO, detail="the request body exceeds 6291456 bytes"),
            ),
        ),
        (
            BodyIncomplete("gone"),
            error(
                400,
                "InvalidRequestContentException",
                b'{"Type":"User","message":"The request body ended before it was complete."}',
                ErrorNote("incomplete_request", Invoked.NO, detail="gone"),
            ),
        ),
        (
            Unavailable("draining", 7),
            error(
                503,
                "ServiceUnavailableException",
                b'{"Type":"Service","message":"Service is unavailable. Please try again later."}',
                ErrorNote("unavailable", Invoked.NO, 7, "draining"),
            ),
        ),
        (
            BadRequest("odd"),
            error(
                500,
                "ServiceException",
                b'{"Type":"Service","Message":"An error occurred and the request cannot be processed."}',
                ErrorNote("bad_request", Invoked.NO, detail="odd"),
            ),
        ),
    ],
)
def test_steps_that_cannot_be_done(thrown: RequestError, expected: Reply) -> None:
    assert invoke("hello", thrown) == ([ReadBody(6_291_456)], expected)


# --- answers: outcomes -----------------------------------------------------------------------------------------------


def test_errors_of_lambda_are_passed_on_with_their_bytes() -> None:
    body = b'{"Reason":"CallerRateLimitExceeded","Type":"User","message":"Rate Exceeded."}'
    outcome = Outcome(
        OutcomeKind.THROTTLED, body, 429, LAMBDA_ID, code="TooManyRequestsException", message="Rate Exceeded.",
        reason="CallerRateLimitExceeded", retry_after=3, invoked=Invoked.NO,
    )  # fmt: skip
    note = ErrorNote("throttled", Invoked.NO, 3, "Rate Exceeded.")
    assert invoke("hello", b"", outcome)[1] == error(429, "TooManyRequestsException", body, note, request_id=LAMBDA_ID)


@pytest.mark.parametrize(
    ("outcome", "status", "code", "body", "note"),
    [
        (
            throttled("ReservedFunctionConcurrentInvocationLimitExceeded", 1),
            429,
            "TooManyRequestsException",
            b'{"Type":"User","Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","message":"Rate Exceeded."}',
            ErrorNote("throttled", Invoked.NO, 1, "Rate Exceeded."),
        ),
        (
            Outcome(OutcomeKind.THROTTLED, invoked=Invoked.NO),
            429,
            "TooManyRequestsException",
            b'{"Type":"User","message":"An error occurred and the request cannot be processed."}',
            ErrorNote("throttled", Invoked.NO),
        ),
        (
            refused(400, "SomethingNewException", "what is this"),
            400,
            "SomethingNewException",
            b'{"Type":"User","Message":"what is this"}',
            ErrorNote("client_error", Invoked.NO, detail="what is this"),
        ),
        (
            Outcome(OutcomeKind.CLIENT_ERROR, invoked=Invoked.NO),
            400,
            "InvalidParameterValueException",
            b'{"Type":"User","message":"An error occurred and the request cannot be processed."}',
            ErrorNote("client_error", Invoked.NO),
        ),
        (
            Outcome(OutcomeKind.SERVICE_ERROR, status=307, invoked=Invoked.UNKNOWN),
            500,
            "ServiceException",
            b'{"Type":"Service","Message":"An error occurred and the request cannot be processed."}',
            ErrorNote("service_error", Invoked.UNKNOWN),
        ),
        (
            timed_out(2.5),
            500,
            "ServiceException",
            b'{"Type":"Service","Message":"The function did not answer in time."}',
            ErrorNote("timeout", Invoked.UNKNOWN, detail="no answer within 2.5 seconds"),
        ),
        (
            transport("connection reset by 10.0.0.1", sent=True),
            500,
            "ServiceException",
            b'{"Type":"Service","Message":"The function could not be reached, or its answer was lost."}',
            ErrorNote("transport", Invoked.UNKNOWN, detail="connection reset by 10.0.0.1"),
        ),
        (
            transport("connection refused", sent=False),
            500,
            "ServiceException",
            b'{"Type":"Service","Message":"The function could not be reached, or its answer was lost."}',
            ErrorNote("transport", Invoked.NO, detail="connection refused"),
        ),
    ],
)
def test_outcomes_without_a_body_of_lambda(outcome: Outcome, status: int, code: str, body: bytes, note: ErrorNote) -> None:
    assert invoke("hello", b"", outcome)[1] == error(status, code, body, note)


# --- the rest of the API ---------------------------------------------------------------------------------------------

ONLY_INVOKE = (
    "This endpoint serves Invoke and InvokeWithResponseStream only: POST /2015-03-31/functions/{FunctionName}/invocations and"
    " POST /2021-11-15/functions/{FunctionName}/response-streaming-invocations."
)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/2015-03-31/functions"),
        ("GET", "/2015-03-31/functions/"),
        ("POST", "/2015-03-31/functions"),
        ("GET", "/2015-03-31/functions/hello"),
        ("GET", "/2015-03-31/functions/hello/configuration"),
        ("POST", "/2015-03-31/functions/hello/invocations/"),
        ("POST", "/2015-03-31/functions/a/b/invocations"),
        ("GET", "/2021-11-15/functions/hello/url"),
        ("GET", "/2014-11-13/functions/hello/invoke-async"),
        ("GET", "*"),
    ],
)
def test_other_operations(method: str, path: str) -> None:
    assert call(path, method=method) == ([], bad("UnknownOperationException", ONLY_INVOKE, name="unmatched"))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "post"])
def test_other_methods(method: str) -> None:
    expected = bad("MethodNotAllowedException", ONLY_INVOKE)
    expected.headers.append(("Allow", "POST"))
    assert call("/2015-03-31/functions/hello/invocations", method=method) == ([], expected)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (
            "/2014-11-13/functions/hello/invoke-async",
            "InvokeAsync is deprecated and not served: use Invoke with the invocation type Event.",
        ),
    ],
)
def test_operations_that_are_not_built(path: str, message: str) -> None:
    body = b'{"Type":"Service","message":"' + message.encode() + b'"}'
    note = ErrorNote("bad_request", Invoked.NO, detail=message)
    assert call(path) == ([], error(501, "UnsupportedOperationException", body, note))


# --- configuration ---------------------------------------------------------------------------------------------------


def test_claims() -> None:
    prefixes = ("/2015-03-31/functions", "/2014-11-13/functions", "/2021-11-15/functions")
    assert TYPE.claims({"functions": "all", "invocation": ["sync"]}) == (ApiClaim("lambda", prefixes),)


def test_a_listed_function_takes_no_qualifier() -> None:
    assert TYPE.check is not None
    found: list[tuple[object, ...]] = []
    listed = ["orders", "orders:live", f"{ARN}:orders", f"{ARN}:orders:8"]
    TYPE.check({"functions": listed}, lambda *finding, **more: found.append((*finding, more)))
    TYPE.check({"functions": "all", "invocation": ["sync"]}, lambda *finding, **more: pytest.fail("`all` has no qualifier"))
    assert found == [
        (
            ("functions", index),
            "without-effect",
            f"`{reference}` has a qualifier, but callers of the Invoke API choose the qualifier themselves",
            {"help": f"write `{bare}`"},
        )
        for index, reference, bare in [(1, "orders:live", "orders"), (3, f"{ARN}:orders:8", f"{ARN}:orders")]
    ]
