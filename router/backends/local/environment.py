"""One environment: a runtime process, its Runtime API port, and the invocation that it works on.

Only what happens inside one environment is here; which one gets which invocation is decided in `pool`. Everything runs in
callbacks of the event loop: a warm invocation needs no task of its own.
"""

import asyncio
import logging
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, cast

from router.backends.local import failures, variables
from router.backends.local.deadlines import Deadline, Deadlines
from router.backends.local.execution import LOG_TAIL, Execution
from router.backends.local.failures import Failure
from router.backends.local.guard import Guard
from router.backends.local.launch import Launch
from router.backends.local.output import OutputLog
from router.backends.local.pace import Processors
from router.backends.local.process import ProcessGroup, resident_bytes
from router.backends.local.runtime_api import RuntimeApi, State
from router.backends.local.runtime_http import RuntimeConnection
from router.backends.local.streaming import LocalStream
from router.model import Function
from router.ports import Clock
from router.settings import Aws

logger = logging.getLogger(__name__)

_SUSPENDED = 24 * 3600.0
"""Seconds until the deadline that an attached process is told: a debugger has time."""


@dataclass(slots=True, frozen=True)
class Host:
    """What environments and pools of one invoker share. `credentials()`: the router's own variables, fresh for each process."""

    aws: Aws
    clock: Clock
    guard: Guard
    credentials: Callable[[], Mapping[str, str]]
    processors: Processors
    deadlines: Deadlines = field(default_factory=Deadlines)


class EnvironmentOwner(Protocol):
    """The pool, as an environment sees it."""

    def became_ready(self, environment: "Environment") -> None:
        """It waits for the next invocation (not told of the first time: `start` returns)."""
        ...

    def became_unready(self, environment: "Environment") -> None:
        """It answered, or lost its connection; the next `next` has not come."""
        ...

    def ended(self, environment: "Environment") -> None:
        """The process is gone, or about to be."""
        ...


class Environment:
    """A warm process. `stale`: the code has changed, it takes no more invocations. `memory_used`: bytes, the most seen."""

    def __init__(self, function: Function, launch: Launch, host: Host, owner: EnvironmentOwner) -> None:
        self.function = function
        self.launch = launch
        self.stale = False
        self.memory_used = 0
        self.used_since_sample = True
        self.idle_since = 0.0
        self.address = ""
        self.init_output = b""
        self._host = host
        self._owner = owner
        self._attached = launch.client == "attached"
        self._api = RuntimeApi(self, attached=self._attached)
        self._process = ProcessGroup(self._printed, self._exited)
        self._output = OutputLog(function.name, host.clock)
        self._server: asyncio.Server | None = None
        self._initialised: asyncio.Future[Failure | None] = asyncio.get_running_loop().create_future()
        self._execution: Execution | None = None
        self._timer: Deadline | None = None
        self._last_id = ""
        self.dead = False

    @property
    def pid(self) -> int:
        """The leader of the process group; 0 where none was started."""
        return self._process.pid

    @property
    def ready(self) -> bool:
        """Whether `run` may be called."""
        return self._api.state is State.READY and not self.dead

    @property
    def busy(self) -> bool:
        """Whether an invocation runs."""
        return self._execution is not None

    async def start(self, timeout: float | None) -> Failure | None:
        """Start the process and wait for its first `next`; a Failure where that did not come within `timeout` seconds."""
        loop = asyncio.get_running_loop()
        try:
            # A socket of our own: without a free descriptor the loop makes a server that listens nowhere.
            bound = socket.create_server(("127.0.0.1", 0), backlog=16)
        except OSError as error:
            self.kill()
            return failures.not_started(self.function.name, error)
        self._server = await loop.create_server(
            lambda: cast(asyncio.Protocol, RuntimeConnection(self._api)), sock=bound, backlog=16
        )
        self.address = f"127.0.0.1:{bound.getsockname()[1]}"
        if self._attached:
            logger.info(
                "A local function waits for a process to attach: start it with this variable in its environment.",
                extra={"function": self.function.name, "variable": f"AWS_LAMBDA_RUNTIME_API={self.address}"},
            )
        else:
            try:
                await self._process.start(self.launch.argv, self.launch.cwd, self._variables())
            except OSError as error:
                self.kill()
                return failures.not_started(self.launch.argv[0], error)
            self._host.guard.started(self._process.pid)
        try:
            failure = await asyncio.wait_for(asyncio.shield(self._initialised), timeout)
        except TimeoutError:
            failure = failures.timed_out(timeout or 0.0)
        if failure is not None:
            self.kill()
        return failure

    def run(self, execution: Execution) -> None:
        """Hand an invocation to the waiting process; only when `ready`."""
        self._execution = execution
        self._last_id = execution.id
        self.used_since_sample = True
        timeout = _SUSPENDED if self._attached else self.function.timeout
        execution.started()
        deadline = int((self._host.clock.now() + timeout) * 1000)
        self._api.deliver(
            execution.id,
            b"%sLambda-Runtime-Deadline-Ms: %d\r\n" % (execution.headers, deadline),
            execution.invocation.payload or b"{}",
        )
        if not self._attached:
            self._timer = self._host.deadlines.call_later(timeout, self._timed_out)

    def out_of_memory(self) -> None:
        """More memory is in use than the function may have: end it as Lambda does."""
        self._finish(failures.OUT_OF_MEMORY)
        self.kill()

    def kill(self) -> None:
        """End the process group and the port, now. An invocation that still runs fails."""
        if self.dead:
            return
        self.dead = True
        self._process.kill()
        self._process.drain()
        if self._server is not None:
            self._server.close()
        self._api.close()
        self._finish(failures.exited(-9))
        self._owner.ended(self)

    @property
    def process_ended(self) -> asyncio.Future[int]:
        """Done when the process has been reaped; never where none was started."""
        return self._process.ended

    # --- events of the runtime API ------------------------------------------------------------------------------------

    def runtime_ready(self) -> None:
        if self.dead:
            return
        self.idle_since = self._host.clock.monotonic()
        if self._initialised.done():
            self._owner.became_ready(self)
        else:
            self._initialised.set_result(None)

    def runtime_lost(self) -> None:
        if not self.dead:
            self._owner.became_unready(self)

    def runtime_answered(self, request_id: str, body: bytes, is_error: bool) -> None:
        execution = self._take()
        if execution is not None:
            execution.answered(body, is_error, self._memory())
            self._owner.became_unready(self)

    def runtime_begins(self, content_type: str, connection: RuntimeConnection) -> LocalStream | None:
        execution = self._execution
        if execution is None or not execution.invocation.stream:
            return None
        return execution.begin(content_type, connection)

    def runtime_truncated(self) -> None:
        self._finish(failures.TRUNCATED)

    def runtime_oversized(self, request_id: str) -> None:
        self._finish(failures.RESPONSE_TOO_LARGE)

    def runtime_failed(self, body: bytes) -> None:
        self._process.drain()
        if self._attached:
            logger.warning(
                "The attached process could not load its function.",
                extra={"function": self.function.name, "error": body.decode("utf-8", "replace")},
            )
        elif not self._initialised.done():
            self._initialised.set_result(Failure("Runtime.InitError", body=body))

    def runtime_restarted(self, request_id: str) -> None:
        self._finish(failures.RESTARTED)

    # --- events of the process ----------------------------------------------------------------------------------------

    def _printed(self, data: bytes) -> None:
        if self._execution is not None:
            self._execution.printed(data)
        elif not self._initialised.done():
            self.init_output = (self.init_output + data)[-LOG_TAIL:]
        self._output.write(data, self._last_id)

    def _exited(self, returncode: int) -> None:
        self._output.flush(self._last_id)
        self._host.guard.ended(self._process.pid)
        failure = failures.exited(returncode)
        if not self._initialised.done():
            self._initialised.set_result(failure)
        self._finish(failure)
        self.kill()

    def _timed_out(self) -> None:
        self._process.kill()
        self._finish(failures.timed_out(self.function.timeout))
        self.kill()

    def _finish(self, failure: Failure) -> None:
        execution = self._take()
        if execution is not None:
            execution.failed(failure, self._memory())
            self._owner.became_unready(self)

    def _take(self) -> Execution | None:
        """The running invocation, which ends now, with everything that it has printed."""
        execution = self._execution
        if execution is not None:
            self._process.drain()
            self._output.flush(execution.id)
            self._execution = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        return execution

    def _memory(self) -> int:
        """The most memory seen in use; an environment younger than the first sample is asked now."""
        if not self.memory_used and self.pid:
            self.memory_used = resident_bytes(self.pid)
        return self.memory_used

    def _variables(self) -> dict[str, str]:
        day = datetime.fromtimestamp(self._host.clock.now(), UTC).strftime("%Y/%m/%d")
        return variables.build(
            self.function,
            self.launch,
            self._host.aws,
            self._host.credentials(),
            runtime_api=self.address,
            log_stream=f"{day}/[$LATEST]{secrets.token_hex(16)}",
        )
