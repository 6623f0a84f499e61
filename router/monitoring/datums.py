"""Figures as requests of PutMetricData, within its limits: semantics/async.md §F.3.

A measurement goes out as values with their counts, so that percentiles work; each combination of dimensions is a datum of its
own.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from router.monitoring.figures import PERIOD, UNITS, Measured, Series, rolled_up

MOST_DATUMS = 1000
MOST_VALUES = 150
MOST_BYTES = 900_000
"""Estimated; a request may have 1 MB."""

_DATUM_BYTES = 400
_VALUE_BYTES = 40


def requests(taken: Sequence[tuple[Series, Measured]], namespace: str) -> Iterator[dict[str, Any]]:
    """The parameters of each call."""
    batch: list[dict[str, Any]] = []
    size = 0
    for datum in _datums(taken):
        weight = _DATUM_BYTES + _VALUE_BYTES * len(datum.get("Values", ()))
        if len(batch) == MOST_DATUMS or size + weight > MOST_BYTES:
            yield {"Namespace": namespace, "MetricData": batch}
            batch, size = [], 0
        batch.append(datum)
        size += weight
    if batch:
        yield {"Namespace": namespace, "MetricData": batch}


def _datums(taken: Sequence[tuple[Series, Measured]]) -> Iterator[dict[str, Any]]:
    for (minute, pairs), measured in rolled_up(taken).items():
        common = {
            "Dimensions": [{"Name": name, "Value": value} for name, value in pairs],
            "Timestamp": datetime.fromtimestamp(minute, UTC),
            "StorageResolution": PERIOD,
        }
        for name, number in sorted(measured.sums.items()):
            yield {"MetricName": name, "Unit": UNITS[name], "Value": float(number), **common}
        for name, counted in sorted(measured.values.items()):
            pending = iter(sorted(counted.items()))
            while some := [*islice(pending, MOST_VALUES)]:
                values = {"Values": [value for value, _ in some], "Counts": [float(count) for _, count in some]}
                yield {"MetricName": name, "Unit": UNITS[name], **values, **common}
