"""How many processes of a function start where the processors have nothing left to give."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from router.backends.local.pace import Pace, Processors, idle_seconds
from router.backends.local.process import scheduled_seconds
from router.backends.local.quota import Quota
from router.fakes import FakeClock
from router.outcome import Outcome, OutcomeKind

INFINITE = float("inf")
SPIN = b'{"spin": 0.001}'
"""Needs a processor nearly all of its time, as far as the pace is concerned."""


class Busy(Processors):
    """So many processors, without a moment left."""

    def __init__(self, number: int = 1) -> None:
        self.number: float = number

    def limit(self) -> float:
        return self.number


def test_without_a_history_nobody_waits() -> None:
    pace = Pace()
    assert (pace.patience, pace.is_brief, pace.taken_meanwhile(10)) == (0.0, False, 0)
    pace.started(0.04)
    assert (pace.patience, pace.is_brief, pace.taken_meanwhile(10)) == (0.04, False, 0)


def test_what_environments_take_while_another_one_starts() -> None:
    pace = Pace()
    pace.started(0.04)
    pace.worked(0.02)
    assert (pace.taken_meanwhile(3), pace.is_brief) == (6, False)
    for _ in range(100):
        pace.worked(0.002)
    assert (pace.taken_meanwhile(1), pace.is_brief) == (19, True)


def test_patience_has_an_end() -> None:
    pace = Pace()
    pace.started(30.0)
    assert pace.patience == 0.25


@pytest.mark.parametrize(("busy", "sharing"), [(1.0, 1), (0.2, 1), (0.125, 8), (0.01, 100), (0.0, 1000)])
def test_who_waits_for_others_shares_a_processor(busy: float, sharing: float) -> None:
    pace = Pace()
    assert pace.sharing == 1
    pace.was_busy(busy)
    assert pace.sharing == pytest.approx(sharing)


def test_processors_limit_what_gets_on_while_they_are_fully_at_work() -> None:
    clock, idle = FakeClock(), [12.0]
    processors = Processors(clock.monotonic, lambda: (idle[0], 2))
    assert processors.limit() == INFINITE  # what was before is not known
    clock.advance(0.5)
    idle[0] += 0.05
    assert processors.limit() == 2
    clock.advance(0.05)
    idle[0] += 0.05
    assert processors.limit() == 2  # too soon to look again
    clock.advance(0.45)
    idle[0] += 0.45
    assert processors.limit() == INFINITE
    clock.advance(0.5)
    assert processors.limit() == 2
    clock.advance(10.0)
    assert processors.limit() == INFINITE


def test_the_machines_processors_can_be_asked() -> None:
    clock = FakeClock()
    processors = Processors(clock.monotonic)
    processors.limit()
    clock.advance(0.5)
    assert processors.limit() >= 1


async def least(used: Callable[[], Awaitable[int]]) -> int:
    """The fewest environments of several rounds: a machine that pauses for longer than a start takes gives each round more."""
    return min([await used() for _ in range(20)])


async def test_brief_invocations_share_few_processes(start) -> None:
    shop = await start(handler="local_python.works", invoker={"processors": Busy()})
    for _ in range(20):
        await shop.call(SPIN)

    async def used() -> int:
        outcomes = await asyncio.gather(*(shop.call(SPIN) for _ in range(60)))
        assert {outcome.kind for outcome in outcomes} == {OutcomeKind.OK}
        return len({outcome.payload for outcome in outcomes})

    assert await least(used) == 1


async def test_idle_environments_are_left_alone_only_while_the_processors_are_fully_at_work(start) -> None:
    busy = Busy()
    busy.number = INFINITE
    shop = await start(handler="local_python.works", min_warm=6, invoker={"processors": busy})
    while shop.status.idle < 6:
        await asyncio.sleep(0)
    for _ in range(20):
        await shop.call(SPIN)

    async def used() -> int:
        return len({json.loads(outcome.payload) for outcome in await asyncio.gather(*(shop.call(SPIN) for _ in range(60)))})

    for _ in range(5):
        assert await used() >= 6
    busy.number = 1
    assert await least(used) == 1


async def test_a_function_that_waits_for_others_keeps_more_at_work(start) -> None:
    if scheduled_seconds(os.getpid()) is None:
        pytest.skip("this system does not tell what a process does")
    shop = await start(handler="local_python.works", min_warm=6, invoker={"processors": Busy()})
    while shop.status.idle < 6:
        await asyncio.sleep(0)
    for _ in range(20):
        await shop.call(b'{"sleep": 0.003}')

    async def used() -> int:
        outcomes = await asyncio.gather(*(shop.call(b'{"sleep": 0.003}') for _ in range(60)))
        return len({outcome.payload for outcome in outcomes})

    assert min([await used() for _ in range(5)]) >= 6


async def hanging(shop: Any, folder: Path, **event: Any) -> asyncio.Task[Outcome]:
    """A call that has begun, and goes on until there is a file `go`."""
    event |= {"until": str(folder / "go"), "started": str(folder / "started")}
    Path(event["started"]).unlink(missing_ok=True)
    call = asyncio.create_task(shop.call(json.dumps(event).encode()))
    while not Path(event["started"]).exists():
        await asyncio.sleep(0)
    return call


async def test_calls_that_hang_leave_the_idle_ones_to_the_others(start, tmp_path: Path) -> None:
    """Those that return show that it gets on; the hanging ones are soon not taken for part of that any more."""
    shop = await start(handler="local_python.works", min_warm=4, invoker={"processors": Busy()})
    for _ in range(20):
        await shop.call(SPIN)
    while shop.status.idle < 4:
        await asyncio.sleep(0)
    hung = [await hanging(shop, tmp_path) for _ in range(2)]
    async with asyncio.timeout(20):
        at_once = False
        while not at_once:
            await shop.call()
            while shop.status.idle < 2:  # and it is seen that it gets on
                await asyncio.sleep(0)
            call = asyncio.create_task(shop.call())
            await asyncio.sleep(0)
            at_once = shop.status.idle == 1
            await call
    (tmp_path / "go").touch()
    assert {(await call).kind for call in hung} == {OutcomeKind.OK}


async def test_where_one_dies_an_idle_one_takes_what_waits(start, tmp_path: Path) -> None:
    shop = await start(handler="local_python.works", min_warm=4, invoker={"processors": Busy()})
    while shop.status.idle < 4:
        await asyncio.sleep(0)
    for _ in range(20):
        await shop.call(SPIN)
    dying = await hanging(shop, tmp_path, exit=True)
    waiting = asyncio.create_task(shop.call())
    await asyncio.sleep(0)
    (tmp_path / "go").touch()
    assert (await dying).kind is OutcomeKind.FUNCTION_ERROR
    assert waiting.done() or shop.status.idle == 2
    assert (await waiting).kind is OutcomeKind.OK


async def test_invocations_that_hang_do_not_hold_up_the_others(start, tmp_path) -> None:
    """Those at work do not get on: another one starts, and what is idle is used."""
    shop = await start(handler="local_python.waits_for_file", min_warm=2, invoker={"processors": Busy()})
    event = {"started": str(tmp_path / "s"), "until": str(tmp_path / "go")}
    (tmp_path / "go").touch()
    for _ in range(20):
        await shop.call(json.dumps(event).encode())
    (tmp_path / "go").unlink()
    callers = [
        asyncio.create_task(shop.call(json.dumps(event | {"started": str(tmp_path / f"s{number}")}).encode()))
        for number in range(4)
    ]
    async with asyncio.timeout(20):
        while not all((tmp_path / f"s{number}").exists() for number in range(4)):
            await asyncio.sleep(0.01)
    (tmp_path / "go").touch()
    assert {(await caller).kind for caller in callers} == {OutcomeKind.OK}


@pytest.mark.parametrize("processors", [{12, 13}, {0, 13}])
def test_processors_that_the_system_numbers_otherwise_are_all_looked_at(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, processors: set[int]
) -> None:
    """A container with lxcfs shows its own as the first ones, and the kernel's numbers in the mask."""
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: processors, raising=False)
    monkeypatch.setattr(psutil, "cpu_times", lambda percpu: [SimpleNamespace(idle=1.0), SimpleNamespace(idle=2.0, iowait=0.5)])
    assert idle_seconds(Quota(FakeClock().monotonic, groups=tmp_path)) == (3.5, 2)


def test_a_system_that_does_not_tell_sets_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    monkeypatch.setattr(psutil, "cpu_times", refuse)
    processors = Processors(clock.monotonic)
    for _ in range(3):
        assert processors.limit() == INFINITE
        clock.advance(0.2)


def test_figures_that_go_backwards_set_no_limit() -> None:
    clock, idle = FakeClock(), [10.0]
    processors = Processors(clock.monotonic, lambda: (idle[0], 2))
    processors.limit()
    clock.advance(0.2)
    idle[0] = 9.0
    assert processors.limit() == INFINITE


def refuse(percpu: bool) -> list[Any]:
    raise PermissionError("/proc/stat")
