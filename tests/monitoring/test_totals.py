"""Plain numbers stand in the exposition as prometheus-client's own metrics would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from router.monitoring.totals import Spread, Totals

BOUNDS = (0.1, 0.5, 1, 5)


@pytest.fixture(autouse=True, scope="module")
def _without_a_line_for_the_time_of_creation() -> None:
    disable_created_metrics()


@given(st.lists(st.tuples(st.sampled_from(["shop", 'a"b\\c\n', ""]), st.floats(0, 10)), max_size=30))
def test_sums_and_spreads_read_the_same_as_the_librarys(seen: list[tuple[str, float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    count, gauge = Totals(ours, "c", "Count.", ["t"]), Totals(ours, "g", "Gauge.", ["t"], goes_down=True)
    spread = Spread(ours, "h", "Spread.", ["t"], BOUNDS)
    their_count, their_gauge = Counter("c", "Count.", ["t"], registry=theirs), Gauge("g", "Gauge.", ["t"], registry=theirs)
    their_spread = Histogram("h", "Spread.", ["t"], buckets=BOUNDS, registry=theirs)
    for name, value in seen:
        count.add(name, number=value)
        their_count.labels(name).inc(value)
        gauge.set(-value, name)
        their_gauge.labels(name).set(-value)
        spread.observe(value, name)
        their_spread.labels(name).observe(value)
    assert generate_latest(ours) == generate_latest(theirs)
