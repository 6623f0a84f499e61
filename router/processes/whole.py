"""Streamed answers between processes: the engine collects what a local function streams, and a door sends it on whole."""

from collections.abc import AsyncIterator

from router.backends.local.failures import MAX_RESPONSE, RESPONSE_TOO_LARGE
from router.errors import StreamFailed
from router.outcome import Outcome, OutcomeKind, broken_off


async def collect(outcome: Outcome) -> Outcome:
    """The outcome with its answer as payload; too long an answer is a failed invocation, as one that is not streamed."""
    stream = outcome.stream
    if stream is None:
        return outcome
    collected = bytearray()
    try:
        async for piece in stream:
            collected += piece
            if len(collected) > MAX_RESPONSE:
                details = RESPONSE_TOO_LARGE.payload(outcome.request_id)
                raise StreamFailed(OutcomeKind.FUNCTION_ERROR.value, "the answer is too long", details)
    except StreamFailed as error:
        broken_off(outcome, error)
    else:
        outcome.payload, outcome.stream, outcome.log_tail = bytes(collected), None, stream.log_tail
    finally:
        await stream.aclose()
    return outcome


def spread(outcome: Outcome) -> Outcome:
    """The outcome as a stream again, where its function streamed it: its content type says so."""
    if outcome.kind is OutcomeKind.OK and outcome.content_type is not None:
        outcome.stream, outcome.payload = _Whole(outcome.payload, outcome.log_tail), b""
    return outcome


class _Whole:
    """A `FunctionStream` of one piece."""

    def __init__(self, body: bytes, log_tail: str | None) -> None:
        self.log_tail = log_tail
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body

    async def aclose(self) -> None:
        """Nothing is held."""
