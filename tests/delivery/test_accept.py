"""Acceptances become deliveries that the journal keeps, and only then receipts."""

from collections.abc import Sequence
from typing import Any

import pytest

from router.arn import FunctionArn
from router.batches import Batch, Completed, Message, Settlement
from router.deliveries import MAX_EVENT, Acceptance, Condition, Delivery, Durability, Receipt
from router.delivery.accept import JournalAcceptor
from router.driver import Driver
from router.errors import Unavailable
from router.exchange import BatchExchange, Exchange
from router.fakes import FakeAcceptor, FakeClock, FakeDeliveryMetrics, FakeInvoker, FakeMetrics, request, trigger
from router.model import Accept, BatchConversation, Conversation, Function, Reply, Request, Target, Trigger

ORDERS = Function("orders", FunctionArn("eu-west-1", "111122223333", "orders"), 3.0)
TRACE = "Root=1-6a514b28-0123456789abcdef01234567"


class Kept:
    """What `append` got; `answers` are its receipts."""

    def __init__(self, answers: Sequence[Receipt] | Unavailable) -> None:
        self.answers = answers
        self.appended: list[tuple[list[Delivery], Durability]] = []

    async def append(self, deliveries: Sequence[Delivery], durability: Durability) -> list[Receipt]:
        self.appended.append(([*deliveries], durability))
        if isinstance(self.answers, Unavailable):
            raise self.answers
        return [*self.answers]


def acceptor(journal: Any, metrics: FakeDeliveryMetrics, draw: float = 0.0) -> JournalAcceptor:
    ids = iter(f"id-{number}" for number in range(1, 9))
    return JournalAcceptor(journal, FakeClock(1000.0), metrics, draw=lambda: draw, new_id=lambda: next(ids))


def made(handle: Any, durability: Durability = Durability.DISK) -> Trigger:
    result = trigger("bus", handle)
    result.durability = durability
    return result


async def test_an_acceptance_becomes_a_delivery_that_is_due_now() -> None:
    journal, metrics = Kept([Receipt("id-1")]), FakeDeliveryMetrics()
    acceptance = Acceptance(
        Target(ORDERS, weights=(("live", 95), ("8", 5))), b"{}", "paid", "order-7", "customer-3", {"source": "shop"}
    )
    asked = request("POST", "/", trace_id=f"{TRACE};Lineage=1:fe460cdd:0;RouterHops=2")
    receipts = await acceptor(journal, metrics, draw=0.96).accept(made(None, Durability.OS), asked, [acceptance])
    assert receipts == [Receipt("id-1")]
    expected = Delivery(
        id="id-1",
        trigger="bus",
        route="paid",
        function="orders",
        qualifier="8",
        payload=b"{}",
        accepted_at=1000.0,
        trace_id=f"{TRACE};Lineage=1:fe460cdd:0;RouterHops=2",
        due_at=1000.0,
        deduplication_id="order-7",
        group="customer-3",
        hops=2,
        attributes={"source": "shop"},
    )
    assert journal.appended == [([expected], Durability.OS)]
    assert metrics.counted == [("accepted", "bus", "orders")]


async def test_all_events_of_a_request_are_one_commit_and_duplicates_are_not_counted() -> None:
    journal, metrics = Kept([Receipt("earlier", True), Receipt("id-2")]), FakeDeliveryMetrics()
    asked = request("POST", "/", headers=[("X-Router-Hops", "4")], trace_id=TRACE)
    pair = [Acceptance(Target(ORDERS, "live"), b"1"), Acceptance(Target(ORDERS), b"2")]
    assert await acceptor(journal, metrics).accept(made(None), asked, pair) == [Receipt("earlier", True), Receipt("id-2")]
    ((deliveries, durability),) = journal.appended
    assert [(one.qualifier, one.payload, one.hops) for one in deliveries] == [("live", b"1", 4), (None, b"2", 4)]
    assert durability is Durability.DISK
    assert metrics.counted == [("accepted", "bus", "orders")]


@pytest.mark.parametrize(
    ("acceptance", "condition", "detail"),
    [
        (
            Acceptance(Target(ORDERS), b"{}", failed=Condition.RENDERING_FAILED, detail="no such path"),
            Condition.RENDERING_FAILED,
            "no such path",
        ),
        (
            Acceptance(Target(ORDERS), b" " * (MAX_EVENT + 1)),
            Condition.REFUSED,
            "The event has 1048577 bytes, more than 1048576.",
        ),
        (Acceptance(Target(ORDERS), b" " * MAX_EVENT), None, ""),
    ],
)
async def test_what_cannot_be_delivered_is_kept_with_its_condition(
    acceptance: Acceptance, condition: Condition | None, detail: str
) -> None:
    journal = Kept([Receipt("id-1")])
    await acceptor(journal, FakeDeliveryMetrics()).accept(made(None), request("POST", "/"), [acceptance])
    ((deliveries, _),) = journal.appended
    assert [(one.condition, one.detail, one.attempts) for one in deliveries] == [(condition, detail, [])]


async def test_nothing_is_no_commit() -> None:
    journal = Kept([])
    assert await acceptor(journal, FakeDeliveryMetrics()).accept(made(None), request("POST", "/"), []) == []
    assert journal.appended == []


async def test_a_journal_that_is_full_is_told_to_the_caller() -> None:
    metrics = FakeDeliveryMetrics()
    with pytest.raises(Unavailable):
        await acceptor(Kept(Unavailable("full")), metrics).accept(
            made(None), request("POST", "/"), [Acceptance(Target(ORDERS), b"1")]
        )
    assert metrics.counted == []


async def test_the_driver_accepts_for_conversations_about_requests() -> None:
    def handle(asked: Request, built: Any) -> Conversation:
        try:
            receipts = yield Accept((Acceptance(Target(ORDERS), b"1"), Acceptance(Target(ORDERS), b"2")))
        except Unavailable as error:
            return Reply(503, [], str(error).encode())
        return Reply(202, [], " ".join(receipt.delivery_id for receipt in receipts).encode())

    async def no_body(limit: int) -> bytes:
        return b""

    replies = []
    for error in (None, Unavailable("the journal is full")):
        driver = Driver(FakeInvoker(), FakeClock(), lambda: 0.0, FakeMetrics(), acceptor=FakeAcceptor(error))
        replies.append(await driver.run(Exchange(made(handle), request("POST", "/"), no_body)))
    assert replies == [Reply(202, [], b"delivery-1 delivery-2"), Reply(503, [], b"the journal is full")]


async def test_the_driver_accepts_for_conversations_about_batches() -> None:
    def handle_batch(batch: Batch, built: Any) -> BatchConversation:
        yield Accept(tuple(Acceptance(Target(ORDERS), message.body.encode()) for message in batch.messages))
        return Settlement(tuple(Completed(message.handle) for message in batch.messages))

    polled = made(None)
    polled.type = type(polled.type)(
        "made_up",
        frozenset({"async"}),
        lambda settings, scope: None,
        lambda settings: (),
        polled.type.handle,
        handle_batch=handle_batch,
    )
    batch = Batch((Message("h1", "1"), Message("h2", "2")), "b", TRACE, 1000.0)
    settlements = []
    for error in (None, Unavailable("the journal is full")):
        acceptor = FakeAcceptor(error)
        driver = Driver(FakeInvoker(), FakeClock(), lambda: 0.0, FakeMetrics(), acceptor=acceptor)
        settlements.append(await driver.run_batch(BatchExchange(polled, batch)))
    assert settlements[0] == Settlement((Completed("h1"), Completed("h2")))
    assert (settlements[1].error, settlements[1].detail) == ("unavailable", "the journal is full")
    assert [result.handle for result in settlements[1].results] == ["h1", "h2"]
