"""The words of triggers that are polled: what is polled, what came, and what the source is told about it.

Such a trigger claims no requests; its conversation is about a `Batch` and ends in a `Settlement`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from enum import StrEnum
from typing import Any, Protocol


@dataclass(slots=True, frozen=True)
class ActivitySource:
    """A Step Functions activity, polled for tasks. `heartbeat`: the state's HeartbeatSeconds; None: no heartbeats are sent."""

    activity: str
    region: str
    worker_name: str
    max_concurrency: int = 1
    heartbeat: float | None = None
    role_arn: str | None = None


@dataclass(slots=True, frozen=True)
class QueueSource:
    """An SQS queue, polled for batches. `queue`: ARN, URL or name. `function_timeout`: seconds that a batch may take.

    `max_concurrency`: batches at the same time; None: as many as AWS's pollers would grow to. `batching_window`: seconds.
    `measure(message, source_arn)`: its bytes in the event, where a batch must stay below `max_bytes`.
    """

    queue: str
    region: str
    function_timeout: float
    role_arn: str | None = None
    batch_size: int = 10
    batching_window: float = 0.0
    max_concurrency: int | None = None
    max_bytes: int = 0
    measure: "Callable[[Message, str], int] | None" = None


@dataclass(slots=True, frozen=True)
class QueueFacts:
    """What a queue says of itself. `visibility`: seconds that a received message stays hidden."""

    arn: str
    visibility: float
    fifo: bool = False


@dataclass(slots=True)
class Message:
    """One message of a source. `handle`: what settles it (a task token, a receipt handle).

    `id`, `group`: as the source says them (SQS: MessageId, MessageGroupId); messages of one group are worked on in order.
    `attributes`: of SQS the other fields of a message under SQS's own names: `MD5OfBody`, `Attributes` (text by name),
    `MessageAttributes` (by name `{DataType, StringValue}` or `{DataType, BinaryValue}` in bytes).
    """

    handle: str
    body: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    group: str | None = None


@dataclass(slots=True)
class Batch:
    """The messages of one conversation. `id`: UUID text; `received_at`: epoch seconds; `trace_id`: value of X-Amzn-Trace-Id.

    `source_arn`: of the queue that they came from.
    """

    messages: tuple[Message, ...]
    id: str
    trace_id: str
    received_at: float
    source_arn: str = ""


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


class Plan(Protocol):
    """When something is due, in epoch seconds: what `router.patterns.schedules` makes of an expression."""

    def next_after(self, moment: float, zone: tzinfo) -> float | None: ...

    def due_between(self, after: float, until: float, zone: tzinfo) -> Iterator[float]: ...

    def last_until(self, after: float, until: float, zone: tzinfo) -> float | None: ...


class Missed(StrEnum):
    """What becomes of planned times that passed while nothing ran: nothing, one firing for all of them, one for each."""

    SKIP = "skip"
    ONCE = "once"
    ALL = "all"


@dataclass(slots=True, frozen=True)
class Planned:
    """One schedule of a trigger. When it is due, its trigger gets a `Batch`: a message's `handle` is the planned time.

    `identity`: expression and time zone as text; where it changes, what was planned before is void. The message's `group` is
    the schedule's name, its handle and body are RFC 3339 text in UTC (`2026-03-01T02:00:00Z`).
    """

    name: str
    plan: Plan
    zone: tzinfo
    identity: str
    missed: Missed = Missed.ONCE


class EventCount(StrEnum):
    """Figures of an event source mapping, by the names of its CloudWatch metrics (semantics/async.md §B.8)."""

    POLLED = "PolledEventCount"
    FILTERED_OUT = "FilteredOutEventCount"
    INVOKED = "InvokedEventCount"
    FAILED_INVOKE = "FailedInvokeEventCount"
    DELETED = "DeletedEventCount"


@dataclass(slots=True)
class Settlement:
    """What the source is told, message by message; a message that is not named stays as it is.

    `error`: the class of what went wrong, by the names of `router.model.ErrorNote`; `detail` goes to the log.
    `again`: nothing was worked on, for a reason that passes (a throttle, a full journal): the messages that are not completed
    may be given to the trigger once more. `slow_down`: a reason to work on fewer batches at the same time.
    """

    results: tuple[Completed | Rejected, ...]
    error: str | None = None
    detail: str = ""
    again: bool = False
    slow_down: bool = False
    counts: Mapping[EventCount, int] = field(default_factory=dict)
