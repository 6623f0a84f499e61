"""JSON bytes in and out: orjson where it is exact, the standard library where it is not.

orjson refuses NaN and lone surrogates, and turns integers beyond 64 bits into floats; Lambda payloads may hold all three.
"""

import json
import re
from typing import Any

import orjson

_LONG_INTEGER = re.compile(rb"[0-9]{19}")


def loads(data: bytes | str) -> Any:
    """The value. Raises ValueError where the text is not JSON (NaN and Infinity are taken, as Python's runtime writes them)."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if _LONG_INTEGER.search(raw) is None:
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass
    try:
        return json.loads(raw)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def dumps(value: Any) -> bytes:
    """Compact UTF-8 JSON; non-ASCII characters stay as they are (semantics/sync.md §0.2)."""
    try:
        return orjson.dumps(value)
    except TypeError:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        try:
            return text.encode()
        except UnicodeEncodeError:
            return json.dumps(value, separators=(",", ":")).encode()
