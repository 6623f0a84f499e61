"""Starts and feeds the guard process (`clients/guard.py`), which ends function processes when the router is killed."""

import contextlib
import os
import subprocess
import sys

from router.backends.local.launch import CLIENTS


class Guard:
    """One per invoker. A guard that is itself killed only loses its protection: writes to it are then dropped."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; it costs some 10 ms once."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-u", str(CLIENTS / "guard.py")],
            stdin=subprocess.PIPE,
            start_new_session=True,
            env={},
        )

    def started(self, pid: int) -> None:
        """A process group lives."""
        self._tell(f"+{pid}\n")

    def ended(self, pid: int) -> None:
        """The group is gone; its number may be used by others."""
        self._tell(f"-{pid}\n")

    def close(self) -> None:
        """Let the guard end; it does at once when its input closes."""
        if self._process is not None:
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._process.wait()
            self._process = None

    def _tell(self, line: str) -> None:
        if self._process is not None:
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):
                os.write(self._process.stdin.fileno(), line.encode())
