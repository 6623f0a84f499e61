"""Figures that are added to for every request, as plain numbers; prometheus-client reads them when somebody asks for its page.

Its own counters take a lock, and its histograms walk through their buckets: four times the cost. Everything here belongs to one
event loop. Processes of one daemon tell each other their figures as a `Dump`, and one of them shows the sums.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

Labels = tuple[str | int, ...]
"""Values, in the order of the metric's label names."""

Dump = dict[str, dict[Labels, tuple[float, ...]]]
"""By metric and labels: the one number of a total; of a spread how often each bucket came, and at the end the sum of values."""


@dataclass(slots=True)
class PlainFigures:
    """Every plain metric of one registry, by name."""

    metrics: "dict[str, _Plain]" = field(default_factory=dict)

    def dump(self, *, finished: bool = False) -> Dump:
        """What was counted here. `finished`: without what goes down, because nothing of it is left when a process ends."""
        return {name: dict(plain.own) for name, plain in self.metrics.items() if not (finished and plain.goes_down)}

    def add_others(self, dump: Mapping[str, Mapping[Labels, tuple[float, ...]]]) -> None:
        """What other processes counted: shown in addition, in place of what was shown of them before."""
        for name, plain in self.metrics.items():
            plain.others = dump.get(name, {})


def merged(dumps: Iterable[Dump]) -> Dump:
    """The sums."""
    result: Dump = {}
    for dump in dumps:
        for name, values in dump.items():
            into = result.setdefault(name, {})
            for labels, numbers in values.items():
                known = into.get(labels)
                into[labels] = numbers if known is None else tuple(map(sum, zip(known, numbers, strict=True)))
    return result


class _Plain:
    """What totals and spreads have in common: a `Collector`, by its shape alone, as every class that may be compiled."""

    goes_down = False

    def __init__(self, figures: PlainFigures, registry: CollectorRegistry, name: str, text: str, labels: Sequence[str]) -> None:
        self._described = (name, text)
        self._labels = labels
        self.others: Mapping[Labels, tuple[float, ...]] = {}
        figures.metrics[name] = self
        registry.register(cast(Collector, self))

    @property
    def own(self) -> Mapping[Labels, tuple[float, ...]]:
        """What was counted here."""
        raise AssertionError("each kind says its own")

    def _all(self) -> Mapping[Labels, tuple[float, ...]]:
        return merged([{"": dict(self.own)}, {"": dict(self.others)}]).get("", {}) if self.others else self.own


class Totals(_Plain):
    """A counter, or a gauge: one number for each combination of labels."""

    def __init__(
        self,
        figures: PlainFigures,
        registry: CollectorRegistry,
        name: str,
        text: str,
        labels: Sequence[str],
        *,
        goes_down: bool = False,
    ) -> None:
        self.goes_down = goes_down
        self._values: dict[Labels, float] = {}
        super().__init__(figures, registry, name, text, labels)

    def add(self, *labels: str | int, number: float = 1) -> None:
        """Add to one of them."""
        self._values[labels] = self._values.get(labels, 0.0) + number

    def set(self, value: float, *labels: str | int) -> None:
        """Put a value in place of what was there."""
        self._values[labels] = value

    @property
    def own(self) -> Mapping[Labels, tuple[float, ...]]:
        return {labels: (value,) for labels, value in self._values.items()}

    def collect(self) -> Iterator[Metric]:
        """For prometheus-client."""
        make: Any = GaugeMetricFamily if self.goes_down else CounterMetricFamily
        family = make(*self._described, labels=self._labels)
        for labels, (value,) in self._all().items():
            family.add_metric([*map(str, labels)], value)
        yield family


class Spread(_Plain):
    """A histogram: how often values came, by bucket. `bounds`: the upper ends of the buckets, ascending."""

    def __init__(
        self,
        figures: PlainFigures,
        registry: CollectorRegistry,
        name: str,
        text: str,
        labels: Sequence[str],
        bounds: Sequence[float],
    ) -> None:
        self._bounds = tuple(map(float, bounds))
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}
        super().__init__(figures, registry, name, text, labels)

    def observe(self, value: float, *labels: str | int) -> None:
        """One value; it belongs to the first bucket whose bound is not less."""
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = [0] * (len(self._bounds) + 1)
            self._sums[labels] = 0.0
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[labels] += value

    @property
    def own(self) -> Mapping[Labels, tuple[float, ...]]:
        return {labels: (*counts, self._sums[labels]) for labels, counts in self._counts.items()}

    def collect(self) -> Iterator[Metric]:
        """For prometheus-client."""
        family = HistogramMetricFamily(*self._described, labels=self._labels)
        for labels, (*counts, total) in self._all().items():
            so_far, buckets = 0.0, []
            for bound, count in zip([*map(str, self._bounds), "+Inf"], counts, strict=True):
                so_far += count
                buckets.append((bound, so_far))
            family.add_metric([*map(str, labels)], buckets, total)
        yield family
