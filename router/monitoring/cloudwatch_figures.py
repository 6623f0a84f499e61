"""What happens in the daemon as CloudWatch's figures: AWS's names for AWS's meanings (semantics/async.md §F.1, §B.8)."""

from collections import Counter

from router.batches import EventCount
from router.deliveries import Condition, Fate
from router.model import Invocation
from router.monitoring.figures import Figures
from router.outcome import Outcome, OutcomeKind
from router.ports import Clock

_RAN = frozenset({OutcomeKind.OK, OutcomeKind.FUNCTION_ERROR, OutcomeKind.TIMEOUT})
_HAND_OVER = "Event"
_NO_INVOCATION = "DryRun"


class CloudWatchFigures:
    """The port `DeliveryMetrics`, the part of `PollMetrics` that CloudWatch knows, and an `Observer` of invocations."""

    def __init__(self, figures: Figures, clock: Clock) -> None:
        self._figures = figures
        self._clock = clock
        self._running: Counter[str] = Counter()

    def invocation_started(self, invocation: Invocation) -> None:
        """ConcurrentExecutions: the number that runs from now on."""
        if invocation.type == "RequestResponse":
            name = invocation.function.name
            self._running[name] += 1
            self._figures.observe("ConcurrentExecutions", self._running[name], self._clock.now(), function=name)

    def invocation_ended(self, invocation: Invocation, outcome: Outcome | None, seconds: float) -> None:
        """Throttled requests are no invocations; a hand-over is counted by Lambda itself once the function runs."""
        if invocation.type == "RequestResponse":
            self._running[invocation.function.name] -= 1
        if outcome is None or invocation.type == _NO_INVOCATION:
            return
        where = (self._clock.now(), invocation.trigger, invocation.function.name)
        count = self._figures.count
        count("Throttles", *where, outcome.kind is OutcomeKind.THROTTLED)
        ran = outcome.kind in _RAN
        count("SystemErrors", *where, not ran and outcome.kind is not OutcomeKind.THROTTLED)
        if invocation.type == _HAND_OVER:
            count("InvocationAttempts", *where)
            count("SuccessfulInvocationAttempts", *where, outcome.kind is OutcomeKind.OK)
        elif ran:
            count("Invocations", *where)
            count("Errors", *where, outcome.kind is not OutcomeKind.OK)
            self._figures.observe("Duration", seconds * 1000, *where)

    def event_accepted(self, trigger: str, function: str) -> None:
        self._figures.count("AsyncEventsReceived", self._clock.now(), trigger, function)

    def attempt_started(self, trigger: str, function: str, age: float) -> None:
        self._figures.observe("AsyncEventAge", age * 1000, self._clock.now(), trigger, function)

    def event_dropped(self, trigger: str, function: str, condition: Condition) -> None:
        self._figures.count("AsyncEventsDropped", self._clock.now(), trigger, function)
        if condition is Condition.LOOP:
            self._figures.count("RecursiveInvocationsDropped", self._clock.now(), trigger, function)

    def send_failed(self, trigger: str, function: str, destination: str) -> None:
        name = "DeadLetterErrors" if destination == "dead_letter" else "DestinationDeliveryFailures"
        self._figures.count(name, self._clock.now(), trigger, function)

    def event_settled(self, trigger: str, function: str, fate: Fate) -> None:
        """AWS has no such figure."""

    def events_counted(self, trigger: str, what: EventCount, number: int) -> None:
        self._figures.count(what.value, self._clock.now(), trigger, number=number)
