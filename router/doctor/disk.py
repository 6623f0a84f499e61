"""The journal's folder: writable, with room, and how long its disk takes to keep a promise.

A file is written and removed again: a latency cannot be read anywhere.
"""

import asyncio
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from router.doctor.examination import Check, Patient
from router.doctor.findings import Finding, failed, ok, warning
from router.journal.opening import SQLITE
from router.settings import JournalSettings

_ROUNDS = 5
_BLOCK = b"\0" * 4096
_SLOW = 0.02
"""Seconds of an fsync, for which every acknowledgement waits."""
_MIB = 1024**2


def checks(patient: Patient) -> Iterator[Check]:
    """Only where something is accepted: else no journal is opened."""
    settings = patient.config.journal
    if settings.url.startswith(SQLITE) and any(trigger.accepts for trigger in patient.config.triggers):
        look = partial(asyncio.to_thread, journal_folder, settings, time.perf_counter)
        yield Check("journal", settings.url, ("journal",), look)


def journal_folder(settings: JournalSettings, stopwatch: Callable[[], float]) -> Sequence[Finding]:
    """What is found of the folder, or of the nearest one above it that is there. `stopwatch`: seconds."""
    folder = Path(settings.url.removeprefix(SQLITE))
    home = next(path for path in (folder, *folder.absolute().parents) if path.is_dir() or path.exists())
    if not home.is_dir():
        return [failed(f"{home} is no folder", "move it away, or set journal.url to another folder")]
    if not os.access(home, os.W_OK | os.X_OK):
        return [failed(f"{home} may not be written to", "give the daemon's user the right to write there")]
    latency = _fsync(home, stopwatch)
    return [*_room(home, settings), _speed(latency)]


def _room(home: Path, settings: JournalSettings) -> Iterator[Finding]:
    free = shutil.disk_usage(home).free
    left = free - settings.min_free_disk
    if left <= 0:
        message = f"{free // _MIB} MiB are free, and {settings.min_free_disk // _MIB} MiB are to stay so: nothing is accepted"
        yield failed(message, "make room, or lower journal.min_free_disk")
    elif left < settings.max_size:
        message = f"{left // _MIB} MiB may be filled, and the journal may grow to {settings.max_size // _MIB} MiB"
        yield warning(message, "make room, or lower journal.max_size")
    else:
        yield ok(f"{free // _MIB} MiB are free")


def _fsync(home: Path, stopwatch: Callable[[], float]) -> float:
    """Seconds, the median of a few."""
    found = []
    with tempfile.TemporaryFile(dir=home, buffering=0) as file:
        for _ in range(_ROUNDS):
            file.write(_BLOCK)
            begun = stopwatch()
            os.fsync(file.fileno())
            found.append(stopwatch() - begun)
    return statistics.median(found)


def _speed(latency: float) -> Finding:
    text = f"an fsync takes {latency * 1000:.1f} ms"
    if latency > _SLOW:
        help_text = "use a faster disk, or `durability: os` where that is enough"
        return warning(f"{text}: every acknowledgement waits for one", help_text)
    return ok(text)
