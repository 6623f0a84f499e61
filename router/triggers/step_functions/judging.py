"""Whether a task is one that its function can get: the method and body of a request, the input of an activity's task."""

from collections.abc import Iterator, Sequence

from router import jsontext
from router.batches import Batch
from router.errors import RequestError
from router.model import Predicate, Request, RouteVerdict
from router.patterns.wording import shown
from router.triggers._judging import judged, subjects, the_body
from router.triggers.step_functions import http_task


def judge_task(given: Request | Batch) -> Sequence[RouteVerdict]:
    """One verdict for a request, or for the task."""
    if isinstance(given, Request):
        return [judged("", _of_request(given))]
    return [
        judged("", [_json("input", message.body.encode("utf-8", "surrogatepass"))], subject)
        for subject, message in subjects("messages", given.messages)
    ]


def _of_request(request: Request) -> Iterator[Predicate]:
    fits = request.method in http_task.METHODS
    yield Predicate("method", " or ".join(http_task.METHODS), request.method, fits)
    try:
        http_task.event_of(request, the_body(request, http_task.body_limit(request)))
    except RequestError as error:
        yield Predicate("body", "JSON or a form", shown(str(error)), False)


def _json(name: str, text: bytes) -> Predicate:
    try:
        jsontext.check(text)
    except ValueError as error:
        return Predicate(name, "JSON", shown(str(error)), False)
    return Predicate(name, "JSON", "JSON", True)
