"""The scheduler: hands triggers the planned times that have come, and remembers in the store how far it came.

One task for each schedule. What is due is accepted first, under its planned time as the id that is accepted once, then the
cursor moves on by compare-and-set: whoever dies between the two, or does the same in another process, does it again and is told
that it is a duplicate. A schedule that cannot be accepted is tried again until it can; its cursor waits.

The clock may jump. Forward is a downtime like any other (`missed`). Back by less than an hour: what was fired stays fired, and
nothing is due until the clock is there again. Back by more: the clock was wrong before, and the cursor comes back with it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from router import jsontext
from router.batches import Batch, Message, Missed, Planned
from router.driver import Driver
from router.exchange import BatchExchange
from router.ingress.request import new_trace_id
from router.model import Trigger
from router.ports import Clock, PollMetrics, Store

log = logging.getLogger("router.ingress")

ROOM = "schedules"
"""Of the store. Keys are `trigger/schedule`, values `{"identity": …, "through": epoch seconds}`."""
ON_TIME = 60.0
"""Seconds that a firing may be late without being missed: AWS promises a minute (semantics/async.md §D.9)."""
TRUSTED_STEP_BACK = 3600.0
MOST_AT_ONCE = 100
"""Planned times in one commit, where all that were missed are made up for."""
LONGEST_NAP = 30.0
"""Seconds. The clock may jump while we sleep, so we look at it at least so often."""
LONGEST_BACK_OFF = 60.0


@dataclass(slots=True, frozen=True)
class _Step:
    """Planned times to fire in one commit (none, where all are to be dropped), and where the cursor stands after that."""

    moments: tuple[float, ...]
    through: float


@dataclass(slots=True)
class _Timer:
    """One schedule that runs. `stored`: its cursor as it is in the store; `through`: everything planned until then is done.

    `step`: what could not be accepted yet.
    """

    trigger: Trigger
    planned: Planned
    through: float | None = None
    stored: bytes | None = None
    step: _Step | None = None
    last: float | None = None
    problem: str | None = None

    @property
    def key(self) -> str:
        return f"{self.trigger.name}/{self.planned.name}"


class Scheduler:
    """Runs the schedules of one generation's triggers.

    `new_id()`: UUID text. `draw()`: uniform floats in [0, 1), for jitter. `pause(seconds)`: sleeps, in the clock's own seconds.
    """

    def __init__(
        self,
        triggers: Sequence[Trigger],
        driver: Driver,
        store: Store,
        metrics: PollMetrics,
        clock: Clock,
        *,
        new_id: Callable[[], str],
        draw: Callable[[], float],
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._driver = driver
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._new_id = new_id
        self._draw = draw
        self._pause = pause
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers = [
            _Timer(trigger, planned)
            for trigger in triggers
            if trigger.type.timetable is not None
            for planned in trigger.type.timetable(trigger.built)
        ]

    def start(self) -> None:
        """Begin to watch the clock."""
        loop = asyncio.get_running_loop()
        self._tasks = {loop.create_task(self._run(timer), name=f"schedule {timer.key}") for timer in self._timers}

    def stop(self) -> None:
        """Fire no more. What is being accepted is accepted to its end."""
        self._stopping.set()

    async def close(self, drain_timeout: float) -> None:
        """Stop, and wait so many seconds for what is being accepted."""
        self.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=drain_timeout)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def status(self, trigger: str) -> dict[str, object]:
        """What is known of a trigger's schedules, by their names: `last`, `next` (RFC 3339, or None), `problem`."""
        return {
            timer.planned.name: {
                "last": _text(timer.last) if timer.last is not None else None,
                "next": _text(following) if (following := self._next(timer)) is not None else None,
                "problem": timer.problem,
            }
            for timer in self._timers
            if timer.trigger.name == trigger
        }

    async def _run(self, timer: _Timer) -> None:
        failures = 0
        while not self._stopping.is_set():
            try:
                timer.problem = await self._pass(timer)
            except Exception as error:
                log.exception("A schedule could not be looked after.", extra=_fields(timer))
                timer.problem = f"{type(error).__name__}: {error}"
            failures = failures + 1 if timer.problem is not None else 0
            await self._nap(self._back_off(failures) if failures else self._until_next(timer))

    async def _pass(self, timer: _Timer) -> str | None:
        """Accept everything that is due now. Why it could not be, or None."""
        now = self._clock.now()
        through = await self._cursor(timer, now)
        while not self._stopping.is_set():
            timer.step = timer.step or _step(timer, through, now)
            if timer.step is None:
                break
            if timer.step.moments:
                problem = await self._fire(timer, timer.step.moments)
                if problem is not None:
                    return problem
                timer.last = timer.step.moments[-1]
            through = await self._move(timer, timer.step.through)
            timer.step = None
        return None

    async def _fire(self, timer: _Timer, due: Sequence[float]) -> str | None:
        """Have the trigger accept these planned times, in one commit."""
        name, started, now = timer.trigger.name, self._clock.monotonic(), self._clock.now()
        messages = tuple(Message(text, text, group=timer.planned.name) for text in map(_text, due))
        exchange = BatchExchange(timer.trigger, Batch(messages, self._new_id(), new_trace_id(now), now))
        self._metrics.batch_started(name)
        settlement = await self._driver.run_batch(exchange)
        seconds = self._clock.monotonic() - started
        status = "completed" if settlement.error is None else "rejected"
        self._metrics.batch_finished(timer.trigger, status, settlement.error, seconds, exchange.waited)
        fields = {**_fields(timer), "planned": [message.body for message in messages], "trace_id": exchange.request.trace_id}
        if settlement.error is None:
            log.info("A schedule fired.", extra={**fields, "late": round(now - due[-1], 3)})
            return None
        problem = f"{settlement.error}: {settlement.detail}"
        log.warning("A schedule could not fire; it will be tried again.", extra={**fields, "error": problem})
        return problem

    async def _cursor(self, timer: _Timer, now: float) -> float:
        """Until when everything is done. A schedule that is new, or was changed, begins now."""
        if timer.through is None:
            timer.stored = await self._store.get(ROOM, timer.key)
            timer.through = _through(timer.stored, timer.planned.identity)
        if timer.through is None:
            return await self._move(timer, now)
        if timer.through > now + TRUSTED_STEP_BACK:
            log.warning("The clock went back; the schedule begins anew.", extra={**_fields(timer), "was": _text(timer.through)})
            return await self._move(timer, now, back=True)
        return timer.through

    async def _move(self, timer: _Timer, through: float, *, back: bool = False) -> float:
        """Move the cursor, unless another process has moved it as far."""
        identity = timer.planned.identity
        value = jsontext.dumps({"identity": identity, "through": through})
        while not await self._store.put_if(ROOM, timer.key, timer.stored, value):
            timer.stored = await self._store.get(ROOM, timer.key)
            theirs = _through(timer.stored, identity)
            if theirs is not None and (theirs >= through or back):
                timer.through = theirs
                return theirs
        timer.stored, timer.through = value, through
        return through

    def _next(self, timer: _Timer) -> float | None:
        if timer.through is None:
            return None
        return timer.planned.plan.next_after(timer.through, timer.planned.zone)

    def _until_next(self, timer: _Timer) -> float:
        following = self._next(timer)
        return LONGEST_NAP if following is None else min(LONGEST_NAP, max(0.0, following - self._clock.now()))

    def _back_off(self, failures: int) -> float:
        """Doubling from one second, at most a minute, between half of it and all of it."""
        return min(LONGEST_BACK_OFF, 2.0 ** min(failures - 1, 10)) * (0.5 + self._draw() / 2)

    async def _nap(self, seconds: float) -> None:
        """Sleep, or until we stop."""
        loop = asyncio.get_running_loop()
        sleeping, stopping = loop.create_task(self._sleep(seconds)), loop.create_task(self._stopping.wait())
        try:
            await asyncio.wait({sleeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            stopping.cancel()

    async def _sleep(self, seconds: float) -> None:
        await self._pause(seconds)


def _step(timer: _Timer, through: float, now: float) -> _Step | None:
    """What to do now: planned times that are on time, and what `missed` says of the others; None: nothing."""
    plan, zone, on_time = timer.planned.plan, timer.planned.zone, max(through, now - ON_TIME)
    missed = plan.last_until(through, on_time, zone)
    punctual = tuple(plan.due_between(on_time, now, zone))
    if missed is None:
        return _Step(punctual, punctual[-1]) if punctual else None
    fields = {**_fields(timer), "since": _text(through), "last": _text(missed), "missed": timer.planned.missed.value}
    log.warning("Planned times were missed.", extra=fields)
    made_up = tuple(islice(_made_up(timer.planned, through, on_time, missed), MOST_AT_ONCE))
    if len(made_up) == MOST_AT_ONCE:
        return _Step(made_up, made_up[-1])
    moments = made_up + punctual
    return _Step(moments, moments[-1] if moments else missed)


def _made_up(planned: Planned, through: float, until: float, last: float) -> Iterator[float]:
    match planned.missed:
        case Missed.SKIP:
            return iter(())
        case Missed.ONCE:
            return iter((last,))
        case Missed.ALL:
            return planned.plan.due_between(through, until, planned.zone)


def _through(stored: bytes | None, identity: str) -> float | None:
    """The cursor in a stored value; None where there is none, or where it belongs to another expression."""
    if stored is None:
        return None
    known: Mapping[str, object] = jsontext.loads(stored)
    through = known["through"]
    return float(through) if known["identity"] == identity and isinstance(through, int | float) else None


def _fields(timer: _Timer) -> dict[str, object]:
    return {"trigger": timer.trigger.name, "schedule": timer.planned.name}


def _text(moment: float) -> str:
    """RFC 3339, in UTC and whole seconds: `2026-03-01T02:00:00Z`."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
