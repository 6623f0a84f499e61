"""Many timers on one of the event loop's."""

import asyncio

import pytest

from router.backends.local.deadlines import Deadlines

HOUR = 3600.0


async def test_they_come_in_the_order_of_their_times() -> None:
    deadlines, came = Deadlines(), []
    done = asyncio.Event()
    deadlines.call_later(HOUR, came.append, "never")
    deadlines.call_later(0.02, done.set)
    deadlines.call_later(0.01, came.append, "second")
    deadlines.call_later(0.0, came.append, "first")
    async with asyncio.timeout(10):
        await done.wait()
    assert came == ["first", "second"]
    deadlines.close()


async def test_what_has_ended_does_not_come() -> None:
    deadlines, came = Deadlines(), []
    done = asyncio.Event()
    deadlines.call_later(0.0, came.append, 1).cancel()
    last = deadlines.call_later(0.0, came.append, 2)
    deadlines.call_later(0.0, came.append, 3)
    last.cancel()
    last.cancel()
    deadlines.call_later(0.002, done.set)
    async with asyncio.timeout(10):
        await done.wait()
    assert came == [3]


async def test_one_may_end_another_that_is_due_with_it() -> None:
    deadlines, came = Deadlines(), []
    done = asyncio.Event()
    deadlines.call_later(0.0, lambda: victim.cancel())
    victim = deadlines.call_later(0.0, came.append, "victim")
    deadlines.call_later(0.002, done.set)
    async with asyncio.timeout(10):
        await done.wait()
    assert came == []


async def test_what_one_raises_is_not_the_others_business() -> None:
    loop = asyncio.get_running_loop()
    raised: list[object] = []
    loop.set_exception_handler(lambda _, context: raised.append(context["exception"]))
    deadlines, done = Deadlines(), asyncio.Event()

    def fails() -> None:
        raise ValueError

    deadlines.call_later(0.0, fails)
    deadlines.call_later(0.0, done.set)
    async with asyncio.timeout(10):
        await done.wait()
    assert [type(each) for each in raised] == [ValueError]


async def test_nothing_comes_after_the_end() -> None:
    deadlines = Deadlines()
    deadlines.call_later(0.0, pytest.fail, "called after close")
    deadlines.close()
    await asyncio.sleep(0)
    again = asyncio.Event()
    deadlines.call_later(0.0, again.set)
    async with asyncio.timeout(10):
        await again.wait()
