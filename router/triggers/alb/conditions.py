"""Conditions of listener rules: compiled once, judged in order, the first rule whose conditions all hold wins.

Within a condition one of its values is enough. Hosts, header names and values, query keys and values ignore case; paths and
methods do not. Path and query are compared as sent, undecoded.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html, semantics/sync.md §8.4.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from router.model import Request
from router.patterns.wildcards import any_of
from router.policies.webhook_auth import in_networks

Condition = Callable[[Request], bool]


def compile_conditions(rule: Mapping[str, Any]) -> tuple[Condition, ...]:
    """The conditions of a completed rule, the cheapest first."""
    return tuple(
        condition for name, compile_one in _COMPILERS.items() if rule.get(name) for condition in compile_one(rule[name])
    )


def query_pairs(query: str) -> list[tuple[str, str]]:
    """Keys and values as sent (semantics/sync.md §14.2)."""
    return [(key, value) for key, _, value in (part.partition("=") for part in query.split("&") if part)]


def _methods(values: Sequence[str]) -> Iterator[Condition]:
    wanted = frozenset(values)
    yield lambda request: request.method in wanted


def _path(values: Sequence[str]) -> Iterator[Condition]:
    fits = any_of(values)
    yield lambda request: fits(request.path)


def _host(values: Sequence[str]) -> Iterator[Condition]:
    fits = any_of(values, fold=True)
    yield lambda request: fits(request.host)


def _source_ip(values: Sequence[str]) -> Iterator[Condition]:
    networks = tuple(map(ip_network, values))
    yield lambda request: in_networks(request.client_ip, networks)


def _headers(headers: Mapping[str, Sequence[str]]) -> Iterator[Condition]:
    for name, values in headers.items():
        yield _header(name.lower(), any_of(values, fold=True, escapes=True))


def _header(name: str, fits: Callable[[str], bool]) -> Condition:
    return lambda request: any(key.lower() == name and fits(value) for key, value in request.headers)


def _query(parameters: Mapping[str, Sequence[str]]) -> Iterator[Condition]:
    for key, values in parameters.items():
        yield _parameter(any_of([key], fold=True, escapes=True), any_of(values, fold=True, escapes=True))


def _parameter(key_fits: Callable[[str], bool], fits: Callable[[str], bool]) -> Condition:
    return lambda request: any(key_fits(key) and fits(value) for key, value in query_pairs(request.query))


_COMPILERS: Mapping[str, Callable[[Any], Iterator[Condition]]] = {
    "methods": _methods,
    "path": _path,
    "host": _host,
    "source_ip": _source_ip,
    "headers": _headers,
    "query": _query,
}

CONDITIONS = frozenset(_COMPILERS)
"""The keys of a rule that are conditions."""
