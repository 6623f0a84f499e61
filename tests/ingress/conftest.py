"""A door on a port of its own, in front of triggers made for the test, and a poller of a queue on virtual time."""

import asyncio
import heapq
import itertools
import json
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from router.arn import FunctionArn
from router.batches import QueueSource
from router.driver import Driver
from router.fake_queue import FakeQueue
from router.fakes import FakeAcceptor, FakeClock, FakeInvoker, FakeMetrics, succeeded, trigger
from router.ingress.http import HttpDoor
from router.ingress.listen import Listening, listen
from router.ingress.queue_poller import QueuePoller
from router.model import Conversation, Function, Invocation, Place, Request, Scope, Target, Trigger, TriggerType
from router.outcome import Outcome
from router.routing import Table
from router.settings import Address, Listener, Tls
from router.triggers import TYPES

Answer = Callable[[Invocation], Outcome]
T = TypeVar("T")


@dataclass
class Door:
    """A listening door."""

    host: str
    port: int
    metrics: FakeMetrics
    invoker: FakeInvoker
    listening: Listening


Handle = Callable[[Request, Any], Conversation]
OpenDoor = Callable[..., Awaitable[Door]]


@pytest.fixture
async def open_door() -> AsyncIterator[OpenDoor]:
    """`await open_door(handle, **listener_fields)` serves one trigger that claims everything."""
    opened: list[Listening] = []

    async def open_(handle: Handle | None, tls: Tls | None = None, access: bool = False, **fields: Any) -> Door:
        listener = Listener("main", Address("127.0.0.1", 0), tls, **fields)
        metrics, invoker, clock = FakeMetrics(), FakeInvoker(), FakeClock()
        triggers = [trigger("t", handle)] if handle is not None else []
        driver = Driver(invoker, clock, lambda: 0.0, metrics)
        door = HttpDoor(listener, Table(triggers), driver, metrics, clock, access)
        listening = await listen(door.server(), listener.address, tls, 1.0)
        opened.append(listening)
        return Door("127.0.0.1", listening.address.port, metrics, invoker, listening)

    yield open_
    for listening in opened:
        await listening.close()


class VirtualTime:
    """Time that passes when a test says so: what pauses goes on in the order of its due times."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    async def pause(self, seconds: float) -> None:
        """What production does with `asyncio.sleep`."""
        future = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self.clock.monotonic() + seconds, self._count, future))
        await future

    async def pass_(self, seconds: float = 0.0) -> None:
        """Let so much time pass, a second at a time, and everything happen that is due by then."""
        for _ in range(math.ceil(seconds) - 1):
            await self._step(1.0)
            seconds -= 1.0
        await self._step(seconds)

    async def _step(self, seconds: float) -> None:
        end = self.clock.monotonic() + seconds
        await self._happen()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            if not future.done():
                future.set_result(None)
                await self._happen()
        self.clock.advance(end - self.clock.monotonic())

    async def until(self, work: Awaitable[T]) -> T:
        """Let time pass until this is done; its result."""
        task = asyncio.ensure_future(work)
        while not task.done():
            await self.pass_(0.5)
        return task.result()

    async def _happen(self) -> None:
        for _ in range(60):
            await asyncio.sleep(0)


class Poller:
    """A poller of a fake queue with everything around it faked. `gate`: while it is clear, invocations wait."""

    def __init__(self, time: VirtualTime, trigger: Trigger, source: QueueSource, queue: FakeQueue, answer: Answer) -> None:
        self.time, self.queue, self.answer = time, queue, answer
        self.metrics, self.acceptor = FakeMetrics(), FakeAcceptor()
        self.gate = asyncio.Event()
        self.gate.set()
        self.invocations: list[Invocation] = []
        self.running = self.peak = 0
        driver = Driver(self, time.clock, lambda: 0.0, self.metrics, acceptor=self.acceptor)
        ids = (f"id-{number}" for number in itertools.count(1))
        self.poller = QueuePoller(
            *(trigger, source, queue, driver, self.metrics, time.clock),
            draw=lambda: 1.0,
            new_id=lambda: next(ids),
            pause=time.pause,
        )

    async def invoke(self, invocation: Invocation) -> Outcome:
        self.invocations.append(invocation)
        self.running += 1
        self.peak = max(self.peak, self.running)
        await self.gate.wait()
        self.running -= 1
        return self.answer(invocation)

    async def close(self) -> None:
        self.gate.set()
        await self.time.until(self.poller.close(1.0))

    @property
    def batches(self) -> list[list[str]]:
        """The bodies that the function was given, invocation by invocation."""
        return [[record["body"] for record in json.loads(each.payload)["Records"]] for each in self.invocations]


WORKER = Target(Function("worker", FunctionArn("eu-west-1", "111122223333", "worker"), 10.0))
SCOPE = Scope("jobs", "111122223333", "eu-west-1", lambda reference: WORKER, {})
DEFAULTS = {"function": "worker", "batch_size": 10, "batching_window": 0.0, "filters": [], "report_batch_item_failures": False}


def sqs_trigger(type: TriggerType, settings: dict[str, Any]) -> Trigger:
    built = type.build(DEFAULTS | settings, SCOPE)
    return Trigger("jobs", type, frozenset({"async"}), "main", (), built, {}, Place("router.yaml", 1, 1))


@pytest.fixture
async def poll() -> AsyncIterator[Callable[..., Poller]]:
    """`poll(*bodies, answer=…, …)`: a started poller; `queue`: fields of the fake queue; the others are settings of `sqs`."""
    async with AsyncExitStack() as stack:

        def build(
            *bodies: str,
            answer: Answer = lambda invocation: succeeded(b"null"),
            queue: dict[str, Any] | None = None,
            type: TriggerType = TYPES["sqs"],
            **settings: Any,
        ) -> Poller:
            time = VirtualTime()
            fake = FakeQueue(time.clock, time.pause, **(queue or {}))
            trigger = sqs_trigger(type, {"queue": fake.arn} | settings)
            source = trigger.type.source(trigger.built) if trigger.type.source is not None else None
            assert isinstance(source, QueueSource)
            made = Poller(time, trigger, source, fake, answer)
            fake.send(*bodies)
            stack.push_async_callback(made.close)
            made.poller.start()
            return made

        yield build
