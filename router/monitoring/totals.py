"""Figures that are added to for every request, as plain numbers; prometheus-client reads them when somebody asks for its page.

Its own counters take a lock, and its histograms walk through their buckets: four times the cost. Everything here belongs to one
event loop.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

Labels = tuple[str | int, ...]
"""Values, in the order of the metric's label names."""


class Totals(Collector):
    """A counter, or a gauge: one number for each combination of labels."""

    def __init__(
        self, registry: CollectorRegistry, name: str, text: str, labels: Sequence[str], *, goes_down: bool = False
    ) -> None:
        self._family = GaugeMetricFamily if goes_down else CounterMetricFamily
        self._described = (name, text)
        self._labels = labels
        self._values: dict[Labels, float] = {}
        registry.register(self)

    def add(self, *labels: str | int, number: float = 1) -> None:
        """Add to one of them."""
        self._values[labels] = self._values.get(labels, 0.0) + number

    def set(self, value: float, *labels: str | int) -> None:
        """Put a value in place of what was there."""
        self._values[labels] = value

    def collect(self) -> Iterator[Metric]:
        """For prometheus-client."""
        family = self._family(*self._described, labels=self._labels)
        for labels, value in self._values.items():
            family.add_metric([*map(str, labels)], value)
        yield family


class Spread(Collector):
    """A histogram: how often values came, by bucket. `bounds`: the upper ends of the buckets, ascending."""

    def __init__(
        self, registry: CollectorRegistry, name: str, text: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> None:
        self._described = (name, text)
        self._labels = labels
        self._bounds = tuple(map(float, bounds))
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}
        registry.register(self)

    def observe(self, value: float, *labels: str | int) -> None:
        """One value; it belongs to the first bucket whose bound is not less."""
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = [0] * (len(self._bounds) + 1)
            self._sums[labels] = 0.0
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[labels] += value

    def collect(self) -> Iterator[Metric]:
        """For prometheus-client."""
        family = HistogramMetricFamily(*self._described, labels=self._labels)
        for labels, counts in self._counts.items():
            so_far, buckets = 0, []
            for bound, count in zip([*map(str, self._bounds), "+Inf"], counts, strict=True):
                so_far += count
                buckets.append((bound, float(so_far)))
            family.add_metric([*map(str, labels)], buckets, self._sums[labels])
        yield family
