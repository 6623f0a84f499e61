"""Invocation records and dead letters, byte for byte (semantics/async.md §A.4, §A.5)."""

from dataclasses import replace
from typing import Any

import pytest

from router.arn import FunctionArn
from router.deliveries import Attempt, Condition, Delivery, Letter
from router.fakes import succeeded
from router.functions import DestinationAddress
from router.outcome import function_error, throttled
from router.policies.records import dead_letter, object_key, record, record_letter, response_of

ARN = FunctionArn("eu-west-1", "123456789012", "orders")
ID = "c9b8fa9f-5a7f-4b1a-af9c-0c604cde93a5"
TRACE = "Root=1-6a514b28-0123456789abcdef01234567;Lineage=1:fe460cdd:0"
NOW = 1_772_366_400.123
"""2026-03-01T12:00:00.123Z"""
ERROR = b'{"errorMessage": "boom", "errorType": "Exception", "stackTrace": ["  File \xe2\x80\xa6\\n"]}'

FAILED = Delivery(
    ID,
    "jobs",
    "",
    "orders",
    None,
    b'{"any": "original event, as JSON", "n": 1.0}',
    NOW - 180,
    TRACE,
    NOW,
    hops=1,
    invoke_count=3,
    attempts=[Attempt(NOW - 1, 0.5, "function_error", 200)],
    condition=Condition.RETRIES_EXHAUSTED,
    response=response_of(function_error(ERROR, "r", executed_version="$LATEST")),
)
SUCCEEDED = replace(
    FAILED,
    qualifier="live",
    condition=Condition.SUCCESS,
    invoke_count=1,
    response=response_of(replace(succeeded(b'{"ok": true}'), executed_version="7")),
)
ZERO = replace(FAILED, condition=Condition.ZERO_RESERVED_CONCURRENCY, invoke_count=0, attempts=[], response=None)


def test_a_failure() -> None:
    assert record(FAILED, ARN, NOW) == (
        b'{"version":"1.0","timestamp":"2026-03-01T12:00:00.123Z",'
        b'"requestContext":{"requestId":"c9b8fa9f-5a7f-4b1a-af9c-0c604cde93a5",'
        b'"functionArn":"arn:aws:lambda:eu-west-1:123456789012:function:orders:$LATEST",'
        b'"condition":"RetriesExhausted","approximateInvokeCount":3},'
        b'"requestPayload":{"any": "original event, as JSON", "n": 1.0},'
        b'"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},'
        b'"responsePayload":' + ERROR + b"}"
    )


def test_a_success_has_no_function_error_and_the_qualifier_of_its_attempts() -> None:
    assert record(SUCCEEDED, ARN, NOW) == (
        b'{"version":"1.0","timestamp":"2026-03-01T12:00:00.123Z",'
        b'"requestContext":{"requestId":"c9b8fa9f-5a7f-4b1a-af9c-0c604cde93a5",'
        b'"functionArn":"arn:aws:lambda:eu-west-1:123456789012:function:orders:live",'
        b'"condition":"Success","approximateInvokeCount":1},'
        b'"requestPayload":{"any": "original event, as JSON", "n": 1.0},'
        b'"responseContext":{"statusCode":200,"executedVersion":"7"},'
        b'"responsePayload":{"ok": true}}'
    )


def test_what_never_ran_has_no_response_part() -> None:
    assert record(ZERO, ARN, NOW) == (
        b'{"version":"1.0","timestamp":"2026-03-01T12:00:00.123Z",'
        b'"requestContext":{"requestId":"c9b8fa9f-5a7f-4b1a-af9c-0c604cde93a5",'
        b'"functionArn":"arn:aws:lambda:eu-west-1:123456789012:function:orders:$LATEST",'
        b'"condition":"ZeroReservedConcurrency","approximateInvokeCount":0},'
        b'"requestPayload":{"any": "original event, as JSON", "n": 1.0}}'
    )


@pytest.mark.parametrize(
    ("answer", "embedded"),
    [
        (b"", b"null"),
        (b"null", b"null"),
        (b"not JSON", b'"not JSON"'),
        (b"NaN", b'"NaN"'),
        (b" 1 ", b"1"),
        (b"\xff", b'"\xef\xbf\xbd"'),
    ],
)
def test_what_is_no_json_becomes_a_string(answer: bytes, embedded: bytes) -> None:
    told = record(replace(SUCCEEDED, response=response_of(succeeded(answer))), ARN, NOW)
    assert told.endswith(b'"responsePayload":' + embedded + b"}")
    told = record(replace(ZERO, payload=answer), ARN, NOW)
    assert told.endswith(b'"requestPayload":' + embedded + b"}")


def test_only_functions_answer() -> None:
    assert response_of(throttled("x")) is None
    assert response_of(function_error(b"{}", "r")) == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
        "payload": "{}",
    }


# --- forms -------------------------------------------------------------------------------------------------------------

PASSED_ON = f"{TRACE};RouterHops=2"
BUS = "arn:aws:events:eu-west-1:123456789012:event-bus/results"
KEY = f"aws/lambda/async/orders/2026/03/01/2026-03-01T12.00.00-{ID}"


@pytest.mark.parametrize(
    ("delivery", "address", "more"),
    [
        (FAILED, DestinationAddress("sqs", "arn:aws:sqs:eu-west-1:123456789012:q"), {}),
        (FAILED, DestinationAddress("sns", "arn:aws:sns:eu-west-1:123456789012:t"), {}),
        (
            SUCCEEDED,
            DestinationAddress("events", BUS),
            {
                "detail_type": "Lambda Function Invocation Result - Success",
                "resources": (BUS, "arn:aws:lambda:eu-west-1:123456789012:function:orders:live"),
            },
        ),
        (
            FAILED,
            DestinationAddress("events", BUS),
            {
                "detail_type": "Lambda Function Invocation Result - Failure",
                "resources": (BUS, "arn:aws:lambda:eu-west-1:123456789012:function:orders:$LATEST"),
            },
        ),
        (FAILED, DestinationAddress("s3", "arn:aws:s3:::bucket"), {"key": KEY}),
    ],
)
def test_each_destination_has_its_form(delivery: Delivery, address: DestinationAddress, more: dict[str, Any]) -> None:
    expected = Letter(record(delivery, ARN, NOW), PASSED_ON, **more)
    assert record_letter(delivery, ARN, address, NOW) == expected


def test_object_keys_are_in_utc() -> None:
    assert object_key(FAILED, ARN, 0.0) == f"aws/lambda/async/orders/1970/01/01/1970-01-01T00.00.00-{ID}"


# --- dead letters ------------------------------------------------------------------------------------------------------


def letter(code: str, message: str) -> Letter:
    attributes = (("RequestID", "String", ID), ("ErrorCode", "Number", code), ("ErrorMessage", "String", message))
    return Letter(FAILED.payload, PASSED_ON, attributes)


REFUSED = Attempt(NOW, 0.1, "client_error", 404, code="ResourceNotFoundException", message="Function not found")
LOST = Attempt(NOW, 0.1, "transport", 0, message=None)


@pytest.mark.parametrize(
    ("delivery", "expected"),
    [
        (FAILED, letter("200", "boom")),
        (ZERO, letter("429", "Rate Exceeded.")),
        (replace(ZERO, condition=Condition.REFUSED, attempts=[REFUSED]), letter("404", "Function not found")),
        (
            replace(ZERO, condition=Condition.RETRIES_EXHAUSTED, attempts=[LOST]),
            letter("500", "The function could not be reached, or its answer was lost."),
        ),
        (replace(ZERO, condition=Condition.RENDERING_FAILED, detail="no such path"), letter("500", "no such path")),
        (replace(ZERO, condition=Condition.LOOP), letter("500", "RecursiveLoopDetected")),
        (replace(FAILED, response=response_of(function_error(b"no json", "r"))), letter("200", "no json")),
        (
            replace(FAILED, response=response_of(function_error(b'{"errorMessage":"a\\u0000b"}', "r"))),
            letter("200", "a\ufffdb"),
        ),
        (
            replace(FAILED, response=response_of(function_error(b'{"errorMessage":"' + "é".encode() * 600 + b'"}', "r"))),
            letter("200", "é" * 512),
        ),
    ],
)
def test_the_event_itself_with_its_cause(delivery: Delivery, expected: Letter) -> None:
    assert dead_letter(delivery) == expected
