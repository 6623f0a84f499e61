"""Which operation of a user pool an event is for, by its `triggerSource`."""

from collections.abc import Mapping, Sequence
from typing import Any

from router.batches import Batch
from router.errors import RequestError, Unmatched
from router.model import DeclaredRoute, Predicate, Request, RouteVerdict
from router.patterns.wording import NOTHING, shown
from router.triggers._http import LAMBDA_PAYLOAD_LIMIT
from router.triggers._judging import judged, nobody, references, refused, the_body, the_request
from router.triggers.cognito.events import Pool, parsed, understand
from router.triggers.cognito.operations import OPERATIONS


def routes(settings: Mapping[str, Any]) -> Sequence[DeclaredRoute]:
    """The operations that have a function."""
    return [
        DeclaredRoute(name, ("operations", name), references(chosen), invocation="async" if OPERATIONS[name].later else "sync")
        for name, chosen in settings["operations"].items()
        if chosen is not None
    ]


def judge_event(pool: Pool, given: Request | Batch) -> Sequence[RouteVerdict]:
    """A verdict on each operation."""
    request = the_request(given)
    if request.method != "POST":
        return nobody(pool.assigned, Predicate("method", "POST", request.method, False))
    try:
        body = the_body(request, LAMBDA_PAYLOAD_LIMIT)
        source = parsed(body).get("triggerSource")
    except RequestError as error:
        return refused(pool.assigned, error)
    wrong = _wrong(body, pool)
    got = NOTHING if source is None else shown(str(source))
    return [
        judged(
            name,
            (
                Predicate("triggerSource", " or ".join(sources), got, source in sources),
                Predicate("event", "one that is taken", shown(wrong), not wrong),
            ),
        )
        for name, sources in ((name, assigned.operation.sources) for name, assigned in pool.assigned.items())
    ]


def _wrong(body: bytes, pool: Pool) -> str:
    """What is wrong with an event for the operation that it is for; empty where nothing is, or where it is for none here."""
    try:
        understand(body, pool)
    except Unmatched:
        return ""
    except RequestError as error:
        return str(error)
    return ""
