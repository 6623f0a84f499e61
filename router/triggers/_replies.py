"""What a function may put on the wire: status, headers and body of its answer, checked.

A function's answer is data from a stranger to HTTP: a status that is none, a header with a line break, base64 that is not.
Nothing of that reaches the wire; each is a `BadResponse` that the front door answers in its own words.
"""

import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from router import jsontext
from router.triggers._refusals import BadEncoding, BadResponse

BODYLESS = frozenset({204, 304})
"""Statuses whose answers cannot have a body (RFC 9110 §15.3.5, §15.4.5)."""

OWN_HEADERS = frozenset({"x-router-error", "x-router-invoked"})
"""What only the router may say, so that a client can believe it."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSENDABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")


def parse_answer(payload: bytes) -> Any:
    """The function's result. Raises BadResponse where it is not JSON; NaN and Infinity are not."""
    try:
        return jsontext.loads(payload, constants=False)
    except ValueError as error:
        raise BadResponse(f"the function's answer is not JSON: {error}") from None


def status_code(value: Any) -> int:
    """An integer or a numeric string, from 200 to 599. Raises BadResponse.

    AWS documents 100 to 599; a final answer with 1xx would leave every HTTP client waiting, so those are refused too.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 3:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 200 <= value <= 599:
        raise BadResponse("statusCode is not an HTTP status from 200 to 599")
    return value


def mapping(value: Any, key: str) -> Mapping[str, Any]:
    """An object, or null for an empty one. Raises BadResponse."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadResponse(f"{key} is not an object")
    return value


def header_name(name: str) -> str:
    """The lower-case name. Raises BadResponse where it is no HTTP token."""
    return _known_name(name) if len(name) <= 64 else _checked_name(name)


def _checked_name(name: str) -> str:
    if _TOKEN.fullmatch(name) is None:
        raise BadResponse("a header name cannot be sent")
    return name.lower()


_known_name = lru_cache(maxsize=4096)(_checked_name)
"""Remembers short names only, so that what it holds stays small."""


def header_value(value: Any) -> str:
    """A header's value as text: `true`, `1`, and nothing for null (semantics/sync.md §14.4). Raises BadResponse."""
    text: str = value if isinstance(value, str) else _scalar_text(value)
    if not text.isprintable() and _UNSENDABLE.search(text) is not None:
        raise BadResponse("a header value cannot be sent")
    return text


def _scalar_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise BadResponse("a header value is not text")
    return jsontext.dumps(value).decode()


def body_bytes(value: Any, *, base64: bool) -> bytes:
    """The body's bytes. Raises BadResponse where it is not text, BadEncoding where it is not base64."""
    if value is None:
        return b""
    if not isinstance(value, str):
        raise BadResponse("body is not a string")
    if not base64:
        return value.encode("utf-8", "replace")
    try:
        return binascii.a2b_base64(value, strict_mode=True) if value else b""
    except ValueError:
        raise BadEncoding("body is not base64") from None
