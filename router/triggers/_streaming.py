"""Answers that are passed on as they come: how a front door asks for one, and what of its prelude may go out.

Source: semantics/sync.md §3.9, §7.5, §12.5.
"""

from collections.abc import Generator, Mapping
from typing import Any

from router.errors import BadStream
from router.model import Headers, Invoke, Step, Target
from router.outcome import HTTP_RESPONSE, Outcome, OutcomeKind
from router.triggers._http import LAMBDA_PAYLOAD_LIMIT
from router.triggers._refusals import BadResponse, EventTooLarge, Failed
from router.triggers._replies import mapping, parse_answer

DEFAULT_TYPE = "application/octet-stream"


def invoke_streaming(
    target: Target, payload: bytes, timeout: float | None, idle: float | None
) -> Generator[Step, Any, Outcome]:
    """Invoke with an event that is JSON; returns when the answer begins, or when it is there whole.

    Raises EventTooLarge, Failed, BadStream.
    """
    if len(payload) > LAMBDA_PAYLOAD_LIMIT:
        raise EventTooLarge(f"the event has {len(payload)} bytes")
    outcome: Outcome = yield Invoke(target, payload, timeout, stream=True, idle=idle, http=True, is_json=True)
    if outcome.kind is not OutcomeKind.OK:
        raise Failed(outcome)
    return outcome


def has_prelude(outcome: Outcome) -> bool:
    """Whether the answer says status and headers; otherwise all of it is body."""
    return outcome.stream is not None and outcome.content_type == HTTP_RESPONSE


def prelude(outcome: Outcome) -> Mapping[str, Any]:
    """Status and headers as the function wrote them. Raises BadStream."""
    try:
        return mapping(parse_answer(outcome.payload), "what a streamed answer begins with")
    except BadResponse as error:
        raise BadStream(str(error)) from None


def announced_length(value: Mapping[str, Any]) -> Headers:
    """The Content-Length that a prelude announces: the door holds the function to it. Raises BadStream where it is none."""
    found = [
        each
        for key in ("headers", "multiValueHeaders")
        for name, written in mapping(value.get(key), key).items()
        if name.lower() == "content-length"
        for each in (written if isinstance(written, list) else [written])
    ]
    if not found:
        return []
    text = str(found[0])
    if len(found) > 1 or not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadStream("the Content-Length of a streamed answer is not one number")
    return [("content-length", text)]
