"""What can be wrong with a journal, and what can be done about it: for `journal check`.

Repairing never throws an event away: a record that cannot be read stays in quarantine, where an operator can look at it.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace

from router.deliveries import Finding
from router.journal.sqlite import operations, rows
from router.journal.sqlite.rows import Defect
from router.journal.sqlite.schema import DEAD, QUARANTINED


def examine(connection: sqlite3.Connection) -> list[Finding]:
    """Everything that is wrong. Reads the whole journal."""
    found = [Finding("damage", text) for (text,) in connection.execute("PRAGMA integrity_check(100)") if text != "ok"]
    try:
        return [*found, *_records(connection), *_orphans(connection), *_lanes(connection)]
    except sqlite3.DatabaseError as error:
        return [*found, Finding("damage", str(error))]


def repair(connection: sqlite3.Connection, now: float) -> list[Finding]:
    """What was wrong, marked where it was mended. Of damage, only that of indexes can be."""
    found = examine(connection)
    if any(finding.kind == "damage" for finding in found):
        connection.execute("REINDEX")
    for finding in found:
        if finding.number is not None and finding.kind in ("unreadable", "readable"):
            _move(connection, finding, now)
    for table in ("payload", "started"):
        connection.execute(f"DELETE FROM {table} WHERE number NOT IN (SELECT number FROM delivery)")
    for (lane,) in connection.execute(f"{_HEADLESS}").fetchall():
        operations.let_next_in(connection, lane, {})
    left = {(finding.kind, finding.number, finding.detail) for finding in examine(connection)}
    return [replace(finding, repaired=(finding.kind, finding.number, finding.detail) not in left) for finding in found]


def _move(connection: sqlite3.Connection, finding: Finding, now: float) -> None:
    """Into quarantine, or out of it: as a dead letter, since nobody knows any more whether it ran."""
    state, defect = (QUARANTINED, finding.detail) if finding.kind == "unreadable" else (DEAD, None)
    connection.execute(
        "UPDATE delivery SET state = ?, defect = ?, ended_at = ? WHERE number = ?", (state, defect, now, finding.number)
    )


def _records(connection: sqlite3.Connection) -> Iterator[Finding]:
    states = dict(connection.execute("SELECT number, state FROM delivery WHERE state = 3"))
    for row in connection.execute(f"{rows.SELECT} ORDER BY number"):
        number, id, *_ = row
        try:
            rows.read(row)
        except Defect as defect:
            yield Finding("quarantined" if number in states else "unreadable", str(defect), number, id)
        else:
            if number in states:
                yield Finding("readable", "it is in quarantine, and can be read", number, id)


def _orphans(connection: sqlite3.Connection) -> Iterator[Finding]:
    for table in ("payload", "started"):
        for (number,) in connection.execute(f"SELECT number FROM {table} WHERE number NOT IN (SELECT number FROM delivery)"):
            yield Finding("orphan", f"a {table} without its delivery", number)


def _lanes(connection: sqlite3.Connection) -> Iterator[Finding]:
    for (lane,) in connection.execute(_HEADLESS):
        yield Finding("lane", f"nobody is the head of {lane}")


_HEADLESS = "SELECT lane FROM delivery WHERE lane IS NOT NULL AND state < 2 GROUP BY lane HAVING min(state) > 0"
