"""What is done to the tables within a commit. Functions of a connection, run by the writer's thread.

A lane (deliveries of one group) has one row that is `READY`, its head; the others are `BEHIND` it. Whoever takes a head out
of the lane lets the next one in, in the same commit.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from router.deliveries import Fate, Receipt
from router.journal.rules import redriven
from router.journal.sqlite import rows
from router.journal.sqlite.rows import Defect, Row
from router.journal.sqlite.schema import BEHIND, DEAD, QUARANTINED, READY

Due = tuple[str, float]
"""A function, and when a delivery of it became claimable."""


@dataclass(slots=True)
class Appended:
    """What became of an append: receipts, and what may be claimed now."""

    receipts: list[Receipt]
    due: list[Due]


@dataclass(slots=True)
class Ending:
    """A claimed delivery at the end of its claim, with the row that says its progress."""

    number: int
    fate: Fate
    lane: str | None
    function: str
    due_at: float
    condition: str | None
    progress: bytes


def append(
    connection: sqlite3.Connection, given: Sequence[Row], window: float, room: Callable[[sqlite3.Connection, int], None]
) -> Appended:
    """Keep what is not known yet. `room` raises Unavailable where there is none for so many bytes."""
    room(connection, sum(row.size for row in given))
    appended = Appended([], [])
    for row in given:
        known = _known(connection, row, window)
        if known is None:
            _insert(connection, row, appended.due)
        appended.receipts.append(Receipt(row.id if known is None else known, duplicate=known is not None))
    return appended


def settle(connection: sqlite3.Connection, endings: Iterable[Ending], now: float) -> list[Due]:
    """Write the ends of claims; what may be claimed now."""
    due: list[Due] = []
    for ending in endings:
        connection.execute("DELETE FROM started WHERE number = ?", (ending.number,))
        if ending.fate is Fate.DONE:
            _delete(connection, ending.number)
        else:
            dead = ending.fate is Fate.DEAD
            connection.execute(
                "UPDATE delivery SET state = ?, due_at = ?, ended_at = ?, condition = ?, progress = ? WHERE number = ?",
                (
                    *(DEAD if dead else READY, ending.due_at, now if dead else None),
                    *(ending.condition, ending.progress, ending.number),
                ),
            )
        if ending.fate is Fate.LATER:
            due.append((ending.function, ending.due_at))
        else:
            due += let_next_in(connection, ending.lane)
    return due


def record(connection: sqlite3.Connection, endings: Iterable[Ending]) -> None:
    """Write progress; nothing else changes."""
    connection.executemany(
        "UPDATE delivery SET due_at = ?, condition = ?, progress = ? WHERE number = ?",
        [(ending.due_at, ending.condition, ending.progress, ending.number) for ending in endings],
    )


def mark_started(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """An attempt began; the mark goes away with the end of the claim."""
    connection.executemany(
        "INSERT INTO started VALUES (?, 1) ON CONFLICT DO UPDATE SET starts = starts + 1", [(number,) for number in numbers]
    )


def unmark_started(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Nobody died in that attempt: the daemon stops in peace before it ended."""
    connection.executemany("UPDATE started SET starts = starts - 1 WHERE number = ?", [(number,) for number in numbers])


def quarantine(connection: sqlite3.Connection, defects: Iterable[tuple[int, str]], now: float) -> list[Due]:
    """Put records aside that cannot be read, so that nothing stumbles over them again."""
    due: list[Due] = []
    for number, defect in defects:
        changed = connection.execute(
            "UPDATE delivery SET state = ?, defect = ?, ended_at = ? WHERE number = ? AND state < 2 RETURNING lane",
            (QUARANTINED, defect, now, number),
        ).fetchall()
        for (lane,) in changed:
            due += let_next_in(connection, lane)
    return due


def redrive(connection: sqlite3.Connection, renamed: Sequence[tuple[str, str]], now: float) -> list[Due]:
    """Dead letters (`(id, new id)`) as new deliveries; one entry for each, claimable or not. What cannot be read stays."""
    due: list[Due] = []
    for id, new_id in renamed:
        for row in connection.execute(f"{rows.SELECT} WHERE delivery.id = ? AND state = 2", (id,)).fetchall():
            try:
                dead = rows.read(row)
            except Defect:
                continue
            _delete(connection, row[0])
            again = rows.write(redriven(dead, new_id, now))
            again.key = None
            _insert(connection, again, due, always=True)
    return due


def purge(connection: sqlite3.Connection, ids: Iterable[str]) -> int:
    """Forget dead letters; how many."""
    purged = 0
    for id in ids:
        for (number,) in connection.execute("SELECT number FROM delivery WHERE id = ? AND state = 2", (id,)).fetchall():
            _delete(connection, number)
            purged += 1
    return purged


def expire(connection: sqlite3.Connection, now: float, window: float, retention: float | None, most: int) -> int:
    """Forget up to `most` of everything whose time has passed; how many."""
    gone = connection.execute(
        "DELETE FROM accepted WHERE key IN (SELECT key FROM accepted WHERE at <= ? LIMIT ?)", (now - window, most)
    ).rowcount
    gone += connection.execute(
        "DELETE FROM store WHERE (room, key) IN (SELECT room, key FROM store WHERE expires <= ? LIMIT ?)", (now, most)
    ).rowcount
    if retention is not None:
        ended = connection.execute(
            "SELECT number FROM delivery WHERE state = 2 AND ended_at <= ? LIMIT ?", (now - retention, most)
        ).fetchall()
        for (number,) in ended:
            _delete(connection, number)
        gone += len(ended)
    return gone


def pull_back(connection: sqlite3.Connection, now: float, seconds: float) -> None:
    """The clock went back: what was due after `now` by the old time is due as much sooner. Reads every waiting row, once."""
    connection.execute("UPDATE delivery SET due_at = max(?, due_at - ?) WHERE state < 2 AND due_at > ?", (now, seconds, now))


def let_next_in(connection: sqlite3.Connection, lane: str | None) -> list[Due]:
    """The oldest that waits in a lane becomes its head."""
    if lane is None:
        return []
    return connection.execute(
        """
        UPDATE delivery SET state = 0
        WHERE number = (SELECT min(number) FROM delivery WHERE lane = ? AND state < 2) AND state = 1
        RETURNING function, due_at
        """,
        (lane,),
    ).fetchall()


def _known(connection: sqlite3.Connection, row: Row, window: float) -> str | None:
    """The id under which it was accepted before."""
    if row.key is not None:
        for id, at in connection.execute("SELECT id, at FROM accepted WHERE key = ?", (row.key,)):
            if at + window > row.accepted_at:
                return str(id)
    return None


def _insert(connection: sqlite3.Connection, row: Row, due: list[Due], *, always: bool = False) -> None:
    """Add a row; `due` hears of it where it is claimable, or `always`."""
    behind = row.lane is not None and bool(
        connection.execute("SELECT 1 FROM delivery WHERE lane = ? AND state < 2 LIMIT 1", (row.lane,)).fetchall()
    )
    number = connection.execute(
        """
        INSERT INTO delivery (id, state, source, route, function, lane, accepted_at, due_at, condition, facts, progress)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        (
            *(row.id, BEHIND if behind else READY, row.trigger, row.route, row.function, row.lane),
            *(row.accepted_at, row.due_at, row.condition, row.facts, row.progress),
        ),
    ).lastrowid
    connection.execute("INSERT INTO payload VALUES (?, ?, ?)", (number, row.payload, row.checksum))
    if row.key is not None:
        connection.execute("INSERT OR REPLACE INTO accepted VALUES (?, ?, ?)", (row.key, row.id, row.accepted_at))
    if always or not behind:
        due.append((row.function, row.due_at))


def _delete(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("DELETE FROM delivery WHERE number = ?", (number,))
    connection.execute("DELETE FROM payload WHERE number = ?", (number,))
