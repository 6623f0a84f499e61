"""Which listener rules no request can reach, because a rule above takes everything that would fit.

Certain where it says so: every condition of the rule above takes all that the same condition here takes. What only several
rules above take together is not seen, nor is what a rule above would take by chance of another condition (a host that only
one network knows).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from itertools import islice
from typing import Any

from router.patterns.inclusion import Cover, Glob, covers, parse_glob, parse_path

_MOST_COMPARED = 200
"""Rules above that one rule is compared with: far more than can begin and end alike in a file that people write."""

_EVERY_PATH = parse_path("*")

Globs = tuple[Glob, ...]
Network = IPv4Network | IPv6Network


@dataclass(slots=True, frozen=True)
class Conditions:
    """The conditions of a rule as sets; empty: there is none. `query`: key and values."""

    methods: frozenset[str]
    path: Globs
    host: Globs
    networks: tuple[Network, ...]
    headers: Mapping[str, Globs]
    query: tuple[tuple[Glob, Globs], ...]

    def covers(self, other: "Conditions") -> bool:
        """Whether every request that fits the other fits this, for certain."""
        return (
            (not self.methods or (bool(other.methods) and other.methods <= self.methods))
            and (not self.path or _all_covered(self.path, other.path))
            and (not self.host or _all_covered(self.host, other.host))
            and (not self.networks or _all_inside(self.networks, other.networks))
            and all(_all_covered(globs, other.headers.get(name, ())) for name, globs in self.headers.items())
            and all(any(_asks_less(own, theirs) for theirs in other.query) for own in self.query)
        )

    @property
    def takes_all(self) -> bool:
        """Whether there is no condition but the path, and every path fits."""
        others = (self.methods, self.host, self.networks, self.headers, self.query)
        return not any(others) and any(covers(glob, _EVERY_PATH) for glob in self.path)


def _all_covered(larger: Globs, smaller: Globs) -> bool:
    return bool(smaller) and all(any(covers(one, other) for one in larger) for other in smaller)


def _all_inside(larger: Sequence[Network], smaller: Sequence[Network]) -> bool:
    return bool(smaller) and all(any(_inside(other, one) for one in larger) for other in smaller)


def _inside(inner: Network, outer: Network) -> bool:
    if inner.version != outer.version or inner.prefixlen < outer.prefixlen:
        return False
    return inner.supernet(new_prefix=outer.prefixlen) == outer


def _asks_less(one: tuple[Glob, Globs], other: tuple[Glob, Globs]) -> bool:
    return covers(one[0], other[0]) and _all_covered(one[1], other[1])


def read_conditions(rule: Mapping[str, Any]) -> Conditions | None:
    """As `conditions` compiles them; None where there are none, or where one is wrong."""
    try:
        networks = tuple(map(ip_network, rule.get("source_ip") or ()))
    except ValueError:
        return None
    read = Conditions(
        frozenset(rule.get("methods") or ()),
        tuple(map(parse_path, rule.get("path") or ())),
        tuple(parse_glob(host, fold=True) for host in rule.get("host") or ()),
        networks,
        {name.lower(): _values(values) for name, values in (rule.get("headers") or {}).items()},
        tuple((_folded(key), _values(values)) for key, values in (rule.get("query") or {}).items()),
    )
    return read if any((read.methods, read.path, read.host, read.networks, read.headers, read.query)) else None


def _values(values: Sequence[str]) -> Globs:
    return tuple(map(_folded, values))


def _folded(text: str) -> Glob:
    return parse_glob(text, fold=True, escapes=True)


def unreached(rules: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """The rules that no request reaches, each with a rule above that takes all of its requests."""
    above = _Above()
    for name, rule in rules.items():
        conditions = read_conditions(rule)
        if conditions is None:
            continue
        compared = islice(above.candidates(conditions), _MOST_COMPARED)
        larger = next((known for known, earlier in compared if earlier.covers(conditions)), None)
        if larger is not None:
            yield name, larger
        else:
            above.add(name, conditions)


def takes_all(rules: Mapping[str, Mapping[str, Any]]) -> str | None:
    """A rule that takes every request, so that none is left for the default action."""
    read = ((name, read_conditions(rule)) for name, rule in rules.items())
    return next((name for name, conditions in read if conditions is not None and conditions.takes_all), None)


_Known = tuple[str, Conditions]


class _Above:
    """The rules above, by what one of their paths, or else of their hosts, begins and ends with."""

    def __init__(self) -> None:
        self._paths: Cover[_Known] = Cover()
        self._hosts: Cover[_Known] = Cover()
        self._others: list[_Known] = []

    def add(self, name: str, conditions: Conditions) -> None:
        known = (name, conditions)
        if conditions.path:
            for glob in conditions.path:
                self._paths.add(glob, known)
        elif conditions.host:
            for glob in conditions.host:
                self._hosts.add(glob, known)
        else:
            self._others.append(known)

    def candidates(self, conditions: Conditions) -> Iterator[_Known]:
        yield from self._others
        if conditions.path:
            yield from self._paths.candidates(conditions.path[0])
        if conditions.host:
            yield from self._hosts.candidates(conditions.host[0])
