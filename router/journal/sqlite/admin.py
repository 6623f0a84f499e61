"""The port `JournalAdmin` on SQLite: reads on a connection of its own, so that a long list holds no claim up."""

import logging
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from typing import TypeVar

from router.deliveries import Delivery, Finding, Selection
from router.errors import Unavailable
from router.journal.readiness import Readiness
from router.journal.sqlite import looking, operations
from router.journal.sqlite.check import examine, repair
from router.journal.sqlite.reader import Reader
from router.journal.sqlite.writer import Writer
from router.ports import Clock

T = TypeVar("T")
REMEMBERED = 64
"""Ends of pages."""
log = logging.getLogger(__name__)


class SqliteJournalAdmin:
    """Implements `JournalAdmin`, on a running journal or offline. Every method raises Unavailable where the disk fails."""

    def __init__(self, clock: Clock, writer: Writer, reader: Reader, readiness: Readiness) -> None:
        self._clock = clock
        self._writer = writer
        self._reader = reader
        self._readiness = readiness
        self._ends: dict[str, int] = {}
        """Where the last pages ended: the next one begins there."""

    async def select(self, selection: Selection, limit: int, after: str | None) -> list[Delivery]:
        """As `JournalAdmin.select`. What cannot be read is left out, and logged; `check` finds it."""
        now = self._clock.now()
        behind = await self._place(after)
        if behind is None:
            return []
        found = await self._look(lambda connection: looking.select(connection, selection, now, limit, behind))
        if found.deliveries:
            number, last = found.deliveries[-1]
            self._remember(last.id, number)
        for broken in found.defects:
            log.error("A record of the journal cannot be read.", extra={"number": broken.number, "defect": broken.defect})
        return [delivery for _, delivery in found.deliveries]

    async def count(self, selection: Selection) -> int:
        """As `JournalAdmin.count`."""
        now = self._clock.now()
        return await self._look(lambda connection: looking.count(connection, selection, now))

    async def redrive(self, ids: Sequence[str], now: float) -> int:
        """As `JournalAdmin.redrive`; durable."""
        renamed = [(id, str(uuid.uuid4())) for id in dict.fromkeys(ids)]
        number, _ = await self._writer.once(
            lambda connection: operations.redrive(connection, renamed, now),
            durable=True,
            then=lambda redriven: self._readiness.note_all(redriven[1]),
        )
        return number

    async def purge(self, ids: Sequence[str]) -> int:
        """As `JournalAdmin.purge`; durable."""
        return await self._writer.once(lambda connection: operations.purge(connection, ids), durable=True)

    async def check(self) -> list[Finding]:
        """What is wrong with the journal, as far as its readable side says. Takes time on a large one."""
        return await self._look(examine)

    async def repair(self) -> list[Finding]:
        """Mend what can be mended, on a journal that nobody works on; what was found, with what was done about it."""
        now = self._clock.now()
        return await self._writer.once(lambda connection: repair(connection, now), durable=True)

    async def _place(self, after: str | None) -> int | None:
        """The number after which a page begins; None where no delivery has this id."""
        if after is None:
            return 0
        known = self._ends.get(after)
        return known if known is not None else await self._look(lambda connection: looking.number_of(connection, after))

    def _remember(self, id: str, number: int) -> None:
        self._ends[id] = number
        if len(self._ends) > REMEMBERED:
            del self._ends[next(iter(self._ends))]

    async def _look(self, look: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._reader.run(look)
        except sqlite3.Error as error:
            raise Unavailable(f"the journal cannot be read: {error}") from error
