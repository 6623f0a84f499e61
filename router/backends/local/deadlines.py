"""Timers for what almost always ends long before its time: thousands of them on one timer of the event loop.

Making and cancelling a timer of the loop costs more than anything else that a warm invocation does for its timeouts. Here the
loop's timer stands at the earliest of all; what has ended by then is simply not there any more.
"""

import asyncio
from collections.abc import Callable
from typing import Any

RESOLUTION = 0.001
"""Seconds: uvloop counts time in milliseconds, so its timer may come this much before its time."""
_NEVER = float("inf")


class Deadline:
    """One of them. `cancel` it when what it bounds has ended; a second time changes nothing."""

    __slots__ = ("_others", "args", "callback", "due")

    def __init__(
        self, others: "dict[Deadline, None]", due: float, callback: Callable[..., None], args: tuple[Any, ...]
    ) -> None:
        self._others = others
        self.due = due
        self.callback = callback
        self.args = args

    def cancel(self) -> None:
        """It will not be called."""
        self._others.pop(self, None)


class Deadlines:
    """All of them; within one event loop."""

    def __init__(self) -> None:
        self._waiting: dict[Deadline, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._at = _NEVER

    def call_later(self, seconds: float, callback: Callable[..., None], *args: Any) -> Deadline:
        """Call `callback(*args)` in so many seconds; of those that are due together the first made is the first called."""
        loop = asyncio.get_running_loop()
        deadline = Deadline(self._waiting, loop.time() + seconds, callback, args)
        self._waiting[deadline] = None
        if deadline.due < self._at:
            self._arm(loop, deadline.due)
        return deadline

    def close(self) -> None:
        """Nothing is called any more."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._at = None, _NEVER

    def _arm(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._at = loop.call_at(due, self._look), due

    def _look(self) -> None:
        """Each callback gets a turn of its own, so that what one of them raises is not the others' business."""
        self._timer, self._at = None, _NEVER
        loop = asyncio.get_running_loop()
        passed = loop.time() + RESOLUTION
        for deadline in sorted((each for each in self._waiting if each.due <= passed), key=lambda each: each.due):
            loop.call_soon(self._ring, deadline)
        later = min((each.due for each in self._waiting if each.due > passed), default=_NEVER)
        if later != _NEVER:
            self._arm(loop, later)

    def _ring(self, deadline: Deadline) -> None:
        if deadline in self._waiting:
            del self._waiting[deadline]
            deadline.callback(*deadline.args)
