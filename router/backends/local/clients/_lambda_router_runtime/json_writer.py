"""Writes a handler's result as awslambdaric writes it (simplejson's rules), with the standard library alone.

Beyond `json`: named tuples become objects, bytes become text, Decimals keep their digits.
Newer managed runtimes (Python 3.12 and later) leave non-ASCII characters as they are.
"""

import decimal
import json
import os
from typing import Any, Set

_RAW_TEXT = frozenset("AWS_Lambda_python3.%d" % minor for minor in range(12, 16))
_SCALARS = frozenset((str, int, float, bool, type(None)))


def to_json(value: Any) -> str:
    """The JSON text. Raises TypeError, ValueError or RecursionError where the value has none."""
    ascii_only = os.environ.get("AWS_EXECUTION_ENV") not in _RAW_TEXT
    try:
        plain = _is_plain(value)
    except RecursionError:
        plain = False
    return json.dumps(value, ensure_ascii=ascii_only) if plain else _Writer(ascii_only).write(value)


def _is_plain(value: Any) -> bool:
    """Whether the standard library's encoder writes this value as simplejson does."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind is dict:
        return all(type(key) is str and (type(item) in _SCALARS or _is_plain(item)) for key, item in value.items())
    if kind is list or kind is tuple:
        return all(type(item) in _SCALARS or _is_plain(item) for item in value)
    return False


class _Writer:
    def __init__(self, ascii_only: bool) -> None:
        self._text = json.JSONEncoder(ensure_ascii=ascii_only).encode
        self._open: Set[int] = set()

    def write(self, value: Any) -> str:
        if isinstance(value, (str, bytes)):
            return self._text(value if isinstance(value, str) else value.decode("utf-8"))
        if value is None or value is True or value is False:
            return {None: "null", True: "true", False: "false"}[value]
        if isinstance(value, int):
            return int.__repr__(value)
        if isinstance(value, float):
            return json.dumps(float(value))
        if isinstance(value, decimal.Decimal):
            return "NaN" if value.is_nan() else str(value)
        if isinstance(value, (dict, list, tuple)):
            return self._container(value)
        raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)

    def _container(self, value: Any) -> str:
        if id(value) in self._open:
            raise ValueError("Circular reference detected")
        self._open.add(id(value))
        if isinstance(value, tuple) and callable(getattr(value, "_asdict", None)):
            text = self._object(value._asdict())  # type: ignore[attr-defined]
        elif isinstance(value, dict):
            text = self._object(value)
        else:
            text = "[" + ", ".join([self.write(item) for item in value]) + "]"
        self._open.discard(id(value))
        return text

    def _object(self, value: Any) -> str:
        return "{" + ", ".join([self._text(self._key(key)) + ": " + self.write(item) for key, item in value.items()]) + "}"

    def _key(self, key: Any) -> str:
        if isinstance(key, str):
            return key
        if isinstance(key, bytes):
            return key.decode("utf-8")
        if key is None or isinstance(key, (bool, int, float)):
            return self.write(key)
        raise TypeError("keys must be str, int, float, bool or None, not %s" % type(key).__name__)
