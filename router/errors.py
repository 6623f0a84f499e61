"""The one tree of errors.

Foreign errors (sockets, HTTP parsers, botocore, the operating system) are translated into these at the edge where they
happen. What a *function* or *Lambda itself* reports is not an error here: it is an `Outcome` (see `router.outcome`).

Two families:

* `RequestError` is thrown by the driver into a running conversation. It knows its class (what `x-router-error` says) and
  whether the function may have run; the trigger answers it in the words of its own front door.
* `StartError` stops the daemon or a command before anything runs, with a message for a person.
"""

from enum import StrEnum
from typing import Any, Self


class Invoked(StrEnum):
    """Whether the function ran for this request: what a client must know before it repeats one."""

    NO = "no"
    YES = "yes"
    UNKNOWN = "unknown"


class RouterError(Exception):
    """Root of every error that this program raises on purpose. Each may pass from one process of the daemon to another."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args, self.__dict__)

    @classmethod
    def again(cls, args: tuple[object, ...], fields: dict[str, object]) -> Self:
        """The same error; what its constructor made of its arguments is not made a second time."""
        error = cls.__new__(cls, *args)
        error.__dict__.update(fields)
        return error


def _again(kind: type[RouterError], args: tuple[object, ...], fields: dict[str, object]) -> RouterError:
    return kind.again(args, fields)


class RequestError(RouterError):
    """A step of a conversation could not be done; the trigger answers with its front door's own body.

    `name` goes out as `x-router-error`.
    """

    name = "internal"
    invoked = Invoked.NO
    retry_after: int | None = None


class BodyTooLarge(RequestError):
    """The request body is longer than the front door allows; `limit` is in bytes."""

    name = "request_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(f"the request body exceeds {limit} bytes")
        self.limit = limit


class BodyIncomplete(RequestError):
    """The caller went away, or broke the framing, before its body was whole."""

    name = "incomplete_request"


class Unmatched(RequestError):
    """No trigger, stage or route owns the request."""

    name = "unmatched"


class BadRequest(RequestError):
    """The request cannot be understood by this front door."""

    name = "bad_request"


class Unauthorized(RequestError):
    """The caller did not prove who it is. `challenge`: value of WWW-Authenticate, where its scheme has one."""

    name = "unauthorized"

    def __init__(self, message: str, challenge: str | None = None) -> None:
        super().__init__(message)
        self.challenge = challenge


class Forbidden(RequestError):
    """Whoever the caller is, it may not call from where it stands."""

    name = "forbidden"


class Unavailable(RequestError):
    """The router cannot take work at the moment (it drains, or a store is full); safe to repeat later."""

    name = "unavailable"

    def __init__(self, message: str, retry_after: int | None = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OriginError(RequestError):
    """An origin gave no usable answer. `invoked` speaks of functions, so the trigger sets what it knows."""

    name = "origin_error"


class OriginUnreachable(OriginError):
    """No connection to the origin: its name does not resolve, it refuses, or TLS fails."""

    name = "origin_unreachable"


class OriginTimeout(OriginError):
    """The origin did not take the connection, or did not go on answering, in time."""

    name = "origin_timeout"


class OriginBroken(OriginError):
    """The connection to the origin broke, or what came is not an HTTP answer."""

    name = "bad_origin_response"


class BadStream(RequestError):
    """A function streamed an answer, and it does not begin as one for this front door has to."""

    name = "bad_response"
    invoked = Invoked.YES


class StreamFailed(RequestError):
    """A function's answer broke off after it had begun. `name`: the outcome's kind.

    `details`: the function's error object, JSON, or empty. `log_tail`: as in `Outcome`.
    """

    invoked = Invoked.YES

    def __init__(self, name: str, message: str, details: bytes = b"", log_tail: str | None = None) -> None:
        super().__init__(message)
        self.name = name
        self.details = details
        self.log_tail = log_tail


class FetchFailed(RequestError):
    """A URL that a sender named could not be fetched, or may not be."""

    name = "fetch_failed"


class SourceError(RouterError):
    """A source that is polled could not be asked, or not be told. `code`: as the service says it; worth another try later."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SourceRefused(SourceError):
    """The service does not take the call as it is: the same call again would be refused again."""


class MessageGone(SourceError):
    """The message is not ours any more: it was settled, ran out of time, or never was."""


class StartError(RouterError):
    """The daemon or a command cannot start; the message says what and what to do."""


class BackendError(RouterError):
    """A backend could not be prepared (credentials, interpreter, code folder); the message names the function."""


class DestinationError(RouterError):
    """A record could not be handed to its destination. `permanent`: repeating cannot help (no such queue, too large)."""

    def __init__(self, message: str, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
