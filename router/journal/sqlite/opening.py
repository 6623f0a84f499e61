"""Open a journal on disk: the lock, the tables, the threads; and close it again, in the reverse order.

Opening reads what the write-ahead log holds and one index entry for each function, however much is waiting.
"""

import contextlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from router.errors import StartError, Unavailable
from router.journal.readiness import Readiness
from router.journal.sqlite.admin import SqliteJournalAdmin
from router.journal.sqlite.folder import Folder
from router.journal.sqlite.journal import BACK, SqliteJournal
from router.journal.sqlite.reader import Reader
from router.journal.sqlite.room import Room
from router.journal.sqlite.store import SqliteStore
from router.journal.sqlite.upkeep import Upkeep, last_known_time
from router.journal.sqlite.writer import Writer
from router.journal.turns import Turns
from router.ports import Clock
from router.settings import JournalSettings


class SqliteEngine:
    """An open journal on disk with all its ports. `start` before anything is claimed, `close` at the end."""

    def __init__(self, folder: Folder, connection: sqlite3.Connection, clock: Clock, settings: JournalSettings) -> None:
        readiness = Readiness()
        self._clock = clock
        self._folder = folder
        self._writer = Writer(connection)
        self._claims = Reader(folder.database, "journal-claims")
        self._listing = Reader(folder.database, "journal-listing")
        room = Room(folder, settings, lambda: self._writer.commits)
        self.journal = SqliteJournal(clock, settings, self._writer, self._claims, readiness, room.check)
        self.admin = SqliteJournalAdmin(clock, self._writer, self._listing, readiness)
        self.store = SqliteStore(clock, self._writer, self._claims)
        self._upkeep = Upkeep(clock, settings, self._writer)
        self._turns = Turns(self._upkeep.turn)

    async def start(self) -> None:
        """Learn what is waiting, and begin the upkeep. Raises StartError, and is closed then, where it cannot be read."""
        try:
            await self.journal.begin()
            known, now = await self._claims.run(last_known_time), self._clock.now()
            if known is not None and known - now >= BACK:
                await self.journal.pull_back(now, known - now)
        except (sqlite3.Error, Unavailable) as error:
            await self.close()
            raise StartError(f"the journal in {self._folder.path} cannot be read: {error}") from error
        self._turns.start()

    def status(self) -> Mapping[str, int]:
        """For the operator: deliveries in somebody's hands, records put into quarantine and commits since the start."""
        journal = self.journal
        return {"claimed": journal.claimed, "quarantined": journal.quarantined, "commits": self._writer.commits}

    async def tidy(self) -> None:
        """One turn of the upkeep, now."""
        await self._upkeep.turn()

    async def close(self) -> None:
        """Commit what is under way, and let go of the folder. What is still claimed is due when it is opened again."""
        await self._turns.stop()
        with contextlib.suppress(Unavailable):
            await self.journal.let_go()
        await self._claims.close()
        await self._listing.close()
        await self._writer.close()
        self._folder.close()


def open_sqlite(path: Path, clock: Clock, settings: JournalSettings, *, create: bool = True) -> SqliteEngine:
    """The journal in a folder, within a running event loop. Raises StartError where it cannot be had."""
    folder = Folder(path, create=create)
    return SqliteEngine(folder, folder.prepare(), clock, settings)
