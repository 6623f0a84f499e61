r"""Texts with `*` and `?` as sets of texts: whether one set lies in another, and whether two have a text in common.

Both are decided exactly, without trying texts. For inclusion the wildcards of the smaller set stand for a character that
no pattern names: where the larger set takes that one, it takes every other, too. The work is bounded; beyond the bound the
answer is the one that proves nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

_ESCAPED = re.compile(r"\\([*?\\])|(\*)|(\?)|(.)", re.DOTALL)
_STARS = re.compile(r"\\([*\\])|(\*)|(?!)()|(.)", re.DOTALL)
_PLAIN = re.compile(r"(?!)()|(\*)|(\?)|(.)", re.DOTALL)

MANY, ONE = None, ""
"""Tokens beside characters: any text, any character."""
_MOST_STEPS = 4096
"""Pairs of a place in one pattern and the places that the other may be at: enough for all that people write."""


@dataclass(slots=True, frozen=True)
class Glob:
    """A set of texts. `tokens`: characters, `ONE` and `MANY`, no two `MANY` in a row."""

    tokens: tuple[str | None, ...]

    @property
    def text(self) -> str | None:
        """The only text, where there is one."""
        return "".join(map(str, self.tokens)) if all(self.tokens) else None

    @property
    def beginning(self) -> str:
        """What every text begins with."""
        return _leading(self.tokens)

    @property
    def ending(self) -> str:
        """What every text ends with."""
        return _leading(self.tokens[::-1])[::-1]

    @property
    def shortest(self) -> int:
        """The fewest characters of a text."""
        return sum(token is not MANY for token in self.tokens)


def _leading(tokens: tuple[str | None, ...]) -> str:
    characters: list[str] = []
    for token in tokens:
        if not token:
            break
        characters.append(token)
    return "".join(characters)


@lru_cache(maxsize=4096)
def parse_glob(pattern: str, *, fold: bool = False, escapes: bool = False) -> Glob:
    r"""As `router.patterns.wildcards` reads them. `fold`: both sides in lower case; `escapes`: `\*`, `\?`, `\\`."""
    return _parsed(_ESCAPED if escapes else _PLAIN, pattern.lower() if fold else pattern)


@lru_cache(maxsize=4096)
def parse_stars(pattern: str) -> Glob:
    r"""As event patterns write them: `*` alone is a wildcard, `\*` and `\\` are the characters."""
    return _parsed(_STARS, pattern)


def parse_path(pattern: str) -> Glob:
    """Of a path, which begins with a slash: `*` takes no more than `/*` there, and `*.jpg` no more than `/*.jpg`.

    The one target that has none, the `*` of `OPTIONS *`, is nobody's reason to keep a route.
    """
    rest = pattern.lstrip("*")
    return parse_glob(pattern if rest == pattern or rest.startswith(("/", "?")) else f"/*{rest}")


def _parsed(syntax: re.Pattern[str], pattern: str) -> Glob:
    tokens: list[str | None] = []
    for escaped, star, mark, literal in syntax.findall(pattern):
        token = MANY if star else ONE if mark else escaped or literal
        if token is not MANY or tokens[-1:] != [MANY]:
            tokens.append(token)
    return Glob(tuple(tokens))


def literal(text: str) -> Glob:
    """The text alone."""
    return Glob(tuple(text))


def starting(text: str) -> Glob:
    """All that begins so."""
    return Glob((*text, MANY))


def ending(text: str) -> Glob:
    """All that ends so."""
    return Glob((MANY, *text))


# --- inclusion -------------------------------------------------------------------------------------------------------


def covers(larger: Glob, smaller: Glob) -> bool:
    """Whether every text of `smaller` is one of `larger`; False also where that would take too long to find out."""
    if larger.tokens == (MANY,) or larger == smaller:
        return True
    if not smaller.beginning.startswith(larger.beginning) or not smaller.ending.endswith(larger.ending):
        return False
    if larger.shortest > smaller.shortest:
        return False
    return _covers(larger.tokens, smaller.tokens)


def _covers(larger: tuple[str | None, ...], smaller: tuple[str | None, ...]) -> bool:
    """Walks `smaller` with the set of places that `larger` may be at, as a number with a bit for each place."""
    end = 1 << len(larger)
    begin = _passed(larger, 1)
    pending, seen = [(0, begin)], {(0, begin)}
    while pending:
        if len(seen) > _MOST_STEPS:
            return False
        at, places = pending.pop()
        if not places:
            return False
        if at == len(smaller):
            if not places & end:
                return False
            continue
        token = smaller[at]
        after = _step(larger, places, token or None)
        following = [(at + 1, after)] if token is not MANY else [(at + 1, places), (at, after)]
        for pair in following:
            if pair not in seen:
                seen.add(pair)
                pending.append(pair)
    return True


def _step(tokens: tuple[str | None, ...], places: int, character: str | None) -> int:
    """The places after one character; None is a character that no pattern names."""
    after = 0
    for index, token in enumerate(tokens):
        if places >> index & 1:
            if token is MANY:
                after |= 1 << index
            elif token in (ONE, character):
                after |= 1 << index + 1
    return _passed(tokens, after)


def _passed(tokens: tuple[str | None, ...], places: int) -> int:
    """With the places behind each `MANY`, which may stand for nothing."""
    for index, token in enumerate(tokens):
        if token is MANY and places >> index & 1:
            places |= 1 << index + 1
    return places


# --- intersection ----------------------------------------------------------------------------------------------------


def intersects(one: Glob, other: Glob) -> bool:
    """Whether some text is in both."""
    rows = {0}
    for token in one.tokens:
        rows = _joined(rows, token, other.tokens)
        if not rows:
            return False
    return len(other.tokens) in _skipped(rows, other.tokens)


def _joined(places: set[int], token: str | None, other: tuple[str | None, ...]) -> set[int]:
    """Where `other` may be after `token`, from where it may be before."""
    begin = _skipped(places, other)
    if token is MANY:
        return {*range(min(begin), len(other) + 1)}
    after = set()
    for place in begin - {len(other)}:
        theirs = other[place]
        if theirs is MANY:
            after.add(place)
        elif theirs == token or ONE in (theirs, token):
            after.add(place + 1)
    return after


def _skipped(places: set[int], tokens: tuple[str | None, ...]) -> set[int]:
    found = set(places)
    for place in sorted(places):
        while place < len(tokens) and tokens[place] is MANY:
            place += 1
            found.add(place)
    return found


# --- many ------------------------------------------------------------------------------------------------------------

Item = TypeVar("Item")


@dataclass(slots=True)
class Cover(Generic[Item]):
    """Patterns with what they belong to, asked for those that may cover another one.

    Only what begins with a part of the other's beginning, and ends with a part of its end, can: so few are compared, however
    many there are.
    """

    by_ends: dict[str, dict[str, list[Item]]] = field(default_factory=dict)

    def add(self, glob: Glob, item: Item) -> None:
        """Remember a pattern."""
        self.by_ends.setdefault(glob.beginning, {}).setdefault(glob.ending, []).append(item)

    def candidates(self, glob: Glob) -> Iterator[Item]:
        """What may cover it, in no order; whoever asks compares."""
        beginning, end = glob.beginning, glob.ending
        for length in range(len(beginning) + 1):
            known = self.by_ends.get(beginning[:length])
            for start in range(len(end) + 1) if known else ():
                yield from known.get(end[start:], ()) if known else ()
