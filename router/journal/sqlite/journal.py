"""The port `Journal` on SQLite: group commits by the writer, claims by a reader, which of them are held in memory alone.

`durability: disk` returns after an fsync, `os` after a write to the operating system (see `router.journal.sqlite.writer`).
Nothing but an append waits for an fsync: what power loss takes of claims, progress and ends is done once more.

A claim leaves a mark that an attempt began, which rides along with the next commit and goes when the claim ends. A delivery
with `MAX_STARTS` marks and no end has taken the process with it so often; it becomes a dead letter instead of a crash loop.
Before that, those with several marks are begun one at a time (see `router.journal.sqlite.suspects`).
"""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from router.deliveries import Condition, Delivery, DeliverySettlement, Durability, Fate, Receipt
from router.journal.readiness import Readiness
from router.journal.sqlite import looking, operations, rows
from router.journal.sqlite.looking import Broken, Found
from router.journal.sqlite.operations import Ending
from router.journal.sqlite.reader import Reader
from router.journal.sqlite.rows import Row
from router.journal.sqlite.suspects import Suspects
from router.journal.sqlite.work import Done, Kind
from router.journal.sqlite.writer import Writer
from router.ports import Clock
from router.settings import JournalSettings

MAX_STARTS = 5
"""Attempts begun and never recorded after which a delivery is given up."""
UNREADABLE_RETRY = 5.0
"""Seconds until a claim that could not read is tried again."""
BACK = 60.0
"""Seconds by which the clock must have gone back to be no mere correction."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Claim:
    """A delivery in somebody's hands."""

    number: int
    lane: str | None


class SqliteJournal:
    """Implements `Journal`."""

    def __init__(
        self,
        clock: Clock,
        settings: JournalSettings,
        writer: Writer,
        reader: Reader,
        readiness: Readiness,
        room: Callable[[sqlite3.Connection, int, int], None],
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._writer = writer
        self._reader = reader
        self._readiness = readiness
        self._room = room
        self._appending: Kind[Sequence[Row], list[Receipt]] = Kind(1, self._append, self._appended)
        self._settling: Kind[Sequence[Ending], None] = Kind(3, operations.settle, self._settled)
        self._claims: dict[str, Claim] = {}
        self._held: set[int] = set()
        self._claiming = asyncio.Lock()
        self._suspects = Suspects({})
        self._latest = clock.now()
        self.quarantined = 0

    @property
    def claimed(self) -> int:
        """How many deliveries are in somebody's hands."""
        return len(self._claims)

    async def append(self, deliveries: Sequence[Delivery], durability: Durability) -> list[Receipt]:
        """As `Journal.append`."""
        if not deliveries:
            return []
        given = [rows.write(delivery) for delivery in deliveries]
        return await self._writer.run(self._appending, given, durable=durability is Durability.DISK)

    async def claim(self, now: float, limit: int, without: Collection[str]) -> list[Delivery]:
        """As `Journal.claim`. What cannot be read for the moment is not claimed, and logged."""
        async with self._claiming:
            await self._see_clock(now)
            since = self._readiness.begin(now, without, limit)
            if not since:
                return []
            try:
                found = await self._look(since, now, limit)
            except BaseException:  # cancelled: nothing was taken, and whoever claims next must look there
                self._readiness.look_again(since, now)
                raise
            return self._take(found, now)

    async def settle(self, settlements: Sequence[DeliverySettlement]) -> None:
        """As `Journal.settle`. Raises Unavailable where it cannot be written: the claims stay, so settle once more.

        Raises LookupError for what is not claimed.
        """
        if not settlements:
            return
        now = self._clock.now()
        endings = [self._ending(settlement.delivery, settlement.fate, now) for settlement in settlements]
        await self._writer.run(self._settling, endings, durable=False)

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        """As `Journal.record`. Raises as `settle`."""
        if not deliveries:
            return
        endings = [self._ending(delivery, Fate.LATER, 0.0) for delivery in deliveries]
        await self._writer.run(_RECORDING, endings, durable=False)

    async def wait(self, until: float | None) -> None:
        """As `Journal.wait`; also returns at the due time of the next delivery that the last claim did not exclude."""
        await self._readiness.wait(self._clock, until)

    async def begin(self) -> None:
        """Learn which functions have something waiting, and which deliveries are suspected. Before the first claim."""
        self._suspects = Suspects(await self._reader.run(looking.suspects))
        await self._learn()

    async def _learn(self) -> None:
        self._readiness.note_all(dict(await self._reader.run(looking.beginnings)))

    async def pull_back(self, now: float, seconds: float) -> None:
        """The clock went back by so much: what waits for a time that is not near any more is due as much sooner."""
        log.warning("The clock went back; what is due later is due as much sooner.", extra={"seconds": seconds})
        await self._writer.once(lambda connection: operations.pull_back(connection, now, seconds), durable=False)
        await self._learn()

    async def let_go(self) -> None:
        """The daemon stops: attempts under way have not killed it. Their deliveries are due when it starts again."""
        numbers = [*self._held]
        await self._writer.once(lambda connection: operations.unmark_started(connection, numbers), durable=False)

    async def _see_clock(self, now: float) -> None:
        back = self._latest - now
        if back >= BACK:
            await self.pull_back(now, back)
            self._latest = now
        self._latest = max(self._latest, now)

    async def _look(self, since: Mapping[str, float], now: float, limit: int) -> Found:
        held = self._held | self._suspects.held_back(since, self._held)
        try:
            return await self._reader.run(lambda connection: looking.due(connection, since, now, limit, held))
        except sqlite3.Error as error:
            log.error("The journal cannot be read.", extra={"error": str(error)})
            self._readiness.look_again(since, now + UNREADABLE_RETRY)
            return Found()

    def _take(self, found: Found, now: float) -> list[Delivery]:
        """Hold what was found and mark it as started, but for what must be put aside."""
        taken = [(number, delivery) for number, delivery in found.deliveries if delivery.starts < MAX_STARTS]
        crashed = [(number, delivery) for number, delivery in found.deliveries if delivery.starts >= MAX_STARTS]
        self._claims |= {delivery.id: Claim(number, rows.lane_text(delivery)) for number, delivery in taken}
        self._held.update(number for number, _ in taken)
        if taken:
            numbers = [number for number, _ in taken]
            self._writer.soon(_MARKING, numbers)
        self._quarantine(found.defects, now)
        self._give_up(crashed, now)
        self._readiness.finish({delivery.function for _, delivery in taken}, found.left)
        return [delivery for _, delivery in taken]

    def _quarantine(self, broken: Sequence[Broken], now: float) -> None:
        for record in broken:
            log.error("A record of the journal cannot be read; it was put aside.", extra=asdict(record))
        self.quarantined += len(broken)
        defects = [(record.number, record.defect) for record in broken]
        functions = {record.number: record.function for record in broken}
        self._put_aside(functions, lambda connection: operations.quarantine(connection, defects, now))

    def _give_up(self, crashed: Sequence[tuple[int, Delivery]], now: float) -> None:
        endings = []
        for number, delivery in crashed:
            log.error("A delivery was given up: the router died in each of its attempts.", extra={"delivery": delivery.id})
            detail = f"the router stopped during {delivery.starts} attempts and recorded none"
            ended = replace(delivery, condition=Condition.CRASHED, detail=detail)
            endings.append(_ending(ended, Fate.DEAD, Claim(number, rows.lane_text(delivery)), now))
        functions = {number: delivery.function for number, delivery in crashed}
        self._put_aside(functions, lambda connection: operations.settle(connection, [endings]).due)

    def _put_aside(self, functions: Mapping[int, str], work: Callable[[sqlite3.Connection], Mapping[str, float]]) -> None:
        """Keep these numbers out of claims until the work that puts them aside is committed, or has failed."""
        if not functions:
            return
        self._held.update(functions)

        def then(result: Mapping[str, float] | Exception) -> None:
            self._release(functions)
            if isinstance(result, Exception):
                self._readiness.look_again(functions.values(), self._clock.now() + UNREADABLE_RETRY)
            else:
                self._readiness.note_all(result)

        self._writer.once_soon(work, then)

    def _ending(self, delivery: Delivery, fate: Fate, now: float) -> Ending:
        claim = self._claims.get(delivery.id)
        if claim is None:
            raise LookupError(f"the delivery {delivery.id} is not claimed")
        return _ending(delivery, fate, claim, now)

    def _append(self, connection: sqlite3.Connection, given: Sequence[Sequence[Row]]) -> Done[list[Receipt]]:
        return operations.append(connection, given, self._settings.deduplication_window, self._room)

    def _appended(self, _: Sequence[Sequence[Row]], done: Done[list[Receipt]]) -> None:
        self._readiness.note_all(done.due)

    def _settled(self, given: Sequence[Sequence[Ending]], done: Done[None]) -> None:
        for endings, result in zip(given, done.results, strict=True):
            if result is None:
                self._release(ending.number for ending in endings if self._claims.pop(ending.id, None) is not None)
        self._readiness.note_all(done.due)

    def _release(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            self._held.discard(number)
            self._readiness.note_all(dict.fromkeys(self._suspects.ended(number), 0.0))


def _ending(delivery: Delivery, fate: Fate, claim: Claim, now: float) -> Ending:
    done = fate is Fate.DONE
    return Ending(
        delivery.id,
        claim.number,
        fate,
        claim.lane,
        delivery.function,
        delivery.due_at,
        now if fate is Fate.DEAD else None,
        None if delivery.condition is None else delivery.condition.value,
        b"" if done else rows.progress_of(delivery),
    )


_MARKING: Kind[Sequence[int], None] = Kind(0, operations.mark_started)
_RECORDING: Kind[Sequence[Ending], None] = Kind(2, operations.record)
