"""The one classifier: every status of Lambda's, with and without a function error."""

import pickle
from copy import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import Invoked
from router.outcome import (
    READ_HEADERS,
    Outcome,
    OutcomeKind,
    classify,
    error_type,
    from_response,
    function_error,
    refused,
    throttled,
    timed_out,
    transport,
)


@pytest.mark.parametrize(
    ("status", "reported", "kind"),
    [
        (200, None, OutcomeKind.OK),
        (202, None, OutcomeKind.OK),
        (204, None, OutcomeKind.OK),
        (200, "Unhandled", OutcomeKind.FUNCTION_ERROR),
        (200, "Handled", OutcomeKind.FUNCTION_ERROR),
        (400, None, OutcomeKind.CLIENT_ERROR),
        (403, None, OutcomeKind.CLIENT_ERROR),
        (404, None, OutcomeKind.CLIENT_ERROR),
        (413, None, OutcomeKind.CLIENT_ERROR),
        (429, None, OutcomeKind.THROTTLED),
        (500, None, OutcomeKind.SERVICE_ERROR),
        (502, None, OutcomeKind.SERVICE_ERROR),
        (503, None, OutcomeKind.SERVICE_ERROR),
        (301, None, OutcomeKind.SERVICE_ERROR),
        (100, None, OutcomeKind.SERVICE_ERROR),
    ],
)
def test_classes(status: int, reported: str | None, kind: OutcomeKind) -> None:
    assert classify(status, reported) is kind


def test_a_crashed_function_is_no_success_although_lambda_says_200() -> None:
    headers = {
        "x-amz-function-error": "Unhandled",
        "x-amz-executed-version": "7",
        "x-amzn-requestid": "id",
        "x-amz-log-result": "bG9n",
        "x-amzn-trace-id": "Root=1-0-0",
    }
    assert from_response(200, headers, b'{"errorType":"E"}', None) == Outcome(
        OutcomeKind.FUNCTION_ERROR,
        b'{"errorType":"E"}',
        200,
        "id",
        "7",
        "Unhandled",
        "bG9n",
        "Root=1-0-0",
        invoked=Invoked.YES,
    )


@pytest.mark.parametrize("body", [None, {"message": "not an error's"}])
def test_a_result_has_no_code(body: dict[str, object] | None) -> None:
    assert from_response(200, {}, b"{}", body) == Outcome(OutcomeKind.OK, b"{}", 200, invoked=Invoked.YES)


@pytest.mark.parametrize(
    ("status", "headers", "body", "expected"),
    [
        (
            429,
            {
                "x-amzn-errortype": "TooManyRequestsException:http://internal.amazon.com/",
                "retry-after": "3",
                "x-amzn-requestid": "id",
            },
            {"Reason": "CallerRateLimitExceeded", "message": "Rate Exceeded."},
            Outcome(
                OutcomeKind.THROTTLED, b"raw", 429, "id", code="TooManyRequestsException", message="Rate Exceeded.",
                reason="CallerRateLimitExceeded", retry_after=3, invoked=Invoked.NO,
            ),
        ),
        (
            404,
            {},
            {"__type": "ResourceNotFoundException", "Message": "Function not found", "Reason": 7},
            Outcome(
                OutcomeKind.CLIENT_ERROR, b"raw", 404, code="ResourceNotFoundException", message="Function not found",
                invoked=Invoked.NO,
            ),
        ),
        (502, {"retry-after": "soon"}, None, Outcome(OutcomeKind.SERVICE_ERROR, b"raw", 502, invoked=Invoked.UNKNOWN)),
        (500, {"retry-after": "²"}, {"message": 1}, Outcome(OutcomeKind.SERVICE_ERROR, b"raw", 500, invoked=Invoked.UNKNOWN)),
    ],
)  # fmt: skip
def test_service_errors(status: int, headers: dict[str, str], body: dict[str, object] | None, expected: Outcome) -> None:
    assert from_response(status, headers, b"raw", body) == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            function_error(b"{}", "id", executed_version="3", log_tail="bG9n"),
            Outcome(OutcomeKind.FUNCTION_ERROR, b"{}", 200, "id", "3", "Unhandled", "bG9n", invoked=Invoked.YES),
        ),
        (timed_out(2.5), Outcome(OutcomeKind.TIMEOUT, message="no answer within 2.5 seconds", invoked=Invoked.UNKNOWN)),
        (timed_out(30, Invoked.NO), Outcome(OutcomeKind.TIMEOUT, message="no answer within 30 seconds", invoked=Invoked.NO)),
        (transport("reset", sent=True), Outcome(OutcomeKind.TRANSPORT, message="reset", invoked=Invoked.UNKNOWN)),
        (transport("refused", sent=False), Outcome(OutcomeKind.TRANSPORT, message="refused", invoked=Invoked.NO)),
        (
            throttled("ReservedFunctionConcurrentInvocationLimitExceeded", 1, "id"),
            Outcome(
                OutcomeKind.THROTTLED, b"", 429, "id", code="TooManyRequestsException", message="Rate Exceeded.",
                reason="ReservedFunctionConcurrentInvocationLimitExceeded", retry_after=1, invoked=Invoked.NO,
            ),
        ),
        (
            refused(404, "ResourceNotFoundException", "no", "id"),
            Outcome(
                OutcomeKind.CLIENT_ERROR, b"", 404, "id", code="ResourceNotFoundException", message="no", invoked=Invoked.NO
            ),
        ),
        (
            refused(500, "ServiceException", "no"),
            Outcome(OutcomeKind.SERVICE_ERROR, b"", 500, code="ServiceException", message="no", invoked=Invoked.NO),
        ),
    ],
)  # fmt: skip
def test_outcomes_that_the_router_makes(made: Outcome, expected: Outcome) -> None:
    assert made == expected


@given(st.integers(-1, 1000), st.one_of(st.none(), st.just("Unhandled")), st.dictionaries(st.text(), st.text()), st.text())
def test_every_answer_has_a_class(status: int, reported: str | None, body: dict[str, object], retry_after: str) -> None:
    headers = {"retry-after": retry_after} | ({"x-amz-function-error": reported} if reported else {})
    outcome = from_response(status, headers, b"", body)
    assert outcome.kind is classify(status, reported)
    assert (outcome.kind is OutcomeKind.OK) == (200 <= status < 300 and reported is None)


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (b'{"errorMessage": "boom", "errorType": "ValueError", "stackTrace": []}', "ValueError"),
        (b'{"errorType":"Runtime.ExitError"}', "Runtime.ExitError"),
        (b'{"errorType":"' + b"x" * 129 + b'"}', None),
        (b'{"errorType":null}', None),
        (b"garbage", None),
    ],
)
def test_the_error_type_is_known_by_name(payload: bytes, name: str | None) -> None:
    assert error_type(function_error(payload, "id")) == name
    assert error_type(Outcome(OutcomeKind.OK, payload)) is None


def test_outcomes_pass_between_processes() -> None:
    outcome = Outcome(OutcomeKind.OK, b"1", 200, "id", executed_version="3", invoked=Invoked.YES, function_seconds=0.5)
    assert pickle.loads(pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)) == outcome
    assert copy(outcome) == outcome


class Watched(dict[str, str]):
    """Headers that remember which of them were asked for."""

    def __init__(self, *args: dict[str, str]) -> None:
        super().__init__(*args)
        self.asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.asked.add(key)
        return super().get(key, default)


@pytest.mark.parametrize("status", [200, 429, 500])
def test_no_other_headers_are_read(status: int) -> None:
    headers = Watched()
    from_response(status, headers, b"", {})
    assert headers.asked <= READ_HEADERS
    assert status == 200 or headers.asked == READ_HEADERS
