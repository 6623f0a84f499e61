"""The environments of one function: which one works on what, when a new one starts, when one goes.

Kinds, one at a time for each environment:

    starting --ready--> idle --run--> busy --answered--> settling --next--> idle
                        any --process ended, timeout, reload, reaped--> gone

An invocation goes to the environment that became idle last (LIFO, so that spare ones age and are reaped), else it waits for
the first that is ready: one that settles (it has answered, its next `next` is a fraction of a millisecond away) or one that
starts. As many start as there are waiting invocations that nobody settles for; so a sequential caller keeps one environment.
While the processors are fully at work fewer do: see `pace`.
"""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable

from router.backends.local import failures
from router.backends.local.deadlines import RESOLUTION, Deadline
from router.backends.local.environment import Environment, Host
from router.backends.local.execution import Execution
from router.backends.local.launch import Launch
from router.backends.local.pace import Pace
from router.backends.local.process import scheduled_seconds
from router.model import Function

logger = logging.getLogger(__name__)

IDLE_SECONDS = 300.0
"""Idle environments beyond `min_warm` end after this long; AWS keeps them for about five to seven minutes."""
SETTLE_SECONDS = 0.1
"""How long a new process is held back for one that has answered but not yet asked for the next invocation."""
WATCH_SECONDS = 0.005
"""Between two invocations of which it is asked how much of a processor they took."""
STARTS_AT_ONCE = max(2, 2 * (os.cpu_count() or 1))
"""Processes of one function that start at the same time. More would slow each other down beyond the init timeout; those
who wait are served by the first that is ready, which is often one that has done its work meanwhile."""


class Pool:
    """`arn`: the function's, as it is invoked by default. `cold_starts`: processes started so far. `running`: invocations taken
    and not ended, `asynchronous` of them for deliveries. `on_end(pool)`: one ended."""

    def __init__(self, function: Function, launch: Launch, host: Host, on_end: Callable[[], None]) -> None:
        self.function = function
        self.launch = launch
        self.arn = str(function.arn.qualified(function.qualifier))
        self.cold_starts = 0
        self.running = 0
        self.asynchronous = 0
        self.environments: set[Environment] = set()
        self._host = host
        self._on_end = on_end
        self._idle: list[Environment] = []
        self._settling: dict[Environment, Deadline] = {}
        self._lingering: dict[Environment, Deadline] = {}
        self._leaving: set[asyncio.Future[int]] = set()
        self._working: dict[Environment, float] = {}
        self._got_on = self._watched_at = float("-inf")
        self._watched: Environment | None = None
        self._scheduled: tuple[float, float] | None = None
        self._waiting: deque[Execution] = deque()
        self._pace = Pace()
        self._again: Deadline | None = None
        self._starting: set[asyncio.Task[None]] = set()
        self._starts = asyncio.Semaphore(STARTS_AT_ONCE)
        self._attached = launch.client == "attached"
        self._closed = False

    @property
    def idle(self) -> int:
        """Environments that wait for work."""
        return len(self._idle)

    def submit(self, execution: Execution) -> None:
        """Run it: at once where an environment is idle, else as soon as one is."""
        self.running += 1
        self.asynchronous += execution.invocation.asynchronous
        self._waiting.append(execution)
        self._hand_out()
        if self._waiting:
            self._start_missing()

    def execution_ended(self) -> None:
        """An execution of this pool came to its end."""
        self.running -= 1
        self._on_end()

    def asynchronous_ended(self) -> None:
        """One of those for which nobody waited came to its end."""
        self.asynchronous -= 1
        self.execution_ended()

    def warm_up(self) -> None:
        """Start what `min_warm` (and an attached process) asks for."""
        local = self.function.local
        assert local is not None
        wanted = 1 if self._attached else local.min_warm
        for _ in range(wanted - len(self.environments)):
            self._start()

    def reload(self) -> None:
        """The code changed: new invocations go to new environments; what runs ends where it is.

        An attached process is its owner's to restart.
        """
        if self._attached:
            return
        for environment in self.environments:
            environment.stale = True
            self._working.pop(environment, None)
        idle, self._idle = self._idle, []  # before the first is ended: what waits must not go to one of them
        for environment in idle:
            environment.kill()
        self._start_missing()
        self.warm_up()

    def reap(self, idle_seconds: float = IDLE_SECONDS) -> None:
        """End what has been idle for too long, oldest first, but keep `min_warm`."""
        local = self.function.local
        assert local is not None
        if self._attached:
            return
        now = self._host.clock.monotonic()
        for environment in tuple(self._idle):
            is_spare = len(self.environments) > local.min_warm and now - environment.idle_since >= idle_seconds
            if is_spare and environment in self._idle:
                environment.kill()

    def evict_oldest_idle(self) -> bool:
        """Make room for another function's environment."""
        if not self._idle or self._attached:
            return False
        self._idle[0].kill()
        return True

    async def close(self) -> None:
        """End every process and wait until they are gone."""
        self._closed = True
        if self._again is not None:
            self._again.cancel()
        for deadline in (*self._settling.values(), *self._lingering.values()):
            deadline.cancel()
        for environment in tuple(self.environments):
            environment.kill()
        for task in tuple(self._starting):
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        while self._waiting:
            self._waiting.popleft().failed(failures.exited(-9), 0)
        while self._leaving:
            await asyncio.wait(self._leaving)

    # --- EnvironmentOwner ---------------------------------------------------------------------------------------------

    def became_ready(self, environment: Environment) -> None:
        self._leave(environment)
        working = len(self._working)
        began = self._working.pop(environment, None)
        if began is not None:
            self._got_on = now = self._host.clock.monotonic()
            self._learn(environment, now - began, working)
        if environment.stale or self._closed:
            environment.kill()
        else:
            self._idle.append(environment)
            self._hand_out()

    def became_unready(self, environment: Environment) -> None:
        self._leave(environment)
        if not environment.dead and not self._closed:
            deadline = self._host.deadlines.call_later(SETTLE_SECONDS, self._settled_too_long, environment)
            self._settling[environment] = deadline

    def ended(self, environment: Environment) -> None:
        self._leave(environment)
        self._working.pop(environment, None)
        self.environments.discard(environment)
        if environment.pid and not environment.process_ended.done():
            self._leaving.add(environment.process_ended)
            environment.process_ended.add_done_callback(self._leaving.discard)
        if not self._closed:
            self._hand_out()
            self._start_missing()
            if self._attached:
                self.warm_up()

    def _leave(self, environment: Environment) -> None:
        for deadlines in (self._settling, self._lingering):
            deadline = deadlines.pop(environment, None)
            if deadline is not None:
                deadline.cancel()
        if environment in self._idle:
            self._idle.remove(environment)

    def _settled_too_long(self, environment: Environment) -> None:
        """It works on after its answer. That is allowed for as long as an invocation may take, but nobody waits for it."""
        self._settling.pop(environment, None)
        self._working.pop(environment, None)
        if not self._attached:
            self._lingering[environment] = self._host.deadlines.call_later(self.function.timeout, environment.kill)
        self._hand_out()
        self._start_missing()

    def _hand_out(self) -> None:
        while self._idle and self._waiting and not self._leaves_idle():
            self._run_next()

    def _run_next(self) -> None:
        environment = self._idle.pop()
        self._working[environment] = now = self._host.clock.monotonic()
        if now - self._watched_at >= WATCH_SECONDS:
            self._watched, self._watched_at, self._scheduled = environment, now, scheduled_seconds(environment.pid)
        environment.run(self._waiting.popleft())

    def _learn(self, environment: Environment, seconds: float, working: int) -> None:
        """What an invocation took, of those that are watched."""
        if environment is not self._watched:
            return
        before, after, self._watched = self._scheduled, scheduled_seconds(environment.pid), None
        if before is None or after is None:  # the processors that there are, for all who work
            self._pace.worked(seconds * min(1.0, self._host.processors.limit() / working))
        elif seconds > 0:
            ran, waited = after[0] - before[0], after[1] - before[1]
            self._pace.worked(max(seconds - waited, 0.0))
            self._pace.was_busy(min(1.0, (ran + waited) / seconds))

    def _leaves_idle(self) -> bool:
        """Whether those at work do best alone."""
        leaves = self._pace.is_brief and self._at_work() >= self._enough() and self._gets_on()
        if leaves:
            self._look_again_later()
        return leaves

    def _at_work(self) -> int:
        """How many are. Of a brief function, those that take long for once keep nobody from the idle ones."""
        if not self._pace.is_brief:
            return len(self._working)
        since, count = self._host.clock.monotonic() - self._pace.patience, 0
        for began in reversed(self._working.values()):
            if began <= since:
                break
            count += 1
        return count

    def _enough(self) -> float:
        """How many at work are enough, where the processors have nothing left to give."""
        return self._host.processors.limit() * self._pace.sharing

    def _gets_on(self) -> bool:
        return self._host.clock.monotonic() - self._got_on < self._pace.patience

    def _look_again_later(self) -> None:
        if self._again is None:
            left = max(0.0, self._got_on + self._pace.patience - self._host.clock.monotonic())
            self._again = self._host.deadlines.call_later(left + RESOLUTION, self._look_again)

    def _look_again(self) -> None:
        self._again = None
        self._hand_out()
        self._start_missing()

    # --- starting -----------------------------------------------------------------------------------------------------

    def _start_missing(self) -> None:
        if not (self._attached or self._closed):
            for _ in range(self._missing()):
                self._start()

    def _missing(self) -> int:
        """How many more have to start; below 0: so many of those that have not begun to are needed no more."""
        waiting = len(self._waiting)
        served = sum(not environment.stale for environment in self._settling)
        enough = self._enough()
        if waiting > served and self._at_work() >= enough and self._gets_on():
            soon = self._pace.taken_meanwhile(enough)
            served = max(served, waiting if self._pace.is_brief else min(soon, waiting))
            self._look_again_later()
        return waiting - served - len(self._idle) - len(self._starting)

    def _start(self) -> None:
        task = asyncio.create_task(self._start_one(self._new_environment()))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _start_one(self, environment: Environment) -> None:
        if self._attached:
            await self._start_now(environment)
            return
        await self._starts.acquire()
        try:
            if self._missing() >= 0 or not self._spare():
                await self._start_now(environment)
            else:
                environment.kill()
        finally:
            self._starts.release()

    def _spare(self) -> bool:
        """Whether this one, not started yet, is needed no more: those who waited for it were served by others."""
        local = self.function.local
        assert local is not None
        return len(self.environments) > local.min_warm

    async def _start_now(self, environment: Environment) -> None:
        local = self.function.local
        assert local is not None
        self.cold_starts += 1
        began = self._host.clock.monotonic()
        failure = await self._begin(environment, None if self._attached else local.init_timeout)
        if failure is not None and failure.status == "timeout":
            # AWS runs the init phase again, then under the function's own timeout (semantics/sync.md §12.4).
            environment = self._new_environment()
            self.cold_starts += 1
            failure = await self._begin(environment, self.function.timeout)
        task = asyncio.current_task()
        assert task is not None
        self._starting.discard(task)
        if failure is None and not environment.ready:
            # It asked for work and was lost in the same moment; if it lives, it will ask again.
            self._start_missing()
        elif failure is None:
            seconds = self._host.clock.monotonic() - began
            self._pace.started(seconds)
            if self._waiting:
                self._waiting[0].init_seconds = seconds
            self.became_ready(environment)
        elif self._waiting and not self._closed:
            self._waiting.popleft().init_failed(failure, environment.init_output, environment.memory_used)
        else:
            logger.warning(
                "A function's process could not be started ahead of time.",
                extra={"function": self.function.name, "error": failure.payload("").decode("utf-8", "replace")},
            )

    async def _begin(self, environment: Environment, timeout: float | None) -> failures.Failure | None:
        """Start it. Whatever goes wrong is a failure: somebody waits for this process."""
        try:
            return await environment.start(timeout)
        except Exception as error:
            logger.exception("A function's process could not be started.", extra={"function": self.function.name})
            environment.kill()
            return failures.not_begun(error)

    def _new_environment(self) -> Environment:
        environment = Environment(self.function, self.launch, self._host, self)
        self.environments.add(environment)
        return environment
