"""Messages in hand: kept hidden while they wait and while they are worked on, then deleted, given back, or let go.

A message that is let go comes again when its visibility timeout ends, counted from its receive or from the last heartbeat.
Source: semantics/async.md §B.2, §B.3 and
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import accumulate, islice

from router.batches import Message, QueueSource
from router.errors import MessageGone, SourceError
from router.ports import Queue

CALL = 10
"""Messages in one call of SQS."""
PARALLEL = 8
HEARTBEAT_SHARE = 0.5
"""Of the visibility timeout between two heartbeats."""
DELETE_TRIES = 3

Pause = Callable[[float], Awaitable[object]]
Failed = Callable[[str, SourceError], None]
"""`failed(operation, error)`: a call failed."""


class Hold:
    """What one slot of a poller has in hand, in the order of arrival. `visibility()`: seconds, as they are now.

    `arn`: of the queue. `source`: says how large an event may be.
    """

    def __init__(
        self,
        queue: Queue,
        arn: str,
        source: QueueSource,
        visibility: Callable[[], float],
        pause: Pause,
        failed: Failed,
    ) -> None:
        self._queue = queue
        self._arn = arn
        self._source = source
        self._sizes: dict[str, int] = {}
        self._visibility = visibility
        self._pause = pause
        self._failed = failed
        self._by_id: dict[str, Message] = {}
        self._heart: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def messages(self) -> list[Message]:
        return list(self._by_id.values())

    @property
    def is_full(self) -> bool:
        """Whether not everything fits into one event."""
        return self._source.measure is not None and sum(self._sizes.values()) > self._source.max_bytes

    def fitting(self) -> list[Message]:
        """The messages that fit into one event, at least one; the others begin the next batch."""
        if not self.is_full:
            return self.messages
        sizes = accumulate(self._sizes[name] for name in self._by_id)
        fit = sum(size <= self._source.max_bytes for size in sizes)
        return self.messages[: max(1, fit)]

    def add(self, messages: Iterable[Message]) -> None:
        """Take them. One that came before is there once, with the handle of its newest receive: older ones delete nothing."""
        for message in messages:
            self._by_id[message.id] = message
            if self._source.measure is not None:
                self._sizes[message.id] = self._source.measure(message, self._arn)
        if self._by_id and self._heart is None:
            self._heart = asyncio.get_running_loop().create_task(self._beat())

    def let_go(self, messages: Iterable[Message]) -> None:
        """Not ours any more; the queue hands them out again."""
        for message in messages:
            if self._by_id.get(message.id) is message:
                del self._by_id[message.id]
                self._sizes.pop(message.id, None)
        if not self._by_id:
            self.close()

    async def delete(self, messages: Sequence[Message]) -> int:
        """Delete them; how many were. What could not be deleted comes again."""
        left = [message.handle for message in messages]
        self.let_go(messages)
        return len(left) - sum(await self._in_tens(left, self._delete))

    async def give_back(self) -> None:
        """Let the queue hand everything out again at once."""
        handles = [message.handle for message in self.messages]
        self.let_go(self.messages)
        await self._in_tens(handles, self._release)

    def close(self) -> None:
        """No more heartbeats."""
        if self._heart is not None:
            self._heart.cancel()
            self._heart = None

    async def _beat(self) -> None:
        while True:
            await self._pause(self._visibility() * HEARTBEAT_SHARE)
            await self._in_tens([message.handle for message in self.messages], self._extend)

    async def _extend(self, handles: Sequence[str]) -> int:
        return await self._told("heartbeat", self._queue.change_visibility(handles, self._visibility()), len(handles))

    async def _release(self, handles: Sequence[str]) -> int:
        return await self._told("settle", self._queue.change_visibility(handles, 0), len(handles))

    async def _delete(self, handles: Sequence[str]) -> int:
        """A call that broke off is repeated: deleting twice does no harm, and working twice does."""
        for tried in range(1, DELETE_TRIES + 1):
            try:
                return self._count("settle", await self._queue.delete(handles))
            except SourceError as error:
                self._failed("settle", error)
                if tried < DELETE_TRIES:
                    await self._pause(2.0 ** (tried - 1))
        return len(handles)

    async def _told(self, operation: str, call: Awaitable[list[str]], number: int) -> int:
        try:
            return self._count(operation, await call)
        except SourceError as error:
            self._failed(operation, error)
            return number

    def _count(self, operation: str, failed: Sequence[str]) -> int:
        if failed:
            message = f"{len(failed)} messages are not ours any more, or could not be changed"
            self._failed(operation, MessageGone("BatchEntriesFailed", message))
        return len(failed)

    async def _in_tens(self, handles: Sequence[str], call: Callable[[Sequence[str]], Awaitable[int]]) -> list[int]:
        calls = (handles[start : start + CALL] for start in range(0, len(handles), CALL))
        results: list[int] = []
        while some := list(islice(calls, PARALLEL)):
            results += await asyncio.gather(*map(call, some))
        return results
