"""Figures for CloudWatch, gathered by minute: sums of counts, and how often each value of a measurement came. No I/O.

Names and units are AWS's where AWS has the figure (semantics/async.md §F.1, §B.8, §D.13); `Heartbeat` and `SystemErrors` are
ours. Measurements are kept to three significant digits: that bounds what a busy minute can hold, and moves no percentile by
more than half a percent.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

PERIOD = 60
"""Seconds: CloudWatch's standard resolution."""
MOST_SERIES = 10_000
"""Combinations of minute, trigger and function that wait at most; more than that are counted as dropped."""

UNITS = {
    "Invocations": "Count",
    "Errors": "Count",
    "Throttles": "Count",
    "SystemErrors": "Count",
    "Duration": "Milliseconds",
    "ConcurrentExecutions": "Count",
    "AsyncEventsReceived": "Count",
    "AsyncEventAge": "Milliseconds",
    "AsyncEventsDropped": "Count",
    "DeadLetterErrors": "Count",
    "DestinationDeliveryFailures": "Count",
    "RecursiveInvocationsDropped": "Count",
    "InvocationAttempts": "Count",
    "SuccessfulInvocationAttempts": "Count",
    "PolledEventCount": "Count",
    "FilteredOutEventCount": "Count",
    "InvokedEventCount": "Count",
    "FailedInvokeEventCount": "Count",
    "DeletedEventCount": "Count",
    "Heartbeat": "Count",
}


@dataclass(slots=True, frozen=True, order=True)
class Series:
    """Whose figures, and of which minute (epoch seconds). Empty text: not told apart by that."""

    minute: int
    trigger: str = ""
    function: str = ""

    def dimension_sets(self) -> tuple[tuple[str, ...], ...]:
        """The combinations of dimensions under which CloudWatch shows these figures."""
        if self.trigger and self.function:
            return (("FunctionName", "TriggerName"), ("FunctionName",), ())
        if self.function:
            return (("FunctionName",),)
        return (("TriggerName",),) if self.trigger else ((),)

    def dimensions(self) -> dict[str, str]:
        """Every dimension that has a value."""
        named = {"FunctionName": self.function, "TriggerName": self.trigger}
        return {name: value for name, value in named.items() if value}


@dataclass(slots=True)
class Measured:
    """What was gathered: sums by metric, and for measurements how often each value came."""

    sums: Counter[str] = field(default_factory=Counter)
    values: defaultdict[str, Counter[float]] = field(default_factory=lambda: defaultdict(Counter))

    def merge(self, other: "Measured") -> None:
        """Add what the other one has."""
        self.sums.update(other.sums)
        for name, counted in other.values.items():
            self.values[name].update(counted)


class Figures:
    """Gathers, until `take` hands it over."""

    def __init__(self) -> None:
        self.dropped = 0
        self._measured: dict[Series, Measured] = {}

    def count(self, name: str, now: float, trigger: str = "", function: str = "", number: int = 1) -> None:
        """Add to a sum; 0 makes the metric known."""
        measured = self._of(now, trigger, function)
        if measured is not None:
            measured.sums[name] += number

    def observe(self, name: str, value: float, now: float, trigger: str = "", function: str = "") -> None:
        """One measurement, in the metric's unit."""
        measured = self._of(now, trigger, function)
        if measured is not None:
            measured.values[name][float(f"{value:.3g}")] += 1

    def take(self, before: float | None = None) -> list[tuple[Series, Measured]]:
        """What lies in minutes that ended by `before` (None: everything), in order; it is gone from here."""
        ripe = sorted(series for series in self._measured if before is None or series.minute + PERIOD <= before)
        return [(series, self._measured.pop(series)) for series in ripe]

    def _of(self, now: float, trigger: str, function: str) -> Measured | None:
        series = Series(int(now // PERIOD) * PERIOD, trigger, function)
        measured = self._measured.get(series)
        if measured is None:
            if len(self._measured) >= MOST_SERIES:
                self.dropped += 1
                return None
            measured = self._measured[series] = Measured()
        return measured


def rolled_up(taken: Sequence[tuple[Series, Measured]]) -> dict[tuple[int, tuple[tuple[str, str], ...]], Measured]:
    """By minute and dimensions (`((name, value), …)`), every combination added up."""
    found: dict[tuple[int, tuple[tuple[str, str], ...]], Measured] = {}
    for series, measured in taken:
        known = series.dimensions()
        for names in series.dimension_sets():
            key = (series.minute, tuple((name, known[name]) for name in names))
            found.setdefault(key, Measured()).merge(measured)
    return found
