"""The answers of EventBridge's API: AWS JSON 1.1, every error with its `__type`.

Source: semantics/async.md §D.2, §D.7 and the service model.
"""

from typing import Any

from router import jsontext
from router.deliveries import Durability
from router.errors import RequestError
from router.model import ErrorNote, Headers, Reply, Request
from router.triggers._accept import DURABILITY_HEADER
from router.triggers._auth import challenge
from router.triggers._refusals import error_note

VALIDATION = "ValidationException"

_SERVED = "This endpoint serves PutEvents and TestEventPattern."
_TOO_LARGE = "Total size of the entries in the request is over the limit."

_ERRORS: dict[str, tuple[int, str, str]] = {
    "request_too_large": (400, VALIDATION, _TOO_LARGE),
    "incomplete_request": (400, "SerializationException", "The request body ended before it was complete."),
    "unauthorized": (401, "MissingAuthenticationTokenException", "The caller does not prove who it is."),
    "forbidden": (403, "AccessDeniedException", "The caller is not authorized to call this event bus."),
    "unavailable": (503, "InternalException", "The events cannot be stored at the moment. Please try again later."),
}
"""By the error's name: status, type and message; every other one is a fault of ours. Those of AWS that are not in the service
model are common to all services; SDKs repeat what is a 5xx."""


class Refused(Exception):
    """The whole request is answered with a 400."""

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.type = type
        self.message = message


def not_served(operation: str) -> Refused:
    """Another operation of EventBridge, or none."""
    if not operation.isascii() or not operation.isalnum():
        return Refused("UnknownOperationException", _SERVED)
    return Refused(
        "OperationDisabledException",
        f"{operation} is not served here: buses, rules and targets stand in the router's configuration. {_SERVED}",
    )


def answer(request: Request, document: Any, durability: Durability | None) -> Reply:
    """What an operation returned; of events also what their acceptance is worth."""
    stated: Headers = [(DURABILITY_HEADER, durability.value)] if durability is not None else []
    return Reply(200, _headers(request) + stated, jsontext.dumps(document))


def refusal(request: Request, refused: Refused) -> Reply:
    """The answer to what EventBridge would refuse."""
    body = jsontext.dumps({"__type": refused.type, "message": refused.message})
    return Reply(400, _headers(request), body, ErrorNote("bad_request", detail=refused.message))


def request_error(request: Request, error: RequestError) -> Reply:
    """The answer where a step could not be done; nothing was accepted then."""
    status, type, message = _ERRORS.get(error.name, (500, "InternalException", "An internal error occurred."))
    headers = _headers(request) + challenge(error, status)
    return Reply(status, headers, jsontext.dumps({"__type": type, "message": message}), error_note(error))


def _headers(request: Request) -> Headers:
    return [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", request.id)]
