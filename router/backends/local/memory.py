"""The memory limit of local functions: resident size of the whole process tree, sampled (RLIMIT_AS would break Node.js)."""

import asyncio
from collections.abc import Callable, Iterable

from router.backends.local.environment import Environment
from router.backends.local.process import resident_bytes_of_sessions

SAMPLE_SECONDS = 0.25


async def watch_memory(environments: Callable[[], Iterable[Environment]]) -> None:
    """Until cancelled: sample what has worked since the last sample, and end what has outgrown its limit."""
    while True:
        await asyncio.sleep(SAMPLE_SECONDS)
        await sample(environments())


async def sample(environments: Iterable[Environment]) -> None:
    """One round. The process table is read in a thread: it takes milliseconds on a busy machine."""
    due = [environment for environment in environments if environment.used_since_sample and environment.pid]
    if not due:
        return
    sizes = await asyncio.to_thread(resident_bytes_of_sessions, [environment.pid for environment in due])
    for environment in due:
        size = sizes[environment.pid]
        environment.used_since_sample = environment.busy
        environment.memory_used = max(environment.memory_used, size)
        local = environment.function.local
        assert local is not None
        if size > local.memory and not environment.dead:
            environment.out_of_memory()
