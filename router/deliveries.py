"""The words of asynchronous delivery: what is accepted, what the journal keeps of it, and what became of it.

Source: semantics/async.md §A.3 to §A.5 and design.md §6. Times are epoch seconds; ids are UUID text.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from router.functions import Target

MAX_EVENT = 1024 * 1024
"""Bytes of an event that is invoked asynchronously (semantics/async.md §0)."""
MAX_HOPS = 16
"""Functions that one chain may pass (semantics/async.md §A.6)."""


class Durability(StrEnum):
    """What has happened before an acceptance is acknowledged: an fsync, or a write to the operating system."""

    DISK = "disk"
    OS = "os"


class Condition(StrEnum):
    """Why a delivery ended, in the words of Lambda's invocation records (semantics/async.md §A.4)."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"
    ZERO_RESERVED_CONCURRENCY = "ZeroReservedConcurrency"
    REFUSED = "Refused"
    """Lambda will never take it: no such function, no permission, a payload that is no JSON or too large."""
    LOOP = "RecursiveLoopDetected"
    """It passed through too many functions (semantics/async.md §A.6)."""
    RENDERING_FAILED = "RenderingFailed"
    """The event for the function could not be made of the accepted one."""
    CRASHED = "RouterCrashed"
    """The router died in each of its attempts; it is not begun once more."""


@dataclass(slots=True)
class Acceptance:
    """One event for one function, to be made durable.

    `route`: the rule, notification or subscription inside the trigger; empty where it has none. `deduplication_id`: what is
    accepted once for each trigger and route within the configured window; None: always accepted. `group`: deliveries of one
    group are worked on one at a time, in the order of their acceptance. `attributes`: flat, for filters and logs.
    `failed`: the condition of an event that must become a dead letter at once, with `detail`.
    `trigger`: whose event it is, where triggers share a claim and one conversation speaks for all (`TriggerType.introduce`);
    empty: the conversation's own. `trace_id`: where an event brings its own; empty: the request's.
    """

    target: Target
    payload: bytes
    route: str = ""
    deduplication_id: str | None = None
    group: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    failed: Condition | None = None
    detail: str = ""
    trigger: str = ""
    trace_id: str = ""


@dataclass(slots=True)
class Receipt:
    """What an acceptance became. `duplicate`: it was accepted before, as the delivery with this id.

    No id: the trigger's `filter` does not want the event.
    """

    delivery_id: str
    duplicate: bool = False


@dataclass(slots=True)
class Attempt:
    """One call of the function for a delivery. `kind`: an outcome's kind; `request_id`: AWS's own; `seconds`: its duration.

    Never changed once it is made: copies of a delivery share it.
    """

    at: float
    seconds: float
    kind: str
    status: int = 0
    request_id: str = ""
    code: str | None = None
    message: str | None = None
    log_tail: str | None = None


@dataclass(slots=True)
class Delivery:
    """An accepted event until it is settled; what the journal keeps. Policy is not in here: it is read from what runs now.

    `trace_id`: X-Amzn-Trace-Id, passed on. `hops`: functions that this chain has passed. `parent_id`: of a redriven delivery.
    Progress: `due_at`, `retries_used` (after function errors), `throttles` (after throttles and system errors),
    `invoke_count` (attempts that ran the function), `starts` (attempts begun and not recorded: a process that died in one).
    End: `condition` and `response` (`{statusCode, executedVersion, functionError, payload}`, payload as text) are recorded
    before anything is sent; `pending` names the destinations that still wait for the record (`on_success`, `on_failure`,
    `dead_letter`), `sent` those that have it; `send_failures` counts sends that failed.
    """

    id: str
    trigger: str
    route: str
    function: str
    qualifier: str | None
    payload: bytes
    accepted_at: float
    trace_id: str
    due_at: float
    deduplication_id: str | None = None
    group: str | None = None
    hops: int = 0
    parent_id: str | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    retries_used: int = 0
    throttles: int = 0
    invoke_count: int = 0
    starts: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    condition: Condition | None = None
    detail: str = ""
    response: dict[str, Any] | None = None
    pending: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()
    send_failures: int = 0


@dataclass(slots=True)
class Letter:
    """What a destination gets of an ended delivery. `attributes`: `(name, type, value)`, of queues and topics alone.

    `detail_type`, `resources`: for an event bus. `key`: for a bucket.
    """

    body: bytes
    trace_id: str = ""
    attributes: tuple[tuple[str, str, str], ...] = ()
    detail_type: str = ""
    resources: tuple[str, ...] = ()
    key: str = ""


class Fate(StrEnum):
    """What is written of a claimed delivery when its claim ends."""

    DONE = "done"
    """Nothing is left to do: forget it."""
    LATER = "later"
    """Due again at `due_at`, with the progress that it carries."""
    DEAD = "dead"
    """It gave up and no destination has it: kept until someone redrives or purges it, or its retention ends."""


@dataclass(slots=True)
class DeliverySettlement:
    """A claimed delivery with its progress, and its fate."""

    delivery: Delivery
    fate: Fate


@dataclass(slots=True, frozen=True)
class Selection:
    """Which deliveries an operator means; what is None does not count.

    `older_than`: seconds since acceptance. `kind`: the outcome's kind of the last attempt.
    """

    dead: bool | None = None
    trigger: str | None = None
    function: str | None = None
    condition: Condition | None = None
    older_than: float | None = None
    ids: frozenset[str] | None = None
    kind: str | None = None


@dataclass(slots=True, frozen=True)
class Finding:
    """One thing that is wrong with a journal.

    `kind`: `damage` (of the database file itself), `unreadable` (a record that belongs into quarantine), `quarantined` (one
    that is there), `readable` (one that is there, and should not be), `orphan` (a payload or mark without its delivery), `lane`
    (a group that nobody would work on). `number` and `id` say which delivery, where it is one.
    """

    kind: str
    detail: str
    number: int | None = None
    id: str | None = None
    repaired: bool = False
