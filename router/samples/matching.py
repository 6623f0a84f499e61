"""Examples of what a pattern wants: an event for a rule, a body for a filter, attributes for a filter policy, paths and hosts.

An example is looked for, not proven to be found: a pattern that wants what excludes itself has none.
"""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from router.patterns.events import RESERVED, InvalidPattern, compile_pattern

_CANDIDATES: tuple[Any, ...] = ("sample", "other", "0123", "a/b.c", 1, 0, True, None)
"""What is tried where a pattern only says what it does not want."""
_STAR = re.compile(r"\\(.)|\*")
_GLOB = re.compile(r"\\([*?\\])|[*?]")


def example(pattern: Mapping[str, Any]) -> dict[str, Any]:
    """A document that an event pattern fits, as nearly as one is found. `pattern`: one that compiles."""
    found: dict[str, Any] = {}
    for name, wanted in pattern.items():
        if name == "$or" and _is_or(wanted):
            _merge(found, example(wanted[0]))
        elif isinstance(wanted, Mapping):
            _put(found, name, example(wanted))
        else:
            for value in _leaf(wanted):
                _put(found, name, value)
    return found


def fits(pattern: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    """Whether a pattern that compiles fits."""
    try:
        return compile_pattern(pattern).matches(document)
    except InvalidPattern:
        return False


def _is_or(wanted: Any) -> bool:
    return isinstance(wanted, list) and len(wanted) > 1 and not any(RESERVED & each.keys() for each in wanted)


def _put(document: dict[str, Any], dotted: str, value: Any) -> None:
    """Dots join keys, so that each is an object of its own in the example."""
    first, dot, rest = dotted.partition(".")
    if dot and rest:
        inner: dict[str, Any] = {}
        _put(inner, rest, value)
        value = inner
    _merge(document, {first: value})


def _merge(document: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        known = document.get(name)
        if isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        else:
            document[name] = value


def _leaf(wanted: list[Any]) -> Iterator[Any]:
    """The first value that fits one of the match values; none where nothing must stand there, or nothing is found."""
    for each in wanted:
        if isinstance(each, Mapping) and each.get("exists") is False:
            return
    for each in wanted:
        for value in _values(each):
            if fits({"k": [each]}, {"k": value}):
                yield value
                return


def _values(wanted: Any) -> Iterator[Any]:
    if not isinstance(wanted, Mapping):
        yield wanted
        return
    ((operator, value),) = wanted.items()
    text = next(iter(value.values()), "") if isinstance(value, Mapping) else value
    match operator:
        case "prefix" if isinstance(text, str):
            yield f"{text}sample"
        case "suffix" if isinstance(text, str):
            yield f"sample{text}"
        case "wildcard":
            yield wildcard(value)
        case "numeric":
            yield from _numbers(value)
        case "cidr":
            network = ip_network(value, strict=False)
            yield str(network[1])
        case "equals-ignore-case" | "exactly":
            yield value
    yield from _CANDIDATES


def _numbers(wanted: list[Any]) -> Iterator[Any]:
    bounds = dict(zip(wanted[::2], wanted[1::2], strict=False))
    low, high = bounds.get(">", bounds.get(">=")), bounds.get("<", bounds.get("<="))
    yield from bounds.values()
    if low is not None:
        yield low + 1
    if high is not None:
        yield high - 1
    if low is not None and high is not None:
        yield (low + high) / 2


def wildcard(pattern: str, star: str = "sample") -> str:
    """A text that a wildcard fits; a backslash takes a sign as it is."""
    return _STAR.sub(lambda match: match[1] or star, pattern)


def globbed(pattern: str, star: str = "sample", *, escapes: bool = False) -> str:
    """A text that a glob fits, where `*` are any signs and `?` is one; with `escapes` a backslash takes a sign as it is."""
    if not escapes:
        return pattern.replace("*", star).replace("?", "x")
    return _GLOB.sub(lambda match: match[1] or (star if match[0] == "*" else "x"), pattern)
