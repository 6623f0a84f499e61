"""What trigger types share where they say of each of their rules whether it takes a request, and if not, why.

Nothing here matches anything: each type evaluates its rules leaf by leaf, with what its conversation matches by. Who may call
is not judged, only what a request, message or event is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from router.batches import Batch
from router.errors import BodyTooLarge
from router.model import DeclaredRoute, Predicate, Request, RouteVerdict
from router.patterns.wording import NOTHING, shown

REQUEST = "request"
"""The predicate of what a front door refuses before it looks at any rule; `got` says why."""


def judged(route: str, predicates: Iterable[Predicate], subject: str = "") -> RouteVerdict:
    """The verdict on one rule whose predicates are all that it asks."""
    asked = [*predicates]
    fitted = sum(each.fits for each in asked)
    failed = next((each for each in asked if not each.fits), None)
    if failed is None:
        return RouteVerdict(route, True, fitted=fitted, subject=subject)
    return RouteVerdict(route, False, failed.name, failed.wanted, failed.got, fitted, subject)


def with_winner(verdicts: Iterable[RouteVerdict], winner: str | None, rule: str) -> list[RouteVerdict]:
    """Of the rules that fit `winner` alone is matched. `rule`: what makes one of several win, to complete "wanted …"."""
    return [
        verdict
        if not verdict.matched or verdict.route == winner
        else RouteVerdict(
            verdict.route, False, "precedence", rule, NOTHING if winner is None else winner, verdict.fitted, verdict.subject
        )
        for verdict in verdicts
    ]


def first_wins(verdicts: Sequence[RouteVerdict]) -> list[RouteVerdict]:
    """Rules in order, of which the first that fits takes the request."""
    winner = next((verdict.route for verdict in verdicts if verdict.matched), None)
    return with_winner(verdicts, winner, "the first rule that fits")


def nobody(routes: Iterable[str], failed: Predicate, subject: str = "", fitted: int = 0) -> list[RouteVerdict]:
    """Every rule misses for one reason that lies before all of them."""
    return [RouteVerdict(route, False, failed.name, failed.wanted, failed.got, fitted, subject) for route in routes]


def refused(routes: Iterable[str], error: Exception, subject: str = "", name: str = REQUEST) -> list[RouteVerdict]:
    """The front door takes no such request; `error` says why."""
    return nobody(routes, refusal(error, name), subject)


def refusal(error: Exception, name: str = REQUEST) -> Predicate:
    """What a front door asks of everything that comes, and why this is not it."""
    return Predicate(name, "one that is taken", shown(str(error)), False)


def subjects(kind: str, things: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Each thing with its name among several: `Records[0]`; a single one needs none."""
    for index, thing in enumerate(things):
        yield (f"{kind}[{index}]" if len(things) > 1 else ""), thing


def references(settings: Any) -> tuple[str, ...]:
    """The function that a rule's settings name: a reference alone, or a map with `function`."""
    if isinstance(settings, Mapping):
        return (str(settings["function"]),) if settings.get("function") is not None else ()
    return (str(settings),)


def only_route(settings: Mapping[str, Any]) -> list[DeclaredRoute]:
    """Of a trigger that is its own only rule."""
    return [DeclaredRoute("", ("function",), references(settings))]


def named_routes(settings: Mapping[str, Any], section: str) -> list[DeclaredRoute]:
    """Of a trigger whose rules are the entries of one map."""
    return [DeclaredRoute(name, (section, name), references(each)) for name, each in settings[section].items()]


def the_request(given: Request | Batch) -> Request:
    """What a type that is not polled is asked about."""
    assert isinstance(given, Request), "nothing is polled for this type"
    return given


def the_body(request: Request, limit: int) -> bytes:
    """Raises BodyTooLarge, as reading it would."""
    body = request.body or b""
    if len(body) > limit:
        raise BodyTooLarge(limit)
    return body


def the_batch(given: Request | Batch) -> Batch:
    """What a type that is only polled is asked about."""
    assert isinstance(given, Batch), "this type takes no requests"
    return given
