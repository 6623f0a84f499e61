"""Front doors that take events for later: accepted into the journal, answered 202 with the delivery's id.

An asynchronous HTTP API has no counterpart in AWS: the event is the one that a synchronous call would bring, the limit Lambda's
for asynchronous events, and `Idempotency-Key` is what an event is known by.
"""

from collections.abc import Generator
from typing import Any

from router import jsontext
from router.deliveries import MAX_EVENT, Acceptance, Durability, Receipt
from router.errors import RequestError
from router.model import Accept, Headers, Reply, Request, Step, Target

ID_HEADER = "x-router-delivery-id"
DURABILITY_HEADER = "x-router-durability"


class AsyncEventTooLarge(RequestError):
    """The event is longer than Lambda takes asynchronously; the text is Lambda's (semantics/sync.md §1.3)."""

    name = "request_too_large"

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} byte payload is too large for the Event invocation type (limit {MAX_EVENT} bytes)")


def accept_one(
    target: Target, payload: bytes, *, route: str = "", deduplication_id: str | None = None
) -> Generator[Step, Any, Receipt]:
    """Accept one event. Raises AsyncEventTooLarge, and what `Accept` throws."""
    if len(payload) > MAX_EVENT:
        raise AsyncEventTooLarge(len(payload))
    receipts: list[Receipt] = yield Accept((Acceptance(target, payload, route, deduplication_id),))
    return receipts[0]


def accepted(
    request: Request, target: Target, payload: bytes, durability: Durability, *, route: str = ""
) -> Generator[Step, Any, Reply]:
    """Accept an HTTP front door's event, and its answer. A known `Idempotency-Key` is answered as before."""
    key = request.header("idempotency-key") or None
    receipt = yield from accept_one(target, payload, route=route, deduplication_id=key)
    return Reply(202, receipt_headers(receipt, durability), jsontext.dumps({"deliveryId": receipt.delivery_id or None}))


def receipt_headers(receipt: Receipt, durability: Durability) -> Headers:
    """What says what was accepted, and what that is worth. What a `filter` left out has no id."""
    id: Headers = [(ID_HEADER, receipt.delivery_id)] if receipt.delivery_id else []
    return [("content-type", "application/json"), *id, (DURABILITY_HEADER, durability.value)]
