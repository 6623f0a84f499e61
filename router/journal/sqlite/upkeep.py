"""What is done from time to time: forget what has expired, give free pages back, remember what time it was.

In small commits, so that no append waits for long. A clock that jumped forward must not make dead letters expire: nothing
does until an hour has passed without a jump.
"""

import logging
import sqlite3
from functools import partial

from router.journal.sqlite import looking, operations
from router.journal.sqlite.writer import Writer
from router.ports import Clock
from router.settings import JournalSettings

MOST = 500
"""Rows that one commit forgets of each kind, and pages that it gives back."""
ROUNDS = 20
"""Commits in one turn."""
SPARE_PAGES = 1024
"""Free pages that are kept for the next burst."""
JUMP = 3600.0
"""Seconds by which wall time may run ahead of monotonic time, and for which a clock that jumped is not trusted."""
CLOCK_AT = ("journal", "clock")
"""Room and key of the store that hold the last known time."""

log = logging.getLogger(__name__)


class Upkeep:
    """The upkeep of one journal."""

    def __init__(self, clock: Clock, settings: JournalSettings, writer: Writer) -> None:
        self._clock = clock
        self._settings = settings
        self._writer = writer
        self._seen = (clock.now(), clock.monotonic())
        self._trusted_from = clock.monotonic()

    async def turn(self) -> None:
        """One turn. Raises Unavailable where the disk fails.

        It begins with an fsync: what was accepted at `durability: os` does not stay in memory for longer than that.
        """
        now = self._clock.now()
        expiring = self._trusts_clock()
        for number in range(ROUNDS):
            if not await self._writer.once(partial(self._round, now, expiring), durable=number == 0):
                return

    def _round(self, now: float, expiring: bool, connection: sqlite3.Connection) -> int:
        """How much there was to do."""
        connection.execute("INSERT OR REPLACE INTO store VALUES (?, ?, ?, NULL)", (*CLOCK_AT, repr(now).encode()))
        window, retention = self._settings.deduplication_window, self._settings.dead_letter_retention
        gone = operations.expire(connection, now, window, retention, MOST) if expiring else 0
        return gone + _shrink(connection)

    def _trusts_clock(self) -> bool:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        then, then_monotonic = self._seen
        self._seen = (now, monotonic)
        if (now - then) - (monotonic - then_monotonic) > JUMP:
            log.warning("The clock went ahead; nothing expires for an hour.", extra={"seconds": now - then})
            self._trusted_from = monotonic + JUMP
        return monotonic >= self._trusted_from


def last_known_time(connection: sqlite3.Connection) -> float | None:
    """What time it was when the journal was last kept up."""
    known = looking.value(connection, *CLOCK_AT, 0.0)
    return None if known is None else float(known)


def _shrink(connection: sqlite3.Connection) -> int:
    """Give free pages back to the file system where there are many; how many."""
    [(free,)] = connection.execute("PRAGMA freelist_count")
    if free <= SPARE_PAGES:
        return 0
    given_back = min(int(free) - SPARE_PAGES, MOST)
    for _ in range(given_back):  # the module steps this statement once, which frees one page, however many it names
        connection.execute("PRAGMA incremental_vacuum(1)")
    return given_back
