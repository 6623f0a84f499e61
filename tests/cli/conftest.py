"""A daemon's admin listener with a journal behind it, in a thread of its own: the commands run loops of theirs."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from router.cli import main
from router.deliveries import Attempt, Condition, Delivery, DeliverySettlement, Durability, Fate
from router.fakes import FakeClock
from router.ingress.admin import AdminDoor
from router.ingress.deliveries_api import DeliveriesApi
from router.ingress.listen import listen
from router.journal.memory import MemoryJournal
from router.settings import Address

ACCEPTED = 1_772_366_400.123
TOKEN = "s3cret"


class Operations:
    """A daemon as the admin listener sees it."""

    async def look(self) -> None: ...

    def not_ready(self) -> str | None:
        return None

    def status(self) -> dict[str, object]:
        return {}

    async def exposition(self) -> bytes:
        return b""


class Daemon:
    """The running listener; `do` runs a coroutine in its loop."""

    def __init__(self) -> None:
        self.clock = FakeClock(ACCEPTED + 3600)
        self.journal = MemoryJournal(self.clock)
        self.address = Address()
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._ready.wait(10)

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        door = AdminDoor(Operations(), TOKEN, True, DeliveriesApi(self.journal, self.clock))
        listening = await listen(door.server(), Address("127.0.0.1", 0), None, 1.0)
        self.address = listening.address
        self._ready.set()
        await self._stop.wait()
        await listening.close()


def delivery(id: str, **fields: Any) -> Delivery:
    """A delivery that is due."""
    values: dict[str, Any] = {
        "trigger": "uploads",
        "route": "thumbnails",
        "function": "thumbnail",
        "qualifier": None,
        "payload": b'{"key": "a.jpg"}',
        "accepted_at": ACCEPTED,
        "trace_id": "Root=1-69a42b80-0123456789abcdef01234567",
        "due_at": ACCEPTED,
    }
    return Delivery(**({"id": id} | values | fields))


FAILED = Attempt(ACCEPTED, 0.5234, "function_error", 200, "req-1", None, "boom", "U1RBUlQKYm9vbQpFTkQK")
THROTTLED = Attempt(ACCEPTED + 60, 0.01, "throttled", 429, "req-2", "TooManyRequestsException", "Rate Exceeded.")


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    """Three deliveries: `d-1` and `d-2` are dead letters, `d-3` waits."""
    running = Daemon()
    running.do(_fill(running.journal))
    yield running
    running.close()


async def _fill(journal: MemoryJournal) -> None:
    first, second = delivery("d-1"), delivery("d-2", trigger="mail", route="", function="send", accepted_at=ACCEPTED + 1)
    await journal.append([first, second], Durability.DISK)
    await journal.claim(ACCEPTED + 10, 2, ())
    first.attempts, first.invoke_count, first.throttles = [FAILED, THROTTLED], 1, 1
    first.condition = Condition.RETRIES_EXHAUSTED
    first.response = {"statusCode": 200, "functionError": "Unhandled", "payload": '{"errorMessage": "boom"}'}
    second.condition, second.detail = Condition.REFUSED, "ResourceNotFoundException"
    await journal.settle([DeliverySettlement(first, Fate.DEAD), DeliverySettlement(second, Fate.DEAD)])
    await journal.append([delivery("d-3", accepted_at=ACCEPTED + 3590, due_at=ACCEPTED + 3590)], Durability.DISK)


Run = Callable[..., Result]


@pytest.fixture
def run(daemon: Daemon) -> Run:
    """`run("list", …)` calls `lambda-router deliveries` on that daemon."""

    def call(*args: str, token: str | None = TOKEN, **kwargs: Any) -> Result:
        options = ["--admin", f"http://{daemon.address}", *(["--token", token] if token else [])]
        return CliRunner().invoke(main, ["deliveries", *args, *options], **kwargs)

    return call
