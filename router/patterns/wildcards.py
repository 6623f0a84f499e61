"""Texts with `*` (any characters, also none) and `?` (one character), as load balancers match them.

A pattern is cut at its stars into fragments of fixed length. The first is anchored at the start, the last at the end, and each
one between is taken where it comes first: that decides every match without ever going back, whatever is sent.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_ESCAPED = re.compile(r"\\([*?\\])|(\*)|(\?)|(.)", re.DOTALL)
_PLAIN = re.compile(r"(?!)()|(\*)|(\?)|(.)", re.DOTALL)
_SPECIAL = frozenset("*?\\")
"""What makes a pattern more than a text."""


@dataclass(slots=True, frozen=True)
class _Fragment:
    """Text without stars: its length in characters, and what finds it."""

    length: int
    pattern: re.Pattern[str]


@dataclass(slots=True, frozen=True)
class Wildcard:
    """A compiled pattern. `fold`: whether upper and lower case are the same."""

    fragments: tuple[_Fragment, ...]
    fold: bool

    def match(self, text: str) -> bool:
        """Whether the whole text fits."""
        if self.fold:
            text = text.lower()
        first, last = self.fragments[0], self.fragments[-1]
        if len(self.fragments) == 1:
            return first.pattern.fullmatch(text) is not None
        end = len(text) - last.length
        if end < first.length or first.pattern.match(text) is None or last.pattern.match(text, end) is None:
            return False
        at = first.length
        for fragment in self.fragments[1:-1]:
            found = fragment.pattern.search(text, at, end)
            if found is None:
                return False
            at = found.end()
        return True


def compile_wildcard(pattern: str, *, fold: bool = False, escapes: bool = False) -> Wildcard:
    r"""`escapes`: whether `\*`, `\?` and `\\` stand for the characters themselves."""
    fragments: list[list[str]] = [[]]
    for escaped, star, mark, literal in (_ESCAPED if escapes else _PLAIN).findall(pattern.lower() if fold else pattern):
        if star:
            fragments.append([])
        else:
            fragments[-1].append("." if mark else re.escape(escaped or literal))
    return Wildcard(tuple(_Fragment(len(each), re.compile("".join(each), re.DOTALL)) for each in fragments), fold)


def any_of(patterns: Iterable[str], *, fold: bool = False, escapes: bool = False) -> Callable[[str], bool]:
    """A predicate: whether a text fits one of the patterns. Texts without wildcards, with a star at their end, and with a star
    at their start cost one look-up each, however many there are; only the others are matched one by one."""
    exact, prefixes, suffixes, wild = set(), [], [], []
    for pattern in (each.lower() for each in patterns) if fold else patterns:
        if _SPECIAL.isdisjoint(pattern):
            exact.add(pattern)
        elif _SPECIAL.isdisjoint(pattern[:-1]) and pattern[-1] == "*":
            prefixes.append(pattern[:-1])
        elif _SPECIAL.isdisjoint(pattern[1:]) and pattern[0] == "*":
            suffixes.append(pattern[1:])
        else:
            wild.append(compile_wildcard(pattern, escapes=escapes))
    return _predicate(exact, tuple(prefixes), tuple(suffixes), wild, fold)


def _predicate(
    exact: set[str], prefixes: tuple[str, ...], suffixes: tuple[str, ...], wild: list[Wildcard], fold: bool
) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        return (
            text in exact
            or text.startswith(prefixes)
            or text.endswith(suffixes)
            or (bool(wild) and any(each.match(text) for each in wild))
        )

    return (lambda text: fits(text.lower())) if fold else fits
