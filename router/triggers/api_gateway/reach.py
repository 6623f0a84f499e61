"""Which routes of an API no request can reach, because more specific ones take everything.

Seen are places (paths but for the names of their variables) whose `ANY` is left no method, and a `$default` beside routes for
every path; APIs that share a site are looked at one by one. A `{proxy+}` beside `{variable}` routes is never said to be
unreachable: paths with empty segments come to it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from router.triggers._http import METHODS
from router.triggers.api_gateway.routes import RouteKey

ANY = "ANY"
_ALL_PLACES = ("/", "/{+}")


def unreached(parsed: Iterable[tuple[str, RouteKey]]) -> Iterator[tuple[str, list[str]]]:
    """The `ANY` routes that are left no method, each with the routes that take them all."""
    for routes in _by_place(parsed).values():
        if ANY in routes and all(method in routes for method in METHODS):
            yield routes[ANY], [routes[method] for method in METHODS]


def takes_all(parsed: Iterable[tuple[str, RouteKey]]) -> list[str] | None:
    """The routes that together take every path with every method, where there are such."""
    places = _by_place(parsed)
    found: list[str] = []
    for place in _ALL_PLACES:
        routes = places.get(place, {})
        if ANY not in routes and any(method not in routes for method in METHODS):
            return None
        found += routes.values()
    return found


def _by_place(parsed: Iterable[tuple[str, RouteKey]]) -> Mapping[str, dict[str, str]]:
    places: dict[str, dict[str, str]] = defaultdict(dict)
    for text, key in parsed:
        places[key.shape].setdefault(key.method, text)
    return places
