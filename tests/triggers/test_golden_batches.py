"""Golden cases of triggers that are polled: `tests/events/<type>/<case>.{batch,event,result,settlement}.json`.

`batch.json`: `settings` as in YAML, and `messages` as SQS's ReceiveMessage gives them (`BinaryValue_base64` for bytes).
`event.json`: the whole event, with its keys in order; where it is missing, nothing may be invoked. `result.json`: the outcome,
as in test_golden. `settlement.json`: the ids of messages that are `completed` and `rejected`, and the settlement's own fields.
"""

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router.batches import Batch, Completed, Message, Rejected, Settlement
from router.errors import Invoked
from router.outcome import Outcome, OutcomeKind

EVENTS = Path(__file__).parent.parent / "events"
CASES = sorted(path.relative_to(EVENTS).as_posix().removesuffix(".batch.json") for path in EVENTS.glob("*/*.batch.json"))


def read(case: str, side: str) -> Any:
    path = EVENTS / f"{case}.{side}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def message_of(written: dict[str, Any]) -> Message:
    for attribute in written.get("MessageAttributes", {}).values():
        if "BinaryValue_base64" in attribute:
            attribute["BinaryValue"] = b64decode(attribute.pop("BinaryValue_base64"))
    return Message(written.pop("ReceiptHandle"), written.pop("Body"), written, written.pop("MessageId"))


def outcome_of(written: dict[str, Any]) -> Outcome:
    kind, payload = OutcomeKind(written.pop("kind")), json.dumps(written.pop("payload", None)).encode()
    return Outcome(kind, payload, invoked=Invoked.YES, **written)


def in_words(settlement: Settlement, messages: tuple[Message, ...]) -> dict[str, Any]:
    ids = {message.handle: message.id for message in messages}
    words: dict[str, Any] = {
        "completed": [ids[result.handle] for result in settlement.results if isinstance(result, Completed)],
        "rejected": [ids[result.handle] for result in settlement.results if isinstance(result, Rejected)],
        "error": settlement.error,
        "again": settlement.again,
        "slow_down": settlement.slow_down,
        "counts": {what.value: number for what, number in settlement.counts.items()},
    }
    return {name: value for name, value in words.items() if value not in (None, False)}


@pytest.mark.parametrize("case", CASES)
def test_case(case: str, door: Callable[..., Any]) -> None:
    given, expected = read(case, "batch"), read(case, "event")
    trigger = door(given["settings"])
    messages = tuple(map(message_of, given["messages"]))
    batch = Batch(messages, "id", "Root=1-6a514b28-0123456789abcdef01234567", 1_783_711_144.0, given["settings"]["queue"])

    settlement = trigger.settle(batch, lambda payload: outcome_of(read(case, "result")))

    events = [json.dumps(json.loads(step.payload)) for step in trigger.invoked]
    assert events == ([] if expected is None else [json.dumps(expected)])
    assert in_words(settlement, messages) == read(case, "settlement")


def test_there_are_cases() -> None:
    assert CASES
