"""Both engines behind one fixture, and deliveries to fill them with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from router.deliveries import Delivery
from router.fakes import FakeClock
from router.journal.memory import MemoryJournal, MemoryStore
from router.ports import Journal, JournalAdmin, Store
from router.settings import JournalSettings


@dataclass(slots=True)
class Engine:
    """One opened journal. `tidy` runs one round of the upkeep that the daemon runs from time to time."""

    journal: Journal
    admin: JournalAdmin
    store: Store
    tidy: Callable[[], Awaitable[None]]


def make_delivery(number: int, **fields: Any) -> Delivery:
    values: dict[str, Any] = {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "trigger": "orders",
        "route": "",
        "function": "worker",
        "qualifier": None,
        "payload": b'{"number": %d}' % number,
        "accepted_at": 1_700_000_000.0,
        "trace_id": "Root=1-5759e988-bd862e3fe1be46a994272793",
        "due_at": 1_700_000_000.0,
    }
    return Delivery(**(values | fields))


@pytest.fixture
def delivery() -> Callable[..., Delivery]:
    return make_delivery


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def settings(tmp_path: Path) -> JournalSettings:
    return JournalSettings(url=f"sqlite:{tmp_path / 'journal'}")


@pytest.fixture(params=["memory"])
async def engine(request: pytest.FixtureRequest, clock: FakeClock, settings: JournalSettings) -> Engine:
    journal = MemoryJournal(clock, settings)
    return Engine(journal, journal, MemoryStore(clock), journal.tidy)
