"""What only the journal on disk has to show: it comes back, it is owned, it stumbles over nothing."""

import asyncio
import contextlib
import resource
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import Any

import pytest

from router.deliveries import Condition, Delivery, DeliverySettlement, Durability, Fate, Finding, Receipt, Selection
from router.errors import StartError, Unavailable
from router.fakes import FakeClock
from router.journal.opening import open_journal, open_offline
from router.journal.sqlite.folder import Folder
from router.journal.sqlite.journal import MAX_STARTS
from router.journal.sqlite.opening import SqliteEngine, open_sqlite
from router.settings import JournalSettings

NOW = 1_700_000_000.0
DISK, OS = Durability.DISK, Durability.OS
Make = Callable[..., Delivery]
Open = Callable[..., contextlib.AbstractAsyncContextManager[SqliteEngine]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "var" / "journal"


@pytest.fixture
def opened(folder: Path, clock: FakeClock, settings: JournalSettings) -> Open:
    @asynccontextmanager
    async def opened(*, graceful: bool = True) -> AsyncIterator[SqliteEngine]:
        """A started engine; without `graceful` its claims keep their marks, as if the process had died."""
        engine = open_sqlite(folder, clock, settings)
        await engine.start()
        try:
            yield engine
        finally:
            if not graceful:
                await engine.tidy()
                engine.journal._held.clear()
            await engine.close()

    return opened


@contextlib.contextmanager
def tables(folder: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(folder / "journal.sqlite", isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


async def test_what_is_not_settled_is_due_again_after_reopening(opened: Open, delivery: Make, clock: FakeClock) -> None:
    made = [delivery(number, function=f"f{number % 2}", group="g" if number > 2 else None) for number in range(6)]
    made[5].due_at = NOW + 60
    async with opened() as engine:
        await engine.journal.append(made[:3], DISK)
        await engine.journal.append(made[3:], OS)
        claimed = await engine.journal.claim(NOW, 2, ())
        assert claimed == made[:2]
        await engine.journal.settle([DeliverySettlement(claimed[0], Fate.DONE)])
    async with opened() as engine:
        again = await engine.journal.claim(NOW, 10, ())
        assert sorted(again, key=lambda one: one.id) == [made[1], made[2], made[3], made[4]]
        await engine.journal.settle([DeliverySettlement(one, Fate.DONE) for one in again])
        assert await engine.journal.claim(NOW, 10, ()) == []
        assert await engine.journal.claim(NOW + 60, 10, ()) == [made[5]]


async def test_ids_dead_letters_and_the_store_come_back(opened: Open, delivery: Make) -> None:
    given = delivery(1, deduplication_id="\ud800 known")
    async with opened() as engine:
        await engine.journal.append([given], DISK)
        [claimed] = await engine.journal.claim(NOW, 1, ())
        dead = replace(claimed, condition=Condition.LOOP, response={"payload": "\ud800"})
        await engine.journal.settle([DeliverySettlement(dead, Fate.DEAD)])
        await engine.store.put("room", "key", b"value")
    async with opened() as engine:
        repeated = replace(given, id=delivery(2).id)
        assert await engine.journal.append([repeated], DISK) == [Receipt(given.id, duplicate=True)]
        assert await engine.admin.select(Selection(dead=True), 5, None) == [dead]
        assert await engine.store.get("room", "key") == b"value"


async def test_the_folder_has_one_owner(opened: Open, folder: Path, clock: FakeClock, settings: JournalSettings) -> None:
    async with opened():
        for attempt in (lambda: open_sqlite(folder, clock, settings), lambda: open_offline(f"sqlite:{folder}")):
            with pytest.raises(StartError, match=r"in use by another process \(\d+\): stop it, or give each daemon its own"):
                attempt()
    async with opened():
        pass


@pytest.mark.parametrize("url", ["sqlite:", "redis:x", "memory"])
async def test_there_is_nothing_to_open_offline(url: str) -> None:
    with pytest.raises(StartError):
        open_offline(url)


async def test_offline_opens_what_is_there(opened: Open, folder: Path, delivery: Make) -> None:
    with pytest.raises(StartError, match="there is no journal in"):
        open_offline(f"sqlite:{folder}")
    async with opened() as engine:
        await engine.journal.append([delivery(1)], DISK)
    offline = open_offline(f"sqlite:{folder}")
    assert await offline.admin.select(Selection(), 5, None) == [delivery(1)]
    await offline.close()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.write_bytes(b"no database at all, and long enough to be seen as none" * 40), "cannot be opened"),
        (lambda path: _run(path, "PRAGMA user_version = 99"), "version 99, this program knows 2: run the newer program"),
        (lambda path: _run(path, "PRAGMA application_id = 1"), "not a journal of lambda-router"),
    ],
)
async def test_what_cannot_be_used_says_so_and_is_let_go(
    opened: Open, folder: Path, spoil: Callable[[Path], None], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened():
        pass
    spoil(folder / "journal.sqlite")
    connections: list[Connection] = []
    monkeypatch.setattr(sqlite3, "connect", partial(_recorded, sqlite3.connect, connections))
    for _ in range(2):  # the lock was let go
        with pytest.raises(StartError, match=message):
            async with opened():
                pass
    assert len(connections) == 2
    for connection in connections:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            connection.total_changes  # noqa: B018


def _recorded(connect: Any, connections: list[Connection], *args: Any, **options: Any) -> Connection:
    connections.append(connect(*args, **options))
    return connections[-1]


def _run(path: Path, statement: str) -> None:
    with tables(path.parent) as connection:
        connection.execute(statement)


async def test_an_old_sqlite_is_refused(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(StartError, match="the journal needs SQLite 3"):
        async with opened():
            pass


async def test_a_folder_that_cannot_be_made(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="cannot be used: Not a directory"):
        open_journal(JournalSettings(f"sqlite:{tmp_path / 'file' / 'journal'}"), clock)


async def test_appends_share_commits(opened: Open, delivery: Make) -> None:
    async with opened() as engine:
        appends = [engine.journal.append([delivery(number)], DISK) for number in range(500)]
        receipts = await asyncio.gather(*appends)
        assert receipts == [[Receipt(delivery(number).id)] for number in range(500)]
        assert engine._writer.commits < 250


async def test_only_what_is_to_be_durable_waits_for_an_fsync(opened: Open, delivery: Make) -> None:
    async with opened() as engine:
        await engine.tidy()
        modes: list[str] = []

        def listen(statement: str) -> None:
            if statement.startswith("PRAGMA synchronous"):
                modes.append(statement.rpartition(" ")[2])

        engine._writer._connection.set_trace_callback(listen)
        [one, two, three] = [delivery(number) for number in range(3)]
        await engine.journal.append([one], DISK)
        await engine.journal.append([two], OS)
        await engine.journal.append([three], DISK)
        [claimed] = await engine.journal.claim(NOW, 1, ())
        await engine.journal.record([claimed])
        await engine.journal.settle([DeliverySettlement(claimed, Fate.DONE)])
        await engine.store.put("room", "key", b"value")
        await engine.tidy()
        await engine.journal.append([delivery(3)], OS)
        engine._writer._connection.set_trace_callback(None)
        assert modes == ["NORMAL", "FULL", "NORMAL", "FULL", "NORMAL"]
        mixed = [engine.journal.append([delivery(number)], DISK if number == 7 else OS) for number in range(4, 9)]
        await asyncio.gather(*mixed)
        assert await engine.admin.count(Selection()) == 8


async def test_a_delivery_that_takes_the_process_with_it_is_given_up(opened: Open, delivery: Make) -> None:
    async with opened(graceful=False) as engine:
        await engine.journal.append([delivery(1, group="g"), delivery(2, group="g")], DISK)
        await engine.journal.claim(NOW, 10, ())
    for starts in range(1, MAX_STARTS):
        async with opened(graceful=False) as engine:
            assert await engine.journal.claim(NOW, 10, ()) == [delivery(1, group="g", starts=starts)]
    async with opened() as engine:
        assert await engine.journal.claim(NOW, 10, ()) == []
        await engine.journal.wait(None)
        assert await engine.journal.claim(NOW, 10, ()) == [delivery(2, group="g")]
        dead = await engine.admin.select(Selection(dead=True), 10, None)
        detail = f"the router stopped during {MAX_STARTS} attempts and recorded none"
        assert dead == [delivery(1, group="g", condition=Condition.CRASHED, detail=detail)]


async def test_only_the_guilty_one_is_given_up(opened: Open, delivery: Make) -> None:
    guilty = delivery(4).id
    async with opened() as engine:
        await engine.journal.append([delivery(number, function=f"f{number % 2}") for number in range(8)], DISK)
    dead: list[Delivery] = []
    deaths = 0
    while not dead:
        async with opened(graceful=False) as engine:
            died = False
            while not died and (claimed := await engine.journal.claim(NOW, 10, ())):
                died = guilty in {one.id for one in claimed}
                if not died:
                    await engine.journal.settle([DeliverySettlement(one, Fate.DONE) for one in claimed])
            deaths += died
            dead = await engine.admin.select(Selection(dead=True), 10, None)
    assert (deaths, [one.id for one in dead]) == (MAX_STARTS, [guilty])
    async with opened() as engine:
        left = [one.id for one in await engine.admin.select(Selection(dead=False), 10, None)]
        seen = []
        while len(seen) < len(left):
            await engine.journal.wait(None)
            for one in await engine.journal.claim(NOW, 10, ()):
                seen.append(one.id)
                await engine.journal.settle([DeliverySettlement(one, Fate.DONE)])
        assert sorted(seen) == left
        assert await engine.admin.count(Selection(dead=False)) == 0


async def test_stopping_in_peace_is_no_crash(opened: Open, delivery: Make) -> None:
    async with opened() as engine:
        await engine.journal.append([delivery(1)], DISK)
    for _ in range(MAX_STARTS + 1):
        async with opened() as engine:
            assert await engine.journal.claim(NOW, 10, ()) == [delivery(1)]


SPOILED = {
    "payload": "its checksum is wrong",
    "missing": "its payload is missing",
    "facts": "its checksum is wrong",
    "progress": "it cannot be read: ",
    "unknown": "it cannot be read: ",
}
SPOIL = {
    "payload": "UPDATE delivery SET body = x'00' WHERE number = 1",
    "missing": "UPDATE delivery SET body = NULL WHERE number = 1",
    "facts": "UPDATE delivery SET facts = x'7b7d' WHERE number = 1",
    "progress": "UPDATE delivery SET progress = x'00' WHERE number = 1",
    "unknown": "UPDATE delivery SET progress = CAST('{\"colour\": 1}' AS BLOB) WHERE number = 1",
}


@pytest.mark.parametrize("kind", SPOIL)
async def test_a_record_that_cannot_be_read_is_put_aside_once(opened: Open, folder: Path, delivery: Make, kind: str) -> None:
    async with opened() as engine:
        await engine.journal.append([delivery(1, group="g", hops=1), delivery(2, group="g"), delivery(3)], DISK)
    with tables(folder) as connection:
        connection.execute(SPOIL[kind])
    async with opened() as engine:
        assert await engine.admin.select(Selection(), 10, None) == [delivery(2, group="g"), delivery(3)]
        [found] = await engine.admin.check()
        assert (found.kind, found.number, found.id) == ("unreadable", 1, delivery(1).id)
        assert await engine.journal.claim(NOW, 10, ()) == [delivery(3)]
        assert {name: engine.status()[name] for name in ("claimed", "quarantined")} == {"claimed": 1, "quarantined": 1}
        await engine.journal.wait(None)
        assert await engine.journal.claim(NOW, 10, ()) == [delivery(2, group="g")]
        [found] = await engine.admin.check()
        assert (found.kind, found.number, found.id) == ("quarantined", 1, delivery(1).id)
        assert found.detail.startswith(SPOILED[kind])
        assert await engine.admin.count(Selection()) == 2


async def test_checking_and_repairing(opened: Open, folder: Path, delivery: Make, clock: FakeClock) -> None:
    async with opened() as engine:
        await engine.journal.append([delivery(number, group="g") for number in range(1, 4)] + [delivery(4), delivery(5)], DISK)
        assert await engine.admin.check() == []
    with tables(folder) as connection:
        connection.execute("UPDATE delivery SET state = 1 WHERE number = 1")
        connection.execute("UPDATE delivery SET state = 3, ended_at = 0 WHERE number = 4")
        connection.execute("UPDATE delivery SET checksum = 1 WHERE number = 5")
        connection.execute("INSERT INTO payload VALUES (99, x'00', 0)")
        connection.execute("INSERT INTO started VALUES (98, 1)")
    lane = '["orders","","worker","g"]'
    found = [
        Finding("readable", "it is in quarantine, and can be read", 4, delivery(4).id),
        Finding("unreadable", "its checksum is wrong", 5, delivery(5).id),
        Finding("orphan", "a payload without its delivery", 99),
        Finding("orphan", "a started without its delivery", 98),
        Finding("lane", f"nobody is the head of {lane}"),
    ]
    offline = open_offline(f"sqlite:{folder}", clock)
    assert await offline.admin.check() == found
    assert await offline.admin.repair() == [replace(finding, repaired=True) for finding in found]
    left = Finding("quarantined", "its checksum is wrong", 5, delivery(5).id)
    assert await offline.admin.check() == [left]
    assert await offline.admin.repair() == [left]
    await offline.close()
    async with opened() as engine:
        assert await engine.journal.claim(NOW, 10, ()) == [delivery(1, group="g")]
        assert await engine.admin.select(Selection(dead=True), 10, None) == [delivery(4)]


async def test_the_floor_of_free_disk_space(opened: Open, delivery: Make, settings: JournalSettings) -> None:
    async with opened() as engine:
        await engine.journal.append([delivery(1)], DISK)
        settings.min_free_disk = 2**62
        with pytest.raises(Unavailable, match="min_free_disk") as refused:
            await engine.journal.append([delivery(2)], DISK)
        assert refused.value.retry_after == 10
        assert await engine.journal.claim(NOW, 10, ()) == [delivery(1)]


async def test_one_append_without_room_does_not_spoil_the_commit(
    opened: Open, delivery: Make, settings: JournalSettings
) -> None:
    settings.max_size = 1024 * 1024
    async with opened() as engine:
        large = delivery(2, payload=b"x" * 2 * 1024 * 1024)
        results = await asyncio.gather(
            engine.journal.append([delivery(1)], DISK),
            engine.journal.append([large, delivery(4)], DISK),
            engine.journal.append([delivery(3)], DISK),
            return_exceptions=True,
        )
        assert [results[0], results[2]] == [[Receipt(delivery(1).id)], [Receipt(delivery(3).id)]]
        assert isinstance(results[1], Unavailable)
        assert [kept.id for kept in await engine.admin.select(Selection(), 9, None)] == [delivery(1).id, delivery(3).id]


@pytest.mark.parametrize("bound", ["max_size", "min_free_disk"])
async def test_what_comes_together_keeps_within_the_bounds(
    opened: Open, delivery: Make, settings: JournalSettings, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    room = 2 * 1024 * 1024
    async with opened() as engine:
        if bound == "max_size":
            settings.max_size = room
        else:
            monkeypatch.setattr(Folder, "free", lambda _: settings.min_free_disk + room)
        made = [delivery(number, payload=b"x" * 60_000) for number in range(100)]
        results = await asyncio.gather(*(engine.journal.append([one], DISK) for one in made), return_exceptions=True)
        accepted = [result for result in results if not isinstance(result, Unavailable)]
        assert 30 <= len(accepted) <= room // 60_000
        assert all(bound in str(result) for result in results if isinstance(result, Unavailable))
        assert await engine.admin.count(Selection()) == len(accepted)


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Writing beyond this size fails with EFBIG, which SQLite reports as it reports a full disk."""
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


async def test_a_disk_that_takes_nothing_loses_nothing(opened: Open, delivery: Make) -> None:
    async with opened() as engine:
        await engine.journal.append([delivery(1), delivery(2)], DISK)
        first, second = await engine.journal.claim(NOW, 10, ())
        with files_of_at_most(1):
            with pytest.raises(Unavailable) as refused:
                await engine.journal.append([delivery(3)], DISK)
            assert refused.value.retry_after == 5
            with pytest.raises(Unavailable):
                await engine.journal.settle([DeliverySettlement(first, Fate.DONE)])
            assert await engine.journal.claim(NOW, 10, ()) == []
        await engine.journal.settle([DeliverySettlement(first, Fate.DONE)])
        await engine.journal.append([delivery(3)], DISK)
    async with opened() as engine:
        assert [one.id for one in await engine.journal.claim(NOW, 10, ())] == [second.id, delivery(3).id]


async def test_space_is_given_back(opened: Open, folder: Path, delivery: Make) -> None:
    async with opened() as engine:
        made = [delivery(number, payload=b"x" * 30_000) for number in range(1000)]
        await engine.journal.append(made, DISK)
        claimed = await engine.journal.claim(NOW, 1000, ())
        await engine.journal.settle([DeliverySettlement(one, Fate.DONE) for one in claimed])
        await engine.tidy()
    size = (folder / "journal.sqlite").stat().st_size
    assert size < 6 * 1024 * 1024


async def test_a_clock_that_went_back_delays_nothing(opened: Open, delivery: Make, clock: FakeClock) -> None:
    year = 365 * 86400.0
    clock.jump(year)
    async with opened() as engine:
        made = delivery(1, accepted_at=clock.now(), due_at=clock.now())
        await engine.journal.append([made, delivery(2, due_at=clock.now() + 60)], DISK)
        assert len(await engine.journal.claim(clock.now(), 1, ())) == 1
        clock.jump(-year)
        assert await engine.journal.claim(clock.now(), 10, ()) == []
        clock.advance(60)
        assert [one.id for one in await engine.journal.claim(clock.now(), 10, ())] == [delivery(2).id]
        clock.jump(year)
        await engine.journal.append([delivery(3, accepted_at=clock.now(), due_at=clock.now() + 60)], DISK)
        await engine.tidy()
    clock.jump(-year)
    async with opened() as engine:
        due = NOW + 60
        assert {one.id for one in await engine.journal.claim(due, 10, ())} == {delivery(1).id, delivery(2).id}
        assert [one.id for one in await engine.journal.claim(due + 60, 10, ())] == [delivery(3).id]


async def test_a_clock_that_went_ahead_expires_nothing(opened: Open, delivery: Make, clock: FakeClock) -> None:
    async with opened() as engine:
        await engine.journal.append([delivery(1)], DISK)
        claimed = await engine.journal.claim(NOW, 1, ())
        await engine.journal.settle([DeliverySettlement(one, Fate.DEAD) for one in claimed])
        clock.jump(30 * 86400.0)
        await engine.tidy()
        clock.advance(3599)
        await engine.tidy()
        assert await engine.admin.count(Selection(dead=True)) == 1
        clock.advance(1)
        await engine.tidy()
        assert await engine.admin.count(Selection(dead=True)) == 0


async def test_opening_reads_no_more_when_more_is_waiting(opened: Open, folder: Path, delivery: Make) -> None:
    steps = []
    for more in (range(100), range(100, 5000)):
        async with opened() as engine:
            await engine.journal.append([delivery(number, function=f"f{number % 3}") for number in more], DISK)
        async with opened() as engine:
            counted = 0

            def count() -> int:
                nonlocal counted
                counted += 1
                return 0

            engine._claims._connection.set_progress_handler(count, 10)
            await engine.journal.begin()
            assert len(await engine.journal.claim(NOW, 10, ())) == 10
            engine._claims._connection.set_progress_handler(None, 0)
            steps.append(counted)
    assert steps[1] <= steps[0] * 1.5


async def test_a_journal_that_cannot_be_read_does_not_start(opened: Open, folder: Path) -> None:
    async with opened():
        pass
    with tables(folder) as connection:
        connection.execute("DROP INDEX delivery_ready")
    with pytest.raises(StartError, match="cannot be read: no such index: delivery_ready"):
        async with opened():
            pass
    with tables(folder) as connection:
        connection.execute("CREATE INDEX delivery_ready ON delivery (function, due_at) WHERE state = 0")
    async with opened():
        pass
