"""Whether there is room for more: below `max_size`, and above the floor of free disk space.

Only what is accepted is held against it. Settling goes on in what the floor leaves, so that a full journal can empty itself.
"""

import sqlite3
from collections.abc import Callable

from router.errors import Unavailable
from router.journal.rules import FULL_RETRY_AFTER
from router.journal.sqlite.folder import Folder
from router.settings import JournalSettings

LOOKS_EVERY = 64
"""Commits after which it looks again, however much room there was; earlier when a quarter of that has been taken."""


class Room:
    """The bounds of one journal. `commits()`: how many there were."""

    def __init__(self, folder: Folder, settings: JournalSettings, commits: Callable[[], int]) -> None:
        self._folder = folder
        self._settings = settings
        self._commits = commits
        self._look_at = 0
        self._used = 0
        self._free = 0
        self._taken = 0

    def check(self, connection: sqlite3.Connection, more: int, admitted: int) -> None:
        """Raises Unavailable where `more` bytes would be too many.

        `admitted`: bytes for which this commit has asked before, and which it has not written: looking does not show them.
        """
        if self._commits() >= self._look_at or (self._taken + more) * 4 > min(self._below_size(), self._above_floor()):
            self._look(connection)
            self._taken = admitted
        taken = self._taken + more
        if taken > self._below_size():
            raise Unavailable("the journal is full: it has reached its `max_size`", FULL_RETRY_AFTER)
        if taken > self._above_floor():
            raise Unavailable("the journal takes nothing: its disk has less than `min_free_disk` left", FULL_RETRY_AFTER)
        self._taken = taken

    def _below_size(self) -> int:
        return self._settings.max_size - self._used

    def _above_floor(self) -> int:
        return self._free - self._settings.min_free_disk

    def _look(self, connection: sqlite3.Connection) -> None:
        self._used = used(connection)
        self._free = self._folder.free()
        self._look_at = self._commits() + LOOKS_EVERY


def used(connection: sqlite3.Connection) -> int:
    """Bytes of the pages that hold something; free ones are used again."""
    [(pages,)] = connection.execute("PRAGMA page_count")
    [(free,)] = connection.execute("PRAGMA freelist_count")
    [(size,)] = connection.execute("PRAGMA page_size")
    return int((pages - free) * size)
