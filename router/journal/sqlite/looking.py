"""What is asked of the tables while the daemon runs. Functions of a connection, run by a reader's thread on a snapshot."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.deliveries import Delivery, Selection
from router.journal.sqlite import rows, statements
from router.journal.sqlite.rows import Defect
from router.journal.sqlite.suspects import SUSPICIOUS


@dataclass(slots=True)
class Broken:
    """A record that cannot be read, and why."""

    number: int
    function: str
    defect: str


@dataclass(slots=True)
class Found:
    """Deliveries with their numbers, records that cannot be read, and when each function has more."""

    deliveries: list[tuple[int, Delivery]] = field(default_factory=list)
    defects: list[Broken] = field(default_factory=list)
    left: dict[str, float] = field(default_factory=dict)


def due(connection: sqlite3.Connection, since: Mapping[str, float], now: float, limit: int, held: Collection[int]) -> Found:
    """Up to `limit` heads that are due and not `held`, one function after the other in turn.

    `since`: each function's bound, before which nothing of it is due that is not held.
    """
    found = Found()
    numbers: list[int] = []
    queues = {name: _heads(connection, name, bound, held) for name, bound in since.items()}
    while queues and len(numbers) < limit:
        for name in [*queues]:
            number, due_at = next(queues[name], (None, 0.0))
            if number is None:
                del queues[name]
            elif due_at > now or len(numbers) >= limit:
                found.left[name] = due_at
                del queues[name]
            else:
                numbers.append(number)
    for name, queue in queues.items():
        for _, due_at in queue:
            found.left[name] = due_at
            break
    _fetch(connection, numbers, found)
    return found


def beginnings(connection: sqlite3.Connection) -> list[tuple[str, float]]:
    """Each function that has something waiting, and when the first of it is due: one look into the index for each."""
    found: list[tuple[str, float]] = []
    name = ""
    while True:
        first = connection.execute(
            """
            SELECT function, due_at FROM delivery INDEXED BY delivery_ready
            WHERE state = 0 AND function > ? ORDER BY function, due_at, number LIMIT 1
            """,
            (name,),
        ).fetchall()
        if not first:
            return found
        found += first
        [(name, _)] = first


def suspects(connection: sqlite3.Connection) -> dict[int, str]:
    """Deliveries that were under way more than once when a process died, with their functions.

    A CROSS JOIN keeps the order of the tables: the few that have marks, then their deliveries.
    """
    found = connection.execute(
        "SELECT number, function FROM started CROSS JOIN delivery USING (number) WHERE starts >= ? AND state = 0", (SUSPICIOUS,)
    )
    return dict(found.fetchall())


def select(connection: sqlite3.Connection, selection: Selection, now: float, limit: int, behind: int) -> Found:
    """A page of what an operator means, in order of acceptance, of what has a number beyond `behind`."""
    where, values = _conditions(selection, now)
    found = Found()
    for row in connection.execute(
        f"{rows.SELECT} WHERE {where} AND number > ? ORDER BY number LIMIT ?", (*values, behind, limit)
    ):
        _keep(row, found)
    return found


def count(connection: sqlite3.Connection, selection: Selection, now: float) -> int:
    """How many an operator means."""
    where, values = _conditions(selection, now)
    [(number,)] = connection.execute(f"SELECT count(*) FROM delivery WHERE {where}", values)
    return int(number)


def number_of(connection: sqlite3.Connection, id: str) -> int | None:
    """Where a delivery stands in the order of acceptance. Reads them all: ids of what waits have no index."""
    for (number,) in connection.execute("SELECT number FROM delivery WHERE id = ? LIMIT 1", (id,)):
        return int(number)
    return None


def value(connection: sqlite3.Connection, room: str, key: str, now: float) -> bytes | None:
    """A value of the store that has not expired."""
    for found, expires in connection.execute("SELECT value, expires FROM store WHERE room = ? AND key = ?", (room, key)):
        return bytes(found) if expires is None or expires > now else None
    return None


def _heads(connection: sqlite3.Connection, function: str, since: float, held: Collection[int]) -> Iterator[tuple[int, float]]:
    heads = connection.execute(
        """
        SELECT number, due_at FROM delivery INDEXED BY delivery_ready
        WHERE state = 0 AND function = ? AND due_at >= ? ORDER BY due_at, number
        """,
        (function, since),
    )
    return ((number, due_at) for number, due_at in heads if number not in held)


def _fetch(connection: sqlite3.Connection, numbers: Sequence[int], found: Found) -> None:
    """These, in this order. An index that is damaged may name what is not there."""
    among = f"{rows.SELECT} WHERE number IN (SELECT value FROM json_each(?))"
    by_number = {row[0]: row for row in connection.execute(among, statements.numbers(numbers)).fetchall()}
    for number in numbers:
        if number in by_number:
            _keep(by_number[number], found)


def _keep(row: Sequence[Any], found: Found) -> None:
    number, _, _, _, function, *_ = row
    try:
        found.deliveries.append((number, rows.read(row)))
    except Defect as defect:
        found.defects.append(Broken(number, function, str(defect)))


def _conditions(selection: Selection, now: float) -> tuple[str, list[object]]:
    """SQL of a selection, and its values. What is in quarantine is no delivery."""
    older_than = selection.older_than
    terms: dict[str, object] = {
        "source = ?": selection.trigger,
        "function = ?": selection.function,
        "condition = ?": selection.condition,
        "accepted_at < ?": None if older_than is None else now - older_than,
        f"{_LAST_KIND} = ?": selection.kind,
        "delivery.id IN (SELECT value FROM json_each(?))": None if selection.ids is None else json.dumps([*selection.ids]),
    }
    given = {term: value for term, value in terms.items() if value is not None}
    return " AND ".join((_STATES[selection.dead], *given)), [*given.values()]


_LAST_KIND = """CASE WHEN json_valid(CAST(progress AS TEXT))
    THEN json_extract(CAST(progress AS TEXT), '$.attempts[#-1].kind') END"""
"""The outcome's kind of the last attempt; a record that is broken has none."""

_STATES = {None: "state <> 3", True: "state = 2", False: "state < 2"}
"""Literals, so that SQLite sees which partial index serves."""
