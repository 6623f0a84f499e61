"""JSONPath queries (RFC 9535) of expectations. The library is loaded with the first query: few files have any."""

from functools import lru_cache
from typing import Any


class BadQuery(ValueError):
    """The text is no JSONPath query; the message says why."""


def check_query(text: str) -> None:
    """Raises BadQuery."""
    _compiled(text)


def find(text: str, value: Any) -> list[Any]:
    """Everything that a query finds, in order. Raises BadQuery."""
    return list(_compiled(text).findall(value))


@lru_cache(maxsize=1024)
def _compiled(text: str) -> Any:
    from jsonpath import JSONPathEnvironment, JSONPathError

    try:
        return JSONPathEnvironment(strict=True).compile(text)
    except (JSONPathError, RecursionError) as error:
        # Not `str(error)`: for an empty query it fails itself.
        reason = str(error.args[0]).partition("\n")[0] if error.args else type(error).__name__
        raise BadQuery(f"`{text}` is no JSONPath query: {reason}") from None
