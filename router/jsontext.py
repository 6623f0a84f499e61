"""JSON bytes in and out: orjson where it is exact, the standard library where it is not.

orjson refuses NaN and lone surrogates, and turns integers beyond 64 bits into floats; Lambda payloads may hold all three.
"""

import json
import re
from typing import Any

import orjson

MAX_DEPTH = 1024
"""Levels of a text: orjson's own limit. Python's parser has another one in each version, and from 3.12 on none that is safe."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""Takes each byte once: possessive, and a string without an end is one, too."""
_BRACKET = re.compile(rb"[\[\]{}]")
_DIGITS_ALIKE = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))
_LONG_INTEGER = b"0" * 19


def loads(data: bytes | str, *, constants: bool = True) -> Any:
    """The value. Raises ValueError where the text is not JSON.

    `constants`: whether NaN and Infinity, which Python's runtime writes but JSON does not know, are taken.
    """
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if _LONG_INTEGER not in raw.translate(_DIGITS_ALIKE):  # a tenth of the time that a regular expression takes
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            pass
    check_depth(raw)
    try:
        return json.loads(raw, parse_constant=None if constants else _refuse_constant)
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


def check(data: bytes) -> None:
    """Raises ValueError where `data` is not JSON in UTF-8 by RFC 8259. NaN and Infinity are not; numbers may have any size."""
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        check_depth(data)
        _check_slowly(data.decode())


def check_depth(data: bytes) -> None:
    """Raises ValueError where a text that Python's own parser is to read is nested more than `MAX_DEPTH` levels deep."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError("the JSON is nested too deeply")


def _check_slowly(text: str) -> None:
    """The texts that orjson refuses and JSON allows: lone surrogates as escapes."""
    try:
        json.loads(text, parse_constant=_refuse_constant, parse_int=len, parse_float=len)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
