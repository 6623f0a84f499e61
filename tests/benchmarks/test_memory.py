"""Growth, and what is said of it."""

import pytest

from benchmarks.memory import growth, verdict


def test_growth_is_the_slope() -> None:
    assert growth([(0, 100), (10, 130), (20, 160)]) == pytest.approx(3.0)
    assert growth([(0, 100), (10, 80), (20, 100), (30, 80)]) == pytest.approx(-0.4)
    for samples in ([], [(5, 1)], [(5, 1), (5, 2)]):
        with pytest.raises(ValueError, match="two samples"):
            growth(samples)


def test_a_pointer_for_each_request_is_found() -> None:
    kept = [(million * 1_000_000, 70_000_000 + million * 8_000_000) for million in range(1, 5)]
    assert verdict(kept) == "It grows: +8.00 bytes a request over 3,000,000 requests."
    noise = [(1_000_000, 70_000_000), (2_000_000, 70_200_000), (3_000_000, 70_100_000)]
    assert verdict(noise) == "No growth: +0.05 bytes a request over 2,000,000 requests."
