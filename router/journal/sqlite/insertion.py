"""Deliveries that go into the tables together, in the order in which they were accepted."""

import math
import sqlite3
from collections.abc import Sequence
from typing import Any

from router.deliveries import Receipt
from router.journal.sqlite import statements
from router.journal.sqlite.rows import WRITTEN, Row
from router.journal.sqlite.schema import BEHIND, READY


class Insertion:
    """Add rows, then `write` them. `window`: seconds for which an id is known.

    `due`: when each function has something claimable, of what was added.
    """

    def __init__(self, connection: sqlite3.Connection, window: float) -> None:
        self._connection = connection
        self._window = window
        self._rows: list[Sequence[Any]] = []
        self._large: dict[int, tuple[bytes, int]] = {}
        self._lanes: set[str] = set()
        self.due: dict[str, float] = {}

    def add(self, row: Row) -> Receipt:
        """Where its key is not known yet."""
        known = None if row.key is None else self._known(row.key, row.accepted_at)
        if known is not None:
            return Receipt(known, duplicate=True)
        behind = row.lane is not None and self._is_behind(row.lane)
        if row.large is not None:
            self._large[len(self._rows)] = row.large
        self._rows.append((BEHIND if behind else READY, *row[:_COLUMNS]))
        if row.key is not None:
            self._connection.execute("INSERT OR REPLACE INTO accepted VALUES (?, ?, ?)", (row.key, row.id, row.accepted_at))
        if not behind:
            lower(self.due, row.function, row.due_at)
        return Receipt(row.id)

    def write(self) -> None:
        """Into the tables."""
        numbers: list[int] = []
        for statement, count, values in statements.insertions("delivery", _DELIVERY, self._rows, statements.MANY):
            last = self._connection.execute(statement, values).lastrowid or 0
            numbers += range(last - count + 1, last + 1)  # each row has the largest number so far, and one
        payloads = [(numbers[at], *large) for at, large in self._large.items()]
        for statement, _, values in statements.insertions("payload", _PAYLOAD, payloads, statements.FEW):
            self._connection.execute(statement, values)

    def _known(self, key: str, now: float) -> str | None:
        """The id under which it was accepted before."""
        for id, at in self._connection.execute("SELECT id, at FROM accepted WHERE key = ?", (key,)):
            if at + self._window > now:
                return str(id)
        return None

    def _is_behind(self, lane: str) -> bool:
        """Whether the lane has somebody; it has from now on."""
        if lane in self._lanes:
            return True
        self._lanes.add(lane)
        waiting = self._connection.execute("SELECT 1 FROM delivery WHERE lane = ? AND state < 2 LIMIT 1", (lane,))
        return bool(waiting.fetchall())


def lower(due: dict[str, float], function: str, due_at: float) -> None:
    """Something of this function is claimable at `due_at`."""
    if due_at < due.get(function, math.inf):
        due[function] = due_at


_COLUMNS = len(WRITTEN)
_DELIVERY, _PAYLOAD = ("state", *WRITTEN), ("number", "body", "checksum")
