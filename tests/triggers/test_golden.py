"""Golden cases: `tests/events/<type>/<case>.{request,event,result,reply}.json`, one file per side of the conversation.

`request.json`: `settings` as in YAML, and `request`: method, target, headers (pairs), `body` or `body_base64`, and fields of
`router.model.Request`. `event.json`: the whole event; where it is missing, nothing may be invoked. `result.json`: the outcome:
`kind`, `payload` (JSON) or `payload_text`, and fields of `router.outcome.Outcome`. `reply.json`: status, headers (pairs),
`body` or `body_base64`, and `error` where the router made the answer. Where a trigger invokes several functions, `event.json`
and `result.json` are lists. `origin.json`: what the trigger forwards, and what the origin `answers`. `accepted.json`: the
commits of an asynchronous trigger, each a list of function, route, deduplication id and event.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router.deliveries import Acceptance
from router.errors import Invoked
from router.fakes import FakeStream, request, succeeded
from router.model import Forward, OriginResponse, Reply, Request, Stream
from router.outcome import Outcome, OutcomeKind

EVENTS = Path(__file__).parent.parent / "events"
CASES = sorted(path.relative_to(EVENTS).as_posix().removesuffix(".request.json") for path in EVENTS.glob("*/*.request.json"))


WHOLE = (
    {"request", "reply"},
    {"request", "event", "result", "reply"},
    {"batch", "settlement"},
    {"batch", "event", "result", "settlement"},
    {"firing"},
)
"""The sides of a case; those of batches are played by test_golden_batches, those of firings by test_schedule."""


def read(case: str, side: str) -> Any:
    path = EVENTS / f"{case}.{side}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def body_of(written: dict[str, Any]) -> bytes:
    if "body_base64" in written:
        return b64decode(written.pop("body_base64"))
    text: str = written.pop("body", "")
    return text.encode()


def request_of(written: dict[str, Any]) -> Request:
    body = body_of(written)
    headers = [(name, value) for name, value in written.pop("headers", [])]
    return request(written.pop("method"), written.pop("target"), headers, body, **written)


def outcome_of(written: dict[str, Any] | None) -> Outcome:
    if written is None:
        return succeeded(b"null")
    payload = (
        written.pop("payload_text").encode() if "payload_text" in written else json.dumps(written.pop("payload", None)).encode()
    )
    invoked = Invoked(written.pop("invoked", "yes"))
    return Outcome(OutcomeKind(written.pop("kind")), payload, invoked=invoked, **written)


def body_in_words(body: bytes | Stream) -> dict[str, str]:
    raw = b"".join(piece for piece in body.pieces if isinstance(piece, bytes)) if isinstance(body, FakeStream) else body
    assert isinstance(raw, bytes)
    try:
        return {"body": raw.decode()}
    except UnicodeDecodeError:
        return {"body_base64": b64encode(raw).decode()}


def forward_in_words(step: Forward) -> dict[str, Any]:
    words = {
        "origin": str(step.origin),
        "method": step.method,
        "target": step.target,
        "headers": [[*pair] for pair in step.headers],
    }
    return words if step.body is None else words | body_in_words(step.body)


def acceptance_in_words(acceptance: Acceptance) -> dict[str, Any]:
    """What is said of one event; group and failure where there are any."""
    words = {
        "function": acceptance.target.function.name,
        "route": acceptance.route,
        "deduplication_id": acceptance.deduplication_id,
        "event": json.loads(acceptance.payload),
    }
    more = {"group": acceptance.group, "failed": acceptance.failed}
    return words | {name: value for name, value in more.items() if value is not None}


def answer_of(written: dict[str, Any]) -> OriginResponse:
    body = FakeStream(body_of(written))
    headers = [(name, value) for name, value in written["headers"]]
    return OriginResponse(written["status"], written["reason"], headers, body)


def reply_in_words(reply: Reply) -> dict[str, Any]:
    words: dict[str, Any] = {"status": reply.status, "headers": [[name, value] for name, value in reply.headers]}
    words |= body_in_words(reply.body)
    if reply.error is not None:
        words["error"] = {"name": reply.error.name, "invoked": reply.error.invoked.value}
        if reply.error.retry_after is not None:
            words["error"]["retry_after"] = reply.error.retry_after
    return words


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, door: Callable[..., Any]) -> None:
    given = read(case, "request")
    expected_event = read(case, "event")
    trigger = door(given["settings"])
    origin = read(case, "origin")
    trigger.origin = answer_of(origin.pop("answers")) if origin is not None else None
    result = read(case, "result")
    outcomes = [outcome_of(written) for written in (result if isinstance(result, list) else [result])]

    reply = trigger.send(request_of(given["request"]), lambda payload: outcomes.pop(0))

    events = [json.loads(step.payload) for step in trigger.invoked]
    assert [[*map(acceptance_in_words, commit)] for commit in trigger.accepted] == (read(case, "accepted") or [])
    several = expected_event if isinstance(expected_event, list) else [expected_event]
    assert events == ([] if expected_event is None else several)
    assert [forward_in_words(step) for step in trigger.forwarded] == ([origin] if origin is not None else [])
    assert reply_in_words(reply) == read(case, "reply")


def test_every_case_is_complete() -> None:
    """No file stands alone, and an event comes with the answer to it."""
    sides: dict[str, set[str]] = {}
    for path in EVENTS.glob("*/*.json"):
        case, _, side = path.relative_to(EVENTS).as_posix().removesuffix(".json").rpartition(".")
        sides.setdefault(case, set()).add(side)
    assert CASES
    assert {case: found for case, found in sides.items() if found - {"origin", "accepted"} not in WHOLE} == {}
