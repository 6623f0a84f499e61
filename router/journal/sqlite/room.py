"""Whether there is room for more: below `max_size`, and above the floor of free disk space.

Only what is accepted is held against it. Settling goes on in what the floor leaves, so that a full journal can empty itself.
"""

import sqlite3
from collections.abc import Callable

from router.errors import Unavailable
from router.journal.rules import FULL_RETRY_AFTER
from router.journal.sqlite.folder import Folder
from router.settings import JournalSettings


class Room:
    """The bounds of one journal. Looked at once for each commit, however many appends it holds.

    `commits()`: how many there were.
    """

    def __init__(self, folder: Folder, settings: JournalSettings, commits: Callable[[], int]) -> None:
        self._folder = folder
        self._settings = settings
        self._commits = commits
        self._looked_at = -1
        self._below_size = 0
        self._above_floor = 0

    def check(self, connection: sqlite3.Connection, more: int) -> None:
        """Raises Unavailable where `more` bytes would be too many."""
        if self._looked_at != self._commits() or more > min(self._below_size, self._above_floor):
            self._look(connection)
        if more > self._below_size:
            raise Unavailable("the journal is full: it has reached its `max_size`", FULL_RETRY_AFTER)
        if more > self._above_floor:
            raise Unavailable("the journal takes nothing: its disk has less than `min_free_disk` left", FULL_RETRY_AFTER)
        self._below_size -= more
        self._above_floor -= more

    def _look(self, connection: sqlite3.Connection) -> None:
        self._below_size = self._settings.max_size - used(connection)
        self._above_floor = self._folder.free() - self._settings.min_free_disk
        self._looked_at = self._commits()


def used(connection: sqlite3.Connection) -> int:
    """Bytes of the pages that hold something; free ones are used again."""
    [(pages,)] = connection.execute("PRAGMA page_count")
    [(free,)] = connection.execute("PRAGMA freelist_count")
    [(size,)] = connection.execute("PRAGMA page_size")
    return int((pages - free) * size)
