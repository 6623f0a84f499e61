"""The journal and the store in memory: for tests, and for who says `journal: {url: memory:}` and means it.

Keeps the whole contract of the ports but survival. Values are copied on the way in and out, as a disk does.
"""

import heapq
import itertools
import math
import uuid
from collections import deque
from collections.abc import Collection, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

from router.deliveries import Delivery, DeliverySettlement, Durability, Fate, Finding, Receipt, Selection
from router.errors import Unavailable
from router.journal.readiness import Readiness, in_turn
from router.journal.rules import FULL_RETRY_AFTER, Lane, lane_of, redriven, selected
from router.ports import Clock
from router.settings import JournalSettings

OVERHEAD = 512
"""Bytes that a delivery counts for beside its payload."""


@dataclass(slots=True)
class _Kept:
    delivery: Delivery
    ended_at: float | None = None


class MemoryJournal:
    """Implements `Journal` and `JournalAdmin`."""

    def __init__(self, clock: Clock, settings: JournalSettings | None = None) -> None:
        self._clock = clock
        self._settings = settings or JournalSettings()
        self._numbers = itertools.count(1)
        self._kept: dict[int, _Kept] = {}
        self._number_of: dict[str, int] = {}
        self._queues: dict[str, list[tuple[float, int]]] = {}
        self._lanes: dict[Lane, deque[int]] = {}
        self._claimed: set[int] = set()
        self._accepted: dict[tuple[str, str, str], tuple[str, float]] = {}
        self._size = 0
        self._readiness = Readiness()

    @property
    def claimed(self) -> int:
        """How many deliveries are in somebody's hands."""
        return len(self._claimed)

    async def append(self, deliveries: Sequence[Delivery], durability: Durability) -> list[Receipt]:
        """As `Journal.append`; memory is as durable as it gets."""
        fresh = [delivery for delivery in deliveries if self._known(delivery) is None]
        if self._size + sum(_size(delivery) for delivery in fresh) > self._settings.max_size:
            raise Unavailable("the journal is full", FULL_RETRY_AFTER)
        return [self._accept(delivery) for delivery in deliveries]

    async def claim(self, now: float, limit: int, without: Collection[str]) -> list[Delivery]:
        """As `Journal.claim`."""
        due = self._readiness.begin(now, without, limit)
        numbers = in_turn([self._due(name, now, limit) for name in due], limit)
        claimed = [self._start(number) for number in numbers]
        left = {name: self._queues[name][0][0] for name in due if self._queues.get(name)}
        self._readiness.finish({delivery.function for delivery in claimed}, left)
        return claimed

    async def settle(self, settlements: Sequence[DeliverySettlement]) -> None:
        """As `Journal.settle`. Raises LookupError for what is not claimed."""
        numbers = [self._claimed_number(settlement.delivery) for settlement in settlements]
        for number, settlement in zip(numbers, settlements, strict=True):
            self._settle(number, settlement)

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        """As `Journal.record`. Raises LookupError for what is not claimed."""
        for delivery in deliveries:
            number = self._claimed_number(delivery)
            self._kept[number].delivery = replace(_copy(delivery), starts=self._kept[number].delivery.starts)

    async def wait(self, until: float | None) -> None:
        """As `Journal.wait`; also returns at the due time of the next delivery that the last claim did not exclude."""
        await self._readiness.wait(self._clock, until)

    async def select(self, selection: Selection, limit: int, after: str | None) -> list[Delivery]:
        """As `JournalAdmin.select`."""
        behind = 0 if after is None else self._number_of.get(after, math.inf)
        return [_copy(kept.delivery) for number, kept in self._select(selection) if number > behind][:limit]

    async def count(self, selection: Selection) -> int:
        """As `JournalAdmin.count`."""
        return len(self._select(selection))

    async def redrive(self, ids: Sequence[str], now: float) -> int:
        """As `JournalAdmin.redrive`."""
        dead = self._dead(ids)
        for number in dead:
            delivery = self._forget(number)
            self._keep(redriven(delivery, str(uuid.uuid4()), now))
        return len(dead)

    async def purge(self, ids: Sequence[str]) -> int:
        """As `JournalAdmin.purge`."""
        dead = self._dead(ids)
        for number in dead:
            self._forget(number)
        return len(dead)

    async def check(self) -> list[Finding]:
        """As `JournalAdmin.check`: there are no files that could be damaged."""
        return []

    async def tidy(self) -> None:
        """Let go of dead letters whose retention ended, and of ids outside the window."""
        now, retention = self._clock.now(), self._settings.dead_letter_retention
        if retention is not None:
            ended = [(number, kept.ended_at) for number, kept in self._kept.items() if kept.ended_at is not None]
            for number, ended_at in ended:
                if ended_at + retention <= now:
                    self._forget(number)
        window = self._settings.deduplication_window
        self._accepted = {key: value for key, value in self._accepted.items() if value[1] + window > now}

    def _known(self, delivery: Delivery) -> str | None:
        """The id under which it was accepted before."""
        if delivery.deduplication_id is None:
            return None
        known, at = self._accepted.get((delivery.trigger, delivery.route, delivery.deduplication_id), (None, 0.0))
        return known if at + self._settings.deduplication_window > delivery.accepted_at else None

    def _accept(self, delivery: Delivery) -> Receipt:
        known = self._known(delivery)
        if known is not None:
            return Receipt(known, duplicate=True)
        if delivery.deduplication_id is not None:
            key = (delivery.trigger, delivery.route, delivery.deduplication_id)
            self._accepted[key] = (delivery.id, delivery.accepted_at)
        self._keep(_copy(delivery))
        return Receipt(delivery.id)

    def _keep(self, delivery: Delivery) -> None:
        number = next(self._numbers)
        self._kept[number] = _Kept(delivery)
        self._number_of[delivery.id] = number
        self._size += _size(delivery)
        lane = lane_of(delivery)
        if lane is not None:
            self._lanes.setdefault(lane, deque()).append(number)
        if lane is None or self._lanes[lane][0] == number:
            self._enqueue(number)

    def _enqueue(self, number: int) -> None:
        delivery = self._kept[number].delivery
        heapq.heappush(self._queues.setdefault(delivery.function, []), (delivery.due_at, number))
        self._readiness.note(delivery.function, delivery.due_at)

    def _due(self, function: str, now: float, limit: int) -> list[int]:
        return [number for due_at, number in heapq.nsmallest(limit, self._queues.get(function, [])) if due_at <= now]

    def _start(self, number: int) -> Delivery:
        kept = self._kept[number].delivery
        heapq.heappop(self._queues[kept.function])
        self._claimed.add(number)
        claimed = _copy(kept)
        kept.starts += 1
        return claimed

    def _claimed_number(self, delivery: Delivery) -> int:
        number = self._number_of.get(delivery.id)
        if number is None or number not in self._claimed:
            raise LookupError(f"the delivery {delivery.id} is not claimed")
        return number

    def _settle(self, number: int, settlement: DeliverySettlement) -> None:
        self._claimed.discard(number)
        if settlement.fate is Fate.LATER:
            self._kept[number].delivery = replace(_copy(settlement.delivery), starts=0)
            self._enqueue(number)
            return
        self._leave_lane(self._kept[number].delivery)
        if settlement.fate is Fate.DEAD:
            self._kept[number] = _Kept(replace(_copy(settlement.delivery), starts=0), self._clock.now())
        else:
            self._forget(number)

    def _leave_lane(self, delivery: Delivery) -> None:
        lane = lane_of(delivery)
        if lane is None:
            return
        self._lanes[lane].popleft()
        if self._lanes[lane]:
            self._enqueue(self._lanes[lane][0])
        else:
            del self._lanes[lane]

    def _forget(self, number: int) -> Delivery:
        delivery = self._kept.pop(number).delivery
        del self._number_of[delivery.id]
        self._size -= _size(delivery)
        return delivery

    def _select(self, selection: Selection) -> list[tuple[int, _Kept]]:
        now = self._clock.now()
        return [
            (number, kept)
            for number, kept in self._kept.items()
            if selected(selection, kept.delivery, kept.ended_at is not None, now)
        ]

    def _dead(self, ids: Sequence[str]) -> list[int]:
        numbers = [self._number_of[id] for id in dict.fromkeys(ids) if id in self._number_of]
        return [number for number in numbers if self._kept[number].ended_at is not None]


class MemoryStore:
    """Implements `Store`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._values: dict[tuple[str, str], tuple[bytes, float | None]] = {}

    async def get(self, room: str, key: str) -> bytes | None:
        """As `Store.get`."""
        value, expires = self._values.get((room, key), (None, None))
        return value if expires is None or expires > self._clock.now() else None

    async def put(self, room: str, key: str, value: bytes, expires: float | None = None) -> None:
        """As `Store.put`."""
        self._values[room, key] = (value, expires)

    async def put_if(self, room: str, key: str, expected: bytes | None, value: bytes) -> bool:
        """As `Store.put_if`; the value does not expire."""
        if await self.get(room, key) != expected:
            return False
        self._values[room, key] = (value, None)
        return True


def _size(delivery: Delivery) -> int:
    return len(delivery.payload) + OVERHEAD


def _copy(delivery: Delivery) -> Delivery:
    return replace(
        delivery,
        attributes=dict(delivery.attributes),
        attempts=[*delivery.attempts],
        response=deepcopy(delivery.response),
    )
