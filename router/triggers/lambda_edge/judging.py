"""Which behavior of a distribution takes a request: the first whose path pattern fits the normalised path."""

from collections.abc import Mapping, Sequence
from typing import Any

from router.batches import Batch
from router.errors import RequestError
from router.model import DeclaredRoute, Predicate, Request, RouteVerdict
from router.triggers._judging import first_wins, judged, refused, the_request
from router.triggers.lambda_edge.conversation import check_request
from router.triggers.lambda_edge.headers import EventType
from router.triggers.lambda_edge.site import Site, fits, normalized


def routes(settings: Mapping[str, Any]) -> Sequence[DeclaredRoute]:
    """The behaviors by path pattern, each with the functions of its stages."""
    return [
        DeclaredRoute(pattern, ("behaviors", pattern), tuple(_functions(behavior)))
        for pattern, behavior in settings["behaviors"].items()
    ]


def _functions(behavior: Mapping[str, Any]) -> list[str]:
    stages = [behavior.get(event.replace("-", "_")) for event in EventType]
    return [str(stage["function"]) for stage in stages if stage is not None]


def judge(site: Site, given: Request | Batch) -> Sequence[RouteVerdict]:
    """A verdict on each behavior."""
    request = the_request(given)
    try:
        check_request(request)
    except RequestError as error:
        return refused([behavior.name for behavior in site.behaviors], error)
    path = normalized(request.path)
    return first_wins(
        [
            judged(behavior.name, [Predicate("path", behavior.pattern, path, fits(behavior.pattern, path))])
            for behavior in site.behaviors
        ]
    )
