"""The scheduler: every planned time is accepted once, whatever clock, journal and process do. Time is the test's own."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.arn import FunctionArn
from router.driver import Driver
from router.errors import RequestError, Unavailable
from router.fakes import FakeAcceptor, FakeClock, FakeInvoker, FakeMetrics
from router.ingress.scheduler import Scheduler
from router.journal.memory import MemoryStore
from router.model import Function, Place, Scope, Target, Trigger
from router.patterns.schedules import parse_schedule
from router.triggers import TYPES

TYPE = TYPES["schedule"]
REPORT = Function("report", FunctionArn("eu-west-1", "111122223333", "report"), 3.0)
SCOPE = Scope("nightly", "111122223333", "eu-west-1", lambda reference: Target(REPORT), {})
START = 1_772_409_600.0
"""2026-03-02T00:00:00Z, a Monday."""


def trigger(expression: str, missed: str = "once", zone: str = "UTC") -> Trigger:
    settings = {"timezone": zone, "missed": missed, "schedules": {"beat": {"expression": expression, "function": "report"}}}
    built = TYPE.build(settings, SCOPE)
    return Trigger("nightly", TYPE, frozenset({"async"}), "main", (), built, {}, Place("router.yaml", 1, 1))


def text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Naps:
    """Stands in for sleeping: a sleeper says for how long, and sleeps until it is woken."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[tuple[float, asyncio.Event]] = asyncio.Queue()

    async def __call__(self, seconds: float) -> None:
        woken = asyncio.Event()
        await self.asked.put((seconds, woken))
        await woken.wait()


@dataclass
class World:
    """What outlives a scheduler: the clock, the store, and what was accepted."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    acceptor: FakeAcceptor = field(default_factory=FakeAcceptor)
    metrics: FakeMetrics = field(default_factory=FakeMetrics)
    store: Any = None

    def __post_init__(self) -> None:
        self.store = self.store or MemoryStore(self.clock)

    @property
    def fired(self) -> list[str | None]:
        """The planned times that were accepted."""
        return [acceptance.deduplication_id for _, acceptance in self.acceptor.accepted]

    @property
    def events(self) -> list[str]:
        """The times in the events that were accepted."""
        return [json.loads(acceptance.payload)["time"] for _, acceptance in self.acceptor.accepted]


class Running:
    """A scheduler that runs, seen from outside: `asleep` tells how long it means to sleep, `wake` ends that."""

    def __init__(self, world: World, *triggers: Trigger) -> None:
        self.world, self.naps = world, Naps()
        driver = Driver(FakeInvoker(), world.clock, lambda: 0.0, world.metrics, acceptor=world.acceptor)
        self.scheduler = Scheduler(
            *(triggers, driver, world.store, world.metrics, world.clock),
            new_id=lambda: "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10",
            draw=lambda: 0.5,
            pause=self.naps,
        )
        self.woken = asyncio.Event()

    async def asleep(self) -> float:
        seconds, self.woken = await self.naps.asked.get()
        return seconds

    async def wake(self, after: float) -> float:
        """Move the clock, end the nap, and wait for the next one; its length."""
        self.world.clock.advance(after)
        self.woken.set()
        return await self.asleep()

    async def wake_as_asked(self) -> float:
        self.seconds = await self.wake(self.seconds)
        return self.seconds

    seconds = 0.0


Run = Callable[..., Any]


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    """`await run(world, *triggers)`: a scheduler that has come to its first nap."""
    async with AsyncExitStack() as stack:

        async def start(world: World, *triggers: Trigger) -> Running:
            running = Running(world, *triggers)
            stack.push_async_callback(running.scheduler.close, 0.0)
            running.scheduler.start()
            running.seconds = await running.asleep()
            return running

        yield start


async def test_a_schedule_fires_at_its_planned_times(run: Run) -> None:
    world = World()
    running = await run(world, trigger("cron(0/1 * * * ? *)"))

    naps = [running.seconds, *[await running.wake_as_asked() for _ in range(4)]]

    assert naps == [30.0] * 5
    assert world.fired == world.events == [text(START + 60), text(START + 120)]
    assert {acceptance.route for _, acceptance in world.acceptor.accepted} == {"beat"}
    assert world.metrics.batches == [("nightly", "completed", None)] * 2
    assert running.scheduler.status("nightly") == {
        "beat": {"last": text(START + 120), "next": text(START + 180), "problem": None}
    }


async def test_the_last_nap_ends_when_it_is_due(run: Run) -> None:
    world = World(FakeClock(START + 15.25))
    running = await run(world, trigger("rate(1 minute)"))
    assert [running.seconds, await running.wake_as_asked(), await running.wake_as_asked()] == [30.0, 14.75, 30.0]
    assert world.fired == [text(START + 60)]


async def test_a_sleeper_that_wakes_too_early_fires_nothing(run: Run) -> None:
    world = World(FakeClock(START + 50))
    running = await run(world, trigger("rate(1 minute)"))
    assert await running.wake(9.5) == 0.5
    assert world.fired == []


async def test_a_restart_goes_on_where_it_was(run: Run) -> None:
    world = World()
    first = await run(world, trigger("rate(1 minute)"))
    await first.wake(60)
    await first.scheduler.close(1.0)
    world.clock.advance(30)

    second = await run(world, trigger("rate(1 minute)"))
    await second.wake(30)

    assert world.fired == [text(START + 60), text(START + 120)]


@pytest.mark.parametrize(
    ("missed", "down", "expected"),
    [
        ("skip", 200, [180]),
        ("skip", 40, []),
        ("skip", 60, [60]),
        ("once", 200, [120, 180]),
        ("once", 3600, [3540, 3600]),
        ("all", 200, [60, 120, 180]),
    ],
)
async def test_what_was_missed(missed: str, down: int, expected: list[int], run: Run) -> None:
    """A minute late is not missed: that is AWS's own precision."""
    world = World()
    await (await run(world, trigger("rate(1 minute)", missed))).scheduler.close(1.0)
    world.clock.advance(down)
    running = await run(world, trigger("rate(1 minute)", missed))
    assert world.fired == [text(START + seconds) for seconds in expected]
    await running.scheduler.close(1.0)
    await run(world, trigger("rate(1 minute)", missed))
    assert world.fired == [text(START + seconds) for seconds in expected]


async def test_what_was_skipped_is_told_once(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    await (await run(world, trigger("cron(0 2 * * ? *)", "skip"))).scheduler.close(1.0)
    world.clock.advance(40 * 3600)

    await (await run(world, trigger("cron(0 2 * * ? *)", "skip"))).scheduler.close(1.0)
    await run(world, trigger("cron(0 2 * * ? *)", "skip"))

    assert world.fired == []
    told = [(record.levelname, record.message, vars(record)["since"], vars(record)["last"]) for record in caplog.records]
    assert told == [("WARNING", "Planned times were missed.", text(START), "2026-03-03T02:00:00Z")]


async def test_all_that_were_missed_are_made_up_for_however_many(run: Run) -> None:
    world = World()
    await (await run(world, trigger("rate(1 minute)", "all"))).scheduler.close(1.0)
    world.clock.advance(250 * 60 + 5)

    await run(world, trigger("rate(1 minute)", "all"))

    assert world.fired == [text(START + 60 * number) for number in range(1, 251)]
    assert len(world.metrics.batches) == 3


async def test_a_new_or_changed_schedule_begins_now(run: Run) -> None:
    world = World()
    await (await run(world, trigger("rate(1 minute)", "all"))).scheduler.close(1.0)
    world.clock.advance(3600 + 30)
    changed = await run(world, trigger("rate(2 minutes)", "all"))
    assert world.fired == []
    await changed.wake(90)
    await changed.scheduler.close(1.0)
    world.clock.advance(7200)
    await run(world, trigger("rate(2 minutes)", "all", "Europe/Berlin"))
    assert world.fired == [text(START + 3720)]


async def test_one_moment_is_fired_once_and_never_again(run: Run) -> None:
    world = World()
    running = await run(world, trigger("at(2026-03-02T00:00:20)"))
    assert [running.seconds, await running.wake_as_asked()] == [20.0, 30.0]
    assert running.scheduler.status("nightly") == {"beat": {"last": text(START + 20), "next": None, "problem": None}}
    await running.wake(400 * 86_400)
    assert world.fired == [text(START + 20)]


async def test_daylight_saving_is_the_time_zones(run: Run) -> None:
    world = World(FakeClock(START + 26 * 86_400))
    running = await run(world, trigger("cron(30 2 * * ? *)", zone="Europe/Berlin"))
    for _ in range(5 * 24):
        await running.wake(1800)
    assert world.fired == ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"]


# --- trouble ---------------------------------------------------------------------------------------------------------


class DyingStore(MemoryStore):
    """A store whose first so many changes raise, as if the process had died there."""

    def __init__(self, clock: FakeClock, error: Exception) -> None:
        super().__init__(clock)
        self.error: Exception | None = None
        self._error = error

    def die(self) -> None:
        self.error = self._error

    async def put_if(self, room: str, key: str, expected: bytes | None, value: bytes) -> bool:
        if self.error is not None:
            raise self.error
        return await super().put_if(room, key, expected, value)


@pytest.mark.parametrize("missed", ["skip", "once", "all"])
async def test_who_dies_between_acceptance_and_cursor_fires_once(missed: str, run: Run) -> None:
    clock = FakeClock(START)
    world = World(clock, store=DyingStore(clock, Unavailable("the disk is gone")))
    running = await run(world, trigger("rate(1 minute)", missed))
    world.store.die()
    assert await running.wake(60) == 0.75
    status = running.scheduler.status("nightly")["beat"]
    assert status == {"last": text(START + 60), "next": text(START + 60), "problem": "Unavailable: the disk is gone"}
    await running.scheduler.close(1.0)
    world.store.error = None

    await (await run(world, trigger("rate(1 minute)", missed))).wake(60)

    assert world.fired == [text(START + 60), text(START + 120)]


async def test_two_processes_fire_once(run: Run) -> None:
    world = World()
    one, other = await run(world, trigger("rate(1 minute)")), await run(world, trigger("rate(1 minute)"))
    for _ in range(3):
        world.clock.advance(60)
        await asyncio.gather(one.wake(0), other.wake(0))
    assert world.fired == [text(START + 60), text(START + 120), text(START + 180)]


@pytest.mark.parametrize(
    "theirs",
    [{"identity": "rate(1 minute) UTC", "through": START + 1}, {"identity": "rate(2 minutes) UTC", "through": START + 9999}],
)
async def test_a_cursor_that_another_process_left_behind_is_moved_on(theirs: dict[str, Any], run: Run) -> None:
    world = World()
    running = await run(world, trigger("rate(1 minute)"))
    await world.store.put("schedules", "nightly/beat", json.dumps(theirs).encode())

    await running.wake(60)

    assert world.fired == [text(START + 60)]
    assert json.loads(await world.store.get("schedules", "nightly/beat")) == {
        "identity": "rate(1 minute) UTC",
        "through": START + 60,
    }


@pytest.mark.parametrize("missed", ["skip", "once", "all"])
async def test_what_the_journal_does_not_take_is_tried_again_until_it_does(missed: str, run: Run) -> None:
    world = World(acceptor=FakeAcceptor(Unavailable("the journal is full", 5)))
    running = await run(world, trigger("cron(1 0 2 3 ? *)", missed))
    naps = [await running.wake(60)] + [await running.wake_as_asked() for _ in range(8)]
    assert naps == [0.75, 1.5, 3.0, 6.0, 12.0, 24.0, 45.0, 45.0, 45.0]
    status = running.scheduler.status("nightly")["beat"]
    assert (status["problem"], status["last"]) == ("unavailable: the journal is full", None)
    assert world.metrics.batches == [("nightly", "rejected", "unavailable")] * 9

    world.acceptor.error = None
    assert await running.wake(300) == 30.0

    assert world.fired == [text(START + 60)]
    assert running.scheduler.status("nightly")["beat"]["problem"] is None


async def test_a_fault_of_the_store_is_logged_and_tried_again(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock(START)
    world = World(clock, store=DyingStore(clock, RuntimeError("broken")))
    world.store.die()
    running = await run(world, trigger("rate(1 minute)"))
    assert running.seconds == 0.75
    assert [record.message for record in caplog.records] == ["A schedule could not be looked after."]
    world.store.error = None
    assert await running.wake(0.75) == 30.0


async def test_a_jump_forward_is_a_downtime(run: Run) -> None:
    world = World()
    running = await run(world, trigger("cron(0 * * * ? *)"))
    await running.wake(5 * 3600 + 600)
    assert world.fired == [text(START + 5 * 3600)]


async def test_a_small_jump_back_fires_nothing_twice(run: Run) -> None:
    world = World()
    running = await run(world, trigger("rate(1 minute)"))
    await running.wake(600)
    await running.wake(-300)
    for _ in range(6):
        await running.wake(60)
    assert world.fired == [text(START + 540), text(START + 600), text(START + 660)]


async def test_a_clock_that_was_far_ahead_is_forgotten(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    running = await run(world, trigger("rate(1 minute)"))
    year = 365 * 86_400.0
    await running.wake(year)
    with caplog.at_level(logging.WARNING, "router.ingress"):
        caplog.clear()
        await running.wake(-year)
    assert [(record.message, vars(record)["was"]) for record in caplog.records] == [
        ("The clock went back; the schedule begins anew.", text(START + year))
    ]
    await running.wake(60)
    assert world.fired == [text(START + year - 60), text(START + year), text(START + 60)]


class SlowAcceptor(FakeAcceptor):
    """Accepts when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.go_on = asyncio.Event(), asyncio.Event()

    async def accept(self, *arguments: Any) -> Any:
        self.began.set()
        await self.go_on.wait()
        return await super().accept(*arguments)


async def test_what_is_being_accepted_is_accepted_to_its_end(run: Run) -> None:
    world = World(acceptor=SlowAcceptor())
    running = await run(world, trigger("rate(1 minute)"))
    world.clock.advance(60)
    running.woken.set()
    await world.acceptor.began.wait()

    closing = asyncio.create_task(running.scheduler.close(10.0))
    await asyncio.sleep(0)
    world.acceptor.go_on.set()
    await closing

    assert world.fired == [text(START + 60)]
    assert json.loads(await world.store.get("schedules", "nightly/beat")) == {
        "identity": "rate(1 minute) UTC",
        "through": START + 60,
    }


async def test_what_cannot_be_accepted_in_time_is_given_up(run: Run) -> None:
    world = World(acceptor=SlowAcceptor())
    running = await run(world, trigger("rate(1 minute)"))
    world.clock.advance(60)
    running.woken.set()
    await world.acceptor.began.wait()
    await running.scheduler.close(0.0)
    assert world.fired == []


async def test_triggers_without_schedules_cost_nothing() -> None:
    world = World()
    made = Trigger("shop", TYPES["function_url"], frozenset({"sync"}), "main", (), None, {}, Place("router.yaml", 1, 1))
    running = Running(world, made)
    running.scheduler.start()
    await running.scheduler.close(0.0)
    assert running.scheduler.status("shop") == {}


STEPS = st.lists(
    st.tuples(st.just("wait"), st.integers(0, 400))
    | st.tuples(st.just("down"), st.integers(0, 4000))
    | st.tuples(st.just("back"), st.integers(0, 3000))
    | st.tuples(st.sampled_from(["full", "works"]), st.just(0)),
    max_size=25,
)


@settings(deadline=None, max_examples=60)
@given(STEPS, st.sampled_from(["rate(1 minute)", "cron(0/7 * * * ? *)", "at(2026-03-02T00:10:30)"]))
async def test_whatever_happens_every_planned_time_is_fired_once(steps: list[tuple[str, int]], expression: str) -> None:
    """With `missed: all`: everything from the first start to the latest time that the clock ever showed, and nothing twice."""
    world = World()
    latest = START
    made = trigger(expression, "all")
    running = Running(world, made)
    running.scheduler.start()
    await running.asleep()
    full: RequestError = Unavailable("full", 1)
    for what, seconds in [*steps, ("works", 0), ("wait", 0)]:
        if what in ("full", "works"):
            world.acceptor.error = full if what == "full" else None
        elif what == "down":
            await running.scheduler.close(1.0)
            world.clock.advance(seconds)
            running = Running(world, made)
            running.scheduler.start()
            await running.asleep()
        else:
            await running.wake(-seconds if what == "back" and world.clock.now() > latest - 500 else seconds)
        latest = max(latest, world.clock.now())
    await running.wake(latest - world.clock.now())
    await running.scheduler.close(1.0)
    assert world.fired == [text(planned) for planned in parse_schedule(expression).due_between(START, latest)]
