"""JSON values without what must not be printed: text by text, so that what is left is still the JSON that it was."""

from collections.abc import Callable, Mapping
from typing import Any

from router import jsontext

Redact = Callable[[str], str]


def redacted_value(value: Any, redact: Redact) -> Any:
    """The value with every text, key and number in it passed through `redact`; a number that changes becomes a text."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(key): redacted_value(each, redact) for key, each in value.items()}
    if isinstance(value, list):
        return [redacted_value(each, redact) for each in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        text = redact(jsontext.dumps(value).decode())
        return value if text == jsontext.dumps(value).decode() else text
    return value


def redacted_json(payload: bytes, redact: Redact) -> bytes:
    """A payload as it is, unless something in it must not be printed; then the same JSON without that."""
    try:
        value = jsontext.loads(payload)
    except ValueError:
        return redact(payload.decode("utf-8", "replace")).encode()
    cleaned = redacted_value(value, redact)
    return payload if cleaned == value else jsontext.dumps(cleaned)
