"""Processes under test: started, pinned, waited for, measured by the operating system's own figures, stopped again."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psutil

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}
START_SECONDS = 30
STOP_SECONDS = 30


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cores() -> tuple[set[int], set[int]]:
    """The core of the process under test, and the others; empty sets where nothing can be pinned."""
    available = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return (set(available[:1]), set(available[1:])) if len(available) > 1 else (set(), set())


def pin(pid: int, pinned: set[int]) -> None:
    """Keep a process on these cores, where the system lets us."""
    if pinned and hasattr(os, "sched_setaffinity") and pinned <= os.sched_getaffinity(0):
        os.sched_setaffinity(pid, pinned)


@contextmanager
def running(
    command: list[str], port: int, pinned: set[int], environment: Mapping[str, str] | None = None
) -> Iterator[psutil.Process]:
    """A process that accepts connections on `port`, ended with the block. Raises SystemExit where it does not come up."""
    variables = os.environ | CREDENTIALS | dict(environment or {})
    process = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL)
    try:
        pin(process.pid, pinned)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{' '.join(command)} did not start") from None
                time.sleep(0.05)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process and its children."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        times = each.cpu_times()
        total += times.user + times.system
    return total
