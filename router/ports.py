"""The ports: what the inside asks of the outside world, two to five methods each. Their fakes are in `router.fakes`."""

from typing import Protocol

from router.batches import Message
from router.model import Invocation, Origin, OriginRequest, OriginResponse, Reply, Request, Trigger
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

    def unmatched(self, listener: str) -> None:
        """No trigger claims a request on this listener."""
        ...
