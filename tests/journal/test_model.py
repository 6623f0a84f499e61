"""Any history of appends, claims, ends and crashes, beside a model that is a plain list."""

import asyncio
import tempfile
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from router.deliveries import Delivery, DeliverySettlement, Durability, Fate, Receipt, Selection
from router.fakes import FakeClock
from router.journal.opening import Engine, MemoryEngine
from router.journal.rules import lane_of
from router.journal.sqlite.opening import SqliteEngine, open_sqlite
from router.settings import JournalSettings

T = TypeVar("T")
FUNCTIONS = ("a", "b")
GROUPS = (None, "g", "g")


class Histories(RuleBasedStateMachine):
    """The model: `kept` in order of acceptance, of which `claimed`; `dead` apart; `known` ids."""

    durable = True

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        self.settings = JournalSettings(dead_letter_retention=None)
        self.engine: Engine = self.open()
        self.kept: list[Delivery] = []
        self.dead: list[Delivery] = []
        self.claimed: dict[str, Delivery] = {}
        self.known: dict[tuple[str, str], str] = {}
        self.number = 0

    def open(self) -> Engine:
        async def opened() -> Engine:
            path = Path(self.folder.name)
            engine = open_sqlite(path, self.clock, self.settings) if self.durable else MemoryEngine(self.clock, self.settings)
            await engine.start()
            return engine

        return self.run(opened())

    def run(self, awaitable: Awaitable[T]) -> T:
        async def awaited() -> T:
            return await awaitable

        return self.runner.run(awaited())

    def teardown(self) -> None:
        self.run(self.engine.close())
        self.runner.close()
        self.folder.cleanup()

    def made(self, function: str, group: str | None, delay: float, known: str | None) -> Delivery:
        self.number += 1
        return Delivery(
            id=f"id-{self.number}",
            trigger="t",
            route="",
            function=function,
            qualifier=None,
            payload=b"%d" % self.number,
            accepted_at=self.clock.now(),
            trace_id="",
            due_at=self.clock.now() + delay,
            deduplication_id=known,
            group=group,
        )

    def due(self) -> list[Delivery]:
        """What may be claimed now: heads of their lanes that are due and in nobody's hands."""
        lanes = set()
        heads = []
        for one in self.kept:
            lane = lane_of(one)
            if lane is None or lane not in lanes:
                heads.append(one)
            lanes.add(lane)
        return [one for one in heads if one.due_at <= self.clock.now() and one.id not in self.claimed]

    @rule(
        given=strategies.lists(
            strategies.tuples(
                strategies.sampled_from(FUNCTIONS),
                strategies.sampled_from(GROUPS),
                strategies.sampled_from((0.0, 0.0, 10.0)),
                strategies.sampled_from((None, None, "x", "y")),
            ),
            min_size=1,
            max_size=8,
        ),
        durability=strategies.sampled_from(Durability),
    )
    def append(self, given: list[tuple[str, str | None, float, str | None]], durability: Durability) -> None:
        deliveries = [self.made(*fields) for fields in given]
        expected = []
        for one in deliveries:
            first = self.known.setdefault((one.trigger, one.deduplication_id), one.id) if one.deduplication_id else one.id
            expected.append(Receipt(first, duplicate=first != one.id))
            if first == one.id:
                self.kept.append(one)
        assert self.run(self.engine.journal.append(deliveries, durability)) == expected

    @rule(limit=strategies.integers(1, 4), without=strategies.sampled_from(((), ("a",), ("a", "b"))))
    def claim(self, limit: int, without: tuple[str, ...]) -> None:
        allowed = [one for one in self.due() if one.function not in without]
        claimed = self.run(self.engine.journal.claim(self.clock.now(), limit, without))
        assert len(claimed) == min(limit, len(allowed))
        by_id = {one.id: one for one in allowed}
        assert [replace(one, starts=0) for one in claimed] == [by_id[one.id] for one in claimed]
        for function in FUNCTIONS:
            of_function = sorted((one for one in allowed if one.function == function), key=lambda one: one.due_at)
            taken = [one.due_at for one in claimed if one.function == function]
            assert taken == [one.due_at for one in of_function[: len(taken)]]
        counts = [sum(one.function == name for one in claimed) for name in FUNCTIONS]
        left = [sum(one.function == name for one in allowed) - count for name, count in zip(FUNCTIONS, counts, strict=True)]
        assert abs(counts[0] - counts[1]) <= 1 or 0 in left
        self.claimed |= {one.id: one for one in claimed}

    @precondition(lambda self: self.claimed)
    @rule(data=strategies.data(), fate=strategies.sampled_from(Fate), delay=strategies.sampled_from((-5.0, 0.0, 10.0)))
    def settle(self, data: Any, fate: Fate, delay: float) -> None:
        id = data.draw(strategies.sampled_from(sorted(self.claimed)))
        claimed = self.claimed.pop(id)
        progress = {"due_at": self.clock.now() + delay, "retries_used": claimed.retries_used + 1, "starts": 0}
        ended = replace(claimed, **progress)
        self.run(self.engine.journal.settle([DeliverySettlement(ended, fate)]))
        at = next(index for index, one in enumerate(self.kept) if one.id == id)
        if fate is Fate.LATER:
            self.kept[at] = ended
        else:
            del self.kept[at]
        if fate is Fate.DEAD:
            self.dead.append(ended)

    @precondition(lambda self: self.dead)
    @rule(data=strategies.data())
    def redrive(self, data: Any) -> None:
        dead = data.draw(strategies.sampled_from(sorted(self.dead, key=lambda one: one.id)))
        assert self.run(self.engine.admin.redrive([dead.id], self.clock.now())) == 1
        self.dead.remove(dead)
        [anew] = [
            one
            for one in self.run(self.engine.admin.select(Selection(dead=False), 1000, None))
            if one.parent_id == dead.id and one.id not in {kept.id for kept in self.kept}
        ]
        now = self.clock.now()
        assert anew == replace(dead, id=anew.id, parent_id=dead.id, accepted_at=now, due_at=now, retries_used=0)
        self.kept.append(anew)

    @precondition(lambda self: self.dead)
    @rule()
    def purge(self) -> None:
        assert self.run(self.engine.admin.purge([one.id for one in self.dead])) == len(self.dead)
        self.dead = []

    @rule(seconds=strategies.sampled_from((1.0, 10.0)))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: self.durable)
    @rule()
    def stop_and_start(self) -> None:
        """Claims are gone with the process."""
        self.run(self.engine.close())
        self.engine = self.open()
        self.claimed = {}

    @invariant()
    def everything_is_kept(self) -> None:
        waiting = self.run(self.engine.admin.select(Selection(dead=False), 1000, None))
        assert [replace(one, starts=0) for one in waiting] == self.kept
        dead = self.run(self.engine.admin.select(Selection(dead=True), 1000, None))
        assert sorted(dead, key=lambda one: one.id) == sorted(self.dead, key=lambda one: one.id)

    @invariant()
    def nothing_is_broken(self) -> None:
        if isinstance(self.engine, SqliteEngine):
            assert self.run(self.engine.admin.check()) == []


class HistoriesInMemory(Histories):
    durable = False


QUICK = settings(max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=[*HealthCheck])
TestOnDisk = Histories.TestCase
TestOnDisk.settings = QUICK
TestInMemory = HistoriesInMemory.TestCase
TestInMemory.settings = QUICK
