"""A door's end of the link to the engine: a journal to append to, an invoker for local functions, permits.

While the engine is away, what needs it is refused in a way that says so, and everything else goes on: a function's
`max_concurrency` is then shared out among the doors, so that together they stay within it.
"""

import asyncio
import itertools
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from router.deliveries import Delivery, Durability, Receipt
from router.errors import StartError, Unavailable
from router.model import Function, Invocation
from router.outcome import Outcome, transport
from router.processes.channel import Channel, ChannelLost
from router.processes.passing import AWAY, Received

log = logging.getLogger("router.processes")

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0
"""Seconds between attempts to reach an engine that is starting anew."""
RETRY_AFTER = 1
"""Seconds that a sender is asked to wait while the engine is away."""
_SNAPSHOT_SECONDS = 1.0


class EngineLink:
    """Keeps a channel to the engine open. `snapshot()`: this door's figures and state, told every second and when asked."""

    def __init__(self, path: str, snapshot: Callable[[], Any]) -> None:
        self._path = path
        self._snapshot = snapshot
        self._channel: Channel | None = None
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self._teller: asyncio.Task[None] | None = None
        self._lost = asyncio.Event()
        self.held: Counter[str] = Counter()
        """Permits that this door holds, by function."""

    async def start(self) -> None:
        """Connect. Raises `StartError` where the engine is not there."""
        try:
            await self._connect()
        except OSError as error:
            raise StartError(f"The engine cannot be reached: {error.strerror or error}.") from error
        loop = asyncio.get_running_loop()
        self._task, self._teller = loop.create_task(self._stay()), loop.create_task(self._tell_on())

    async def close(self) -> None:
        """Say what there is to say, and end."""
        self._closed = True
        for task in (self._task, self._teller):
            if task is not None:
                task.cancel()
        await asyncio.gather(*(task for task in (self._task, self._teller) if task is not None), return_exceptions=True)
        if self._channel is not None:
            self._channel.tell("snapshot", self._snapshot())
            self._channel.close()

    @property
    def channel(self) -> Channel | None:
        """The way to the engine that is there now."""
        return self._channel

    @property
    def is_open(self) -> bool:
        """Whether the engine is there."""
        return self._channel is not None and self._channel.is_open

    def tell_state(self) -> None:
        """Tell the engine at once what would be told within a second."""
        self.tell("snapshot", self._snapshot())

    async def call(self, kind: str, payload: Any) -> Any:
        """The engine's answer. Raises `ChannelLost`, and what it raised."""
        if self._channel is None:
            raise ChannelLost(sent=False)
        return await self._channel.call(kind, payload)

    def tell(self, kind: str, payload: Any) -> None:
        """Say something to the engine, if it is there."""
        if self._channel is not None:
            self._channel.tell(kind, payload)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, self._channel = await loop.create_unix_connection(lambda: Channel(self._handle, self._gone), self._path)
        self._lost.clear()
        self._channel.tell("hello", (dict(self.held), self._snapshot()))

    def _handle(self, channel: Channel, kind: str, payload: Any) -> Any:
        assert kind == "snapshot", kind

        async def answer() -> Any:
            return self._snapshot()

        return answer()

    def _gone(self, channel: Channel) -> None:
        self._channel = None
        self._lost.set()
        if not self._closed:
            log.warning("The engine is away; callers who wait are served on.")

    async def _stay(self) -> None:
        """Connect again and again."""
        while True:
            await self._lost.wait()
            pause = _SHORTEST_PAUSE
            while self._channel is None:
                await asyncio.sleep(pause)
                pause = min(_LONGEST_PAUSE, pause * 2)
                try:
                    await self._connect()
                except OSError:
                    continue
                log.info("The engine is back.")

    async def _tell_on(self) -> None:
        while True:
            await asyncio.sleep(_SNAPSHOT_SECONDS)
            self.tell_state()


class RemoteJournal:
    """What of the port `Journal` a door needs: `append`."""

    def __init__(self, link: EngineLink) -> None:
        self._link = link

    async def append(self, deliveries: Sequence[Delivery], durability: Durability) -> list[Receipt]:
        """After the engine's commit. Raises `Unavailable`; where the engine died meanwhile the events may be accepted."""
        try:
            receipts: list[Receipt] = await self._link.call("append", (tuple(deliveries), durability))
        except ChannelLost:
            raise Unavailable("the engine is away", RETRY_AFTER) from None
        return receipts


class RemoteInvoker:
    """The port `Invoker` for local functions, which run in the engine."""

    def __init__(self, link: EngineLink) -> None:
        self._link = link
        self._numbers = itertools.count()

    async def invoke(self, invocation: Invocation) -> Outcome:
        """As `Invoker.invoke`."""
        channel, number = self._link.channel, next(self._numbers)
        if channel is None:
            return transport(AWAY, sent=False)
        outcome: Outcome
        try:
            outcome, streams = await channel.call("invoke", (number, packed(invocation)))
        except ChannelLost as error:
            return transport(AWAY, sent=error.sent)
        except asyncio.CancelledError:
            channel.tell("leave", number)
            raise
        if streams:
            outcome.stream = Received(channel, number)
        return outcome

    async def close(self) -> None:
        """The link is closed elsewhere."""


def packed(invocation: Invocation) -> dict[str, Any]:
    """An invocation with its function by name: both sides have the same configuration."""
    values = {each.name: getattr(invocation, each.name) for each in fields(Invocation)}
    return values | {"function": invocation.function.name}


def unpacked(values: Mapping[str, Any], functions: Mapping[str, Function]) -> Invocation:
    """The invocation that was packed."""
    return Invocation(**(dict(values) | {"function": functions[values["function"]]}))


class RemotePermit:
    """`max_concurrency` of one function over all doors. `share`: what this door may use while the engine is away."""

    __slots__ = ("_link", "_name", "_share")

    def __init__(self, link: EngineLink, name: str, share: int) -> None:
        self._link = link
        self._name = name
        self._share = share

    async def take(self) -> bool:
        """As `Permit.take`. The engine counts what it granted, so what a caller who left asked for goes back when it comes."""
        asking = asyncio.ensure_future(self._ask())
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            asking.add_done_callback(self._unwanted)
            raise

    async def _ask(self) -> bool:
        try:
            taken = bool(await self._link.call("take", self._name))
        except ChannelLost:
            taken = self._link.held[self._name] < self._share
        if taken:
            self._link.held[self._name] += 1
        return taken

    def _unwanted(self, asking: "asyncio.Task[bool]") -> None:
        if not asking.cancelled() and asking.exception() is None and asking.result():
            self.give_back()

    def give_back(self) -> None:
        """As `Permit.give_back`."""
        self._link.held[self._name] -= 1
        self._link.tell("give_back", self._name)
