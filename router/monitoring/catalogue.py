"""Which figures a configuration sends to CloudWatch, so that alarms, dashboards and the bill can be made from it. No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass

from router.batches import EventCount, QueueSource
from router.functions import AsyncPolicy
from router.model import Function, Trigger
from router.monitoring.figures import Series
from router.settings import Config

_RUNS = ("Invocations", "Errors", "Duration")
_ATTEMPTS = ("Throttles", "SystemErrors")
_HAND_OVERS = ("InvocationAttempts", "SuccessfulInvocationAttempts")
_ACCEPTED = ("AsyncEventsReceived", "AsyncEventAge", "AsyncEventsDropped", "RecursiveInvocationsDropped")
_SENDS = ("DeadLetterErrors", "DestinationDeliveryFailures")

Metric = tuple[str, tuple[tuple[str, str], ...]]
"""A name, and its dimensions."""


@dataclass(slots=True, frozen=True)
class Pair:
    """A trigger and a function that it calls.

    `runs`: the router sees the function's outcome. `accepts`: events are kept in the journal first. `policy`: how they are
    delivered; with `delegated` they are handed over to Lambda.
    """

    trigger: Trigger
    function: Function
    policy: AsyncPolicy
    runs: bool
    accepts: bool

    @property
    def delegated(self) -> bool:
        """Whether Lambda owns what happens to accepted events."""
        return self.accepts and _is_delegated(self.function, self.policy)

    def metrics(self) -> tuple[str, ...]:
        """The names of its figures."""
        policy = self.policy
        told = any((policy.on_success, policy.on_failure, policy.dead_letter))
        return (
            *(_RUNS if self.runs else ()),
            *_ATTEMPTS,
            *(_HAND_OVERS if self.delegated else ()),
            *(_ACCEPTED if self.accepts else ()),
            *(_SENDS if told and self.accepts and not self.delegated else ()),
        )


def pairs(config: Config) -> Iterator[Pair]:
    """Every trigger with every function that it calls."""
    for trigger in config.triggers:
        for name in trigger.functions:
            function = config.functions[name]
            policy = trigger.policies.get(name, function.policy)
            waits = "sync" in trigger.invocation or not trigger.accepts
            managed = trigger.accepts and not _is_delegated(function, policy)
            yield Pair(trigger, function, policy, waits or managed, trigger.accepts)


def queues(config: Config) -> Iterator[tuple[Trigger, QueueSource]]:
    """Every trigger that polls a queue as an event source mapping, with the queue."""
    for trigger in config.triggers:
        source = trigger.type.source(trigger.built) if trigger.type.source is not None else None
        if isinstance(source, QueueSource):
            yield trigger, source


def metrics(config: Config) -> set[Metric]:
    """Every metric that CloudWatch will hold, as its name and dimensions: what is paid for."""
    found: set[Metric] = {("Heartbeat", ())}
    for pair in pairs(config):
        found |= _of(Series(0, pair.trigger.name, pair.function.name), pair.metrics())
        if pair.runs:
            found |= _of(Series(0, "", pair.function.name), ("ConcurrentExecutions",))
    for trigger, _ in queues(config):
        found |= _of(Series(0, trigger.name), tuple(count.value for count in EventCount))
    return found


def _of(series: Series, names: tuple[str, ...]) -> set[Metric]:
    known = series.dimensions()
    return {(name, tuple((key, known[key]) for key in keys)) for name in names for keys in series.dimension_sets()}


def _is_delegated(function: Function, policy: AsyncPolicy) -> bool:
    """As `run` without `--local` decides it."""
    return (policy.delivery or ("delegated" if function.declared_arn else "managed")) == "delegated"
