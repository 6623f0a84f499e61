"""The words of triggers that are polled: what is polled, what came, and what the source is told about it.

Such a trigger claims no requests; its conversation is about a `Batch` and ends in a `Settlement`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, frozen=True)
class ActivitySource:
    """A Step Functions activity, polled for tasks. `heartbeat`: the state's HeartbeatSeconds; None: no heartbeats are sent."""

    activity: str
    region: str
    worker_name: str
    max_concurrency: int = 1
    heartbeat: float | None = None
    role_arn: str | None = None


@dataclass(slots=True)
class Message:
    """One message of a source. `handle`: what settles it (a task token, a receipt handle)."""

    handle: str
    body: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Batch:
    """The messages of one conversation. `id`: UUID text; `received_at`: epoch seconds; `trace_id`: value of X-Amzn-Trace-Id."""

    messages: tuple[Message, ...]
    id: str
    trace_id: str
    received_at: float


@dataclass(slots=True)
class Completed:
    """The message is done. `output`: JSON text, where the source takes one."""

    handle: str
    output: str = "null"


@dataclass(slots=True)
class Rejected:
    """The message failed. Where the source takes no reason it keeps the message, to give it out again."""

    handle: str
    error: str
    cause: str


@dataclass(slots=True)
class Settlement:
    """What the source is told, message by message; a message that is not named stays as it is.

    `error`: the class of what went wrong, by the names of `router.model.ErrorNote`; `detail` goes to the log.
    """

    results: tuple[Completed | Rejected, ...]
    error: str | None = None
    detail: str = ""
