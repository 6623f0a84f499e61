"""Envelopes in words, and the trigger that a service's own document is for, where nobody says."""

from collections.abc import Iterator
from typing import Any

from router.envelopes import Addressed, Envelope, HttpEnvelope, QueueEnvelope, TaskEnvelope, TickEnvelope
from router.samples import Context, SampleError, from_event
from router.settings import Config


def described(envelope: Envelope) -> str:
    """`GET /orders/7 for shop.example.com`, `2 messages of jobs`, `a task`, `the schedule report`."""
    match envelope:
        case HttpEnvelope():
            host = next((value for name, value in envelope.headers if name.lower() == "host"), None)
            return f"{envelope.method} {envelope.target}{f' for {host}' if host else ''}"
        case QueueEnvelope():
            number = len(envelope.messages)
            queue = f" of {envelope.queue_arn.rpartition(':')[2]}" if envelope.queue_arn else ""
            return f"{number} {'message' if number == 1 else 'messages'}{queue}"
        case TaskEnvelope():
            return "a task of an activity"
        case TickEnvelope():
            return f"the schedule {envelope.schedule}"


def candidates(config: Config, document: Any, context: Context) -> Iterator[tuple[str, Addressed | SampleError]]:
    """Every trigger with the envelope by which it would get the document, or with the reason why it takes no such thing."""
    for trigger in config.triggers:
        try:
            yield trigger.name, from_event(trigger, config.raw["triggers"][trigger.name], document, context)
        except SampleError as error:
            yield trigger.name, error
