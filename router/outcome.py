"""What became of one attempt, and the only place that classifies it.

Lambda answers HTTP 200 for a crashed function and says so only in `X-Amz-Function-Error`. Status codes at the front doors,
retries, metrics and tests read `Outcome.kind`, never a status of Lambda's. Source: semantics/sync.md §1.2, §1.4, §1.5.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from router.errors import Invoked, StreamFailed
from router.origins import FunctionStream

HTTP_RESPONSE = "application/vnd.awslambda.http-integration-response"
"""Content type of a streamed answer that begins with status and headers (semantics/sync.md §12.5)."""


class OutcomeKind(StrEnum):
    """The class of an attempt; its value is what `x-router-error` and the metrics say."""

    OK = "ok"
    FUNCTION_ERROR = "function_error"
    """Lambda reports `X-Amz-Function-Error`: the function raised, exited, or ran into Lambda's own timeout."""
    TIMEOUT = "timeout"
    """The deadline of the front door passed first; the function goes on."""
    THROTTLED = "throttled"
    CLIENT_ERROR = "client_error"
    """Lambda refused the call (4xx): no permission, no such function, a payload that it does not take."""
    SERVICE_ERROR = "service_error"
    """Lambda answered 5xx."""
    TRANSPORT = "transport"
    """No answer came from Lambda: it could not be reached, or the connection broke."""


_INVOKED = {
    OutcomeKind.OK: Invoked.YES,
    OutcomeKind.FUNCTION_ERROR: Invoked.YES,
    OutcomeKind.TIMEOUT: Invoked.UNKNOWN,
    OutcomeKind.THROTTLED: Invoked.NO,
    OutcomeKind.CLIENT_ERROR: Invoked.NO,
    OutcomeKind.SERVICE_ERROR: Invoked.UNKNOWN,
    OutcomeKind.TRANSPORT: Invoked.UNKNOWN,
}

READ_HEADERS = frozenset(
    {
        "x-amz-function-error",
        "x-amzn-requestid",
        "x-amz-executed-version",
        "x-amz-log-result",
        "x-amzn-trace-id",
        "x-amzn-errortype",
        "retry-after",
    }
)
"""The headers of an Invoke answer that `from_response` looks at."""

_ERROR_TYPE = re.compile(rb'"errorType"\s*:\s*"([^"\\]{1,128})"')


@dataclass(slots=True, init=False)
class Outcome:
    """The answer of a backend to one `Invocation`.

    `payload`: the function's result, or its error object, or Lambda's error body; bytes as they came.
    `status`: Lambda's HTTP status (200, 202, 204, 4xx, 5xx); 0 where none came.
    `code`, `message`, `reason`: of a service error (`TooManyRequestsException`, its text, its `Reason`).
    `log_tail`: base64 text as in `X-Amz-Log-Result`. `function_seconds`: time spent waiting for Lambda.
    """

    kind: OutcomeKind
    payload: bytes
    status: int
    request_id: str
    executed_version: str | None
    function_error: str | None
    log_tail: str | None
    trace_id: str | None
    code: str | None
    message: str | None
    reason: str | None
    retry_after: int | None
    invoked: Invoked
    function_seconds: float
    content_type: str | None
    """Of an answer that is streamed, where the backend knows it."""
    stream: FunctionStream | None
    """The answer, where it comes in pieces: `payload` is empty then. None: it is whole, which also one who streams may get."""

    def __init__(
        self,
        kind: OutcomeKind,
        payload: bytes = b"",
        status: int = 0,
        request_id: str = "",
        executed_version: str | None = None,
        function_error: str | None = None,
        log_tail: str | None = None,
        trace_id: str | None = None,
        code: str | None = None,
        message: str | None = None,
        reason: str | None = None,
        retry_after: int | None = None,
        invoked: Invoked = Invoked.UNKNOWN,
        function_seconds: float = 0.0,
        content_type: str | None = None,
        stream: FunctionStream | None = None,
    ) -> None:
        self.kind = kind
        self.payload = payload
        self.status = status
        self.request_id = request_id
        self.executed_version = executed_version
        self.function_error = function_error
        self.log_tail = log_tail
        self.trace_id = trace_id
        self.code = code
        self.message = message
        self.reason = reason
        self.retry_after = retry_after
        self.invoked = invoked
        self.function_seconds = function_seconds
        self.content_type = content_type
        self.stream = stream

    def __reduce__(self) -> tuple[type["Outcome"], tuple[Any, ...]]:
        """Outcomes pass between processes. A compiled class does not know by itself how."""
        return Outcome, tuple(getattr(self, each.name) for each in fields(self))


def classify(status: int, function_error: str | None) -> OutcomeKind:
    """The class of an HTTP answer that Lambda's Invoke API gave."""
    if 200 <= status < 300:
        return OutcomeKind.FUNCTION_ERROR if function_error else OutcomeKind.OK
    if status == 429:
        return OutcomeKind.THROTTLED
    return OutcomeKind.CLIENT_ERROR if 400 <= status < 500 else OutcomeKind.SERVICE_ERROR


def from_response(status: int, headers: Mapping[str, str], payload: bytes, error: Mapping[str, object] | None) -> Outcome:
    """An Invoke answer as an outcome. `headers` has lower-case names; `error` is the parsed body of a non-2xx answer."""
    function_error = headers.get("x-amz-function-error")
    kind = classify(status, function_error)
    outcome = Outcome(
        kind,
        payload,
        status,
        headers.get("x-amzn-requestid", ""),
        headers.get("x-amz-executed-version"),
        function_error,
        headers.get("x-amz-log-result"),
        headers.get("x-amzn-trace-id"),
        invoked=_INVOKED[kind],
    )
    if status >= 300 or status < 200:
        body = error or {}
        outcome.code = headers.get("x-amzn-errortype", "").partition(":")[0] or _text(body, "__type") or None
        outcome.message = _text(body, "message") or _text(body, "Message") or None
        outcome.reason = _text(body, "Reason") or None
        retry_after = headers.get("retry-after", "")
        outcome.retry_after = int(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
    return outcome


def function_error(
    payload: bytes, request_id: str, *, executed_version: str | None = None, log_tail: str | None = None
) -> Outcome:
    """The function failed, as Lambda says it: HTTP 200 with `X-Amz-Function-Error: Unhandled`."""
    return Outcome(
        OutcomeKind.FUNCTION_ERROR,
        payload,
        200,
        request_id,
        executed_version,
        "Unhandled",
        log_tail,
        invoked=Invoked.YES,
    )


def broken_off(outcome: Outcome, error: StreamFailed) -> None:
    """What became of an answer that had begun: the outcome is of the error's kind from now on."""
    outcome.kind = OutcomeKind(error.name)
    outcome.payload, outcome.stream = error.details, None
    outcome.message = str(error)
    outcome.log_tail = error.log_tail
    if outcome.kind is OutcomeKind.FUNCTION_ERROR:
        outcome.function_error = "Unhandled"


def error_type(outcome: Outcome) -> str | None:
    """`errorType` of a function's error object, for logs: its name only, since the message may hold anything."""
    if outcome.kind is not OutcomeKind.FUNCTION_ERROR:
        return None
    found = _ERROR_TYPE.search(outcome.payload, 0, 64 * 1024)
    return found[1].decode(errors="replace") if found else None


def timed_out(seconds: float, invoked: Invoked = Invoked.UNKNOWN) -> Outcome:
    """Our own deadline passed after `seconds`. Whether a request that was sent reached the function, only Lambda knows."""
    message = f"no answer within {seconds:g} seconds"
    return Outcome(OutcomeKind.TIMEOUT, message=message, invoked=invoked)


def transport(message: str, sent: bool) -> Outcome:
    """No answer came. `sent` is False only where the request provably had not left whole."""
    return Outcome(OutcomeKind.TRANSPORT, message=message, invoked=Invoked.UNKNOWN if sent else Invoked.NO)


def throttled(reason: str, retry_after: int | None = None, request_id: str = "") -> Outcome:
    """The router's own limit was reached; the same shape as Lambda's 429."""
    return refused(429, "TooManyRequestsException", "Rate Exceeded.", request_id, reason=reason, retry_after=retry_after)


def refused(
    status: int,
    code: str,
    message: str,
    request_id: str = "",
    *,
    reason: str | None = None,
    retry_after: int | None = None,
) -> Outcome:
    """An answer that a backend gives in Lambda's place without running the function."""
    kind = classify(status, None)
    return Outcome(
        kind,
        status=status,
        request_id=request_id,
        code=code,
        message=message,
        reason=reason,
        retry_after=retry_after,
        invoked=Invoked.NO,
    )


def _text(body: Mapping[str, object], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""
