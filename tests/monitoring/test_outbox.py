"""What waits for CloudWatch: bounded, in order, tried again, and never in anybody's way."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from router.errors import SourceError, SourceRefused
from router.monitoring.outbox import Outbox

BUSY = SourceError("ThrottlingException", "later")
NEVER = SourceRefused("InvalidParameterValue", "never")


class Shipping:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, str, int]] = []

    def sent(self, what: str, number: int) -> None:
        self.counted.append(("sent", what, number))

    def dropped(self, what: str, number: int) -> None:
        self.counted.append(("dropped", what, number))


class Service:
    """Takes items; `failures` are raised first, one per call."""

    def __init__(self, *failures: SourceError) -> None:
        self.failures = [*failures]
        self.taken: list[str] = []

    async def take(self, item: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(item)


Make = Callable[..., Outbox[str]]


@pytest.fixture
def shipping() -> Shipping:
    return Shipping()


@pytest.fixture
def make(shipping: Shipping) -> Make:
    """An outbox over lists of items, one list for each look."""

    def outbox(service: Service, *looks: list[str], most: int = 10, interval: float = 3600.0) -> Outbox[str]:
        pending = [*looks]
        return Outbox(
            *("logs", lambda last: pending.pop(0) if pending else [], service.take, len, shipping), interval=interval, most=most
        )

    return outbox


async def test_in_order(make: Make, shipping: Shipping) -> None:
    service = Service()
    await make(service, ["a", "bb"]).turn()
    assert (service.taken, shipping.counted) == (["a", "bb"], [("sent", "logs", 1), ("sent", "logs", 2)])


async def test_what_is_not_taken_waits(make: Make, shipping: Shipping, caplog: pytest.LogCaptureFixture) -> None:
    service = Service(BUSY, BUSY)
    outbox = make(service, ["a"], ["b"], [])
    await outbox.turn()
    await outbox.turn()
    assert (service.taken, shipping.counted) == ([], [])
    await outbox.turn()
    assert (service.taken, shipping.counted) == (["a", "b"], [("sent", "logs", 1), ("sent", "logs", 1)])
    assert [(line.levelno, line.message) for line in caplog.records if line.levelno > logging.DEBUG] == [
        (logging.WARNING, "CloudWatch does not take data at the moment.")
    ]


async def test_what_is_refused_holds_nothing_up(make: Make, shipping: Shipping) -> None:
    service = Service(NEVER)
    await make(service, ["aaa", "b"]).turn()
    assert (service.taken, shipping.counted) == (["b"], [("dropped", "logs", 3), ("sent", "logs", 1)])


async def test_the_oldest_make_room(make: Make, shipping: Shipping) -> None:
    service = Service(BUSY)
    outbox = make(service, ["a", "b", "c"], ["dd"], most=3)
    await outbox.turn()
    await outbox.turn()
    assert (service.taken, shipping.counted[0]) == (["b", "c", "dd"], ("dropped", "logs", 1))


async def test_it_looks_by_itself(make: Make) -> None:
    arrived = asyncio.Event()

    class Waking(Service):
        async def take(self, item: str) -> None:
            await super().take(item)
            arrived.set()

    service = Waking()
    outbox = make(service, ["a"], interval=0.001)
    outbox.start()
    async with asyncio.timeout(10):
        await arrived.wait()
    await outbox.close()
    assert service.taken == ["a"]


async def test_the_last_look_takes_everything(make: Make) -> None:
    service = Service()
    outbox = make(service, ["a", "b"])
    outbox.start()
    await outbox.close()
    assert service.taken == ["a", "b"]


async def test_what_cannot_be_sent_at_the_end_is_counted(make: Make, shipping: Shipping) -> None:
    outbox = make(Service(BUSY), ["a", "b"])
    await outbox.close()
    assert shipping.counted == [("dropped", "logs", 2)]


async def test_a_service_that_hangs_does_not_hold_the_end_up(
    make: Make, shipping: Shipping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("router.monitoring.outbox.CLOSE_PATIENCE", 0.01)

    class Hanging(Service):
        async def take(self, item: str) -> None:
            await asyncio.Event().wait()

    await make(Hanging(), ["a"]).close()
    assert shipping.counted == [("dropped", "logs", 1)]
