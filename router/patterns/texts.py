"""Tests of one string: its beginning, its end, its letters in either case, wildcards.

Source: semantics/async.md §D.4 and §D.7 (event-ruler).
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, NoReturn

from router.patterns.invalid import ONE_KEY, InvalidPattern, Path, only_member
from router.patterns.wildcards import compile_wildcard

TextTest = Callable[[str], bool]

_TOO_COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard"
    " character"
)
_REPEATED_SEQUENCES = 5
"""AWS's limit is not known; `*:*:*:*:*:event-bus/*` is refused, which has five wildcards before the same character."""


def string(argument: Any, operator: str, path: Path) -> str:
    """The argument of an operator that takes a string. Raises InvalidPattern."""
    if not isinstance(argument, str):
        raise InvalidPattern(f"{operator} match pattern must be a string", path)
    return argument


def end_test(side: str, argument: Any, path: Path) -> TextTest:
    """`side`: `prefix` or `suffix`. `argument`: a string, or `{"equals-ignore-case": …}`. Raises InvalidPattern."""
    if not isinstance(argument, Mapping):
        return ENDS[side](string(argument, side, path))
    known = ("equals-ignore-case",)
    nothing = f"{side.capitalize()} expression name not found"
    name, inner = only_member(argument, path, nothing, known, f"Unsupported {side} pattern: ")
    folded = ENDS[side](string(inner, name, (*path, name)).lower())
    if len(argument) > 1:
        raise InvalidPattern(ONE_KEY, path)
    return lambda text: folded(text.lower())


def starts(wanted: str) -> TextTest:
    """Whether a text begins so."""
    return lambda text: text.startswith(wanted)


def ends(wanted: str) -> TextTest:
    """Whether a text ends so."""
    return lambda text: text.endswith(wanted)


def ignoring_case(wanted: str) -> TextTest:
    """Whether a text is this one but for upper and lower case."""
    folded = wanted.lower()
    return lambda text: text.lower() == folded


ENDS: Mapping[str, Callable[[str], TextTest]] = {"prefix": starts, "suffix": ends}


def wildcard_test(text: str, path: Path) -> TextTest:
    r"""Only `*` is a wildcard here, and only `\*` and `\\` are escapes. Raises InvalidPattern."""
    stars: list[int] = []
    at = 0
    while at < len(text):
        if text[at] == "\\":
            if text[at + 1 : at + 2] not in ("*", "\\"):
                _refuse_at("Invalid escape character", text, at, path)
            at += 1
        elif text[at] == "*":
            stars.append(at)
        at += 1
    for star, following in pairwise(stars):
        if following == star + 1:
            _refuse_at("Consecutive wildcard characters", text, star, path)
    following_characters = [text[star + 1 : star + 2] for star in stars]
    if any(following_characters.count(each) >= _REPEATED_SEQUENCES for each in set(following_characters)):
        raise InvalidPattern(_TOO_COMPLEX, path, located=False)
    return compile_wildcard(text.replace("?", "\\?"), escapes=True).match


def _refuse_at(reason: str, text: str, at: int, path: Path) -> NoReturn:
    """AWS counts the bytes of the text as it stands between quotes."""
    raise InvalidPattern(f"{reason} at pos {len(text[:at].encode('utf-8', 'surrogatepass')) + 1}", path)
