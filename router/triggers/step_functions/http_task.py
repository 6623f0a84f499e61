"""The endpoint of an HTTP Task (`arn:aws:states:::http:invoke`): a request's body is the event, 200 with the function's result.

A state machine sees a status that is not 2xx as `States.Http.StatusCode.<status>`, so each cause has a status that `Retry` and
`Catch` can tell apart; the body says more in the words of `lambda:invoke`. `Range` is not obeyed: the answer is 200, never 206.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/call-https-apis.html and semantics/sync.md §11.5.
"""

import re
from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from router import jsontext
from router.errors import BadRequest, Forbidden, RequestError, Unauthorized
from router.model import Conversation, Invoke, Reply, Request, Step, Target
from router.outcome import Outcome, OutcomeKind
from router.policies.webhook_auth import Auth
from router.triggers._auth import authorized_body, challenge
from router.triggers._refusals import BadResponse, Failed, error_note
from router.triggers.step_functions.failures import DATA_LIMIT, MAX_OUTPUT, of_answer, of_outcome

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What an HTTP Task can send."""
LONGEST_TIMEOUT = 60.0
"""Seconds after which Step Functions gives up (semantics/sync.md §11.5)."""
MAX_FORM = 3 * MAX_OUTPUT
"""Bytes of a form: percent-encoding makes it up to three times as long as the input of a task."""

_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json", re.ASCII)
_FORM = "application/x-www-form-urlencoded"
_ELEMENT = re.compile(r"(?P<name>[^\[\]]+)\[(?P<index>[0-9]{0,4})\]")


class MethodNotAllowed(BadRequest):
    """No HTTP Task has this method."""


class UnsupportedMediaType(BadRequest):
    """The body is neither JSON nor a form."""


class FunctionFailed(Failed):
    """The function failed, or could not be called."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.told = of_outcome(outcome)


class Unanswerable(BadResponse):
    """The function's result cannot go back."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(cause)
        self.error = error


STATUS: Mapping[str, int] = {
    OutcomeKind.FUNCTION_ERROR: 500,
    "bad_response": 502,
    OutcomeKind.TIMEOUT: 504,
    OutcomeKind.THROTTLED: 429,
    OutcomeKind.CLIENT_ERROR: 502,
    OutcomeKind.SERVICE_ERROR: 503,
    OutcomeKind.TRANSPORT: 503,
    "bad_request": 400,
    "incomplete_request": 400,
    "request_too_large": 413,
    "unauthorized": 401,
    "forbidden": 403,
    "unavailable": 503,
}
"""By an outcome's kind or a request error's name; 500 for the rest."""


def converse(request: Request, target: Target, auth: Auth, timeout: float) -> Conversation:
    """The conversation of one request."""
    try:
        payload = yield from _answer(request, target, auth, timeout)
    except RequestError as error:
        return _refusal(request, error)
    return Reply(200, _headers(request), payload)


def _answer(request: Request, target: Target, auth: Auth, timeout: float) -> Generator[Step, Any, bytes]:
    if request.method not in METHODS:
        raise MethodNotAllowed(f"{request.method} is not among {', '.join(METHODS)}")
    body = yield from authorized_body(request, auth, body_limit(request))
    outcome: Outcome = yield Invoke(target, event_of(request, body), timeout)
    if outcome.kind is not OutcomeKind.OK:
        raise FunctionFailed(outcome)
    wrong = of_answer(outcome.payload)
    if wrong is not None:
        raise Unanswerable(wrong.error, wrong.cause)
    return outcome.payload


def _media_type(request: Request) -> str:
    return (request.header("content-type") or "application/json").partition(";")[0].strip().lower()


def body_limit(request: Request) -> int:
    """Bytes of its body that are read."""
    return MAX_FORM if _media_type(request) == _FORM else MAX_OUTPUT


def event_of(request: Request, body: bytes) -> bytes:
    """The event: JSON as it came, a form or, without a body, the query as an object. Raises BadRequest."""
    media_type = _media_type(request)
    if not body:
        return jsontext.dumps(fields(request.query))
    if media_type == _FORM:
        return jsontext.dumps(fields(body.decode("utf-8", "replace")))
    if _JSON.fullmatch(media_type) is None:
        raise UnsupportedMediaType(f"the body is {media_type}; JSON or a form is wanted")
    try:
        jsontext.check(body)
    except ValueError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    return body


def fields(text: str) -> dict[str, Any]:
    """The fields of a form or a query by name: text, or a list where the sender wrote an array.

    Undoes what `RequestEncodingOptions.ArrayFormat` does: `INDICES` (`a[0]=1&a[1]=2`), `BRACKETS` (`a[]=1&a[]=2`), `REPEAT`
    (`a=1&a=2`). `COMMAS` (`a=1,2`) looks like text and stays text.
    """
    found: dict[str, Any] = {}
    for key, value in parse_qsl(text, keep_blank_values=True):
        element = _ELEMENT.fullmatch(key)
        name = element["name"] if element else key
        known = found.get(name)
        if isinstance(known, list):
            known.append(value)
        elif name in found:
            found[name] = [known, value]
        else:
            found[name] = [value] if element else value
    return found


def _refusal(request: Request, error: RequestError) -> Reply:
    status = STATUS.get(error.name, 500)
    more = challenge(error, status)
    if isinstance(error, MethodNotAllowed):
        status, more = 405, [("Allow", ", ".join(METHODS))]
    elif isinstance(error, UnsupportedMediaType):
        status = 415
    name, cause = _words(error)
    return Reply(status, _headers(request) + more, jsontext.dumps({"Error": name, "Cause": cause}), error_note(error))


def _words(error: RequestError) -> tuple[str, str]:
    match error:
        case FunctionFailed(told=told):
            return told.error, told.cause
        case Unanswerable(error=name):
            return name, str(error)
        case Unauthorized() | Forbidden():
            return "Router.AccessDenied", "Access is denied."
        case _:
            return _NAMES.get(error.name, "Router.Internal"), str(error)


_NAMES = {
    "bad_request": "Router.BadRequest",
    "incomplete_request": "Router.BadRequest",
    "request_too_large": DATA_LIMIT,
    "unavailable": "Router.Unavailable",
}


def _headers(request: Request) -> list[tuple[str, str]]:
    return [("Content-Type", "application/json"), ("x-amzn-RequestId", request.id)]
