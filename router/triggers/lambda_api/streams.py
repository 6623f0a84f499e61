"""The answers of InvokeWithResponseStream: what a function sends, as messages of AWS's event stream.

Pieces go out as `PayloadChunk` when they come. The status is 200 before the end is known; only `InvokeComplete`, the last
message, says whether the function failed. Source: semantics/sync.md §1.6 and Lambda's service model.
"""

from collections.abc import AsyncIterator

from router import jsontext
from router.errors import StreamFailed
from router.eventstream import CONTENT_TYPE, event
from router.model import FunctionStream, Headers, Reply, Request
from router.outcome import Outcome, OutcomeKind
from router.triggers.lambda_api.answers import result

CHUNK = 128 * 1024
"""Bytes of a `PayloadChunk` at most."""


def streamed(request: Request, outcome: Outcome, log_tail: bool) -> Reply:
    """What became of the invocation; an answer that came whole is sent as one that was streamed."""
    if outcome.kind not in (OutcomeKind.OK, OutcomeKind.FUNCTION_ERROR):
        return result(request, outcome, dry_run=False, log_tail=log_tail)
    headers: Headers = [
        ("Content-Type", CONTENT_TYPE),
        ("x-amzn-RequestId", outcome.request_id or request.id),
        ("X-Amzn-Trace-Id", outcome.trace_id or request.trace_id),
    ]
    if outcome.executed_version is not None:
        headers.append(("X-Amz-Executed-Version", outcome.executed_version))
    if outcome.stream is not None:
        return Reply(200, headers, Messages(outcome.stream, log_tail), source=outcome.stream)
    tail = outcome.log_tail if log_tail else None
    if outcome.kind is OutcomeKind.FUNCTION_ERROR:
        return Reply(200, headers, _complete(outcome.function_error or _UNHANDLED, _text(outcome.payload), tail))
    return Reply(200, headers, b"".join([*_chunks(outcome.payload), _complete(None, None, tail)]))


class Messages:
    """The body of such an answer; it closes what it is made of."""

    __slots__ = ("_log_tail", "_source")

    def __init__(self, source: FunctionStream, log_tail: bool) -> None:
        self._source = source
        self._log_tail = log_tail

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._source:
                for chunk in _chunks(piece):
                    yield chunk
        except StreamFailed as error:
            is_own = error.name == OutcomeKind.FUNCTION_ERROR.value
            code, details = (_UNHANDLED, _text(error.details)) if is_own else ("ServiceException", str(error))
            yield _complete(code, details, error.log_tail if self._log_tail else None)
        else:
            yield _complete(None, None, self._source.log_tail if self._log_tail else None)

    async def aclose(self) -> None:
        """As `Stream.aclose`."""
        await self._source.aclose()


_UNHANDLED = "Unhandled"


def _chunks(data: bytes) -> list[bytes]:
    return [event("PayloadChunk", data[at : at + CHUNK], "application/octet-stream") for at in range(0, len(data), CHUNK)]


def _complete(code: str | None, details: str | None, log_tail: str | None) -> bytes:
    members = {"ErrorCode": code, "ErrorDetails": details, "LogResult": log_tail}
    said = jsontext.dumps({name: value for name, value in members.items() if value is not None})
    return event("InvokeComplete", said, "application/json")


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "replace")
