"""What is told to the journal together, and what becomes of it when the journal does not take it."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from router.deliveries import Delivery, DeliverySettlement, Fate
from router.delivery.settling import Settling
from router.errors import Unavailable
from router.fakes import FakeDeliveryMetrics


class Slow:
    """A journal whose settlements end when they are let go, and that fails as it is told."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.failures: dict[str, list[Exception]] = {}
        self.go_on = asyncio.Event()

    async def settle(self, settlements: Sequence[DeliverySettlement]) -> None:
        self.calls.append([settlement.delivery.id for settlement in settlements])
        await self.go_on.wait()
        for settlement in settlements:
            if self.failures.get(settlement.delivery.id):
                raise self.failures[settlement.delivery.id].pop(0)


def delivery(id: str) -> Delivery:
    return Delivery(id, "jobs", "", "f", None, b"1", 0.0, "", 0.0)


class World:
    def __init__(self) -> None:
        self.journal, self.metrics = Slow(), FakeDeliveryMetrics()
        self.pauses: list[float] = []
        self.told = 0
        self.settling = Settling(self.journal, self.metrics, self._pause, self._tell)  # type: ignore[arg-type]
        self.on_pause: Callable[[], None] = lambda: None
        self.pause_ends: asyncio.Event | None = None

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.on_pause()
        if self.pause_ends is not None:
            await self.pause_ends.wait()

    def _tell(self) -> None:
        self.told += 1

    def settle(self, *ids: str, fate: Fate = Fate.DONE) -> None:
        for id in ids:
            self.settling.settle(delivery(id), fate)

    async def turns(self) -> None:
        """Let everything run until it waits."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def finish(self) -> None:
        self.journal.go_on.set()
        await self.settling.finish()


async def test_what_ends_meanwhile_is_settled_together() -> None:
    it = World()
    it.settle("a", "b")
    await asyncio.sleep(0)
    it.settle("c")
    it.settle("d")
    assert it.settling.unwritten == 4
    await it.finish()
    assert it.journal.calls == [["a", "b"], ["c", "d"]]
    assert (it.settling.unwritten, it.told) == (0, 2)
    assert it.metrics.counted == [("settled", "jobs", "f", Fate.DONE)] * 4
    it.settle("e", fate=Fate.LATER)
    await it.finish()
    assert it.journal.calls[2:] == [["e"]]
    assert len(it.metrics.counted) == 4


async def test_a_disk_that_takes_nothing_is_asked_again_with_longer_pauses(caplog: pytest.LogCaptureFixture) -> None:
    it = World()
    it.journal.failures["a"] = [*(Unavailable("the disk is full") for _ in range(3)), OSError(28, "No space left on device")]
    it.journal.failures["b"] = [Unavailable("the disk is full"), OSError(28, "No space left on device")]
    it.settle("a", "b")
    await it.finish()
    assert it.journal.calls == [*[["a", "b"], ["a"], ["b"]] * 2, ["a", "b"]]
    assert it.pauses == [1.0, 2.0]
    assert [(record.deliveries, record.failures) for record in caplog.records] == [(2, 1), (2, 2)]
    assert len(it.metrics.counted) == 2
    assert (it.settling.unwritten, it.told) == (0, 1)


async def test_what_ends_while_the_disk_takes_nothing_is_tried_with_the_rest() -> None:
    it = World()
    it.journal.failures["a"] = [Unavailable("the disk is full")]
    it.on_pause = lambda: it.settle("b")
    it.settle("a")
    await it.finish()
    assert it.journal.calls == [["a"], ["a", "b"]]


async def test_one_that_the_disk_does_not_take_does_not_hold_the_others(caplog: pytest.LogCaptureFixture) -> None:
    it = World()
    it.journal.failures["b"] = [Unavailable("database disk image is malformed")] * 4
    it.pause_ends = asyncio.Event()
    it.settle("a", "b", "c")
    it.journal.go_on.set()
    await it.turns()
    assert it.told == 1
    assert it.journal.calls == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert it.settling.unwritten == 1
    it.settle("d")
    await it.turns()
    assert it.told == 2
    assert it.journal.calls[4:] == [["d"]]
    assert len(it.metrics.counted) == 3
    it.pause_ends.set()
    await it.finish()
    assert it.journal.calls[5:] == [["b"]] * 3
    assert it.pauses == [1.0, 2.0, 4.0]
    assert [(record.delivery_id, record.failures) for record in caplog.records] == [("b", 1), ("b", 2), ("b", 3)]
    assert (it.settling.unwritten, it.told, len(it.metrics.counted)) == (0, 3, 4)


async def test_one_that_the_disk_does_not_take_can_be_cut() -> None:
    it = World()
    it.journal.failures["b"] = [Unavailable("database disk image is malformed")] * 2
    it.pause_ends = asyncio.Event()
    it.settle("a", "b")
    it.journal.go_on.set()
    await it.turns()
    assert it.told == 1
    await it.settling.cut()
    await it.settling.finish()
    assert it.journal.calls == [["a", "b"], ["a"], ["b"]]


async def test_one_that_cannot_be_settled_does_not_hold_the_others(caplog: pytest.LogCaptureFixture) -> None:
    it = World()
    it.journal.failures["b"] = [LookupError("not claimed"), LookupError("not claimed")]
    it.settle("a", "b", "c")
    await it.finish()
    assert it.journal.calls == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert len(it.metrics.counted) == 2
    assert [record.delivery_id for record in caplog.records] == ["b"]
    assert it.settling.unwritten == 0


async def test_what_hangs_can_be_cut() -> None:
    it = World()
    it.settle("a")
    await asyncio.sleep(0)
    await it.settling.cut()
    await it.settling.finish()
    assert (it.journal.calls, it.metrics.counted) == ([["a"]], [])
