"""Run as a process that dies: appends numbered deliveries and works others off, and says what is certain, line by line.

`accepted <number>` after an append was acknowledged; `delivered <number>` before the delivery is settled. Numbers begin at the
first argument; the second is the journal's folder.
"""

import asyncio
import itertools
import os
import sys
import time

from router.clock import SystemClock
from router.deliveries import Delivery, DeliverySettlement, Durability, Fate
from router.journal.opening import Engine, open_journal
from router.settings import JournalSettings

PRODUCERS = 8


def say(word: str, number: int) -> None:
    os.write(1, f"{word} {number}\n".encode())


async def produce(engine: Engine, numbers: "itertools.count[int]") -> None:
    for number in numbers:
        now = time.time()
        group = f"g{number % 5}" if number % 3 == 0 else None
        made = Delivery(
            f"{number:036d}", "t", "", f"f{number % 4}", None, b"x" * (number % 2000), now, "", now - 60, group=group
        )
        await engine.journal.append([made], Durability.DISK if number % 2 else Durability.OS)
        say("accepted", number)


async def work_off(engine: Engine) -> None:
    while True:
        await engine.journal.wait(None)
        for claimed in await engine.journal.claim(time.time(), 3, ()):
            number = int(claimed.id)
            fate = (Fate.DONE, Fate.LATER, Fate.DEAD)[number % 7 % 3]
            if fate is Fate.DONE:
                say("delivered", number)
            await engine.journal.settle([DeliverySettlement(claimed, fate)])


async def main() -> None:
    engine = open_journal(JournalSettings(f"sqlite:{sys.argv[2]}", min_free_disk=0), SystemClock())
    await engine.start()
    numbers = itertools.count(int(sys.argv[1]))
    async with asyncio.TaskGroup() as group:
        for _ in range(PRODUCERS):
            group.create_task(produce(engine, numbers))
        group.create_task(work_off(engine))


asyncio.run(main())
