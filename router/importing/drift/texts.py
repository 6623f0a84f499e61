"""Texts in which variables stand: what they may be, and what they are called."""

import json
import re
from typing import Any

_HOLE = re.compile(r"\$\{[^}]*\}")


def last_part(text: Any) -> str | None:
    """The name in an ARN or address of a queue, topic or activity; a name is itself. A variable is no name."""
    if not isinstance(text, str):
        return None
    name = re.split(r"[:/]", _HOLE.sub("", text) if text.startswith(("arn:", "https:")) else text)[-1]
    return None if not name or "${" in name else name


def fits(expected: Any, actual: Any) -> bool:
    """Whether two values may be the same, where a variable may be anything."""
    if isinstance(expected, str) and isinstance(actual, str):
        return expected == actual or _may_be(expected, actual) or _may_be(actual, expected)
    if (isinstance(expected, str) and _HOLE.fullmatch(expected)) or (isinstance(actual, str) and _HOLE.fullmatch(actual)):
        return True
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(fits(value, actual[key]) for key, value in expected.items())
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(fits, expected, actual))
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return bool(expected == actual)


def _may_be(pattern: str, text: str) -> bool:
    if "${" not in pattern:
        return False
    parts = _HOLE.split(pattern)
    return re.fullmatch(".*".join(map(re.escape, parts)), text, re.DOTALL) is not None


def shown(value: Any) -> str:
    """A value for people, short."""
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 100 else f"{text[:99]}…"
