"""How a user pool's API words what went wrong: `{"__type", "message"}`, one row per cause.

Cognito invokes functions by itself, never through HTTP, so that only type and text are AWS's (semantics/sync.md §10.1); the
text of `UnexpectedLambdaException` is not verified. Statuses other than 400 are HTTP's own business.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from router import jsontext
from router.errors import RequestError
from router.model import Headers, Reply, Request
from router.outcome import Outcome, OutcomeKind
from router.triggers._auth import challenge
from router.triggers._refusals import Failed, error_note


class LambdaFailed(Failed):
    """The function of an operation failed, or could not be called."""

    def __init__(self, operation: str, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.operation = operation
        self.outcome = outcome


class MethodNotAllowed(RequestError):
    """Events are posted."""

    name = "bad_request"


@dataclass(slots=True, frozen=True)
class Row:
    """`words(error)`: the message."""

    status: int
    type: str
    words: Callable[[RequestError], str] = str


def _failed(error: RequestError) -> str:
    """`PreSignUp failed with error No.`, with what the function says of its error."""
    assert isinstance(error, LambdaFailed)
    return f"{error.operation} failed with error {_error_message(error.outcome.payload)}."


def _not_invoked(error: RequestError) -> str:
    assert isinstance(error, LambdaFailed)
    return f"{error.operation} invocation failed due to error {error.outcome.code or error.outcome.kind.value}."


def _error_message(payload: bytes) -> str:
    try:
        error = jsontext.loads(payload)
    except ValueError:
        error = None
    found = error if isinstance(error, dict) else {}
    texts = [found.get(key) for key in ("errorMessage", "errorType")]
    return next((text for text in texts if isinstance(text, str) and text), "unknown")


def _denied(error: RequestError) -> str:
    return "Access is denied."


_UNEXPECTED = Row(400, "UnexpectedLambdaException", _not_invoked)
_INVALID = Row(400, "InvalidParameterException")

ROWS: Mapping[str, Row] = {
    OutcomeKind.FUNCTION_ERROR: Row(400, "UserLambdaValidationException", _failed),
    "bad_response": Row(400, "InvalidLambdaResponseException", lambda error: "Unrecognizable lambda output"),
    OutcomeKind.TIMEOUT: _UNEXPECTED,
    OutcomeKind.THROTTLED: _UNEXPECTED,
    OutcomeKind.CLIENT_ERROR: _UNEXPECTED,
    OutcomeKind.SERVICE_ERROR: _UNEXPECTED,
    OutcomeKind.TRANSPORT: _UNEXPECTED,
    "bad_request": _INVALID,
    "unmatched": _INVALID,
    "incomplete_request": _INVALID,
    "request_too_large": Row(413, "InvalidParameterException"),
    "unauthorized": Row(401, "NotAuthorizedException", _denied),
    "forbidden": Row(403, "NotAuthorizedException", _denied),
    "unavailable": Row(503, "ServiceUnavailableException"),
    "internal": Row(500, "InternalErrorException", lambda error: "The router failed; its log says why."),
}
"""By an outcome's kind or a request error's name."""


def refusal(request: Request, error: RequestError) -> Reply:
    """The answer to an event that came to nothing."""
    row = ROWS.get(error.name) or ROWS["internal"]
    status = 405 if isinstance(error, MethodNotAllowed) else row.status
    body = jsontext.dumps({"__type": row.type, "message": row.words(error)})
    more = [("Allow", "POST")] if status == 405 else challenge(error, status)
    return Reply(status, [*common(request), ("x-amzn-ErrorType", row.type), *more], body, error_note(error))


def common(request: Request) -> Headers:
    """What every answer carries."""
    return [("Content-Type", "application/json"), ("x-amzn-RequestId", request.id)]
