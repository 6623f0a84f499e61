"""The driver fetches what a conversation asks for, and counts and logs what it remarks."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from router.batches import Batch, Completed, Message, Settlement
from router.driver import Driver
from router.errors import FetchFailed
from router.exchange import BatchExchange, Exchange
from router.fakes import FakeClock, FakeFetcher, FakeInvoker, FakeMetrics, request, trigger
from router.model import BatchConversation, Conversation, Fetch, Remark, Reply, Request

STEP = Fetch("https://sns.eu-west-1.amazonaws.com/a.pem", ("sns.example.com",), keep=True)


async def no_body(limit: int) -> bytes:
    return b""


def fetching(request: Request, built: Any) -> Conversation:
    try:
        body = yield STEP
    except FetchFailed as error:
        return Reply(502, [], str(error).encode())
    return Reply(200, [], body)


@pytest.mark.parametrize(
    ("fetcher", "reply"),
    [
        (FakeFetcher({STEP.url: b"certificate"}), Reply(200, [], b"certificate")),
        (FakeFetcher({STEP.url: FetchFailed("it hangs")}), Reply(502, [], b"it hangs")),
        (None, Reply(502, [], b"nothing is fetched here")),
    ],
)
async def test_a_fetch(fetcher: FakeFetcher | None, reply: Reply) -> None:
    driver = Driver(FakeInvoker(), FakeClock(), lambda: 0.0, FakeMetrics(), fetcher=fetcher)

    assert await driver.run(Exchange(trigger("t", fetching), request("GET", "/"), no_body)) == reply
    assert fetcher is None or fetcher.fetched == [STEP]


async def test_a_fetch_for_a_batch() -> None:
    def handle(batch: Batch, built: Any) -> BatchConversation:
        body = yield STEP
        return Settlement((Completed("h", body.decode()),))

    made = trigger("t", fetching)
    made.type = replace(made.type, handle_batch=handle)
    driver = Driver(FakeInvoker(), FakeClock(), lambda: 0.0, FakeMetrics(), fetcher=FakeFetcher({STEP.url: b"certificate"}))
    batch = Batch((Message("h", "{}"),), "id", "Root=1-a-b", 0.0)

    assert await driver.run_batch(BatchExchange(made, batch)) == Settlement((Completed("h", "certificate"),))


async def test_a_remark_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def remarking(request: Request, built: Any) -> Conversation:
        yield Remark("filtered", "No subscription matches.", {"topic": "alerts"})
        return Reply(200, [], b"")

    metrics = FakeMetrics()
    driver = Driver(FakeInvoker(), FakeClock(), lambda: 0.0, metrics)
    exchange = Exchange(trigger("t", remarking), request("GET", "/"), no_body)
    with caplog.at_level(logging.INFO, "router.driver"):
        assert await driver.run(exchange) == Reply(200, [], b"")

    assert metrics.remarks == [("t", "filtered")]
    assert [(each.message, vars(each)["trigger"], vars(each)["topic"]) for each in caplog.records] == [
        ("No subscription matches.", "t", "alerts")
    ]
