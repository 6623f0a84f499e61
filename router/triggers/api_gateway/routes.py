"""Routes of an API: `METHOD /path/{variable}/{proxy+}` keys, compiled into a tree of path segments.

Segment by segment a literal goes before `{variable}`, and that before `{proxy+}`; where a resource does not have the method,
the search steps back to less specific ones. REST APIs search once. HTTP APIs take a full match before a greedy one, then
`$default`. Cost grows with the depth of the path, not with the number of routes.
Source: semantics/sync.md §3.1, §4.1.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from router.deliveries import Durability
from router.model import Predicate, Target
from router.policies.webhook_auth import Auth
from router.triggers._http import METHODS

DEFAULT_ROUTE = "$default"

_KEY = re.compile(r"(?P<method>ANY|" + "|".join(METHODS) + r") (?P<path>/[^\s?#]*)")
_VARIABLE = re.compile(r"\{([A-Za-z0-9._:-]+)(\+?)\}")
_LITERAL = 3
_BY_NAME = 2
_GREEDY = 1


class RouteSyntaxError(ValueError):
    """A route key that API Gateway would refuse; the message says why."""


@dataclass(slots=True, frozen=True)
class RouteKey:
    """A parsed route key. `segments`: literals as text, `None` for a variable; a greedy variable is not among them.

    `variables`: name and index of its segment. `greedy`: name of the last, greedy variable.
    """

    method: str
    path: str
    segments: tuple[str | None, ...]
    variables: tuple[tuple[str, int], ...]
    greedy: str | None

    @property
    def shape(self) -> str:
        """The path without the variables' names: two keys with one method and shape claim the same requests."""
        parts = ["{}" if segment is None else segment for segment in self.segments]
        return "/" + "/".join([*parts, "{+}"] if self.greedy else parts)


def parse_route_key(text: str) -> RouteKey:
    """Raises RouteSyntaxError."""
    match = _KEY.fullmatch(text)
    if match is None:
        raise RouteSyntaxError(f"a route is written `METHOD /path`, with ANY or one of {', '.join(METHODS)}")
    path = match["path"]
    parts = path[1:].split("/") if path != "/" else []
    segments: list[str | None] = []
    variables: list[tuple[str, int]] = []
    greedy = None
    for index, part in enumerate(parts):
        variable = _VARIABLE.fullmatch(part)
        if greedy is not None:
            raise RouteSyntaxError(f"`{{{greedy}+}}` takes the rest of the path: it can only be the last segment")
        if variable is None:
            segments.append(_literal(part, last=index == len(parts) - 1))
        elif any(variable[1] == name for name, _ in variables):
            raise RouteSyntaxError(f"the variable `{variable[1]}` stands twice in the path")
        elif variable[2]:
            greedy = variable[1]
            if greedy in dict(variables):
                raise RouteSyntaxError(f"the variable `{greedy}` stands twice in the path")
        else:
            variables.append((variable[1], index))
            segments.append(None)
    return RouteKey(match["method"], path, tuple(segments), tuple(variables), greedy)


def _literal(part: str, *, last: bool) -> str:
    if "{" in part or "}" in part:
        raise RouteSyntaxError(f"`{part}`: a variable takes a whole segment, `{{name}}` or `{{name+}}`")
    if not part and not last:
        raise RouteSyntaxError("a path cannot hold an empty segment")
    return part


@dataclass(slots=True)
class Integration:
    """What stands behind a route, and who may call it. `later`: how durably its events are accepted; None: callers wait.

    `streams`: whether answers are passed on as they come.
    """

    target: Target
    auth: Auth
    later: Durability | None = None
    streams: bool = False


R = TypeVar("R")


class _Node(Generic[R]):
    __slots__ = ("exact", "greedy", "literals", "routes", "variable")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[R]] = {}
        self.variable: _Node[R] | None = None
        self.greedy: _Node[R] | None = None
        self.routes: dict[str, R] = {}
        self.exact: set[str] = set()

    def child(self, segment: str | None) -> "_Node[R]":
        if segment is not None:
            return self.literals.setdefault(segment, _Node())
        if self.variable is None:
            self.variable = _Node()
        return self.variable

    def last(self) -> "_Node[R]":
        if self.greedy is None:
            self.greedy = _Node()
        return self.greedy

    def add(self, method: str, route: R) -> None:
        if method != "ANY":
            self.routes[method] = route
            self.exact.add(method)
            return
        for each in METHODS:
            if each not in self.exact:
                self.routes[each] = route


Found = tuple[R, tuple[int, ...], bool]
"""The route, the kind of each matched segment (higher: more specific), whether the method is written in its key."""


class RouteTree(Generic[R]):
    """The compiled routes of one API."""

    def __init__(self, routes: Iterable[tuple[RouteKey, R]]) -> None:
        self._root: _Node[R] = _Node()
        self.routes = tuple(routes)
        for key, route in self.routes:
            node = self._root
            for segment in key.segments:
                node = node.child(segment)
            (node.last() if key.greedy else node).add(key.method, route)

    def find(self, method: str, segments: Sequence[str], *, full: bool = True, greedy: bool = True) -> Found[R] | None:
        """The most specific route that has the method. `full`, `greedy`: which kinds of match count."""
        return self._find(self._root, method, segments, (), full, greedy)

    def _find(
        self, node: _Node[R], method: str, segments: Sequence[str], kinds: tuple[int, ...], full: bool, greedy: bool
    ) -> Found[R] | None:
        depth = len(kinds)
        if depth == len(segments):
            route = node.routes.get(method) if full else None
            return None if route is None else (route, kinds, method in node.exact)
        segment = segments[depth]
        found = None
        literal = node.literals.get(segment)
        if literal is not None:
            found = self._find(literal, method, segments, (*kinds, _LITERAL), full, greedy)
        if found is None and node.variable is not None and segment:
            found = self._find(node.variable, method, segments, (*kinds, _BY_NAME), full, greedy)
        if found is None and greedy and node.greedy is not None and (segment or depth + 1 < len(segments)):
            route = node.greedy.routes.get(method)
            if route is not None:
                return route, (*kinds, _GREEDY), method in node.greedy.exact
        return found


def predicates(key: RouteKey, method: str, segments: Sequence[str]) -> Iterator[Predicate]:
    """What a key asks of a request. All of it fits exactly where a tree that holds this key alone finds it.

    Where the path ends too early nothing is asked of its end.
    """
    for index, literal in enumerate(key.segments):
        sent = segments[index] if index < len(segments) else None
        fits = bool(sent) if literal is None else sent == literal
        yield Predicate(f"path segment {index + 1}", "any text" if literal is None else _shown(literal), _shown(sent), fits)
    rest = segments[len(key.segments) :]
    name = f"path segment {len(key.segments) + 1}"
    if key.greedy:
        yield Predicate(name, "any text", _shown(rest[0] if rest else None), bool(rest) and rest != [""])
    elif len(segments) >= len(key.segments):
        yield Predicate(name, "the end of the path", _shown(rest[0] if rest else None), not rest)
    yield Predicate("method", key.method, method, method in (METHODS if key.method == "ANY" else (key.method,)))


def _shown(segment: str | None) -> str:
    return "the end of the path" if segment is None else segment or "an empty segment"


def specificity(kinds: Sequence[int], exact: bool, length: int) -> int:
    """A number that orders matches of several APIs for one request of `length` segments; at least 1."""
    rank = 0
    for kind in (*kinds, *(0,) * (length - len(kinds))):
        rank = rank * 4 + kind
    return rank * 4 + (3 if exact else 2)


def path_parameters(key: RouteKey, segments: Sequence[str]) -> dict[str, str]:
    """The variables' values, as the segments are."""
    values = {name: segments[index] for name, index in key.variables}
    if key.greedy is not None:
        values[key.greedy] = "/".join(segments[len(key.segments) :])
    return values
