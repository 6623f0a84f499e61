"""Whether there is room for more: below `max_size`, and above the floor of free disk space.

Only what is accepted is held against it. Settling goes on in what the floor leaves, so that a full journal can empty itself.
"""

import sqlite3

from router.errors import Unavailable
from router.journal.rules import FULL_RETRY_AFTER
from router.journal.sqlite.folder import Folder
from router.settings import JournalSettings


class Room:
    """The bounds of one journal."""

    def __init__(self, folder: Folder, settings: JournalSettings) -> None:
        self._folder = folder
        self._settings = settings

    def check(self, connection: sqlite3.Connection, more: int) -> None:
        """Raises Unavailable where `more` bytes would be too many."""
        if used(connection) + more > self._settings.max_size:
            raise Unavailable("the journal is full: it has reached its `max_size`", FULL_RETRY_AFTER)
        if self._folder.free() - more < self._settings.min_free_disk:
            raise Unavailable("the journal takes nothing: its disk has less than `min_free_disk` left", FULL_RETRY_AFTER)


def used(connection: sqlite3.Connection) -> int:
    """Bytes of the pages that hold something; free ones are used again."""
    [(pages,)] = connection.execute("PRAGMA page_count")
    [(free,)] = connection.execute("PRAGMA freelist_count")
    [(size,)] = connection.execute("PRAGMA page_size")
    return int((pages - free) * size)
