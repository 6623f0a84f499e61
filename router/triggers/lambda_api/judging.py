"""Which of the functions that callers may reach a call of the Invoke API is for."""

from collections.abc import Mapping, Sequence
from typing import Any

from router.batches import Batch
from router.errors import RequestError
from router.model import DeclaredRoute, Predicate, Request, RouteVerdict
from router.patterns.wording import shown
from router.triggers._judging import judged, refused, the_body, the_request, with_winner
from router.triggers.lambda_api.answers import Refused
from router.triggers.lambda_api.calls import MAX_PAYLOAD, Api, function_segment, payload_of, read_headers, who_is_asked
from router.triggers.lambda_api.names import Asked

_NEAREST = "the function that fits the name best"
_NOT_FOUND = "ResourceNotFoundException"


def routes(settings: Mapping[str, Any]) -> Sequence[DeclaredRoute]:
    """The functions by their references; with `functions: all` the trigger is its only rule."""
    listed = settings["functions"]
    if listed == "all":
        return [DeclaredRoute("", ("functions",), ())]
    return [DeclaredRoute(reference, ("functions", index), (reference,)) for index, reference in enumerate(listed)]


def judge(api: Api, given: Request | Batch) -> Sequence[RouteVerdict]:
    """A verdict on each listed function, or one for all that are declared."""
    request = the_request(given)
    names = [""] if api.listed is None else [reference for reference, _ in api.listed]
    try:
        segment = function_segment(request)
        asked = who_is_asked(request, segment)
        body = the_body(request, MAX_PAYLOAD)
    except (RequestError, Refused) as error:
        return refused(names, error)
    found, wrong = _found(api, request, segment, body)
    taken = Predicate("request", "one that is taken", shown(wrong), not wrong)
    if api.listed is None:
        declared = Predicate("function", "one that is declared", shown(asked.name), found is not None or bool(wrong))
        return [judged("", (declared, taken))]
    verdicts = [judged(reference, (_named(api, asked, reference), taken)) for reference, _ in api.listed]
    return with_winner(verdicts, found, _NEAREST)


def matches(api: Api, given: Request | Batch) -> Sequence[RouteVerdict]:
    """That of the function which the name finds, if the call is one that is taken."""
    request = the_request(given)
    try:
        segment = function_segment(request)
        asked = who_is_asked(request, segment)
        found, wrong = _found(api, request, segment, the_body(request, MAX_PAYLOAD))
    except (RequestError, Refused):
        return []
    if found is None or wrong:
        return []
    predicate = Predicate("function", found, shown(asked.name), True)
    return [judged("" if api.listed is None else found, (predicate, Predicate("request", "one that is taken", "", True)))]


def _named(api: Api, asked: Asked, reference: str) -> Predicate:
    fits = any(name == reference and api.directory.is_meant(asked, function) for name, function in api.listed or ())
    return Predicate("function", reference, shown(asked.name), fits)


def _found(api: Api, request: Request, segment: str, body: bytes) -> tuple[str | None, str]:
    """The reference of the function that is called, and what is wrong with the call beside its name."""
    try:
        function = read_headers(request, api, segment).target.function
    except Refused as error:
        return None, "" if error.code == _NOT_FOUND else error.message
    try:
        payload_of(body)
    except Refused as error:
        return None, error.message
    listed = api.listed or ((function.name, function),)
    return next((reference for reference, each in listed if each is function), None), ""
