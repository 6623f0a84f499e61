"""Health checks run while a trigger is served: what is asked and when, and what is told of it. Time is the test's own."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from router.arn import FunctionArn
from router.driver import Driver
from router.fakes import FakeClock, FakeInvoker, FakeMetrics, succeeded
from router.ingress.prober import Prober
from router.model import Function, Invocation, Place, Probe, SiteClaim, Target, Trigger, TriggerType
from router.outcome import Outcome, OutcomeKind

WEB = Function("web", FunctionArn("eu-west-1", "111122223333", "web"), 900.0)
START = 1_700_000_000.0


def judge(outcome: Outcome) -> str | None:
    return None if outcome.payload == b"fine" else f"it said {outcome.payload.decode()}"


def probe(name: str = "web:live", interval: float = 35.0) -> Probe:
    return Probe(name, Target(WEB, "live"), b'{"check":1}', interval, 30.0, judge, 2, 2)


def trigger(*probes: Probe) -> Trigger:
    made = TriggerType(
        "made_up",
        frozenset({"sync"}),
        lambda settings, scope: None,
        lambda settings: (SiteClaim(None),),
        lambda request, built: iter(()),  # type: ignore[arg-type,return-value]
        probes=lambda built: probes,
    )
    return Trigger("shop", made, frozenset({"sync"}), "main", (SiteClaim(None),), None, {}, Place("router.yaml", 1, 1))


class Sleeps:
    """Stands in for asyncio.sleep: a sleeper waits until the test lets it go on, and time moves by what it asked for."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.asked: asyncio.Queue[tuple[float, asyncio.Event]] = asyncio.Queue()

    async def __call__(self, seconds: float) -> None:
        go_on = asyncio.Event()
        await self.asked.put((seconds, go_on))
        await go_on.wait()
        self.clock.advance(seconds)


class Bench:
    """A prober over fakes. `answers` are what the target says, check by check."""

    def __init__(self, *answers: bytes | Callable[[Invocation], Outcome], probes: tuple[Probe, ...] = (probe(),)) -> None:
        self.answers = [*answers]
        self.clock = FakeClock(START)
        self.sleeps = Sleeps(self.clock)
        self.metrics = FakeMetrics()
        self.invoker = FakeInvoker({"web": self._answer})
        driver = Driver(self.invoker, self.clock, lambda: 0.0, self.metrics)
        self.prober = Prober([trigger(*probes)], driver, self.clock, self.metrics, self.sleeps)

    def _answer(self, invocation: Invocation) -> Outcome:
        answer = self.answers.pop(0)
        return succeeded(answer) if isinstance(answer, bytes) else answer(invocation)

    async def play(self) -> list[tuple[float, str, str | None]]:
        """Run all the checks; the pause after each, with state and reason then."""
        self.prober.start()
        seen = []
        try:
            while True:
                pause, go_on = await self.sleeps.asked.get()
                seen.append((pause, *self.state()))
                if not self.answers:
                    return seen
                go_on.set()
        finally:
            await self.prober.close()

    def state(self) -> tuple[str, str | None]:
        status = self.prober.status("shop")["web:live"]
        assert isinstance(status, dict)
        return status["state"], status["reason"]


async def test_a_target_is_asked_at_once_and_then_by_its_interval() -> None:
    bench = Bench(b"fine", b"bad", b"fine", b"bad", b"bad", b"fine", b"fine")

    assert await bench.play() == [
        (35.0, "healthy", None),
        (35.0, "healthy", "it said bad"),
        (35.0, "healthy", None),
        (35.0, "healthy", "it said bad"),
        (35.0, "unhealthy", "it said bad"),
        (35.0, "unhealthy", None),
        (35.0, "healthy", None),
    ]
    assert bench.metrics.health == [("shop", "web:live", True), ("shop", "web:live", False), ("shop", "web:live", True)]
    assert bench.prober.status("shop") == {"web:live": {"state": "healthy", "reason": None, "checked_at": START + 6 * 35.0}}


async def test_a_check_is_an_invocation_like_any_other() -> None:
    bench = Bench(b"fine", b"fine")
    await bench.play()

    first, second = bench.invoker.invocations
    assert (first.function, first.qualifier, first.payload, first.timeout, first.type) == (
        WEB,
        "live",
        b'{"check":1}',
        30.0,
        "RequestResponse",
    )
    assert first.id != second.id
    assert first.trace_id != second.trace_id
    assert bench.metrics.invocations == [("shop", "web", OutcomeKind.OK)] * 2


async def test_the_time_that_a_check_takes_is_part_of_its_interval() -> None:
    def slow(seconds: float) -> Callable[[Invocation], Outcome]:
        def answer(invocation: Invocation) -> Outcome:
            bench.clock.advance(seconds)
            return succeeded(b"fine")

        return answer

    bench = Bench(slow(5.0), slow(40.0))

    assert [pause for pause, *_ in await bench.play()] == [30.0, 0.0]


async def test_each_change_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "router.health"):
        await Bench(b"fine", b"fine", b"bad", b"bad", b"bad").play()

    assert [(record.levelname, record.message, vars(record)["reason"]) for record in caplog.records] == [
        ("INFO", "A target is healthy.", None),
        ("WARNING", "A target is unhealthy; it still gets requests.", "it said bad"),
    ]


async def test_a_judge_that_fails_does_not_end_the_checks(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(b"\xff", b"fine")

    assert [state for _, state, _ in await bench.play()] == ["initial", "healthy"]
    assert [record.message for record in caplog.records] == ["A health check failed to run."]


async def test_a_check_under_way_is_given_up_at_the_end() -> None:
    asked, cancelled = asyncio.Event(), asyncio.Event()

    class Hanging(FakeInvoker):
        async def invoke(self, invocation: Invocation) -> Outcome:
            asked.set()
            try:
                return await asyncio.get_running_loop().create_future()
            finally:
                cancelled.set()

    metrics = FakeMetrics()
    clock = FakeClock(START)
    prober = Prober([trigger(probe())], Driver(Hanging(), clock, lambda: 0.0, metrics), clock, metrics)
    prober.start()
    await asked.wait()

    await prober.close()

    assert cancelled.is_set()
    assert prober.status("shop") == {"web:live": {"state": "initial", "reason": None, "checked_at": None}}


async def test_triggers_without_probes_cost_nothing() -> None:
    bench = Bench(probes=())
    bench.prober.start()
    await bench.prober.close()

    assert (bench.prober.status("shop"), bench.invoker.invocations) == ({}, [])
