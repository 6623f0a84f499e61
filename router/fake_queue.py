"""A fake of the `Queue` port: an SQS queue in memory, on a clock that tests set."""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.batches import Message, QueueFacts
from router.ports import Clock


@dataclass(slots=True)
class Kept:
    """A message in the queue. `hidden_until`: monotonic seconds; `received`: how often."""

    id: str
    body: str
    group: str | None
    attributes: Mapping[str, Any]
    hidden_until: float = -1.0
    received: int = 0

    @property
    def handle(self) -> str:
        """It changes with every receive; earlier ones settle nothing."""
        return f"{self.id}#{self.received}"


@dataclass
class FakeQueue:
    """Hides what it hands out, and hands out again what nobody deletes.

    `pause(seconds)`: waiting, as polls do that find nothing. `fifo`: messages of a group wait while earlier ones are hidden, if
    it `locks_groups`. `failures` by operation (`describe`, `receive`, `delete`, `change_visibility`):
    raised in order, one per call. `lost`: messages whose handles are refused. `told`: every call, with its arguments.
    """

    clock: Clock
    pause: Callable[[float], Awaitable[object]]
    visibility: float = 30.0
    fifo: bool = False
    locks_groups: bool = True
    failures: dict[str, list[Exception]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    kept: list[Kept] = field(default_factory=list)
    told: list[tuple[Any, ...]] = field(default_factory=list)
    closed: bool = False

    @property
    def arn(self) -> str:
        return f"arn:aws:sqs:eu-west-1:111122223333:jobs{'.fifo' if self.fifo else ''}"

    def send(self, *bodies: str, group: str | None = None, attributes: Mapping[str, Any] | None = None) -> None:
        """Messages whose ids are the beginnings of their bodies."""
        self.kept += [Kept(body[:16], body, group, attributes or {}) for body in bodies]

    @property
    def bodies(self) -> list[str]:
        """What is in the queue, hidden or not."""
        return [kept.body for kept in self.kept]

    def calls(self, operation: str) -> list[tuple[Any, ...]]:
        """The arguments of each call of one operation."""
        return [call[1:] for call in self.told if call[0] == operation]

    async def describe(self) -> QueueFacts:
        self._call("describe")
        return QueueFacts(self.arn, self.visibility, self.fifo)

    async def receive(self, limit: int, wait: float, visibility: float | None) -> list[Message]:
        self._call("receive", limit, wait, visibility)
        chosen = self._visible()[:limit]
        for _ in range(math.ceil(wait)):
            if not chosen:
                await self.pause(1.0)
                chosen = self._visible()[:limit]
        for kept in chosen:
            kept.received += 1
            kept.hidden_until = self.clock.monotonic() + (self.visibility if visibility is None else visibility)
        return [Message(kept.handle, kept.body, kept.attributes, kept.id, kept.group) for kept in chosen]

    async def delete(self, handles: Sequence[str]) -> list[str]:
        self._call("delete", *handles)
        found = self._by_handle(handles)
        self.kept = [kept for kept in self.kept if kept.handle not in found]
        return [handle for handle in handles if handle not in found]

    async def change_visibility(self, handles: Sequence[str], seconds: float) -> list[str]:
        self._call("change_visibility", seconds, *handles)
        found = self._by_handle(handles)
        for kept in found.values():
            kept.hidden_until = self.clock.monotonic() + seconds
        return [handle for handle in handles if handle not in found]

    async def close(self) -> None:
        self.closed = True

    def _call(self, operation: str, *arguments: Any) -> None:
        self.told.append((operation, *arguments))
        if self.failures.get(operation):
            raise self.failures[operation].pop(0)

    def _by_handle(self, handles: Sequence[str]) -> dict[str, Kept]:
        known = {kept.handle: kept for kept in self.kept if kept.id not in self.lost}
        return {handle: known[handle] for handle in handles if handle in known}

    def _visible(self) -> list[Kept]:
        now = self.clock.monotonic()
        hidden = {kept.group for kept in self.kept if kept.hidden_until > now} if self.fifo and self.locks_groups else set()
        return [kept for kept in self.kept if kept.hidden_until <= now and (kept.group is None or kept.group not in hidden)]
