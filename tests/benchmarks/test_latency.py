"""Added latency: one percentile less the other, and what makes a row doubtful."""

from typing import Any

import pytest

from benchmarks.latency import Point, table


def seen(p50: float, p99: float, rare: float | None = None, late: float = 0.0, rate: float = 100.0) -> dict[str, float]:
    told = {"p50_ms": p50, "p99_ms": p99, "late_p99_ms": late, "rate": rate, "asked": 100.0}
    return told if rare is None else {**told, "p999_ms": rare}


def test_added_is_the_difference_of_medians() -> None:
    rounds = [seen(1.0, 4.0, 9.0), seen(5.0, 6.0, 7.0), seen(2.0, 5.0, 8.0)]
    figures = Point(0.5, 1000.0, rounds, [seen(0.5, 1.0, 2.0)]).figures()
    assert figures["measured"] == [2.0, 5.0, 8.0]
    assert figures["added"] == [1.5, 4.0, 6.0]
    assert (figures["late"], figures["kept_up"]) == (False, True)


def test_a_stub_that_is_late_itself_makes_a_row_doubtful() -> None:
    figures = [Point(0.5, 1000.0, [seen(2.0, 4.0)], [seen(0.5, late)]).figures() for late in (1.9, 2.1)]
    assert [each["late"] for each in figures] == [False, True]


@pytest.mark.parametrize(
    ("mine", "late", "kept_up", "mark"),
    [
        (seen(2.0, 4.0, late=2.1), True, True, "50%† |"),
        (seen(2.0, 4.0, late=1.9), False, True, "50% |"),
        (seen(2.0, 4.0, rate=96.0), False, False, "50%‡ |"),
    ],
)
def test_doubtful_rows_are_marked(mine: dict[str, float], late: bool, kept_up: bool, mark: str) -> None:
    figures: dict[str, Any] = Point(0.5, 1000.0, [mine], [seen(0.5, 1.0)]).figures()
    assert (figures["late"], figures["kept_up"]) == (late, kept_up)
    text = table([("Envoy", [figures])])
    assert f"| Envoy | {mark} 1,000 | 1.50 / 3.00 / – | 2.00 / 4.00 / – | 0.50 / 1.00 / – |" in text
    assert ("†" in text.partition("|\n\n")[2], "‡" in text.partition("|\n\n")[2]) == (late, not kept_up)
