"""What a state machine is told of an invocation that failed: an error name to match in `Retry` and `Catch`, and a cause.

The names are those that the optimized integration `arn:aws:states:::lambda:invoke` uses (semantics/sync.md §11.3), so that a
state machine can treat a worker or an HTTP Task as it would treat the function itself.
"""

from dataclasses import dataclass

from router import jsontext
from router.outcome import Outcome, OutcomeKind

MAX_ERROR = 256
MAX_CAUSE = 32_768
"""Characters that SendTaskFailure takes (semantics/sync.md §11.1)."""
MAX_OUTPUT = 262_144
"""Bytes of a task's input or output."""

DATA_LIMIT = "States.DataLimitExceeded"
UNREADABLE = "Lambda.Unknown"

_CODES = {
    OutcomeKind.THROTTLED: "TooManyRequestsException",
    OutcomeKind.CLIENT_ERROR: "AWSLambdaException",
    OutcomeKind.SERVICE_ERROR: "ServiceException",
    OutcomeKind.TIMEOUT: "ClientExecutionTimeoutException",
    OutcomeKind.TRANSPORT: "SdkClientException",
}
"""Where Lambda gave no code."""

_WORDS = {
    OutcomeKind.TIMEOUT: "The function did not answer in time.",
    OutcomeKind.TRANSPORT: "The function could not be reached, or its answer was lost.",
}
"""Where no answer came; what the router knows beyond that stands in its log."""


@dataclass(slots=True, frozen=True)
class TaskError:
    """`error` and `cause`, within the limits of SendTaskFailure."""

    error: str
    cause: str


def task_error(error: str, cause: str) -> TaskError:
    """Cut to what Step Functions takes."""
    return TaskError(error[:MAX_ERROR], cause[:MAX_CAUSE])


def of_outcome(outcome: Outcome) -> TaskError:
    """The error of an invocation that did not succeed."""
    if outcome.kind is OutcomeKind.FUNCTION_ERROR:
        return _of_function(outcome.payload)
    code = outcome.code or _CODES[outcome.kind]
    if outcome.kind in _WORDS:
        return task_error(f"Lambda.{code}", _WORDS[outcome.kind])
    message = outcome.message or code
    cause = (
        f"{message} (Service: AWSLambda; Status Code: {outcome.status}; Error Code: {code};"
        f" Request ID: {outcome.request_id}; Proxy: null)"
    )
    return task_error(f"Lambda.{code}", cause)


def of_answer(payload: bytes) -> TaskError | None:
    """Why a function's result cannot be a task's output; None: it can."""
    if len(payload) > MAX_OUTPUT:
        return task_error(DATA_LIMIT, f"The function's result has {len(payload)} bytes; at most {MAX_OUTPUT} can be an output.")
    try:
        jsontext.check(payload)
    except ValueError as error:
        return task_error(UNREADABLE, f"The function's result is not JSON: {error}")
    return None


def _of_function(payload: bytes) -> TaskError:
    """The payload's `errorType`, and the payload as compact JSON."""
    try:
        told = jsontext.loads(payload)
        cause = jsontext.dumps(told).decode()
    except ValueError:
        return task_error("Exception", payload.decode("utf-8", "replace"))
    error = told.get("errorType") if isinstance(told, dict) else None
    return task_error(error if isinstance(error, str) and error else "Exception", cause)
