"""Both engines behind one fixture, and deliveries to fill them with."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from router.deliveries import Delivery
from router.fakes import FakeClock
from router.journal.opening import Engine, open_journal
from router.settings import JournalSettings


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


@pytest.fixture(params=["memory", "sqlite"])
async def engine(request: pytest.FixtureRequest, clock: FakeClock, settings: JournalSettings) -> AsyncIterator[Engine]:
    settings.url = "memory:" if request.param == "memory" else settings.url
    opened = open_journal(settings, clock)
    await opened.start()
    yield opened
    await opened.close()
