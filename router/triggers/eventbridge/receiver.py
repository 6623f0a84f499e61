"""Events that another event bus sends: as an API destination over HTTP, or through an SQS queue.

The document is taken as it came, whole or transformed; rules may match it once more. `Range`, which API destinations send,
means nothing here.

Source: semantics/async.md §D.12 and https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html.
"""

from router import jsontext
from router.batches import Batch, Completed, Rejected, Settlement
from router.deliveries import MAX_EVENT
from router.errors import BadRequest, Forbidden, RequestError, Unavailable
from router.model import Accept, BatchConversation, Conversation, Headers, Remark, Reply, Request
from router.triggers._accept import DURABILITY_HEADER
from router.triggers._auth import challenge
from router.triggers._queue_source import all_rejected
from router.triggers._refusals import error_note
from router.triggers.eventbridge.bus import Bus, acceptances, admit
from router.triggers.eventbridge.event import Event, from_document

_STATUS = {
    "bad_request": 400,
    "incomplete_request": 400,
    "unauthorized": 401,
    "forbidden": 403,
    "request_too_large": 413,
    "unavailable": 503,
}
"""By the error's name. EventBridge repeats what is a 5xx; a 4xx is final, but for an OAuth token that a 401 renews."""

_UNWANTED = ("filtered", "No rule wants some events.")


def converse(request: Request, bus: Bus) -> Conversation:
    """One call of an API destination: 200 after the commit."""
    try:
        caller = yield from admit(request, bus.all, MAX_EVENT)
        if len(caller.admitted) < len(bus.all):
            raise caller.refusal or Forbidden("The caller may not reach every trigger of this path.")
        try:
            event = from_document(caller.body, request.received_at)
        except ValueError as error:
            raise BadRequest(f"the body is no event: {error}") from None
        accepted = tuple(acceptances(event, bus.all))
        if accepted:
            yield Accept(accepted)
        else:
            yield Remark(*_UNWANTED, {"events": "1"})
    except RequestError as error:
        return _refusal(error)
    return Reply(200, [(DURABILITY_HEADER, bus.durability.value)])


def _refusal(error: RequestError) -> Reply:
    status = _STATUS.get(error.name, 500)
    headers: Headers = [("Content-Type", "application/json"), *challenge(error, status)]
    shown = str(error) if status in (400, 413) else _WORDS.get(status, "Internal Server Error")
    return Reply(status, headers, jsontext.dumps({"message": shown}), error_note(error))


_WORDS = {401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable"}


def converse_batch(batch: Batch, bus: Bus) -> BatchConversation:
    """Messages of a queue: all events in one commit, then they are deleted. What is no event stays, for the queue's redrive."""
    events: list[Event] = []
    results: list[Completed | Rejected] = []
    for message in batch.messages:
        try:
            events.append(from_document(message.body.encode(), batch.received_at, message.group))
        except ValueError as error:
            results.append(Rejected(message.handle, "bad_request", f"the message is no event: {error}"))
        else:
            results.append(Completed(message.handle))
    accepted = tuple(each for event in events for each in acceptances(event, (bus,)))
    try:
        if accepted:
            yield Accept(accepted)
        elif events:
            yield Remark(*_UNWANTED, {"events": str(len(events))})
    except Unavailable as error:
        return all_rejected(batch.messages, error.name, str(error), again=True)
    wrong = next((result for result in results if isinstance(result, Rejected)), None)
    return Settlement(tuple(results), wrong.error if wrong else None, wrong.cause if wrong else "")
