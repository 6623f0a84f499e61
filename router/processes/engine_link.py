"""The engine's end of the links to its doors: appends what they accepted, runs local functions, counts permits, keeps figures.

What a door held goes back when it is gone. Its figures stay in the sums (`ledger`).
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router.backends.permits import PermitCount
from router.errors import StartError
from router.model import Function
from router.monitoring.totals import Dump, merged
from router.outcome import Outcome
from router.ports import Invoker, Journal
from router.processes.channel import Channel
from router.processes.door_link import unpacked
from router.processes.ledger import Ledger
from router.processes.passing import Sender

log = logging.getLogger("router.processes")

_SNAPSHOT_TIMEOUT = 1.0
"""Seconds that a door has to tell its figures when somebody asks for them."""
_KEEP_SECONDS = 5.0


@dataclass(slots=True, frozen=True)
class Snapshot:
    """What a door tells of itself. `process`: a name of its own. `finished`: the figures that stay when it has ended."""

    process: str
    pid: int
    not_ready: str | None
    figures: Dump
    finished: Dump
    backends: Mapping[str, Any]
    addresses: Mapping[str, str]


@dataclass(slots=True)
class _Door:
    snapshot: Snapshot
    held: Counter[str] = field(default_factory=Counter)
    streams: Sender = field(default_factory=Sender)


class DoorLinks:
    """Serves the doors. `journal`, `invoker` (of local functions): None where the configuration needs none.

    `own()`: this process's name, and its figures that stay when it has ended.
    """

    def __init__(
        self,
        path: str,
        functions: Mapping[str, Function],
        journal: Journal | None,
        invoker: Invoker | None,
        count: PermitCount,
        own: Callable[[], tuple[str, Dump]],
    ) -> None:
        self._path = path
        self._functions = functions
        self._journal = journal
        self._invoker = invoker
        self._count = count
        self._doors: dict[Channel, _Door] = {}
        self._own = own
        self._ledger = Ledger(Path(f"{path}.figures"))
        self._keeper: asyncio.Task[None] | None = None
        self._left = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; a socket that a dead engine left is replaced. Raises `StartError`."""
        loop = asyncio.get_running_loop()
        try:
            _remove(self._path)
            self._server = await loop.create_unix_server(lambda: Channel(self._handle, self._gone), self._path)
        except OSError as error:
            why = error.strerror or error
            raise StartError(f"The engine cannot listen on {self._path}: {why}. TMPDIR names a folder for it.") from error
        self._keeper = loop.create_task(self._keep_on())

    async def close(self, deadline: float) -> None:
        """Wait until the doors have ended, until `deadline` (the loop's time); then end every link."""
        try:
            async with asyncio.timeout_at(deadline):
                while self._doors:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            log.warning("Doors were still at work when the time to drain was over.", extra={"doors": len(self._doors)})
        if self._keeper is not None:
            self._keeper.cancel()
        if self._server is not None:
            self._server.close()
        for channel in [*self._doors]:
            channel.close()

    def not_ready(self) -> str | None:
        """Why no traffic should come: no door is up, or none of them is ready."""
        reasons = [door.snapshot.not_ready for door in self._doors.values()]
        if not reasons:
            return "no door is up"
        return None if None in reasons else reasons[0]

    async def look(self) -> None:
        """Ask every door for its figures and state."""
        await asyncio.gather(*(self._ask(channel) for channel in [*self._doors]))

    async def figures(self) -> Dump:
        """The sums over all doors, and over the processes that have ended."""
        await self.look()
        self._keep()
        return merged([self._ledger.sums(), *(door.snapshot.figures for door in self._doors.values())])

    def status(self) -> list[dict[str, Any]]:
        """For the operator: each door's process, readiness and backends."""
        return [
            {
                "pid": seen.pid,
                "not_ready": seen.not_ready,
                "listeners": dict(seen.addresses),
                "backends": dict(seen.backends),
            }
            for door in self._doors.values()
            for seen in [door.snapshot]
        ]

    async def _ask(self, channel: Channel) -> None:
        try:
            async with asyncio.timeout(_SNAPSHOT_TIMEOUT):
                self._know(channel, await channel.call("snapshot", None))
        except Exception as error:  # it is gone, or too busy: what it told last stands
            log.info("A door did not tell its figures.", extra={"error": f"{type(error).__name__}: {error}"})

    def _handle(self, channel: Channel, kind: str, payload: Any) -> Any:
        match kind:
            case "append":
                return self._append(payload)
            case "invoke":
                number, invocation = payload
                streams = self._doors[channel].streams
                streams.expect(number)  # now: the next word may be that its caller leaves
                return self._invoke(streams, number, invocation)
            case "piece":
                return self._doors[channel].streams.piece(payload)
            case "leave":
                self._doors[channel].streams.leave(payload)
            case "take":
                return self._take(channel, payload)
            case "give_back":
                self._give_back(channel, payload)
            case "snapshot":
                self._know(channel, payload)
            case "hello":
                held, snapshot = payload
                self._doors[channel] = _Door(snapshot, Counter(held))
                self._know(channel, snapshot)
                self._count.running.update(held)
        return None

    async def _append(self, payload: Any) -> Any:
        assert self._journal is not None
        deliveries, durability = payload
        return await self._journal.append(deliveries, durability)

    async def _invoke(self, streams: Sender, number: int, packed: Mapping[str, Any]) -> tuple[Outcome, bool]:
        assert self._invoker is not None
        try:
            return await streams.announce(number, await self._invoker.invoke(unpacked(packed, self._functions)))
        except BaseException:
            streams.leave(number)  # there will be no answer
            raise

    def _know(self, channel: Channel, snapshot: Snapshot) -> None:
        door = self._doors.get(channel)
        if door is not None:  # else it has gone meanwhile
            door.snapshot = snapshot
            self._ledger.tell(snapshot.process, snapshot.finished)

    def _keep(self) -> None:
        self._ledger.tell(*self._own())
        self._ledger.write()

    async def _keep_on(self) -> None:
        while True:
            self._keep()
            await asyncio.sleep(_KEEP_SECONDS)

    async def _take(self, channel: Channel, name: str) -> bool:
        if channel not in self._doors:
            return False  # it has gone meanwhile: nobody would give it back
        limit = self._functions[name].max_concurrency
        taken = limit is None or self._count.take(name, limit)
        if taken and limit is not None:
            self._doors[channel].held[name] += 1
        return taken

    def _give_back(self, channel: Channel, name: str) -> None:
        door = self._doors[channel]
        if door.held[name] > 0:
            door.held[name] -= 1
            self._count.running[name] -= 1

    def _gone(self, channel: Channel) -> None:
        door = self._doors.pop(channel, None)
        if door is None:
            return
        self._count.running.subtract(door.held)
        door.streams.close()
        self._left.set()
        self._ledger.end(door.snapshot.process)


def _remove(path: str) -> None:
    Path(path).unlink(missing_ok=True)
