"""What is done to the tables within a commit. Functions of a connection, run by the writer's thread.

A lane (deliveries of one group) has one row that is `READY`, its head; the others are `BEHIND` it. Whoever takes a head out
of the lane lets the next one in, in the same commit.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import NamedTuple

from router.deliveries import Fate, Receipt
from router.errors import Unavailable
from router.journal.rules import redriven
from router.journal.sqlite import rows, statements
from router.journal.sqlite.insertion import Insertion, lower
from router.journal.sqlite.rows import Defect, Row
from router.journal.sqlite.schema import DEAD, QUARANTINED, READY
from router.journal.sqlite.work import Done


class Ending(NamedTuple):
    """A claimed delivery at the end of its claim, with the row that says its progress. `ended_at`: of a dead letter."""

    id: str
    number: int
    fate: Fate
    lane: str | None
    function: str
    due_at: float
    ended_at: float | None
    condition: str | None
    progress: bytes


def append(
    connection: sqlite3.Connection,
    given: Sequence[Sequence[Row]],
    window: float,
    room: Callable[[sqlite3.Connection, int, int], None],
) -> Done[list[Receipt]]:
    """Keep what is not known yet, of each append all or nothing.

    `room(connection, more, admitted)` raises Unavailable where so many bytes more than those admitted here have none.
    """
    insertion = Insertion(connection, window)
    admitted = 0
    results: list[list[Receipt] | Exception] = []
    for appended in given:
        size = sum([row.size for row in appended])
        try:
            room(connection, size, admitted)
        except Unavailable as unavailable:
            results.append(unavailable)
        else:
            admitted += size
            results.append([insertion.add(row) for row in appended])
    insertion.write()
    return Done(results, insertion.due)


def settle(connection: sqlite3.Connection, given: Sequence[Sequence[Ending]]) -> Done[None]:
    """Write the ends of claims."""
    endings = [*chain.from_iterable(given)]
    due: dict[str, float] = {}
    every = statements.numbers(ending.number for ending in endings)
    connection.execute("DELETE FROM started WHERE number IN (SELECT value FROM json_each(?))", every)
    _delete(connection, [ending.number for ending in endings if ending.fate is Fate.DONE])
    connection.executemany(
        "UPDATE delivery SET state = ?, due_at = ?, ended_at = ?, condition = ?, progress = ? WHERE number = ?",
        [
            (
                *(DEAD if ending.fate is Fate.DEAD else READY, ending.due_at, ending.ended_at),
                *(ending.condition, ending.progress, ending.number),
            )
            for ending in endings
            if ending.fate is not Fate.DONE
        ],
    )
    for ending in endings:
        if ending.fate is Fate.LATER:
            lower(due, ending.function, ending.due_at)
        elif ending.lane is not None:
            let_next_in(connection, ending.lane, due)
    return Done([None] * len(given), due)


def record(connection: sqlite3.Connection, given: Sequence[Sequence[Ending]]) -> Done[None]:
    """Write progress; nothing else changes."""
    connection.executemany(
        "UPDATE delivery SET due_at = ?, condition = ?, progress = ? WHERE number = ?",
        [(ending.due_at, ending.condition, ending.progress, ending.number) for ending in chain.from_iterable(given)],
    )
    return Done([None] * len(given))


def mark_started(connection: sqlite3.Connection, given: Sequence[Sequence[int]]) -> Done[None]:
    """Attempts began; a mark goes away with the end of the claim."""
    connection.execute(
        "INSERT INTO started SELECT value, 1 FROM json_each(?) WHERE true ON CONFLICT DO UPDATE SET starts = starts + 1",
        statements.numbers(chain.from_iterable(given)),
    )
    return Done([None] * len(given))


def unmark_started(connection: sqlite3.Connection, numbers: Iterable[int]) -> None:
    """Nobody died in that attempt: the daemon stops in peace before it ended."""
    connection.execute(
        "UPDATE started SET starts = starts - 1 WHERE number IN (SELECT value FROM json_each(?))", statements.numbers(numbers)
    )


def quarantine(connection: sqlite3.Connection, defects: Iterable[tuple[int, str]], now: float) -> dict[str, float]:
    """Put records aside that cannot be read, so that nothing stumbles over them again; what is claimable instead."""
    due: dict[str, float] = {}
    for number, defect in defects:
        changed = connection.execute(
            "UPDATE delivery SET state = ?, defect = ?, ended_at = ? WHERE number = ? AND state < 2 RETURNING lane",
            (QUARANTINED, defect, now, number),
        ).fetchall()
        for (lane,) in changed:
            let_next_in(connection, lane, due)
    return due


def redrive(connection: sqlite3.Connection, renamed: Sequence[tuple[str, str]], now: float) -> tuple[int, dict[str, float]]:
    """Dead letters (`(id, new id)`) as new deliveries: how many, and what is claimable. What cannot be read stays."""
    found: list[Row] = []
    numbers: list[int] = []
    for id, new_id in renamed:
        for row in connection.execute(f"{rows.SELECT} WHERE delivery.id = ? AND state = 2", (id,)).fetchall():
            try:
                dead = rows.read(row)
            except Defect:
                continue
            numbers.append(row[0])
            found.append(rows.write(redriven(dead, new_id, now))._replace(key=None))
    _delete(connection, numbers)
    insertion = Insertion(connection, 0.0)
    for again in found:
        insertion.add(again)
    insertion.write()
    return len(found), insertion.due


def purge(connection: sqlite3.Connection, ids: Iterable[str]) -> int:
    """Forget dead letters; how many."""
    numbers = [
        number
        for id in ids
        for (number,) in connection.execute("SELECT number FROM delivery WHERE id = ? AND state = 2", (id,)).fetchall()
    ]
    _delete(connection, numbers)
    return len(numbers)


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
        _delete(connection, [number for (number,) in ended])
        gone += len(ended)
    return gone


def pull_back(connection: sqlite3.Connection, now: float, seconds: float) -> None:
    """The clock went back: what was due after `now` by the old time is due as much sooner. Reads every waiting row, once."""
    connection.execute("UPDATE delivery SET due_at = max(?, due_at - ?) WHERE state < 2 AND due_at > ?", (now, seconds, now))


def let_next_in(connection: sqlite3.Connection, lane: str | None, due: dict[str, float]) -> None:
    """The oldest that waits in a lane becomes its head, and claimable."""
    if lane is None:
        return
    let_in = connection.execute(
        """
        UPDATE delivery SET state = 0
        WHERE number = (SELECT min(number) FROM delivery WHERE lane = ? AND state < 2) AND state = 1
        RETURNING function, due_at
        """,
        (lane,),
    )
    for function, due_at in let_in.fetchall():
        lower(due, function, due_at)


def _delete(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    for table in ("delivery", "payload"):
        connection.execute(f"DELETE FROM {table} WHERE number IN (SELECT value FROM json_each(?))", statements.numbers(numbers))
