"""One running conversation: what its steps may touch, what was seen on the way, and what is said where it fails."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from router import jsontext
from router.batches import Batch
from router.errors import Invoked, RequestError
from router.model import ErrorNote, Invocation, Remark, Reply, Request, Stream, Trigger
from router.outcome import Outcome, OutcomeKind, error_type

log = logging.getLogger("router.driver")

ReadBodyFrom = Callable[[int], Awaitable[bytes]]
"""Reads the request's body up to a limit in bytes; raises `BodyTooLarge` and `BodyIncomplete`."""


ReadPiece = Callable[[], Awaitable[bytes]]
"""Reads the next piece of the request's body; empty at its end; raises `BodyTooLarge` and `BodyIncomplete`."""


@dataclass(slots=True, init=False)
class Exchange:
    """One running conversation: what its steps may touch, and what was seen on the way."""

    trigger: Trigger
    request: Request
    read_body: ReadBodyFrom
    read_piece: ReadPiece | None
    waited: float
    """Seconds spent waiting for functions and origins."""
    outcomes: list[Outcome]
    remarks: list[Remark]
    peeked: list[bytes]
    """Pieces of the body that were read ahead."""
    streams: list[Stream]
    """What origins and functions answered: closed where the reply does not pass it on."""

    def __init__(
        self,
        trigger: Trigger,
        request: Request,
        read_body: ReadBodyFrom,
        read_piece: ReadPiece | None = None,
        waited: float = 0.0,
        outcomes: list[Outcome] | None = None,
        remarks: list[Remark] | None = None,
        peeked: list[bytes] | None = None,
        streams: list[Stream] | None = None,
    ) -> None:
        self.trigger = trigger
        self.request = request
        self.read_body = read_body
        self.read_piece = read_piece
        self.waited = waited
        self.outcomes = [] if outcomes is None else outcomes
        self.remarks = [] if remarks is None else remarks
        self.peeked = [] if peeked is None else peeked
        self.streams = [] if streams is None else streams


@dataclass(slots=True)
class BatchExchange:
    """One running conversation about messages that were polled."""

    trigger: Trigger
    request: Batch
    waited: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


_STATUS = {
    "request_too_large": 413,
    "incomplete_request": 400,
    "unmatched": 404,
    "bad_request": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "unavailable": 503,
}


def plain_error(status: int, name: str, message: str, invoked: Invoked = Invoked.NO, retry_after: int | None = None) -> Reply:
    """An answer of the router's own, outside every front door: JSON `{"message": …}`."""
    body = jsontext.dumps({"message": message})
    return Reply(status, [("Content-Type", "application/json")], body, ErrorNote(name, invoked, retry_after, message))


def answer_to(failure: BaseException, exchange: Exchange) -> Reply:
    """What is answered where a trigger has no words of its own. Raises what is no `Exception`: a cancellation."""
    if isinstance(failure, RequestError):
        return plain_error(_STATUS.get(failure.name, 500), failure.name, str(failure), failure.invoked, failure.retry_after)
    if not isinstance(failure, Exception):
        raise failure
    fields = {"trigger": exchange.trigger.name, "request_id": exchange.request.id}
    log.error("A trigger failed.", exc_info=failure, extra=fields)
    invoked = exchange.outcomes[-1].invoked if exchange.outcomes else Invoked.NO
    return plain_error(500, "internal", "The router failed; its log says why.", invoked)


def log_fault(exchange: Exchange, reply: Reply) -> None:
    """One line where a request failed on the server's side and no failed invocation says why."""
    note = reply.error
    if note is None or reply.status < 500 or any(outcome.kind is not OutcomeKind.OK for outcome in exchange.outcomes):
        return
    log.warning(
        "A request failed.",
        extra={
            "trigger": exchange.trigger.name,
            "error": note.name,
            "status": reply.status,
            "request_id": exchange.request.id,
            "trace_id": exchange.request.trace_id,
            "detail": note.detail or None,
        },
    )


def log_failure(exchange: Exchange | BatchExchange, invocation: Invocation, outcome: Outcome) -> None:
    """One line for every attempt that did not succeed; the function's payload stays out of it."""
    log.warning(
        "An invocation failed.",
        extra={
            "trigger": exchange.trigger.name,
            "function": invocation.function.name,
            "outcome": outcome.kind.value,
            "request_id": exchange.request.id,
            "trace_id": exchange.request.trace_id,
            "lambda_request_id": outcome.request_id or None,
            "status": outcome.status or None,
            "error_type": error_type(outcome),
            "code": outcome.code,
            "detail": outcome.message,
            "seconds": round(outcome.function_seconds, 6),
        },
    )
