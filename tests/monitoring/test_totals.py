"""Plain numbers stand in the exposition as prometheus-client's own metrics would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest

from router.monitoring.totals import PlainFigures, Spread, Totals, merged

BOUNDS = (0.1, 0.5, 1, 5)


@pytest.fixture(autouse=True, scope="module")
def _without_a_line_for_the_time_of_creation() -> None:
    disable_created_metrics()


@given(st.lists(st.tuples(st.sampled_from(["shop", 'a"b\\c\n', ""]), st.floats(0, 10)), max_size=30))
def test_sums_and_spreads_read_the_same_as_the_librarys(seen: list[tuple[str, float]]) -> None:
    ours, theirs, figures = CollectorRegistry(), CollectorRegistry(), PlainFigures()
    count, gauge = Totals(figures, ours, "c", "Count.", ["t"]), Totals(figures, ours, "g", "Gauge.", ["t"], goes_down=True)
    spread = Spread(figures, ours, "h", "Spread.", ["t"], BOUNDS)
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


def counted(*values: float) -> tuple[CollectorRegistry, PlainFigures]:
    registry, figures = CollectorRegistry(), PlainFigures()
    count, running = Totals(figures, registry, "c", "Count.", ["t"]), Totals(figures, registry, "g", "G.", [], goes_down=True)
    spread = Spread(figures, registry, "h", "Spread.", ["t"], BOUNDS)
    for value in values:
        count.add("shop", number=value)
        running.add(number=1)
        spread.observe(value, "shop")
    return registry, figures


def test_what_other_processes_counted_is_shown_with_the_own_and_never_twice() -> None:
    registry, figures = counted(1.0, 2.0)
    dumps = [counted(4.0)[1].dump(), counted(0.5, 0.25)[1].dump(finished=True)]
    figures.add_others(merged(dumps))
    figures.add_others(merged(dumps))
    expected, _ = counted(1.0, 2.0, 4.0, 0.5, 0.25)
    shown, wanted = generate_latest(registry).decode(), generate_latest(expected).decode()
    assert shown.replace("g 3.0", "g 5.0") == wanted, "the process that ended runs nothing"
