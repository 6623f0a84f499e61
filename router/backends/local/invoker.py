"""The embedded Lambda service: carries invocations out in processes on this machine. Implements `ports.Invoker`.

Answers what Lambda's Invoke API answers (semantics/sync.md §1, §12); where a real service refuses, so does this one.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import psutil

from router import jsontext, outcome
from router.backends.local import launch, memory, reload
from router.backends.local.environment import Environment, Host
from router.backends.local.execution import Execution, decode_client_context, runtime_headers
from router.backends.local.failures import MAX_REQUEST, REQUEST_TOO_LARGE
from router.backends.local.guard import Guard
from router.backends.local.pace import Processors
from router.backends.local.pool import IDLE_SECONDS, Pool
from router.errors import Invoked
from router.model import Function, Invocation
from router.outcome import Outcome, OutcomeKind
from router.ports import Clock
from router.settings import Aws

logger = logging.getLogger(__name__)

ACCOUNT_CONCURRENCY = 1000
"""Lambda's default limit of an account, and the most that this machine is ever asked for."""
_MEMORY_PER_ENVIRONMENT = 128 * 1024 * 1024
_REAP_EVERY = 30.0


def default_concurrency() -> int:
    """How many invocations run at once at most, over all functions: what fits into this machine's memory, 16 to 1000."""
    fitting = int(psutil.virtual_memory().total // _MEMORY_PER_ENVIRONMENT)
    return min(ACCOUNT_CONCURRENCY, max(16, fitting))


@dataclass(slots=True, frozen=True)
class FunctionStatus:
    """For the operator. `client`: `awslambdaric`, `builtin`, `command` or `attached`; `addresses`: Runtime API ports."""

    client: str
    environments: int
    idle: int
    running: int
    cold_starts: int
    addresses: tuple[str, ...]


class LocalInvoker:
    """`functions`: those with a `local` block run here, by name. `credentials()`: the router's own `AWS_*` variables, for
    functions that are declared with `credentials: router`. `max_concurrency`: invocations at once over all functions;
    default: `default_concurrency()`. `watch`: reload functions whose code changes. `processors`: the machine's."""

    def __init__(
        self,
        functions: Mapping[str, Function],
        aws: Aws,
        clock: Clock,
        *,
        credentials: Callable[[], Mapping[str, str]] = dict,
        max_concurrency: int | None = None,
        watch: bool = True,
        processors: Processors | None = None,
    ) -> None:
        self._functions = {name: function for name, function in functions.items() if function.local is not None}
        self._guard = Guard()
        self._clock = clock
        self._host = Host(aws, clock, self._guard, credentials, processors or Processors(clock.monotonic))
        self._limit = default_concurrency() if max_concurrency is None else max_concurrency
        self._watch = watch
        self._pools: dict[str, Pool] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stop_watching = asyncio.Event()
        self._running = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._closing = False
        self.reloads = 0
        """How often changed code was taken up."""

    async def start(self) -> None:
        """Find interpreters and clients, start warm processes. Raises BackendError, naming the function that cannot run."""
        if not self._functions:
            return
        planned = (launch.plan(function) for function in self._functions.values())
        plans = [_or_raise(plan) for plan in await asyncio.gather(*planned, return_exceptions=True)]
        self._guard.start()
        for (name, function), plan in zip(self._functions.items(), plans, strict=True):
            self._pools[name] = Pool(function, plan, self._host, self._ended)
            logger.info("A local function is ready to start.", extra={"function": name, "runtime_client": plan.client})
            self._pools[name].warm_up()
        self._tasks = [
            asyncio.create_task(memory.watch_memory(self._environments)),
            asyncio.create_task(self._reap()),
        ]
        if self._watch:
            folders = {name: pool.launch.cwd for name, pool in self._pools.items()}
            self._tasks.append(asyncio.create_task(reload.watch_code(folders, self.reload, self._stop_watching)))

    async def invoke(self, invocation: Invocation) -> Outcome:
        """One invocation; by `invocation.timeout` at the latest, but timeouts of attached functions are suspended."""
        refusal = self._refusal(invocation)
        if refusal is not None:
            return refusal
        pool = self._pools[invocation.function.name]
        try:
            context = decode_client_context(invocation.client_context) if invocation.client_context else None
        except ValueError:
            message = "Client context must be a valid Base64-encoded JSON object."
            return outcome.refused(400, "InvalidRequestContentException", message, invocation.id)
        if invocation.type == "DryRun":
            return Outcome(OutcomeKind.OK, status=204, request_id=invocation.id, invoked=Invoked.NO)
        throttled = self._throttled(pool, invocation)
        if throttled is not None:
            return throttled
        asked = invocation.qualifier
        arn = str(invocation.function.arn.qualified(asked)) if asked else pool.arn
        headers = runtime_headers(invocation, arn, context)
        ended = pool.asynchronous_ended if invocation.asynchronous else pool.execution_ended
        execution = Execution(invocation, headers, self._clock, ended)
        self._running += 1
        self._quiet.clear()
        pool.submit(execution)
        timer = None
        if invocation.timeout is not None and pool.launch.client != "attached":
            timer = self._host.deadlines.call_later(invocation.timeout, _give_up, execution, invocation.timeout)
        try:
            return await execution.future
        except asyncio.CancelledError:
            execution.abandon()
            raise
        finally:
            if timer is not None:
                timer.cancel()

    async def close(self) -> None:
        """Wait for what runs, then end every process. When cancelled while waiting, it ends them at once."""
        self._closing = True
        cancelled: asyncio.CancelledError | None = None
        try:
            await self._quiet.wait()
        except asyncio.CancelledError as error:
            cancelled = error
        await self._stop()
        if cancelled is not None:
            raise cancelled

    def reload(self, names: set[str]) -> None:
        """The code of these functions changed."""
        self.reloads += 1
        for name in names:
            logger.info("A local function's code changed; new invocations use it.", extra={"function": name})
            self._pools[name].reload()

    def not_ready(self) -> str | None:
        """Why no traffic should be sent here: never. A function that cannot start says so in its own outcomes."""
        return None

    def status(self) -> dict[str, FunctionStatus]:
        """Figures per function, for the operator."""
        return {
            name: FunctionStatus(
                pool.launch.client,
                len(pool.environments),
                pool.idle,
                pool.running,
                pool.cold_starts,
                tuple(environment.address for environment in pool.environments if environment.address),
            )
            for name, pool in self._pools.items()
        }

    # --- inside -------------------------------------------------------------------------------------------------------

    def _refusal(self, invocation: Invocation) -> Outcome | None:
        """What the service refuses before it looks for an environment."""
        function = invocation.function
        if self._closing:
            return outcome.refused(500, "ServiceException", "The local Lambda service is stopping.", invocation.id)
        if function.name not in self._pools:
            arn = function.arn.qualified(invocation.qualifier or function.qualifier or "$LATEST")
            return outcome.refused(404, "ResourceNotFoundException", f"Function not found: {arn}", invocation.id)
        if invocation.type not in ("RequestResponse", "DryRun"):
            message = f"{invocation.type} is the queue's business: a local function is invoked with RequestResponse."
            return outcome.refused(400, "InvalidParameterValueException", message, invocation.id)
        if len(invocation.payload) > MAX_REQUEST:
            return outcome.refused(413, "RequestEntityTooLargeException", REQUEST_TOO_LARGE, invocation.id)
        try:
            if invocation.payload and not invocation.is_json:
                jsontext.check(invocation.payload)
        except ValueError as error:
            message = f"Could not parse request body into json: Could not parse payload into json: {error}"
            return outcome.refused(400, "InvalidRequestContentException", message, invocation.id)
        return None

    def _throttled(self, pool: Pool, invocation: Invocation) -> Outcome | None:
        limit = pool.function.max_concurrency
        callers = pool.running - pool.asynchronous
        if limit is not None and not invocation.asynchronous and callers >= limit:
            return outcome.throttled("ReservedFunctionConcurrentInvocationLimitExceeded", request_id=invocation.id)
        if self._running >= self._limit:
            return outcome.throttled("ConcurrentInvocationLimitExceeded", request_id=invocation.id)
        if not pool.idle and sum(len(other.environments) for other in self._pools.values()) >= self._limit:
            for other in self._pools.values():
                if other is not pool and other.evict_oldest_idle():
                    break
        return None

    def _ended(self) -> None:
        self._running -= 1
        if not self._running:
            self._quiet.set()

    def _environments(self) -> Iterator[Environment]:
        for pool in self._pools.values():
            yield from pool.environments

    async def _reap(self) -> None:
        while True:
            await asyncio.sleep(_REAP_EVERY)
            self.reap()

    def reap(self, idle_seconds: float = IDLE_SECONDS) -> None:
        """End what has been idle for too long, and keep `min_warm` filled."""
        for pool in self._pools.values():
            pool.reap(idle_seconds)
            pool.warm_up()

    async def _stop(self) -> None:
        self._stop_watching.set()
        for task in self._tasks[:2]:
            task.cancel()
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._host.deadlines.close()
        self._guard.close()


def _or_raise(plan: launch.Launch | BaseException) -> launch.Launch:
    if isinstance(plan, BaseException):
        raise plan
    return plan


def _give_up(execution: Execution, seconds: float) -> None:
    """The caller's deadline passed; the function goes on."""
    if not execution.future.done():
        execution.future.set_result(outcome.timed_out(seconds, Invoked.YES))
