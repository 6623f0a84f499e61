"""Times as senders write them, of epoch seconds."""

from datetime import UTC, datetime


def whole(seconds: float) -> str:
    """`2026-03-01T02:00:00Z`."""
    return f"{_at(seconds):%Y-%m-%dT%H:%M:%S}Z"


def milliseconds(seconds: float) -> str:
    """`2026-03-01T02:00:00.123Z`."""
    return f"{_at(seconds):%Y-%m-%dT%H:%M:%S}.{_at(seconds).microsecond // 1000:03d}Z"


def microseconds(seconds: float) -> str:
    """`2026-03-01T02:00:00.123456Z`."""
    return f"{_at(seconds):%Y-%m-%dT%H:%M:%S.%f}Z"


def epoch_milliseconds(seconds: float) -> str:
    """`1772330400123`."""
    return str(int(seconds * 1000))


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
