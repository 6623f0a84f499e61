"""Whether another process of a function would help those who wait, or only take the processor from the ones that work.

As on AWS, an invocation that finds every environment at work gets a new one. But where the processors have nothing left to
give, one process more makes all of them slower: work that a core does with two of them costs twice as much with fifty. So while
that is so, and as long as those at work get on, only as many start as a start takes longer than the wait. Brief invocations
start none then, and even leave idle environments alone: what one process has in the caches of a processor, the next one does
not find there. One for each processor is enough; more of a function that waits for others, since that needs no processor.
"""

import math
import os
from collections.abc import Callable
from functools import partial

import psutil

from router.backends.local.quota import Quota

_BRIEF = 8
"""How many brief invocations an environment does while another one starts."""
_WEIGHT = 0.125
"""Of the latest value in the averages."""
_MOST_PATIENCE = 0.25
"""Seconds for which those at work may seem to get on, although none of them comes back."""
_SAMPLE_SECONDS = 0.1
_STALE_SECONDS = 1.0
"""What the processors did longer ago says nothing about now."""
_NO_LIMIT = float("inf")
_MOSTLY, _LEAST = 0.15, 0.001
"""Shares of a function's time: with more it counts as if it needed a processor all the time, since it waits for the router,
too; with less it makes no difference any more."""
_IDLE_SHARE = 0.1
"""Of the time of all processors: with less of it left they are fully at work."""


class Pace:
    """Moving averages of one function, in seconds. `patience`: how long those at work may take to come back before another one
    starts. `is_brief`: whether an environment does many invocations in the time that a start takes. `sharing`: how many
    environments keep one processor at work."""

    def __init__(self) -> None:
        self.patience = 0.0
        self.is_brief = False
        self.sharing = 1.0
        self._occupied: float | None = None
        self._start: float | None = None
        self._busy: float | None = None

    def started(self, seconds: float) -> None:
        """A process needed so long from its start to its first request for work."""
        self._start = _averaged(self._start, seconds)
        self.patience = min(self._start, _MOST_PATIENCE)

    def worked(self, seconds: float) -> None:
        """An environment needed so long from an invocation to its request for the next, had it had a processor to itself."""
        self._occupied = _averaged(self._occupied, seconds)
        self.is_brief = _BRIEF * self._occupied <= self.patience and self._occupied > 0

    def was_busy(self, share: float) -> None:
        """For this share of such a time the environment ran, or wanted to; for the rest it waited for others."""
        self._busy = _averaged(self._busy, share)
        self.sharing = 1.0 if self._busy > _MOSTLY else 1.0 / max(self._busy, _LEAST)

    def taken_meanwhile(self, working: float) -> int:
        """How many who wait will be with one of so many environments, each with a processor, when a new one were there."""
        return int(working * self.patience / self._occupied) if self._occupied else 0


def _averaged(average: float | None, value: float) -> float:
    return value if average is None else average + _WEIGHT * (value - average)


def _idle_of_each() -> list[float]:
    """Of those that this process may run on; of all where the system numbers them otherwise; empty where it does not tell."""
    try:
        # A processor that waits for a disk is free for others, and counted apart on Linux.
        idle = [each.idle + getattr(each, "iowait", 0.0) for each in psutil.cpu_times(percpu=True)]
    except (OSError, psutil.Error):
        return []
    mine = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(len(idle)))
    if max(mine) >= len(idle):  # a container that shows only its own processors, and numbers them anew
        return idle
    return [seconds for number, seconds in enumerate(idle) if number in mine]


def idle_seconds(quota: Quota) -> tuple[float, float]:
    """For how long processors have had nothing to do, all together, and how many there are: those of the machine or, where it
    allows fewer, of the quota."""
    idle, allowed = _idle_of_each(), quota.idle_seconds()
    return (sum(idle), len(idle)) if allowed is None or allowed[1] >= len(idle) > 0 else allowed


class Processors:
    """Those that this process may use. `now()`: monotonic seconds; `idle()`: as `idle_seconds`."""

    def __init__(self, now: Callable[[], float], idle: Callable[[], tuple[float, float]] | None = None) -> None:
        self._now = now
        self._idle_seconds = idle or partial(idle_seconds, Quota(now))
        self._looked = float("-inf")
        self._idle = 0.0
        self._limit = _NO_LIMIT

    def limit(self) -> float:
        """How many processes get on at once: as many as there are processors where they had next to nothing left lately."""
        now = self._now()
        since = now - self._looked
        if since >= _SAMPLE_SECONDS:
            idle, processors = self._idle_seconds()
            share = (idle - self._idle) / (since * processors) if processors else 1.0
            # Below zero the system's figures went backwards, and say nothing.
            is_full = since <= _STALE_SECONDS and 0 <= share < _IDLE_SHARE
            self._limit = math.ceil(processors) if is_full else _NO_LIMIT
            self._looked, self._idle = now, idle
        return self._limit
