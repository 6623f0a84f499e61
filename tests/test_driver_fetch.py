"""The driver fetches what a conversation asks for, and counts and logs what it remarks."""

import logging
from typing import Any

import pytest

from router.driver import Driver, Exchange
from router.errors import FetchFailed
from router.fakes import FakeClock, FakeFetcher, FakeInvoker, FakeMetrics, request, trigger
from router.model import Conversation, Fetch, Remark, Reply, Request

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
