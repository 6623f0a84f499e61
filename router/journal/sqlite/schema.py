"""The tables, their versions, and how a connection is opened.

A delivery is a row that is looked for and changes. A small payload stands in it; a large one has a row of its own, which is
written once and read once.
Every question that is asked while the daemon runs has its index, so that neither opening nor claiming reads what is not due.
An index ends in the row's number by itself. There is none on the ids of what waits: random keys would make each event write a
page of its own, and only operators ask.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from router.errors import StartError

APPLICATION_ID = 0x4C52_4A4C
"""What `file` and other tools know the database by: `LRJL`."""

OLDEST_SQLITE = (3, 37, 0)
"""STRICT tables."""
CHECKPOINT_PAGES = 8192
"""Pages in the write-ahead log (32 MiB) from which it is copied into the database: what opening has to read at most, about."""

READY, BEHIND, DEAD, QUARANTINED = 0, 1, 2, 3
"""States: due at `due_at`; behind another one of its lane; a dead letter; a record that cannot be read."""

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE delivery (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        state INTEGER NOT NULL,
        source TEXT NOT NULL,
        route TEXT NOT NULL,
        function TEXT NOT NULL,
        lane TEXT,
        accepted_at REAL NOT NULL,
        due_at REAL NOT NULL,
        ended_at REAL,
        condition TEXT,
        facts BLOB NOT NULL,
        progress BLOB NOT NULL,
        defect TEXT
    ) STRICT;
    CREATE INDEX delivery_ready ON delivery (function, due_at, number) WHERE state = 0;
    CREATE INDEX delivery_lane ON delivery (lane, number) WHERE lane IS NOT NULL AND state < 2;
    CREATE INDEX delivery_dead ON delivery (ended_at) WHERE state = 2;
    CREATE INDEX delivery_dead_id ON delivery (id) WHERE state = 2;
    CREATE INDEX delivery_quarantined ON delivery (ended_at) WHERE state = 3;
    CREATE TABLE payload (number INTEGER PRIMARY KEY, body BLOB NOT NULL, checksum INTEGER NOT NULL) STRICT;
    CREATE TABLE started (number INTEGER PRIMARY KEY, starts INTEGER NOT NULL) STRICT;
    CREATE TABLE accepted (key TEXT PRIMARY KEY, id TEXT NOT NULL, at REAL NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX accepted_at ON accepted (at);
    CREATE TABLE store (
        room TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, expires REAL, PRIMARY KEY (room, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX store_expires ON store (expires) WHERE expires IS NOT NULL;
    """,
    """
    ALTER TABLE delivery ADD COLUMN checksum INTEGER;
    ALTER TABLE delivery ADD COLUMN body BLOB;
    DROP INDEX delivery_ready;
    CREATE INDEX delivery_ready ON delivery (function, due_at) WHERE state = 0;
    """,
)
"""Each script leads from the version that is its index to the next one; `PRAGMA user_version` says where a file stands."""


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode, usable from any thread, one at a time."""
    mode = "ro" if read_only else "rwc"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA cache_size = -16384")
        # Debian's SQLite overwrites what is deleted, so that a large payload would be written once more when it is done with.
        connection.execute("PRAGMA secure_delete = FAST")
    except BaseException:
        connection.close()
        raise
    return connection


def prepare(connection: sqlite3.Connection) -> None:
    """Bring a new or older file to this version. Raises StartError where it is not ours, or newer than this program."""
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StartError(
            f"the journal needs SQLite 3.37 or newer, this is {sqlite3.sqlite_version}; else set `journal.url: memory`"
        )
    [(version,)] = connection.execute("PRAGMA user_version")
    [(owner,)] = connection.execute("PRAGMA application_id")
    [(tables,)] = connection.execute("SELECT count(*) FROM sqlite_master")
    if tables and owner != APPLICATION_ID:
        raise StartError("the file is a database, but not a journal of lambda-router; name another folder in `journal.url`")
    if version > len(MIGRATIONS):
        raise StartError(f"the journal has version {version}, this program knows {len(MIGRATIONS)}: run the newer program")
    if not tables:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    for number, script in enumerate(MIGRATIONS[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT;")
