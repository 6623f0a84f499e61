"""How many batches are worked on at the same time, as time goes by."""

import pytest

from router.ingress.queue_scaling import Scaling


def limits(scaling: Scaling, *times: float) -> list[int]:
    """The limit after each time at which all are busy."""
    found = []
    for now in times:
        scaling.all_busy(now)
        found.append(scaling.limit)
    return found


def test_it_grows_as_the_pollers_of_aws_do() -> None:
    assert limits(Scaling(None, 0.0), 0.1, 0.2, 1.0, 2.0, 3.0, 4.0) == [5, 6, 10, 15, 20, 25]


def test_it_never_more_than_doubles_at_once() -> None:
    assert limits(Scaling(None, 0.0), 3600.0, 3601.0) == [10, 15]


@pytest.mark.parametrize(("max_concurrency", "most"), [(None, 1250), (1000, 1000), (7, 7), (2, 2)])
def test_it_has_a_ceiling(max_concurrency: int | None, most: int) -> None:
    assert limits(Scaling(max_concurrency, 0.0), *map(float, range(1, 600)))[-1] == most


@pytest.mark.parametrize(("max_concurrency", "least"), [(None, 2), (1000, 5), (3, 3)])
def test_it_shrinks_while_nothing_comes(max_concurrency: int | None, least: int) -> None:
    scaling = Scaling(max_concurrency, 0.0)
    limits(scaling, 1.0, 2.0)
    for _ in range(50):
        scaling.idle()
    assert scaling.limit == least


def test_failures_halve_it_once_for_what_was_under_way() -> None:
    scaling = Scaling(None, 0.0)
    limits(scaling, 3.0)
    scaling.failed(began=3.0, now=4.0)
    assert scaling.limit == 5
    scaling.failed(began=3.5, now=5.0)
    assert scaling.limit == 5
    for began in (5.0, 6.0, 7.0, 8.0):
        scaling.failed(began, began + 0.5)
    assert scaling.limit == 1


def test_it_recovers_by_a_quarter_a_minute() -> None:
    scaling = Scaling(16, 0.0)
    limits(scaling, 4.0, 8.0)
    scaling.failed(began=9.0, now=10.0)
    assert limits(scaling, 69.0, 70.0, 129.0, 130.0, 191.0, 260.0) == [8, 10, 10, 12, 15, 16]


def test_an_unreachable_queue_is_polled_alone() -> None:
    scaling = Scaling(None, 0.0)
    limits(scaling, 1.0)
    scaling.unreachable()
    assert scaling.limit == 1
    scaling.reachable()
    assert scaling.limit == 5
