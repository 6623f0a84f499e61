"""Durations (`1h30m`, `250ms`) to seconds and sizes (`6MiB`) to bytes."""

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")
_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(B|KiB|MiB|GiB|KB|MB|GB)")


def duration(text: str) -> float:
    """Seconds. Raises ValueError where the text is no duration."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is no duration")
    return round(sum(float(number) * _SECONDS[unit] for number, unit in parts), 6)


def size(text: str) -> int:
    """Bytes, rounded down. Raises ValueError where the text is no size."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no size")
    number, unit = match.groups()
    return int(number) * _BYTES[unit] if "." not in number else int(float(number) * _BYTES[unit])


def duration_text(seconds: float) -> str:
    """Seconds as a configuration writes them, in the largest unit that divides them: `29s`, `15m`, `50ms`."""
    for unit in ("d", "h", "m", "s"):
        number = seconds / _SECONDS[unit]
        if number >= 1 and number.is_integer():
            return f"{int(number)}{unit}"
    return f"{seconds * 1000:g}ms" if seconds < 1 else f"{seconds:g}s"


def size_text(number: int) -> str:
    """Bytes as a configuration writes them: `6MiB`, `262144B` where no unit divides them."""
    for unit in ("GiB", "MiB", "KiB"):
        if number and number % _BYTES[unit] == 0:
            return f"{number // _BYTES[unit]}{unit}"
    return f"{number}B"
