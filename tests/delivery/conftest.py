"""A world to deliver in: a journal whose content outlives a crash, a clock that moves when everything waits, no sleeping."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest

from router.arn import FunctionArn
from router.deliveries import Condition, Delivery, DeliverySettlement, Durability, Fate, Letter, Receipt
from router.delivery.attempts import Attempts
from router.delivery.book import Book
from router.delivery.deliverer import Deliverer
from router.delivery.sends import Sends
from router.errors import DestinationError
from router.fakes import FakeClock, FakeDeliveryMetrics, FakeMetrics, succeeded, trigger
from router.functions import AsyncPolicy, DestinationAddress, Function, Invocation
from router.model import Conversation, ReadBody, Reply, Request
from router.outcome import Outcome

STEPS = ("append", "claim", "record", "settle", "invoke", "send")


class Crash:
    """The process dies at the nth call of a port, before or after it took effect: that call and all later ones never return."""

    def __init__(self, at: int | None = None, *, after: bool = False) -> None:
        self.at = at
        self.after = after
        self.calls: list[str] = []
        self.died = asyncio.Event()

    async def around(self, name: str, effect: Callable[[], Any]) -> Any:
        self.calls.append(name)
        dies = self.at is not None and len(self.calls) >= self.at
        if dies and not (self.after and len(self.calls) == self.at):
            await self._die()
        result = effect()
        if dies:
            await self._die()
        return result

    async def _die(self) -> None:
        self.died.set()
        await asyncio.Event().wait()


@dataclass
class Disk:
    """What outlives a process: deliveries by id, and which of them are dead letters."""

    deliveries: dict[str, Delivery] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)

    def alive(self) -> list[Delivery]:
        return [one for id, one in self.deliveries.items() if id not in self.dead]


class Ledger:
    """The port `Journal` over a disk. `idle` is set while nothing is claimed and somebody waits for more."""

    def __init__(self, disk: Disk, crash: Crash) -> None:
        self.disk = disk
        self.crash = crash
        self.claimed: set[str] = set()
        self.changed = asyncio.Event()
        self.idle = asyncio.Event()
        self.failures: list[Exception] = []

    async def append(self, deliveries: Sequence[Delivery], durability: Durability) -> list[Receipt]:
        return await self._do("append", lambda: [self._keep(one) for one in deliveries])

    async def claim(self, now: float, limit: int, without: Collection[str]) -> list[Delivery]:
        return await self._do("claim", lambda: self._claim(now, limit, without))

    async def settle(self, settlements: Sequence[DeliverySettlement]) -> None:
        await self._do("settle", lambda: [self._settle(one) for one in settlements])

    async def record(self, deliveries: Sequence[Delivery]) -> None:
        await self._do("record", lambda: [self._write(one) for one in deliveries])

    async def wait(self, until: float | None) -> None:
        if not self.claimed:
            self.idle.set()
        await self.changed.wait()
        self.changed.clear()

    def wake(self) -> None:
        self.idle.clear()
        self.changed.set()

    async def _do(self, name: str, effect: Callable[[], Any]) -> Any:
        if self.failures and name != "claim":
            raise self.failures.pop(0)
        return await self.crash.around(name, effect)

    def _keep(self, delivery: Delivery) -> Receipt:
        if delivery.id in self.disk.deliveries:
            return Receipt(delivery.id, duplicate=True)
        self._write(delivery)
        self.changed.set()
        return Receipt(delivery.id)

    def _claim(self, now: float, limit: int, without: Collection[str]) -> list[Delivery]:
        due = [
            one for one in self.disk.alive() if one.due_at <= now and one.id not in self.claimed and one.function not in without
        ][:limit]
        self.claimed |= {one.id for one in due}
        return deepcopy(due)

    def _settle(self, settlement: DeliverySettlement) -> None:
        delivery = settlement.delivery
        self.claimed.remove(delivery.id)
        if settlement.fate is Fate.DONE:
            del self.disk.deliveries[delivery.id]
        else:
            self._write(delivery)
            if settlement.fate is Fate.DEAD:
                self.disk.dead.add(delivery.id)
        self.changed.set()

    def _write(self, delivery: Delivery) -> None:
        self.disk.deliveries[delivery.id] = deepcopy(delivery)


Answer = Outcome | Callable[[Invocation], Outcome]


class Functions:
    """The port `Invoker`: answers in order, the last one for ever; `hold` keeps every call from returning until it is set."""

    def __init__(self, crash: Crash, answers: Mapping[str, Sequence[Answer]]) -> None:
        self.crash = crash
        self.answers = {name: [*each] for name, each in answers.items()}
        self.calls: list[Invocation] = []
        self.holds: dict[str, asyncio.Event] = {}
        self.running = 0
        self.most = 0

    async def invoke(self, invocation: Invocation) -> Outcome:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            outcome: Outcome = await self.crash.around("invoke", lambda: self._answer(invocation))
            hold = self.holds.get(invocation.function.name)
            if hold is not None:
                await hold.wait()
            return outcome
        finally:
            self.running -= 1

    async def close(self) -> None:
        self.holds.clear()

    def _answer(self, invocation: Invocation) -> Outcome:
        self.calls.append(invocation)
        left = self.answers.get(invocation.function.name, [succeeded(b"null")])
        answer = left.pop(0) if len(left) > 1 else left[0]
        return answer if isinstance(answer, Outcome) else answer(invocation)


class Mailboxes:
    """The port `Destinations`; `failures` by ARN are raised in order."""

    def __init__(self, crash: Crash, failures: Mapping[str, Sequence[DestinationError]]) -> None:
        self.crash = crash
        self.failures = {arn: [*each] for arn, each in failures.items()}
        self.sent: list[tuple[str, Letter]] = []

    async def send(self, address: DestinationAddress, letter: Letter) -> None:
        if self.failures.get(address.arn):
            raise self.failures[address.arn].pop(0)
        await self.crash.around("send", lambda: self.sent.append((address.arn, letter)))


def _nothing(request: Request, built: Any) -> Conversation:
    yield ReadBody(0)
    return Reply(204, [])


@dataclass
class World:
    """One process over a disk. `functions` have their policies; `here`: they run on this machine."""

    functions: dict[str, Function]
    disk: Disk
    clock: FakeClock
    crash: Crash
    answers: Mapping[str, Sequence[Answer]] = field(default_factory=dict)
    failures: Mapping[str, Sequence[DestinationError]] = field(default_factory=dict)
    overrides: Mapping[str, AsyncPolicy] = field(default_factory=dict)
    here: bool = True
    capacity: int = 8
    draw: float = 0.0

    def __post_init__(self) -> None:
        self.journal = Ledger(self.disk, self.crash)
        self.invoker = Functions(self.crash, self.answers)
        self.mail = Mailboxes(self.crash, self.failures)
        self.metrics, self.figures = FakeDeliveryMetrics(), FakeMetrics()
        self.pauses: list[float] = []
        made = trigger("jobs", _nothing)
        made.policies = self.overrides
        self.deliverer = Deliverer(
            self.journal,
            Attempts(self.invoker, self.clock, self.metrics, self.figures, lambda: self.draw),
            Sends(self.mail, self.journal, self.clock, self.metrics, lambda: self.draw),
            Book(self.functions, [made], lambda function: self.here),
            self.clock,
            self.metrics,
            capacity={"local": self.capacity, "aws": self.capacity},
            pause=self._pause,
        )

    async def _pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def accept(self, id: str = "d", function: str = "f", **fields: Any) -> Delivery:
        """Something that the journal holds when this process starts."""
        now = self.clock.now()
        delivery = Delivery(id, "jobs", "", function, None, b'{"n":1}', now, "Root=1-1-1", now)
        for name, value in fields.items():
            setattr(delivery, name, value)
        self.disk.deliveries[id] = delivery
        return delivery

    async def run(self) -> None:
        """Until nothing is left to do; the clock moves to what is due next whenever everything waits."""
        self.deliverer.start()
        await self.drain()
        await self.deliverer.close()

    async def drain(self) -> None:
        """The clock moves until nothing is left."""
        while True:
            await asyncio.wait_for(self.journal.idle.wait(), 10)
            alive = self.disk.alive()
            if not alive:
                return
            self.clock.advance(max(0.0, min(one.due_at for one in alive) - self.clock.now()))
            self.journal.wake()

    async def die(self) -> None:
        """Run until the crash, then let everything of this process go."""
        self.deliverer.start()
        time_goes_on = asyncio.create_task(self.drain())
        await asyncio.wait_for(self.crash.died.wait(), 10)
        time_goes_on.cancel()
        await asyncio.gather(time_goes_on, return_exceptions=True)
        closing = asyncio.create_task(self.deliverer.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.gather(closing, return_exceptions=True)

    @property
    def dead(self) -> list[tuple[str, Condition | None]]:
        return [(id, self.disk.deliveries[id].condition) for id in sorted(self.disk.dead)]


def address(name: str, service: str = "sqs") -> DestinationAddress:
    return DestinationAddress(service, f"arn:aws:{service}:eu-west-1:111122223333:{name}")


def function(name: str = "f", policy: AsyncPolicy | None = None, **fields: Any) -> Function:
    arn = FunctionArn("eu-west-1", "111122223333", name)
    return Function(name, arn, 3.0, policy=policy or AsyncPolicy(), **fields)


@pytest.fixture
def world() -> Callable[..., World]:
    """Build a world of functions; other fields of `World` by name."""

    def build(*functions: Function, **fields: Any) -> World:
        made: dict[str, Any] = {"disk": Disk(), "clock": FakeClock(1000.0), "crash": Crash()} | fields
        return World({one.name: one for one in functions or (function(),)}, **made)

    return build


@pytest.fixture
def make_function() -> Callable[..., Function]:
    return function


@pytest.fixture
def make_address() -> Callable[..., DestinationAddress]:
    return address


@pytest.fixture
def make_crash() -> Callable[..., Crash]:
    return Crash
