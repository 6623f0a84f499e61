"""How options are read: each function makes a value of what was written, or raises ValueError that says what is wanted."""

import json
import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from router import jsontext


def text(given: Any) -> str:
    """Text; a number or a flag as JSON writes it."""
    if isinstance(given, str):
        return given
    if isinstance(given, bool | int | float):
        return json.dumps(given)
    raise ValueError(f"text is wanted, not {_shown(given)}")


def content(given: Any) -> str:
    """Text as it is; everything else as JSON."""
    return given if isinstance(given, str) else compact(given)


def anything(given: Any) -> Any:
    """Any JSON value; text that is JSON is read as JSON."""
    if not isinstance(given, str):
        return given
    try:
        return jsontext.loads(given, constants=False)
    except ValueError:
        return given


def number(given: Any) -> int:
    """A whole number, not negative."""
    if isinstance(given, str) and given.isascii() and given.isdigit():
        return int(given)
    if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
        return given
    raise ValueError(f"a whole number is wanted, not {_shown(given)}")


def up_to(most: int) -> Callable[[Any], int]:
    """A whole number from 1 on."""

    def read(given: Any) -> int:
        value = number(given)
        if not 1 <= value <= most:
            raise ValueError(f"a number from 1 to {most} is wanted, not {_shown(given)}")
        return value

    return read


def flag(given: Any) -> bool:
    """True or false."""
    if isinstance(given, bool):
        return given
    if given in ("true", "false"):
        return bool(given == "true")
    raise ValueError(f"`true` or `false` is wanted, not {_shown(given)}")


def mapping(given: Any) -> Mapping[str, Any]:
    """A JSON object, as such or as text."""
    value = anything(given)
    if not isinstance(value, dict):
        raise ValueError(f"a map is wanted, not {_shown(given)}")
    return value


def text_map(given: Any) -> dict[str, str]:
    """A map whose values are text."""
    return {name: text(value) for name, value in mapping(given).items()}


def texts(given: Any) -> tuple[str, ...]:
    """A list of text; one alone, or several with commas between them, may be written as text."""
    value = anything(given)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(map(text, value))
    return tuple(part.strip() for part in text(value).split(","))


def pairs(given: Any) -> tuple[tuple[str, str], ...]:
    """Names and values, of a map whose values may be lists: each element is a pair of its own."""
    found: list[tuple[str, str]] = []
    for name, value in mapping(given).items():
        found += ((name, text(each)) for each in (value if isinstance(value, list) else [value]))
    return tuple(found)


def base64(given: Any) -> bytes:
    """Bytes, written as base64."""
    try:
        return b64decode(text(given), validate=True)
    except (Error, ValueError):
        raise ValueError("base64 is wanted") from None


def moment(given: Any) -> float:
    """Epoch seconds, as such or as `2026-03-01T02:00:00Z`."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return _in_calendar(float(given))
    try:
        return _in_calendar(float(text(given)))
    except ValueError:
        pass
    try:
        read = datetime.fromisoformat(text(given))
    except ValueError:
        raise ValueError(f"a time such as `2026-03-01T02:00:00Z` is wanted, not {_shown(given)}") from None
    return read.replace(tzinfo=read.tzinfo or UTC).timestamp()


def _in_calendar(seconds: float) -> float:
    if not 0 <= seconds < 253_402_300_800:
        raise ValueError("the time is not between the years 1970 and 9999")
    return seconds


def one_of(*words: str) -> Callable[[Any], str]:
    """One of these words."""

    def read(given: Any) -> str:
        if given in words:
            return str(given)
        raise ValueError(f"one of {', '.join(f'`{word}`' for word in words)} is wanted, not {_shown(given)}")

    return read


def matching(pattern: str, words: str) -> Callable[[Any], str]:
    """Text that fits a regular expression; `words`: what that is, for people."""

    def read(given: Any) -> str:
        value = text(given)
        if re.fullmatch(pattern, value) is None:
            raise ValueError(f"{words} is wanted, not {_shown(given)}")
        return value

    return read


method = matching(r"[A-Z]{1,20}", "a method in capitals")
target_path = matching(r"/[!\"$->@-~]*", "a path that begins with `/`, percent-encoded, without query")
host_name = matching(r"[A-Za-z0-9._\-\[\]:]+", "a host name")


def compact(value: Any) -> str:
    """JSON text without spaces; characters beyond ASCII stay as they are."""
    return jsontext.dumps(value).decode("utf-8", "surrogatepass")


def _shown(value: Any) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return f"`{shown if len(shown) <= 60 else f'{shown[:57]}...'}`"
