"""Durations and sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config.units import duration, duration_text, size, size_text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("30s", 30.0), ("5m", 300.0), ("6h", 21600.0), ("7d", 604800.0), ("1h30m", 5400.0), ("0.5s", 0.5)],
)
def test_durations(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "s", "30 s", "-1s", "1h 30m", "30S", "1y", "1.s"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "bytes_"),
    [
        ("512B", 512),
        ("256KiB", 262144),
        ("6MiB", 6291456),
        ("1GiB", 1073741824),
        ("1KB", 1000),
        ("1.5KiB", 1536),
        ("2GB", 2 * 10**9),
    ],
)
def test_sizes(text: str, bytes_: int) -> None:
    assert size(text) == bytes_


@pytest.mark.parametrize("text", ["", "6", "MiB", "6 MiB", "6mib", "-1B", "6M"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="no size"):
        size(text)


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 999))
def test_parts_add_up(minutes: int, seconds: int, milliseconds: int) -> None:
    text = f"{minutes}m{seconds}s{milliseconds}ms"
    assert duration(text) == pytest.approx(minutes * 60 + seconds + milliseconds / 1000)


@given(st.integers(0, 10**15))
def test_bytes_are_exact(number: int) -> None:
    assert size(f"{number}B") == number
    assert size(f"{number}KiB") == number * 1024


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.05, "50ms"),
        (0.0, "0ms"),
        (1.0, "1s"),
        (29.0, "29s"),
        (60.0, "1m"),
        (90.0, "90s"),
        (5400.0, "90m"),
        (86400.0, "1d"),
        (1.5, "1.5s"),
    ],
)
def test_durations_are_written_as_one_would(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
    assert duration(text) == seconds


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0B"), (1, "1B"), (1000, "1000B"), (1024, "1KiB"), (6291456, "6MiB"), (2**30, "1GiB")]
)
def test_sizes_are_written_as_one_would(number: int, text: str) -> None:
    assert size_text(number) == text
    assert size(text) == number


def test_endless_durations_are_written_somehow() -> None:
    assert duration_text(float("inf")) == "infs"
