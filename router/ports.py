"""The ports: what the inside asks of the outside world, two to five methods each. Their fakes are in `router.fakes`."""

from collections.abc import Collection, Sequence
from typing import Protocol

from router.batches import Batch, EventCount, Message, QueueFacts
from router.deliveries import (
    Acceptance,
    Condition,
    Delivery,
    DeliverySettlement,
    Durability,
    Fate,
    Finding,
    Letter,
    Receipt,
    Selection,
)
from router.functions import DestinationAddress
from router.model import Fetch, Invocation, Origin, OriginRequest, OriginResponse, Reply, Request, Trigger
from router.outcome import Outcome


class Clock(Protocol):
    """Wall time and monotonic time, so that tests can set both."""

    def now(self) -> float:
        """Epoch seconds."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...


class Invoker(Protocol):
    """Carries attempts out. One call is one attempt: an invoker never repeats one that may have run."""

    async def invoke(self, invocation: Invocation) -> Outcome:
        """The outcome, by `invocation.timeout` at the latest. Raises nothing but `asyncio.CancelledError`.

        Neither the deadline nor a cancelled caller stops the function: it goes on, and its late answer is dropped.
        """
        ...

    async def close(self) -> None:
        """Let go of processes and connections. Called once, after the last `invoke` has returned or was given up."""
        ...


class Forwarder(Protocol):
    """Passes requests on to origins."""

    async def resolve(self, origin: Origin) -> None:
        """Raises `OriginUnreachable` where the origin's name does not resolve."""
        ...

    async def forward(self, request: OriginRequest) -> OriginResponse:
        """The head of the origin's answer. Raises `OriginError`s, and what reading the caller's body raises.

        The caller's body may still be on its way when the answer comes; closing the answer's stream gives it up.
        """
        ...

    async def close(self) -> None:
        """Let go of every connection. Called once."""
        ...


class Fetcher(Protocol):
    """Gets what a sender's URL names, where the rules allow that."""

    async def fetch(self, step: Fetch) -> bytes:
        """The body of a 200. Raises `FetchFailed`; nothing is tried twice."""
        ...

    async def close(self) -> None:
        """Let go of connections. Called once."""
        ...


class Activities(Protocol):
    """One activity of Step Functions, as its worker sees it. Every method raises `SourceError`s.

    Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html and semantics/sync.md §11.1.
    """

    async def get_task(self) -> Message | None:
        """A task, or None where none came within the minute that Step Functions waits. A cancelled call may lose a task."""
        ...

    async def succeed(self, token: str, output: str) -> None:
        """The task's output, JSON text of at most 262144 bytes."""
        ...

    async def fail(self, token: str, error: str, cause: str) -> None:
        """Why the task failed: at most 256 and 32768 characters."""
        ...

    async def heartbeat(self, token: str) -> None:
        """The task is still being worked on."""
        ...

    async def close(self) -> None:
        """Let go of connections. Called once, after the last call has returned."""
        ...


class Appender(Protocol):
    """The end of the durable queue at which deliveries go in."""

    async def append(self, deliveries: Sequence[Delivery], durability: Durability) -> list[Receipt]:
        """Keep them, in one commit; returns after it, in the same order. Raises `Unavailable` where it is full or broken.

        A delivery whose `deduplication_id` was accepted before for its trigger and route, within the window, is a duplicate
        and is not kept again.
        """
        ...


class Journal(Appender, Protocol):
    """The durable queue of deliveries. Nothing here assumes one process, a total order, or a local clock in the keys.

    Claims live in memory under the owner's epoch: what was claimed and not settled when the owner died is due again.
    """

    async def claim(self, now: float, limit: int, without: Collection[str]) -> list[Delivery]:
        """Up to `limit` deliveries that are due, fairly over functions, none of the functions `without`.

        Of each `group` only the oldest that is not settled, and never two at once.
        """
        ...

    async def settle(self, settlements: Sequence[DeliverySettlement]) -> None:
        """Write what became of claimed deliveries, in one commit, and let go of the claims."""
        ...

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        """Write progress of claimed deliveries (an outcome before its record is sent) without letting go of the claims."""
        ...

    async def wait(self, until: float | None) -> None:
        """Return when something may be claimable: something was appended or put back, or the clock reached `until`."""
        ...


class JournalAdmin(Protocol):
    """What an operator does with the journal: on a running daemon, or offline."""

    async def select(self, selection: Selection, limit: int, after: str | None) -> list[Delivery]:
        """Deliveries in order of acceptance, after the one with this id."""
        ...

    async def count(self, selection: Selection) -> int:
        """How many there are."""
        ...

    async def redrive(self, ids: Sequence[str], now: float) -> int:
        """Make dead letters due again, as new deliveries that know their parent; returns how many."""
        ...

    async def purge(self, ids: Sequence[str]) -> int:
        """Forget dead letters; returns how many."""
        ...

    async def check(self) -> list[Finding]:
        """What is wrong with it, as far as reading shows. Takes time on a large one."""
        ...


class Store(Protocol):
    """What must survive beside deliveries: schedule cursors, confirmed subscriptions. Values are small."""

    async def get(self, room: str, key: str) -> bytes | None:
        """The value, or None."""
        ...

    async def put(self, room: str, key: str, value: bytes, expires: float | None = None) -> None:
        """Keep the value durably, until `expires` (epoch seconds) where it is given."""
        ...

    async def put_if(self, room: str, key: str, expected: bytes | None, value: bytes) -> bool:
        """Keep the value if the present one is `expected`; whether it was. What several processes agree by."""
        ...


class Acceptor(Protocol):
    """Makes events durable for a conversation: what performs an `Accept`."""

    async def accept(self, trigger: Trigger, request: Request | Batch, acceptances: Sequence[Acceptance]) -> list[Receipt]:
        """Keep them, in one commit, with the trigger's durability; the receipts in the same order. Raises `Unavailable`."""
        ...


class Destinations(Protocol):
    """Queues, topics, event buses and buckets that are told about ended deliveries."""

    async def send(self, address: DestinationAddress, letter: Letter) -> None:
        """Returns when the destination has it. Raises `DestinationError`, which says whether repeating can help."""
        ...


class DeliveryMetrics(Protocol):
    """Figures of asynchronous deliveries; names in AWS's words are those of semantics/async.md §F.1."""

    def event_accepted(self, trigger: str, function: str) -> None:
        """AsyncEventsReceived: an event is in the journal."""
        ...

    def attempt_started(self, trigger: str, function: str, age: float) -> None:
        """AsyncEventAge: `age` seconds after its acceptance an attempt begins."""
        ...

    def event_dropped(self, trigger: str, function: str, condition: Condition) -> None:
        """AsyncEventsDropped: a delivery gave up. With `Condition.LOOP` also RecursiveInvocationsDropped."""
        ...

    def send_failed(self, trigger: str, function: str, destination: str) -> None:
        """DeadLetterErrors for `dead_letter`, else DestinationDeliveryFailures (`on_success`, `on_failure`): a send failed."""
        ...

    def event_settled(self, trigger: str, function: str, fate: Fate) -> None:
        """A delivery left the queue: `DONE`, or `DEAD` where it stays in the journal as a dead letter."""
        ...


class Queue(Protocol):
    """One SQS queue. Every method raises `SourceError`s."""

    async def describe(self) -> QueueFacts:
        """What the queue says of itself."""
        ...

    async def receive(self, limit: int, wait: float, visibility: float | None) -> list[Message]:
        """Up to `limit` (10) messages, waiting for the first up to `wait` seconds. A cancelled call may leave some hidden."""
        ...

    async def delete(self, handles: Sequence[str]) -> list[str]:
        """Delete up to 10 messages; the handles that could not be."""
        ...

    async def change_visibility(self, handles: Sequence[str], seconds: float) -> list[str]:
        """Keep up to 10 messages hidden for so long from now; the handles that could not be. 0: give them back."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class PollMetrics(Protocol):
    """Figures of triggers that are polled."""

    def batch_started(self, trigger: str) -> None:
        """Messages came and are being worked on."""
        ...

    def batch_finished(self, trigger: Trigger, status: str, error: str | None, seconds: float, waited: float) -> None:
        """What became of them, after `seconds`, of which `waited` were spent waiting for functions.

        `status`: `completed`, `rejected`, or `dropped` where the source was not told. `error`: its class, where one is set.
        """
        ...

    def source_failed(self, trigger: str, operation: str, code: str) -> None:
        """A call of the source failed. `operation`: `poll`, `settle` or `heartbeat`."""
        ...

    def events_counted(self, trigger: str, what: EventCount, number: int) -> None:
        """So many messages of a queue were polled, filtered out, …"""
        ...


class HealthMetrics(Protocol):
    """Figures of targets whose health is checked."""

    def target_health(self, trigger: str, target: str, healthy: bool) -> None:
        """A target became healthy or unhealthy."""
        ...


class Metrics(Protocol):
    """Figures per trigger. Cheap: called for every request."""

    def request_started(self, trigger: str) -> None:
        """A request was routed to this trigger and is being worked on."""
        ...

    def request_finished(self, trigger: Trigger, request: Request, reply: Reply, seconds: float, waited: float) -> None:
        """Answered after `seconds`, of which `waited` were spent waiting for functions."""
        ...

    def invocation_finished(self, trigger: str, function: str, outcome: Outcome) -> None:
        """One attempt ended."""
        ...

    def remarked(self, trigger: str, name: str) -> None:
        """A conversation said something that is no error: `filtered`, `subscription_confirmed`, …"""
        ...

    def unmatched(self, listener: str) -> None:
        """No trigger claims a request on this listener."""
        ...
