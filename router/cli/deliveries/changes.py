"""Changing many dead letters: which ones is settled before the first is touched, people are asked, and the pace is kept.

What is redriven may fail and be a dead letter again, under another id: going on from the list as it changes would never end.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import click

from router.cli.deliveries.filters import each
from router.cli.deliveries.reach import Deliveries, Place, with_deliveries
from router.deliveries import Selection
from router.policies.delivery_documents import MOST_IDS

Sleep = Callable[[float], Awaitable[None]]
Change = Callable[[Deliveries], Callable[[Sequence[str]], Awaitable[int]]]


def change(
    place: Place, selection: Selection, act: Change, *, question: str, done: str, yes: bool, rate: int | None = None
) -> None:
    """Ask with the count in `question` (`{}`), act on all that are meant, say how many in `done` (`{}`)."""

    async def work(deliveries: Deliveries) -> int | None:
        ids = [delivery["id"] async for delivery in each(deliveries, selection)]
        if not ids:
            return 0
        if not yes:
            click.confirm(question.format(counted(len(ids))), abort=True, err=True)
        return await in_steps(ids, act(deliveries), rate)

    click.echo(done.format(counted(with_deliveries(place, work) or 0)))


async def in_steps(
    ids: Sequence[str], act: Callable[[Sequence[str]], Awaitable[int]], rate: int | None, sleep: Sleep = asyncio.sleep
) -> int:
    """Act on all ids, at most `rate` of them a second; how many it was true of."""
    size = min(rate or MOST_IDS, MOST_IDS)
    total = 0
    for start in range(0, len(ids), size):
        if start and rate is not None:
            await sleep(size / rate)
        total += await act(ids[start : start + size])
    return total


def counted(number: int) -> str:
    """`1 dead letter`, `2 dead letters`."""
    return f"{number} dead letter" + ("" if number == 1 else "s")
