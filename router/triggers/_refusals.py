"""What a conversation cannot serve, and how such a refusal becomes a reply.

Nothing here knows one front door's words: each brings its own table of `ErrorAnswer`s. A conversation raises `RequestError`s
for everything that it cannot serve, and one place per door turns them into that door's reply.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from router.errors import BadStream, Invoked, RequestError
from router.model import ErrorNote
from router.outcome import Outcome


@dataclass(slots=True, frozen=True)
class ErrorAnswer:
    """One row of a front door's error table: what the caller gets, to the byte."""

    status: int
    body: bytes
    error_type: str | None = None
    """Value of `x-amzn-ErrorType`, where this front door sends one."""
    content_type: str = "application/json"


ErrorTable = Mapping[str, ErrorAnswer]
"""By an outcome's kind or a request error's name; `<kind> <status>` narrows a row to one status of Lambda's."""


class UriTooLong(RequestError):
    """The request target is longer than the front door allows."""

    name = "uri_too_long"


class HeadersTooLarge(RequestError):
    """Request line and headers are longer than the front door allows."""

    name = "headers_too_large"


class EventTooLarge(RequestError):
    """The event would be longer than Lambda takes: base64 and escapes make it longer than the body."""

    name = "event_too_large"


class BadResponse(RequestError):
    """The function answered, and the front door cannot make a reply of it."""

    name = "bad_response"
    invoked = Invoked.YES


class BadEncoding(BadResponse):
    """The function's answer says that it is base64, and is not."""

    name = "bad_response"


class Failed(RequestError):
    """The invocation did not end in an answer of the function."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(" ".join(filter(None, (outcome.code, outcome.message, outcome.reason))))
        self.name = str(outcome.kind)
        self.invoked = outcome.invoked
        self.retry_after = outcome.retry_after
        self.status = outcome.status
        self.reason = outcome.reason


def error_answer(error: RequestError, table: ErrorTable) -> ErrorAnswer:
    """The row of a front door's table that answers this error."""
    if isinstance(error, Failed):
        narrow = table.get(f"{error.name} {error.status}")
        if narrow is not None:
            return narrow
    for classes, row in ((BadEncoding, "bad_encoding"), (BadStream, "bad_stream")):
        if isinstance(error, classes) and row in table:
            return table[row]
    return table.get(error.name) or table["internal"]


def error_note(error: RequestError) -> ErrorNote:
    """What the router says about the error beside the front door's own words."""
    return ErrorNote(error.name, error.invoked, error.retry_after, str(error))
