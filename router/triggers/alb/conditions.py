"""Conditions of listener rules: compiled once, judged in order, the first rule whose conditions all hold wins.

Within a condition one of its values is enough. Hosts, header names and values, query keys and values ignore case; paths and
methods do not. Path and query are compared as sent, undecoded.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html, semantics/sync.md §8.4.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from router.model import Predicate, Request
from router.patterns.wildcards import any_of
from router.patterns.wording import NOTHING
from router.policies.webhook_auth import in_networks

Condition = Callable[[Request], bool]


@dataclass(slots=True, frozen=True)
class Clause:
    """One condition of a rule: `holds` judges, the rest is for people. `read`: what the request has in its place."""

    name: str
    wanted: tuple[str, ...]
    read: Callable[[Request], str]
    holds: Condition

    def predicate(self, request: Request) -> Predicate:
        """What it says of a request."""
        return Predicate(self.name, " or ".join(self.wanted), self.read(request), self.holds(request))


def compile_conditions(rule: Mapping[str, Any]) -> tuple[Clause, ...]:
    """The conditions of a completed rule, the cheapest first."""
    return tuple(clause for name, compile_one in _COMPILERS.items() if rule.get(name) for clause in compile_one(rule[name]))


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Keys and values as sent (semantics/sync.md §14.2)."""
    return [(key, value) for key, _, value in (part.partition("=") for part in query.split("&") if part)]


def _methods(values: Sequence[str]) -> Iterator[Clause]:
    wanted = frozenset(values)
    yield Clause("method", tuple(values), lambda request: request.method, lambda request: request.method in wanted)


def _path(values: Sequence[str]) -> Iterator[Clause]:
    fits = any_of(values)
    yield Clause("path", tuple(values), lambda request: request.path, lambda request: fits(request.path))


def _host(values: Sequence[str]) -> Iterator[Clause]:
    fits = any_of(values, fold=True)
    yield Clause("host", tuple(values), lambda request: request.host, lambda request: fits(request.host))


def _source_ip(values: Sequence[str]) -> Iterator[Clause]:
    networks = tuple(map(ip_network, values))
    yield Clause(
        "source IP",
        tuple(values),
        lambda request: request.client_ip,
        lambda request: in_networks(request.client_ip, networks),
    )


def _headers(headers: Mapping[str, Sequence[str]]) -> Iterator[Clause]:
    for name, values in headers.items():
        yield _header(name.lower(), tuple(values))


def _header(name: str, values: tuple[str, ...]) -> Clause:
    fits = any_of(values, fold=True, escapes=True)
    return Clause(
        f"header {name}",
        values,
        lambda request: " and ".join(value for key, value in request.headers if key.lower() == name) or NOTHING,
        lambda request: any(key.lower() == name and fits(value) for key, value in request.headers),
    )


def _query(parameters: Mapping[str, Sequence[str]]) -> Iterator[Clause]:
    for key, values in parameters.items():
        yield _parameter(key, tuple(values))


def _parameter(name: str, values: tuple[str, ...]) -> Clause:
    key_fits = any_of([name], fold=True, escapes=True)
    fits = any_of(values, fold=True, escapes=True)
    return Clause(
        f"query {name}",
        values,
        lambda request: " and ".join(value for key, value in query_pairs(request.query) if key_fits(key)) or NOTHING,
        lambda request: any(key_fits(key) and fits(value) for key, value in query_pairs(request.query)),
    )


_COMPILERS: Mapping[str, Callable[[Any], Iterator[Clause]]] = {
    "methods": _methods,
    "path": _path,
    "host": _host,
    "source_ip": _source_ip,
    "headers": _headers,
    "query": _query,
}

CONDITIONS = frozenset(_COMPILERS)
"""The keys of a rule that are conditions."""
