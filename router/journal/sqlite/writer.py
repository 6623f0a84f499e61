"""One thread that writes, in group commits: what arrives while one commit runs goes into the next one, all of it together.

Two kinds of commit on one write-ahead log. With something `durable` among its work the commit ends with an fsync of the log
(`synchronous = FULL`), before anybody hears of it; power may fail then. Without, the log is written to the operating system
alone (`synchronous = NORMAL`): that outlives `kill -9`, not the machine, and is on disk with the next durable commit or
checkpoint. The log is in order, so that what survives is always a beginning of what was committed, never a mixture.
"""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

from router.errors import Unavailable
from router.journal.sqlite.work import ONCE, Done, Kind, Once, Report, Work, do, tell

MOST = 2048
"""Pieces of work from which on a commit takes no more."""
BROKEN_RETRY_AFTER = 5
"""Seconds that a sender is asked to wait when the disk does not take what is written."""

G = TypeVar("G")
R = TypeVar("R")
log = logging.getLogger(__name__)


class Writer:
    """The thread, its queue, and the event loop that hears of the results."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[list[Work | None]] = SimpleQueue()
        self._gathered: list[Work | None] = []
        self._synchronous = True
        self._broken = False
        self.commits = 0
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)
        self._thread.start()

    def run(self, kind: Kind[G, R], given: G, *, durable: bool) -> asyncio.Future[R]:
        """The result, after the commit. Raises what the work raises, and Unavailable where the disk does not take it."""
        done: asyncio.Future[R] = self._loop.create_future()
        self._gather(Work(kind, given, durable, done))
        return done

    def soon(self, kind: Kind[G, R], given: G) -> None:
        """Let it ride along; nobody waits for it."""
        self._gather(Work(kind, given, False, None))

    async def once(
        self, run: Callable[[sqlite3.Connection], R], *, durable: bool, then: Callable[[R], None] | None = None
    ) -> R:
        """As `run`, of work that has no kind of its own."""
        result: R = await self.run(ONCE, Once(run, then, False), durable=durable)
        return result

    def once_soon(self, run: Callable[[sqlite3.Connection], R], then: Callable[[R | Exception], None]) -> None:
        """As `soon`, of work that has no kind of its own. `then` is told of failures too."""
        self.soon(ONCE, Once(run, then, True))

    async def close(self) -> None:
        """Commit what is queued, and end the thread and its connection."""
        self._gather(None)
        self._hand_over()
        await asyncio.to_thread(self._thread.join)

    def _gather(self, work: Work | None) -> None:
        """What comes in one turn of the loop goes to the thread together: alone, the first would have a commit of its own."""
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append(work)

    def _hand_over(self) -> None:
        if self._gathered:
            self._queue.put(self._gathered)
            self._gathered = []

    def _run(self) -> None:
        going_on = True
        while going_on:
            batch = self._take()
            going_on = batch[-1] is not None
            works = [work for work in batch if work is not None]
            if works:
                self._loop.call_soon_threadsafe(tell, self._commit(works))
        self._connection.close()

    def _take(self) -> list[Work | None]:
        """Everything that is queued, up to the order to stop; waits for the first."""
        batch = [*self._queue.get()]
        try:
            while batch[-1] is not None and len(batch) < MOST:
                batch += self._queue.get_nowait()
        except Empty:
            pass
        return batch

    def _commit(self, works: list[Work]) -> Report:
        """What became of each, errors among it. Where they cannot be committed together, each is tried alone."""
        try:
            return self._transaction(works)
        except Exception as error:
            if len(works) > 1:
                return [part for work in works for part in self._commit([work])]
            return [(works[0].kind, works, Done([self._translated(error)]))]

    def _transaction(self, works: list[Work]) -> Report:
        connection = self._connection
        self._synchronize(any(work.durable for work in works))
        connection.execute("BEGIN IMMEDIATE")
        try:
            report = do(connection, works)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self.commits += 1
        self._broken = False
        return report

    def _translated(self, error: Exception) -> Exception:
        """Errors of the disk and of the database file are `Unavailable`; errors of this program stay what they are."""
        if type(error) not in (sqlite3.OperationalError, sqlite3.DatabaseError):
            return error
        if not self._broken:  # said once, until something can be written again
            name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
            log.error("The journal cannot write; nothing is accepted until it can.", extra={"error": str(error), "code": name})
        self._broken = True
        unavailable = Unavailable(f"the journal cannot write: {error}", BROKEN_RETRY_AFTER)
        unavailable.__cause__ = error
        return unavailable

    def _synchronize(self, durable: bool) -> None:
        if durable is not self._synchronous:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            self._synchronous = durable
