"""The journal's folder: the database, and a lock that one process holds."""

import fcntl
import os
import sqlite3
from pathlib import Path

from router.errors import StartError
from router.journal.sqlite import schema


class Folder:
    """An owned folder. Raises StartError where it cannot be had, or the journal in it cannot be used."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        self.database = path / "journal.sqlite"
        if not create and not self.database.exists():
            raise StartError(f"there is no journal in {path}")
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(f"the journal's folder {path} cannot be used: {error.strerror}") from error
        self._own()

    def prepare(self) -> sqlite3.Connection:
        """The connection that writes, the tables at this program's version."""
        try:
            connection = schema.connect(self.database)
            try:
                schema.prepare(connection)
            except BaseException:
                connection.close()
                raise
        except StartError as error:
            self.close()
            raise StartError(f"{self.path}: {error}") from error
        except sqlite3.Error as error:
            self.close()
            raise StartError(
                f"the journal in {self.path} cannot be opened: {error}; `lambda-router journal check` says what is wrong"
            ) from error
        return connection

    def free(self) -> int:
        """Bytes that its file system has left for this user."""
        facts = os.statvfs(self.path)
        return facts.f_bavail * facts.f_frsize

    def close(self) -> None:
        """Let go of the lock."""
        os.close(self._lock)

    def _own(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(self._lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._lock)
            raise StartError(
                f"the journal in {self.path} is in use by another process ({owner}): stop it, or give each daemon its own"
            ) from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
