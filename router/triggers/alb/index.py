"""Which rules are worth a look for a request: each is found by the one of its conditions that tells most apart.

Rules are judged in their order, the first whose conditions all hold wins; a listener may have thousands, and a request should
cost the same. What is found may be too much, never too little.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from router.model import Request
from router.patterns.lookup import TextLookup
from router.triggers.alb.conditions import query_pairs

_MOST_VALUES = 64
"""Values of one condition by which a rule is found; one with more is looked at for every request."""
_AFFIX_WEIGHT = 3
"""How much less the beginning or end of a text tells apart than a whole one."""

Key = tuple[str, str, str, str]
"""What is looked at (`path`, `host`, `header`, `query`), its name, and `exact`, `prefix` or `suffix` with the text."""


class RuleIndex:
    """The rules of one load balancer by number. `rules`: their completed settings, in order."""

    def __init__(self, rules: Sequence[Mapping[str, Any]]) -> None:
        self._always: list[int] = []
        self._paths = TextLookup()
        self._hosts = TextLookup(fold=True)
        self._headers: dict[str, TextLookup] = {}
        self._parameters: dict[str, TextLookup] = {}
        possible = [[*_accesses(rule)] for rule in rules]
        shared = Counter(key for accesses in possible for keys in accesses for key in keys)
        for number, accesses in enumerate(possible):
            if accesses:
                for key in min(accesses, key=lambda keys: sum(shared[key] * _weight(key) for key in keys)):
                    self._add(key, number)
            else:
                self._always.append(number)

    def _add(self, key: Key, number: int) -> None:
        what, name, kind, text = key
        lookups = {"header": self._headers, "query": self._parameters}
        if what in lookups:
            lookup = lookups[what].setdefault(name, TextLookup(fold=True))
        else:
            lookup = self._paths if what == "path" else self._hosts
        add = {"exact": lookup.add_exact, "prefix": lookup.add_prefix, "suffix": lookup.add_suffix}
        add[kind](text, number)

    def candidates(self, request: Request) -> Collection[int]:
        """Numbers of rules, ascending."""
        found: set[int] = set()
        for positions in self._found(request):
            found.update(positions)
        if not found:
            return self._always
        found.update(self._always)
        return sorted(found)

    def _found(self, request: Request) -> Iterator[list[int]]:
        yield from self._paths.find(request.path)
        yield from self._hosts.find(request.host)
        if self._headers:
            for name, value in request.headers:
                lookup = self._headers.get(name.lower())
                if lookup is not None:
                    yield from lookup.find(value)
        if self._parameters:
            for name, value in query_pairs(request.query):
                lookup = self._parameters.get(name.lower())
                if lookup is not None:
                    yield from lookup.find(value)


def _weight(key: Key) -> int:
    return 1 if key[2] == "exact" else _AFFIX_WEIGHT


def _accesses(rule: Mapping[str, Any]) -> Iterator[list[Key]]:
    """For each condition that can serve, the keys of which a request that fits has at least one."""
    conditions = [
        *(((what, ""), rule.get(what) or (), False) for what in ("path", "host")),
        *((("header", name.lower()), values, True) for name, values in (rule.get("headers") or {}).items()),
        *((("query", name.lower()), values, True) for name, values in (rule.get("query") or {}).items() if _is_plain(name)),
    ]
    for (what, name), values, escapes in conditions:
        keys = [_key(value, escapes) for value in values]
        if keys and len(keys) <= _MOST_VALUES and all(key is not None for key in keys):
            yield [(what, name, *key) for key in keys if key is not None]


def _key(value: str, escapes: bool) -> tuple[str, str] | None:
    """By the text before the first wildcard, else by the one behind the last; a backslash ends what is certain."""
    special = "*?\\" if escapes else "*?"
    cuts = [at for at, character in enumerate(value) if character in special]
    if not cuts:
        return "exact", value
    beginning, end = value[: cuts[0]], value[cuts[-1] + 1 :]
    if beginning:
        return "prefix", beginning
    return ("suffix", end) if end and not (escapes and "\\" in value) else None


def _is_plain(name: str) -> bool:
    return not set(name) & set("*?\\")
