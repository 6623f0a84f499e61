"""Open the journal that the settings name: in a daemon, or offline for a command."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from router.clock import SystemClock
from router.errors import StartError
from router.journal.memory import MemoryJournal, MemoryStore
from router.journal.sqlite.opening import SqliteEngine, open_sqlite
from router.journal.turns import Turns
from router.ports import Clock, Journal, JournalAdmin, Store
from router.settings import JournalSettings

MEMORY = ("memory", "memory:")
SQLITE = "sqlite:"


class Engine(Protocol):
    """An open journal."""

    @property
    def journal(self) -> Journal:
        """The queue."""
        ...

    @property
    def admin(self) -> JournalAdmin:
        """The operator's side of it."""
        ...

    @property
    def store(self) -> Store:
        """What is kept beside it."""
        ...

    async def start(self) -> None:
        """Once, before anything is claimed."""
        ...

    def status(self) -> Mapping[str, int]:
        """For the operator, in numbers by name."""
        ...

    async def tidy(self) -> None:
        """One turn of the upkeep that goes on by itself from `start` on: expiry, and giving disk space back."""
        ...

    async def close(self) -> None:
        """Once, after the last call has returned."""
        ...


class MemoryEngine:
    """An open journal in memory."""

    def __init__(self, clock: Clock, settings: JournalSettings) -> None:
        self.journal = MemoryJournal(clock, settings)
        self.admin = self.journal
        self.store = MemoryStore(clock)
        self._turns = Turns(self.journal.tidy)

    async def start(self) -> None:
        """Begin the upkeep."""
        self._turns.start()

    def status(self) -> Mapping[str, int]:
        """Deliveries in somebody's hands."""
        return {"claimed": self.journal.claimed}

    async def tidy(self) -> None:
        """Forget what has expired."""
        await self.journal.tidy()

    async def close(self) -> None:
        """Nothing is kept."""
        await self._turns.stop()


def open_journal(settings: JournalSettings, clock: Clock) -> Engine:
    """The journal of a daemon, within a running event loop; `start` it. Raises StartError where it cannot be had."""
    if settings.url in MEMORY:
        return MemoryEngine(clock, settings)
    return open_sqlite(_folder(settings.url), clock, settings)


def open_offline(url: str, clock: Clock | None = None) -> SqliteEngine:
    """An existing journal for a command, within a running event loop; not `start`ed, nothing expires, nothing is claimed.

    Raises StartError where there is none, or a daemon has it: then ask the daemon.
    """
    if url in MEMORY:
        raise StartError("a journal in memory is gone with its daemon: there is nothing to open")
    return open_sqlite(_folder(url), clock or SystemClock(), JournalSettings(url), create=False)


def _folder(url: str) -> Path:
    kind, _, path = url.partition(":")
    if f"{kind}:" != SQLITE or not path:
        raise StartError(f"the journal's URL {url!r} is neither `memory` nor `sqlite:` with the path of a folder")
    return Path(path)
