"""One supervised process group: started in a session of its own, its output read, killed as a whole.

Standard output and error share one pipe that we read ourselves: so their order is kept, and `drain` can take in, at the moment
an answer arrives, everything that the function had printed before it.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import termios
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import cast

import psutil

_CHUNK = 64 * 1024
_DRAIN = 1024 * 1024
"""Bytes read in one go when draining, so that a process that never stops printing cannot hold the event loop."""


def resident_bytes(pid: int) -> int:
    """Resident size of one process; 0 where it is gone."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def scheduled_seconds(pid: int) -> tuple[float, float] | None:
    """For how long the main thread of a process ran, and for how long it waited for a processor; None where nobody tells.

    Source: https://docs.kernel.org/scheduler/sched-stats.html, `/proc/<pid>/schedstat`.
    """
    try:
        ran, waited, _ = map(int, Path(f"/proc/{pid}/schedstat").read_bytes().split())
    except (OSError, ValueError):
        return None
    return (ran * 1e-9, waited * 1e-9) if ran else None


def resident_bytes_of_sessions(leaders: Collection[int]) -> dict[int, int]:
    """Resident size of each of these sessions: a leader and all its descendants. One pass over the process table."""
    totals = dict.fromkeys(leaders, 0)
    for pid in psutil.pids():
        with contextlib.suppress(OSError):
            session = os.getsid(pid)
            if session in totals:
                totals[session] += resident_bytes(pid)
    return totals


class ProcessGroup(asyncio.SubprocessProtocol):
    """A child and everything it starts. `on_output(data)` and `on_exit(returncode)` run in the event loop."""

    def __init__(self, on_output: Callable[[bytes], None], on_exit: Callable[[int], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_output = on_output
        self._on_exit = on_exit
        self._transport: asyncio.SubprocessTransport | None = None
        self._pipe = -1
        self._count = bytearray(4)
        self.pid = 0
        self.ended: asyncio.Future[int] = self._loop.create_future()

    async def start(self, argv: Sequence[str], cwd: str, environment: Mapping[str, str]) -> None:
        """Start the child. Raises OSError where it cannot be started."""
        self._pipe, writer = os.pipe()
        os.set_blocking(self._pipe, False)
        try:
            transport, _ = await self._loop.subprocess_exec(
                lambda: self,
                *argv,
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=writer,
                cwd=cwd,
                env=dict(environment),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._pipe)
            self._pipe = -1
            raise
        finally:
            os.close(writer)
        self._transport = transport
        self.pid = transport.get_pid()
        if not self.ended.done():
            self._loop.add_reader(self._pipe, self._read)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not checked by isinstance: uvloop's subprocess transport is none of asyncio's classes.
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self.pid = self._transport.get_pid()

    def process_exited(self) -> None:
        """The child ended; what it left behind in its group ends with it."""
        assert self._transport is not None
        self.kill()
        self.drain()
        self._close_pipe()
        returncode = self._transport.get_returncode() or 0
        self._transport.close()
        if not self.ended.done():
            self.ended.set_result(returncode)
        self._on_exit(returncode)

    def kill(self) -> None:
        """End the whole group, now."""
        if self.pid and not self.ended.done():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def drain(self) -> None:
        """Take in what has been printed so far."""
        taken = 0
        while taken < _DRAIN and self._has_something() and (data := self._take()):
            taken += len(data)
            self._on_output(data)

    def _read(self) -> None:
        data = self._take()
        if data:
            self._on_output(data)
        elif data is not None:
            self._close_pipe()

    def _has_something(self) -> bool:
        """Asked before reading: almost always nothing is there, and a read that says so costs an exception."""
        if self._pipe < 0:
            return False
        fcntl.ioctl(self._pipe, termios.FIONREAD, self._count)
        return any(self._count)

    def _take(self) -> bytes | None:
        """What is there: bytes, `b""` at the end of the stream, None where nothing is there yet."""
        if self._pipe < 0:
            return b""
        try:
            return os.read(self._pipe, _CHUNK)
        except BlockingIOError:
            return None

    def _close_pipe(self) -> None:
        if self._pipe >= 0:
            self._loop.remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1
