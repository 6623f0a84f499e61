"""What AWS says of a pattern that it refuses.

Source: semantics/async.md §D.7 (event-ruler).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from router.errors import RouterError

Path = tuple[str | int, ...]
"""Keys and indexes below the pattern."""

ONE_KEY = "Only one key allowed in match expression"
EMPTY_ARRAY = "Empty arrays are not allowed"


class InvalidPattern(RouterError):
    """A pattern that AWS refuses. `reason`: AWS's text; `path`: where in the pattern; `located`: whether AWS says where."""

    def __init__(self, reason: str, path: Path, *, located: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
        self.located = located


def only_member(expression: Mapping[str, Any], path: Path, nothing: str, known: Iterable[str], unknown: str) -> tuple[str, Any]:
    """The first member: AWS reads it before it sees that there is another. `nothing`: the text where there is none."""
    if not expression:
        raise InvalidPattern(nothing, path)
    name, argument = next(iter(expression.items()))
    if name not in known:
        raise InvalidPattern(f"{unknown}{name}", (*path, name))
    return name, argument
