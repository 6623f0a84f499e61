"""What senders put on the wire, as plain values: samples make them, tests and `explain` start from them, `send` posts them.

An envelope says nothing of what becomes of it: which trigger it is for, routing or the one who asks has to say.
"""

from dataclasses import dataclass, field

from router.batches import Message


@dataclass(slots=True, frozen=True)
class HttpEnvelope:
    """A request. `target`: path and query as sent. `headers`: in wire order, without Content-Length; `Host` where it matters.

    `client_ip`: IP text. `listener`: the one that it comes in on; None: the one that has a trigger for it.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    client_ip: str = "203.0.113.7"
    scheme: str = "https"
    listener: str | None = None


@dataclass(slots=True, frozen=True)
class QueueEnvelope:
    """Messages of an SQS queue, received together. `queue_arn`: empty where the trigger says it."""

    messages: tuple[Message, ...]
    queue_arn: str = ""


@dataclass(slots=True, frozen=True)
class TaskEnvelope:
    """A task of a Step Functions activity. `input`: JSON text."""

    input: str


@dataclass(slots=True, frozen=True)
class TickEnvelope:
    """A planned time of a schedule that has come. `at`: epoch seconds; None: the next one."""

    schedule: str
    at: float | None = None


Envelope = HttpEnvelope | QueueEnvelope | TaskEnvelope | TickEnvelope


@dataclass(slots=True, frozen=True)
class Addressed:
    """An envelope with the trigger that it is for; None: routing finds it. `note`: what it is, for people."""

    envelope: Envelope
    trigger: str | None = None
    note: str = field(default="", compare=False)
