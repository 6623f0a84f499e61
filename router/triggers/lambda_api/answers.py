"""The answers of the Invoke API: results, and every service error in its own shape.

Source: semantics/sync.md §1.2, §1.5 and Lambda's service model (which errors exist, under which key each has its message).
The body keys are inconsistent in AWS itself: some say `message`, some `Message`; that is kept, SDKs read both.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router import jsontext
from router.deliveries import Durability, Receipt
from router.errors import (
    BadRequest,
    BodyIncomplete,
    BodyTooLarge,
    Forbidden,
    Invoked,
    RequestError,
    Unauthorized,
    Unavailable,
    Unmatched,
)
from router.model import ErrorNote, Headers, Reply, Request
from router.outcome import Outcome, OutcomeKind
from router.triggers._accept import DURABILITY_HEADER, ID_HEADER, AsyncEventTooLarge


@dataclass(slots=True, frozen=True)
class Shape:
    """How one service error goes over the wire. `type`: the value of the body's `Type`, None where it has none."""

    status: int
    message_key: str
    type: str | None


def _shapes(status: int, message_key: str, type: str | None, *codes: str) -> dict[str, Shape]:
    return dict.fromkeys(codes, Shape(status, message_key, type))


SHAPES: Mapping[str, Shape] = {
    **_shapes(400, "message", "User", "InvalidParameterValueException", "InvalidRequestContentException"),
    **_shapes(400, "message", "User", "ModeNotSupportedException"),
    **_shapes(400, "message", None, "ValidationException"),
    **_shapes(400, "Message", "User", "NoPublishedVersionException", "RecursiveInvocationException", "SnapStartException"),
    **_shapes(402, "Message", "User", "ServiceQuotaExceededException"),
    **_shapes(403, "Message", None, "AccessDeniedException"),
    **_shapes(
        403,
        "message",
        None,
        "MissingAuthenticationTokenException",
        "InvalidSignatureException",
        "UnrecognizedClientException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
    ),
    **_shapes(403, "Message", "User", "EFSMountFailureException", "S3FilesMountFailureException"),
    **_shapes(404, "Message", "User", "ResourceNotFoundException"),
    **_shapes(404, "message", "User", "UnknownOperationException"),
    **_shapes(405, "message", "User", "MethodNotAllowedException"),
    **_shapes(
        408,
        "Message",
        "User",
        "EFSMountConnectivityException",
        "EFSMountTimeoutException",
        "S3FilesMountConnectivityException",
        "S3FilesMountTimeoutException",
        "SnapStartTimeoutException",
    ),
    **_shapes(409, "message", "User", "ResourceConflictException", "CodeArtifactUserDeletedException"),
    **_shapes(409, "message", "User", "CodeArtifactUserPendingException", "CodeArtifactUserFailedException"),
    **_shapes(409, "Message", "User", "SnapStartNotReadyException", "SnapStartRegenerationFailureException"),
    **_shapes(409, "Message", "User", "DurableExecutionAlreadyStartedException"),
    **_shapes(410, "Message", "User", "EFSIOException"),
    # The API reference calls it RequestTooLargeException; this is what goes over the wire (semantics/sync.md §15).
    **_shapes(413, "message", None, "RequestEntityTooLargeException"),
    **_shapes(413, "message", "User", "RequestTooLargeException", "SerializedRequestEntityTooLargeException"),
    **_shapes(415, "message", "User", "UnsupportedMediaTypeException"),
    **_shapes(429, "message", "User", "TooManyRequestsException"),
    **_shapes(500, "Message", "Service", "ServiceException"),
    **_shapes(501, "message", "Service", "UnsupportedOperationException"),
    **_shapes(
        502,
        "Message",
        "Service",
        "EC2AccessDeniedException",
        "EC2ThrottledException",
        "EC2UnexpectedException",
        "ENILimitReachedException",
        "ENINotReadyException",
        "InvalidRuntimeException",
        "InvalidSecurityGroupIDException",
        "InvalidSubnetIDException",
        "InvalidZipFileException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "SubnetIPAddressLimitReachedException",
    ),
    **_shapes(502, "message", "Service", "ResourceNotReadyException"),
    **_shapes(503, "message", "Service", "ServiceUnavailableException"),
}
"""Error code to shape: the table of semantics/sync.md §1.5, completed from the service model.

`UnknownOperationException`, `MethodNotAllowedException`, `UnsupportedOperationException` and `ServiceUnavailableException` are
not Invoke's own: they answer what this endpoint does not do, and a router that cannot take work at the moment."""

_NO_ANSWER = {
    OutcomeKind.TIMEOUT: "The function did not answer in time.",
    OutcomeKind.TRANSPORT: "The function could not be reached, or its answer was lost.",
}
_DEFAULT_STATUS = {OutcomeKind.THROTTLED: 429, OutcomeKind.CLIENT_ERROR: 400, OutcomeKind.SERVICE_ERROR: 500}
_DEFAULT_CODE = {
    OutcomeKind.THROTTLED: "TooManyRequestsException",
    OutcomeKind.CLIENT_ERROR: "InvalidParameterValueException",
    OutcomeKind.SERVICE_ERROR: "ServiceException",
}
_TOO_LARGE = "Request must be smaller than {limit} bytes for the InvokeFunction operation"
_DENIED = "The caller is not authorized to perform: lambda:InvokeFunction"
_INTERNAL = "An error occurred and the request cannot be processed."


class Refused(Exception):
    """The request is answered with a service error, and no function runs. `name` goes out as `x-router-error`."""

    def __init__(self, code: str, message: str, name: str = "", headers: Headers | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.name = name or (Unmatched.name if SHAPES[code].status == 404 else BadRequest.name)
        self.headers = headers or []


def refusal(request: Request, refused: Refused) -> Reply:
    """The answer to a request that Lambda would refuse, or that this endpoint does not serve."""
    shape = SHAPES[refused.code]
    note = ErrorNote(refused.name, Invoked.NO, detail=refused.message)
    headers = [*_error_headers(request.id, refused.code), *refused.headers]
    return Reply(shape.status, headers, _body(shape, refused.message), note)


def request_error(request: Request, error: RequestError) -> Reply:
    """The answer where a step could not be done: the body is too large or incomplete, the router drains."""
    code, message = _request_error_words(error)
    shape = SHAPES[code]
    note = ErrorNote(error.name, error.invoked, error.retry_after, str(error))
    return Reply(shape.status, _error_headers(request.id, code), _body(shape, message), note)


def event_accepted(request: Request, receipt: Receipt, durability: Durability) -> Reply:
    """202 with an empty body; the request id is the delivery's, under which destinations will hear of it."""
    headers = [
        ("x-amzn-RequestId", receipt.delivery_id or request.id),
        ("x-amzn-Remapped-Content-Length", "0"),
        ("X-Amzn-Trace-Id", request.trace_id),
        *([(ID_HEADER, receipt.delivery_id)] if receipt.delivery_id else []),
        (DURABILITY_HEADER, durability.value),
    ]
    return Reply(202, headers)


def _request_error_words(error: RequestError) -> tuple[str, str]:
    match error:
        case AsyncEventTooLarge():
            return "RequestEntityTooLargeException", str(error)
        case BodyTooLarge(limit=limit):
            return "RequestEntityTooLargeException", _TOO_LARGE.format(limit=limit)
        case BodyIncomplete():
            return "InvalidRequestContentException", "The request body ended before it was complete."
        case Unauthorized() | Forbidden():
            return "AccessDeniedException", _DENIED
        case Unavailable():
            return "ServiceUnavailableException", "Service is unavailable. Please try again later."
        case _:
            return "ServiceException", _INTERNAL


def result(request: Request, outcome: Outcome, dry_run: bool, log_tail: bool) -> Reply:
    """What became of the invocation, as Lambda says it: 200 also for a function that failed."""
    if outcome.kind is OutcomeKind.OK or outcome.kind is OutcomeKind.FUNCTION_ERROR:
        return _invoked(request, outcome, dry_run, log_tail)
    if outcome.kind in _NO_ANSWER:
        return _no_answer(request, outcome)
    return _service_error(request, outcome)


def _invoked(request: Request, outcome: Outcome, dry_run: bool, log_tail: bool) -> Reply:
    headers: Headers = [
        ("Content-Type", "application/json"),
        ("x-amzn-RequestId", outcome.request_id or request.id),
        ("x-amzn-Remapped-Content-Length", "0"),
        ("X-Amzn-Trace-Id", outcome.trace_id or request.trace_id),
    ]
    if dry_run:
        return Reply(204, headers)
    if outcome.executed_version is not None:
        headers.append(("X-Amz-Executed-Version", outcome.executed_version))
    if outcome.kind is OutcomeKind.FUNCTION_ERROR:
        headers.append(("X-Amz-Function-Error", outcome.function_error or "Unhandled"))
    if log_tail and outcome.log_tail is not None:
        headers.append(("X-Amz-Log-Result", outcome.log_tail))
    return Reply(200, headers, outcome.payload)


def _no_answer(request: Request, outcome: Outcome) -> Reply:
    """Lambda said nothing: `ServiceException`, the one error of the table that stands for a fault within the service.

    SDKs repeat it, as they repeat a broken connection to Lambda itself; `x-router-invoked` says whether that is safe.
    """
    shape = SHAPES["ServiceException"]
    note = ErrorNote(outcome.kind.value, outcome.invoked, detail=outcome.message or "")
    headers = _error_headers(request.id, "ServiceException")
    return Reply(shape.status, headers, _body(shape, _NO_ANSWER[outcome.kind]), note)


def _service_error(request: Request, outcome: Outcome) -> Reply:
    """Lambda's own error, as it gave it; rendered anew only where the backend has no body of Lambda's."""
    code = outcome.code or _DEFAULT_CODE[outcome.kind]
    status = outcome.status if 400 <= outcome.status <= 599 else _DEFAULT_STATUS[outcome.kind]
    shape = SHAPES.get(code) or Shape(status, "Message", "User" if status < 500 else "Service")
    note = ErrorNote(outcome.kind.value, outcome.invoked, outcome.retry_after, outcome.message or "")
    headers = _error_headers(outcome.request_id or request.id, code)
    body = outcome.payload or _body(shape, outcome.message or _INTERNAL, outcome.reason)
    return Reply(status, headers, body, note)


def _error_headers(request_id: str, code: str) -> Headers:
    return [("Content-Type", "application/json"), ("x-amzn-RequestId", request_id), ("x-amzn-ErrorType", code)]


def _body(shape: Shape, message: str, reason: str | None = None) -> bytes:
    body = {"Type": shape.type, "Reason": reason, shape.message_key: message}
    return jsontext.dumps({key: value for key, value in body.items() if value is not None})
