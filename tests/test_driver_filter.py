"""A trigger's `filter`: what it does not want goes nowhere, and is counted."""

from typing import Any

from router.arn import FunctionArn
from router.deliveries import Acceptance, Condition, Receipt
from router.driver import Driver
from router.exchange import Exchange
from router.fakes import FakeAcceptor, FakeClock, FakeInvoker, FakeMetrics, request, trigger
from router.model import Accept, Conversation, Function, Reply, Request, Target
from router.patterns.filters import compile_filter

TARGET = Target(Function("f", FunctionArn("eu-west-1", "111122223333", "f"), 3.0))
EVENTS = [b'{"kind":"a","n":1}', b'{"kind":"b"}', b"[]", b'{"kind":"a","n":2}']


async def accept(acceptances: list[Acceptance], pattern: dict[str, Any]) -> tuple[list[Receipt], list[bytes], FakeMetrics]:
    """The receipts, what was accepted, and the figures."""
    seen: list[Receipt] = []

    def handle(asked: Request, built: Any) -> Conversation:
        seen.extend((yield Accept(tuple(acceptances))))
        return Reply(200, [])

    async def no_body(limit: int) -> bytes:
        return b""

    filtered = trigger("hook", handle)
    filtered.wants = compile_filter(pattern)
    acceptor, metrics = FakeAcceptor(), FakeMetrics()
    driver = Driver(FakeInvoker(), FakeClock(), lambda: 0.0, metrics, acceptor=acceptor)
    assert await driver.run(Exchange(filtered, request("POST", "/"), no_body)) == Reply(200, [])
    return seen, [accepted.payload for _, accepted in acceptor.accepted], metrics


async def test_receipts_come_in_the_order_of_the_events() -> None:
    receipts, accepted, metrics = await accept([Acceptance(TARGET, event) for event in EVENTS], {"kind": ["a"]})

    assert receipts == [Receipt("delivery-1"), Receipt(""), Receipt(""), Receipt("delivery-2")]
    assert accepted == [EVENTS[0], EVENTS[3]]
    assert metrics.remarks == [("hook", "filtered")] * 2


async def test_what_could_not_be_made_is_kept_whatever_the_filter_says() -> None:
    failed = Acceptance(TARGET, b"{}", failed=Condition.RENDERING_FAILED)
    receipts, accepted, metrics = await accept([failed], {"kind": ["a"]})

    assert (receipts, accepted, metrics.remarks) == ([Receipt("delivery-1")], [b"{}"], [])


async def test_nothing_may_be_left() -> None:
    receipts, accepted, metrics = await accept([Acceptance(TARGET, b"{}")], {"kind": ["a"]})

    assert (receipts, accepted, metrics.remarks) == ([Receipt("")], [], [("hook", "filtered")])
