"""The port `Store` on SQLite, in the journal's own database. Every write is on disk when it returns."""

import sqlite3

from router.errors import Unavailable
from router.journal.sqlite import looking
from router.journal.sqlite.reader import Reader
from router.journal.sqlite.writer import Writer
from router.ports import Clock


class SqliteStore:
    """Implements `Store`. Every method raises Unavailable where the disk fails."""

    def __init__(self, clock: Clock, writer: Writer, reader: Reader) -> None:
        self._clock = clock
        self._writer = writer
        self._reader = reader

    async def get(self, room: str, key: str) -> bytes | None:
        """As `Store.get`."""
        now = self._clock.now()
        try:
            return await self._reader.run(lambda connection: looking.value(connection, room, key, now))
        except sqlite3.Error as error:
            raise Unavailable(f"the journal cannot be read: {error}") from error

    async def put(self, room: str, key: str, value: bytes, expires: float | None = None) -> None:
        """As `Store.put`."""
        await self._writer.once(lambda connection: _put(connection, room, key, value, expires), durable=True)

    async def put_if(self, room: str, key: str, expected: bytes | None, value: bytes) -> bool:
        """As `Store.put_if`; the value does not expire."""
        now = self._clock.now()

        def exchange(connection: sqlite3.Connection) -> bool:
            if looking.value(connection, room, key, now) != expected:
                return False
            _put(connection, room, key, value, None)
            return True

        return await self._writer.once(exchange, durable=True)


def _put(connection: sqlite3.Connection, room: str, key: str, value: bytes, expires: float | None) -> None:
    connection.execute("INSERT OR REPLACE INTO store VALUES (?, ?, ?, ?)", (room, key, value, expires))
