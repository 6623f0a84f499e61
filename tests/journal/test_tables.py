"""How deliveries lie in SQLite: rows that are written together, large payloads, older versions, what a claim reads."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from router.deliveries import Delivery, DeliverySettlement, Durability, Fate, Receipt, Selection
from router.errors import Unavailable
from router.fakes import FakeClock
from router.journal.sqlite.opening import SqliteEngine, open_sqlite
from router.journal.sqlite.rows import INLINE
from router.journal.sqlite.schema import APPLICATION_ID, MIGRATIONS
from router.settings import JournalSettings

NOW = 1_700_000_000.0
DISK = Durability.DISK
Make = Callable[..., Delivery]


@pytest.fixture
async def engine(tmp_path: Path, clock: FakeClock, settings: JournalSettings) -> AsyncIterator[SqliteEngine]:
    opened = open_sqlite(tmp_path / "journal", clock, settings)
    await opened.start()
    yield opened
    await opened.close()


def ids(deliveries: list[Delivery]) -> list[str]:
    return [one.id for one in deliveries]


async def count(engine: SqliteEngine, table: str) -> int:
    return await engine._listing.run(lambda connection: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]))


@pytest.mark.parametrize("number", [1, 2, 15, 16, 17, 31, 33, 255, 256, 257, 600])
async def test_any_number_goes_in_together_in_its_order(engine: SqliteEngine, delivery: Make, number: int) -> None:
    made = [delivery(at, payload=b"x" * (INLINE + at % 3 - 1)) for at in range(number)]
    assert await engine.journal.append(made, DISK) == [Receipt(one.id) for one in made]
    assert await engine.admin.select(Selection(), number + 1, None) == made
    assert await count(engine, "payload") == len([one for one in made if len(one.payload) > INLINE])
    assert await engine.admin.check() == []


async def test_appends_that_come_together_keep_their_order_and_their_lanes(engine: SqliteEngine, delivery: Make) -> None:
    made = [delivery(number, group=(None, "g", "h")[number % 3], deduplication_id=f"d{number % 10}") for number in range(40)]
    receipts = await asyncio.gather(*(engine.journal.append([one], DISK) for one in made))
    assert receipts == [[Receipt(made[number % 10].id, duplicate=number >= 10)] for number in range(40)]
    assert await engine.journal.claim(NOW, 99, ()) == [made[0], made[1], made[2], made[3], made[6], made[9]]


async def test_one_that_cannot_be_written_does_not_take_the_others_with_it(engine: SqliteEngine, delivery: Make) -> None:
    good = [delivery(number) for number in range(8)]
    bad = delivery(99, function="\ud800")
    appends = [engine.journal.append([one], DISK) for one in (*good[:4], bad, *good[4:])]
    *before, failed, five, six, seven, eight = await asyncio.gather(*appends, return_exceptions=True)
    assert isinstance(failed, UnicodeEncodeError)
    assert [*before, five, six, seven, eight] == [[Receipt(one.id)] for one in good]
    assert await engine.admin.select(Selection(), 99, None) == good


async def test_a_large_payload_goes_with_its_delivery(engine: SqliteEngine, delivery: Make) -> None:
    large, small = delivery(1, payload=b"x" * 500_000), delivery(2)
    await engine.journal.append([large, small], DISK)
    assert await engine.journal.claim(NOW, 2, ()) == [large, small]
    large.throttles, large.due_at = 1, NOW + 1
    await engine.journal.settle([DeliverySettlement(large, Fate.LATER), DeliverySettlement(small, Fate.DONE)])
    assert await engine.journal.claim(NOW + 1, 2, ()) == [large]
    await engine.journal.settle([DeliverySettlement(large, Fate.DONE)])
    assert [await count(engine, table) for table in ("delivery", "payload", "started")] == [0, 0, 0]


async def test_few_large_payloads_stay_bound_to_statements(engine: SqliteEngine, delivery: Make) -> None:
    executed: list[str] = []
    engine._writer._connection.set_trace_callback(executed.append)
    for number in range(1, 34):
        await engine.journal.append([delivery(number * 100 + at, payload=b"x" * 3000) for at in range(number)], DISK)
    engine._writer._connection.set_trace_callback(None)
    rows = [statement.lower().count("x'") for statement in executed if statement.startswith("INSERT INTO payload")]
    assert sum(rows) == sum(range(1, 34))
    assert sum(set(rows)) < 32  # a prepared statement keeps the values of its last use


async def test_what_is_done_with_is_not_written_once_more(engine: SqliteEngine, delivery: Make, tmp_path: Path) -> None:
    await engine.journal.append([delivery(1, payload=b"x" * 1_000_000)], DISK)
    claimed = await engine.journal.claim(NOW, 1, ())
    log = tmp_path / "journal" / "journal.sqlite-wal"
    before = log.stat().st_size
    assert before > 1_000_000
    await engine.journal.settle([DeliverySettlement(one, Fate.DONE) for one in claimed])
    assert log.stat().st_size - before < 100_000


async def test_a_journal_of_the_first_version_is_brought_up_to_date(
    tmp_path: Path, clock: FakeClock, settings: JournalSettings, delivery: Make
) -> None:
    folder = tmp_path / "older"
    folder.mkdir()
    connection = sqlite3.connect(folder / "journal.sqlite")
    connection.executescript(f"{MIGRATIONS[0]}; PRAGMA user_version = 1; PRAGMA application_id = {APPLICATION_ID}")
    first = delivery(1)
    facts = b'{"qualifier":null,"trace_id":"Root=1-5759e988-bd862e3fe1be46a994272793"}'
    connection.execute(
        "INSERT INTO delivery VALUES (7, ?, 0, 'orders', '', 'worker', NULL, ?, ?, NULL, NULL, ?, ?, NULL)",
        (first.id, NOW, NOW, facts, b"{}"),
    )
    connection.execute("INSERT INTO payload VALUES (7, ?, ?)", (b'{"number": 1}', 0x329F27C0))
    connection.commit()
    connection.close()
    for _ in range(2):
        engine = open_sqlite(folder, clock, settings)
        await engine.start()
        assert await engine.journal.claim(NOW, 9, ()) == [first]
        assert await engine.admin.check() == []
        await engine.close()
    engine = open_sqlite(folder, clock, settings)
    await engine.start()
    await engine.journal.append([delivery(2)], DISK)
    claimed = await engine.journal.claim(NOW, 9, ())
    assert ids(claimed) == [first.id, delivery(2).id]
    await engine.journal.settle([DeliverySettlement(one, Fate.DONE) for one in claimed])
    assert [await count(engine, table) for table in ("delivery", "payload")] == [0, 0]
    await engine.close()


async def test_a_claim_does_not_read_again_what_is_in_hand(engine: SqliteEngine, delivery: Make) -> None:
    await engine.journal.append([delivery(number, due_at=NOW - 5000 + number) for number in range(5000)], DISK)
    steps: list[int] = []
    while len(steps) < 40:
        counted = 0

        def step() -> int:
            nonlocal counted
            counted += 1
            return 0

        engine._claims._connection.set_progress_handler(step, 10)
        assert len(await engine.journal.claim(NOW, 100, ())) == 100
        steps.append(counted)
    engine._claims._connection.set_progress_handler(None, 0)
    assert max(steps[1:]) <= min(steps) * 1.5


async def test_what_is_due_before_others_that_were_claimed_is_found(engine: SqliteEngine, delivery: Make) -> None:
    await engine.journal.append([delivery(number) for number in range(4)], DISK)
    [first, second] = await engine.journal.claim(NOW, 2, ())
    await engine.journal.append([delivery(9, due_at=NOW - 100)], DISK)
    assert ids(await engine.journal.claim(NOW, 1, ())) == [delivery(9).id]
    first.due_at = NOW - 50
    await engine.journal.settle([DeliverySettlement(first, Fate.LATER)])
    assert ids(await engine.journal.claim(NOW, 9, ())) == [first.id, delivery(2).id, delivery(3).id]
    await engine.journal.settle([DeliverySettlement(second, Fate.DONE)])


async def test_a_damaged_index_holds_nothing_up(engine: SqliteEngine, delivery: Make, tmp_path: Path) -> None:
    await engine.journal.append([delivery(number) for number in range(3)], DISK)
    connection = sqlite3.connect(tmp_path / "journal" / "journal.sqlite", isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    [(kept,)] = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'delivery_ready'")
    connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'state = 0', 'state = 9') WHERE name = 'delivery_ready'")
    connection.close()
    connection = sqlite3.connect(tmp_path / "journal" / "journal.sqlite", isolation_level=None)
    connection.execute("DELETE FROM delivery WHERE number = 2")
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'delivery_ready'", (kept,))
    connection.close()
    assert ids(await engine.journal.claim(NOW, 9, ())) == [delivery(0).id, delivery(2).id]


async def test_one_that_the_file_does_not_give_up_does_not_hold_the_others(
    engine: SqliteEngine, delivery: Make, tmp_path: Path
) -> None:
    await engine.journal.append([delivery(number, group=f"g{number}") for number in range(3)], DISK)
    _lose_index_entry(tmp_path / "journal" / "journal.sqlite", "delivery_lane", "state < 2", 2)
    settlements = [DeliverySettlement(one, Fate.DONE) for one in await engine.journal.claim(NOW, 9, ())]
    with pytest.raises(Unavailable, match="malformed"):
        await engine.journal.settle(settlements)
    alone = [engine.journal.settle([settlement]) for settlement in settlements]
    first, second, third = await asyncio.gather(*alone, return_exceptions=True)
    assert (first, third) == (None, None)
    assert isinstance(second, Unavailable)
    assert engine.status()["claimed"] == 1


def _lose_index_entry(path: Path, index: str, condition: str, number: int) -> None:
    """Write the row once more while the index says that it is none of its own."""
    with _sqlite(path) as connection:
        row = connection.execute("SELECT * FROM delivery WHERE number = ?", (number,)).fetchone()
        connection.execute("DELETE FROM delivery WHERE number = ?", (number,))
        connection.execute("PRAGMA writable_schema = ON")
        [(kept,)] = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (index,))
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, ?, 'false') WHERE name = ?", (condition, index))
    with _sqlite(path) as connection:
        connection.execute(f"INSERT INTO delivery VALUES ({', '.join('?' * len(row))})", row)
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", (kept, index))


def _sqlite(path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(path, isolation_level=None))


async def test_a_claim_that_was_given_up_takes_nothing(engine: SqliteEngine, delivery: Make) -> None:
    await engine.journal.append([delivery(number, due_at=NOW - 9 + number) for number in range(3)], DISK)
    claim = asyncio.ensure_future(engine.journal.claim(NOW, 9, ()))
    await asyncio.sleep(0)
    claim.cancel()
    with pytest.raises(asyncio.CancelledError):
        await claim
    assert ids(await engine.journal.claim(NOW, 9, ())) == ids([delivery(number) for number in range(3)])
