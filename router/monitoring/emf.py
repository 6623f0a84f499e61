"""Figures in CloudWatch's embedded metric format: one JSON document on a line, which CloudWatch Logs turns into metrics.

Source: semantics/async.md §F.2. A sum is one number, a measurement an array of at most 100 numbers; what is more goes into
documents of its own with the same timestamp and dimensions.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from router import jsontext
from router.monitoring.figures import PERIOD, UNITS, Measured, Series

MOST_VALUES = 100


def lines(taken: Sequence[tuple[Series, Measured]], namespace: str) -> Iterator[bytes]:
    """The documents, each with its line break."""
    for series, measured in taken:
        for figures in _portions(measured):
            yield jsontext.dumps(_document(series, figures, namespace)) + b"\n"


def _document(series: Series, figures: Mapping[str, object], namespace: str) -> dict[str, object]:
    metrics = [{"Name": name, "Unit": UNITS[name], "StorageResolution": PERIOD} for name in figures]
    directive = {
        "Namespace": namespace,
        "Dimensions": [[*names] for names in series.dimension_sets()],
        "Metrics": metrics,
    }
    about = {"Timestamp": series.minute * 1000, "CloudWatchMetrics": [directive]}
    return {"_aws": about, **series.dimensions(), **figures}


def _portions(measured: Measured) -> Iterator[dict[str, object]]:
    """Everything once, with the first hundred of each measurement; then the rest, a hundred at a time."""
    rests = {name: counted.elements() for name, counted in sorted(measured.values.items())}
    portion: dict[str, object] = dict(sorted(measured.sums.items()))
    while True:
        portion |= {name: some for name, rest in rests.items() if (some := [*islice(rest, MOST_VALUES)])}
        if not portion:
            return
        yield portion
        portion = {}
