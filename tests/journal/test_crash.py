"""Nothing that was acknowledged is lost: across `kill -9`, and across a power failure.

`CRASH_ROUNDS` asks for more rounds (`make crash-test`).

A power failure is imitated, not had. A durable commit ends with an fsync of the write-ahead log, so what surely is on disk
at that moment is what both files hold then: they are copied there and then, by the writer's own thread, before anybody hears
of the commit. At the failure everything later is thrown away, but for a random choice of the log's later sectors, as a disk
that had begun to write them would leave them. Not imitated: a disk that lies about fsync, and a checkpoint cut in its middle.
"""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router.deliveries import Delivery, Durability, Selection
from router.fakes import FakeClock
from router.journal.opening import open_offline
from router.journal.sqlite.opening import SqliteEngine, open_sqlite
from router.journal.sqlite.writer import Writer
from router.settings import JournalSettings

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "8"))
SECTOR = 512
Make = Callable[..., Delivery]


def live_and_die(folder: Path, first: int, acknowledged: int) -> dict[str, set[int]]:
    """What a process was certain of that was killed after so many acknowledgements."""
    appender = Path(__file__).with_name("appender.py")
    said: dict[str, set[int]] = {"accepted": set(), "delivered": set()}
    with subprocess.Popen([sys.executable, str(appender), str(first), str(folder)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            word, number = line.split()
            said[word.decode()].add(int(number))
            if len(said["accepted"]) >= acknowledged:
                process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    return said


async def numbers_in(folder: Path) -> set[int]:
    engine = open_offline(f"sqlite:{folder}")
    try:
        assert await engine.admin.check() == []
        return {int(kept.id) for kept in await engine.admin.select(Selection(), 10**9, None)}
    finally:
        await engine.close()


async def test_nothing_is_lost_when_the_process_is_killed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(4)
    folder = tmp_path / "journal"
    accepted: set[int] = set()
    delivered: set[int] = set()
    for number in range(ROUNDS):
        said = await asyncio.to_thread(live_and_die, folder, number * 1_000_000, chance.randrange(1, 400))
        accepted |= said["accepted"]
        delivered |= said["delivered"]
        assert accepted - delivered - await numbers_in(folder) == set()
    with capsys.disabled():
        print(f"\njournal, kill -9: {ROUNDS} rounds, {len(accepted)} acknowledged, 0 lost")


class Disk:
    """Copies of the journal's files as they surely were on disk after the last durable commit."""

    def __init__(self, folder: Path, copies: Path) -> None:
        self.folder = folder
        self.copies = copies

    def synced(self) -> None:
        self.copies.mkdir(exist_ok=True)
        for path in self.folder.glob("journal.sqlite*"):
            if not path.name.endswith("-shm"):  # an index of the log, made anew by whoever opens it
                shutil.copyfile(path, self.copies / path.name)

    def after_power_failure(self, target: Path, chance: random.Random) -> None:
        """What a machine finds that starts again: the copies, with some of the log's later sectors."""
        log = "journal.sqlite-wal"
        later = (self.folder / log).read_bytes()
        shutil.copytree(self.copies, target)
        with (target / log).open("r+b") as file:
            kept = file.seek(0, os.SEEK_END)
            for at in range(kept, len(later), SECTOR):
                if chance.random() < 0.7:
                    file.seek(at)
                    file.write(later[at : at + SECTOR])


async def live_until_power_fails(
    engine: SqliteEngine, delivery: Make, acknowledged: int, chance: random.Random
) -> dict[Durability, list[int]]:
    """Numbers in the order in which one producer had them acknowledged, by durability; others append at the same time."""
    said: dict[Durability, list[int]] = {Durability.DISK: [], Durability.OS: []}
    numbers = iter(range(10**6))

    async def produce(durability: Durability, going_on: Callable[[], bool]) -> None:
        while going_on():
            number = next(numbers)
            made = delivery(number, id=f"{number:036d}", payload=chance.randbytes(number % 3000))
            await engine.journal.append([made], durability)
            said[durability].append(number)

    def too_few() -> bool:
        return len(said[Durability.DISK]) < acknowledged

    await asyncio.gather(*(produce(durability, too_few) for durability in (Durability.DISK, Durability.DISK, Durability.OS)))
    last = len(said[Durability.OS]) + 10
    await produce(Durability.OS, lambda: len(said[Durability.OS]) < last)
    return said


async def test_what_was_durable_survives_a_power_failure(
    tmp_path: Path, delivery: Make, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(9)
    settings = JournalSettings(min_free_disk=0)
    acknowledged = survived_os = accepted_os = 0
    for number in range(ROUNDS):
        folder, copies, found = (tmp_path / f"{name}-{number}" for name in ("journal", "copies", "found"))
        disk = Disk(folder, copies)
        commit = Writer._transaction

        def watched(writer: Writer, works: list[Any], commit: Any = commit, disk: Disk = disk) -> list[Any]:
            results: list[Any] = commit(writer, works)
            if any(work.durable for work in works):
                disk.synced()
            return results

        with monkeypatch.context() as patched:
            patched.setattr(Writer, "_transaction", watched)
            engine = open_sqlite(folder, clock, settings)
            await engine.start()
            said = await live_until_power_fails(engine, delivery, chance.randrange(1, 60), chance)
            disk.after_power_failure(found, chance)
            await engine.close()
        survivors = await numbers_in(found)
        assert set(said[Durability.DISK]) - survivors == set()
        kept = [one in survivors for one in said[Durability.OS]]
        assert kept == sorted(kept, reverse=True), "what survives is a beginning of what was committed"
        acknowledged += len(said[Durability.DISK])
        accepted_os += len(kept)
        survived_os += sum(kept)
    with capsys.disabled():
        print(f"\njournal, power failure: {ROUNDS} rounds, {acknowledged} acknowledged at `disk`, 0 lost;", end=" ")
        print(f"{accepted_os} at `os`, {accepted_os - survived_os} lost")
