"""`-k EXPRESSION`: names of tests by parts of them, with `and`, `or`, `not` and parentheses, as pytest has it."""

import re
from collections.abc import Callable

Wanted = Callable[[str], bool]

_TOKEN = re.compile(r"\s*(?:(?P<sign>[()])|\"(?P<quoted>[^\"]*)\"|(?P<word>[^\s()\"]+))")
_WORDS = ("and", "or", "not")


class BadExpression(ValueError):
    """The text says why."""


def parse(text: str) -> Wanted:
    """Whether a name is wanted; case does not count. Words beside each other are one text. Raises BadExpression."""
    tokens = _Tokens(text)
    wanted = tokens.either()
    if tokens.left:
        raise BadExpression(f"`{tokens.left[0]}` is not expected there")
    return wanted


class _Tokens:
    def __init__(self, text: str) -> None:
        self.left = [match[0].strip() for match in _TOKEN.finditer(text)]
        if not self.left:
            raise BadExpression("it is empty")

    def either(self) -> Wanted:
        wanted = self.both()
        while self._take("or"):
            wanted = _or(wanted, self.both())
        return wanted

    def both(self) -> Wanted:
        wanted = self.one()
        while self._take("and"):
            wanted = _and(wanted, self.one())
        return wanted

    def one(self) -> Wanted:
        if self._take("not"):
            inner = self.one()
            return lambda name: not inner(name)
        if self._take("("):
            wanted = self.either()
            if not self._take(")"):
                raise BadExpression("a `)` is missing")
            return wanted
        words: list[str] = []
        while self.left and self.left[0].lower() not in (*_WORDS, "(", ")"):
            words.append(self.left.pop(0).strip('"'))
        if not words:
            raise BadExpression(f"a name is missing before `{self.left[0]}`" if self.left else "a name is missing at its end")
        part = " ".join(words).lower()
        return lambda name: part in name.lower()

    def _take(self, token: str) -> bool:
        if self.left and self.left[0].lower() == token:
            self.left.pop(0)
            return True
        return False


def _or(one: Wanted, other: Wanted) -> Wanted:
    return lambda name: one(name) or other(name)


def _and(one: Wanted, other: Wanted) -> Wanted:
    return lambda name: one(name) and other(name)
