"""A thread that reads, on a connection of its own: snapshots of what is committed, never waiting for the writer's disk."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from router.journal.sqlite import schema

T = TypeVar("T")


class Reader:
    """One thread with one connection."""

    def __init__(self, database: Path, name: str) -> None:
        self._connection = schema.connect(database, read_only=True)
        self._thread = ThreadPoolExecutor(1, name)

    async def run(self, look: Callable[[sqlite3.Connection], T]) -> T:
        """What `look` found, within one snapshot. Raises sqlite3.Errors."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._look, look)

    async def close(self) -> None:
        """Wait for the last look."""
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()

    def _look(self, look: Callable[[sqlite3.Connection], T]) -> T:
        self._connection.execute("BEGIN")
        try:
            return look(self._connection)
        finally:
            self._connection.execute("COMMIT")
