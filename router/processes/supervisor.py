"""Forks the engine and the doors, and puts another in the place of one that ends unasked.

The process that supervises runs no event loop and no thread, so that a fork of it is as good at any time as at the start. It
ends with its last child; where it is killed itself, each child notices that it has become an orphan, and drains.
"""

import logging
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from router.processes.roles import stop_signals

log = logging.getLogger("router.processes")

START_SECONDS = 60.0
"""How long a process may take to be up."""
_PAUSES = (0.0, 0.2, 1.0, 3.0)
"""Seconds before a process is started anew: after the first end, the second in a row, …, and then always the last."""
_STEADY = 30.0
"""Seconds after which an end counts as the first one again."""
_TICK = 0.2

Body = Callable[[Callable[[], None], int], int]
"""`body(started, life)`: what a process does; its exit code. It calls `started()` once, when it is up.

`life`: a file descriptor that becomes readable when the supervisor is gone."""


@dataclass(slots=True)
class Member:
    """One process and its successors."""

    name: str
    body: Body
    pid: int = 0
    began: float = 0.0
    ends: int = 0
    due: float | None = None
    """When it is to be started anew, in monotonic time."""


@dataclass(slots=True)
class Supervisor:
    """`engine` starts first and ends last. `stop_after`: seconds after which what still runs is killed."""

    engine: Member
    doors: list[Member]
    stop_after: float
    _stopping: bool = False
    _impatient: bool = False
    _life: tuple[int, int] = field(default_factory=os.pipe)

    def run(self) -> int:
        """Supervise until SIGTERM, SIGINT or SIGHUP; the exit code: 0, or that of a process that could not start."""
        for number in stop_signals():
            signal.signal(number, self._ask_to_stop)
        for member in (self.engine, *self.doors):
            code = self._start(member)
            if self._stopping:
                self._end()
                return 0
            if code is not None:
                self._end()
                return code
        log.info("Every process is up.", extra={"engine": self.engine.pid, "doors": [door.pid for door in self.doors]})
        while not self._stopping:
            self._reap()
            self._restart()
            time.sleep(_TICK)
        self._end()
        return 0

    def _ask_to_stop(self, number: int, frame: object) -> None:
        self._impatient = self._impatient or (self._stopping and number == signal.SIGINT)
        self._stopping = True

    def _start(self, member: Member) -> int | None:
        """Fork it and wait until it is up; its exit code where it ended instead."""
        read, write = os.pipe()
        member.began, member.due = time.monotonic(), None
        member.pid = os.fork()
        if member.pid == 0:
            os.close(read)
            os.close(self._life[1])
            _become(lambda: member.body(lambda: _say(write), self._life[0]))
        os.close(write)
        try:
            return None if self._is_up(read, member) else self._code(member)
        finally:
            os.close(read)

    def _is_up(self, read: int, member: Member) -> bool:
        """True where it says so or takes too long; False where the pipe closes: it has ended."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not self._stopping:
            ready, _, _ = select.select([read], [], [], _TICK)
            if ready:
                return os.read(read, 1) != b""
        return True

    def _code(self, member: Member) -> int:
        _, status = os.waitpid(member.pid, 0)
        member.pid = 0
        return os.waitstatus_to_exitcode(status) or 1

    def _reap(self) -> None:
        for member in (self.engine, *self.doors):
            if member.pid and (ended := _ended(member.pid)) is not None:
                now = time.monotonic()
                member.ends = 1 if now - member.began > _STEADY else member.ends + 1
                member.due = now + _PAUSES[min(member.ends, len(_PAUSES)) - 1]
                log.error(
                    "A process of the daemon ended; another one takes its place.",
                    extra={"role": member.name, "ended_pid": member.pid, "exit_code": ended},
                )
                member.pid = 0

    def _restart(self) -> None:
        for member in (self.engine, *self.doors):
            if member.due is not None and time.monotonic() >= member.due and not self._stopping:
                code = self._start(member)
                if code is not None:
                    member.ends += 1
                    member.due = time.monotonic() + _PAUSES[min(member.ends, len(_PAUSES)) - 1]
                    log.error("A process of the daemon could not start.", extra={"role": member.name, "exit_code": code})
                else:
                    log.info("A process of the daemon is up again.", extra={"role": member.name, "started_pid": member.pid})

    def _end(self) -> None:
        """The doors first: what they have under way may need the engine."""
        deadline = time.monotonic() + self.stop_after
        for members in (self.doors, [self.engine]):
            for member in members:
                _signal(member.pid, signal.SIGTERM)
            while any(member.pid for member in members) and time.monotonic() < deadline and not self._impatient:
                for member in members:
                    if member.pid and _ended(member.pid) is not None:
                        member.pid = 0
                time.sleep(0.02)
        for member in (*self.doors, self.engine):
            if member.pid:
                _signal(member.pid, signal.SIGKILL)
                os.waitpid(member.pid, 0)


def _become(body: Callable[[], int]) -> None:
    """Be the child. Never returns: what stands on the parent's stack is not for it to unwind.

    A terminal interrupts everybody, and tells everybody that it closes; who ends when is the supervisor's to say.
    """
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        code = body()
    except BaseException:
        log.exception("A process of the daemon failed.")
    finally:
        logging.shutdown()
        os._exit(code)


def _say(write: int) -> None:
    os.write(write, b"u")
    os.close(write)


def _ended(pid: int) -> int | None:
    """The exit code of a child that has ended; None while it runs."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 1
    return os.waitstatus_to_exitcode(status) if found else None


def _signal(pid: int, number: int) -> None:
    if pid:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
