"""The daemon runs the example's schedules, sixty times as fast, shows them in its status, and stops them."""

import asyncio
import logging
import re
from pathlib import Path

import pytest

from router.config import load
from router.files import LocalFiles
from router.generation import LocalSelection
from router.runtime import Daemon
from router.settings import Address

PATIENCE = 60.0


class Fired(logging.Handler):
    """Sets an event when so many schedules have fired; `planned` are their times."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.planned: list[str] = []
        self.event = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "A schedule fired." and vars(record)["schedule"] == "beat":
            self.planned += vars(record)["planned"]
            if len(self.planned) >= self.count:
                self.event.set()


@pytest.mark.usefixtures("clean_environment")
async def test_the_example_beats(root: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = load([str(root / "configs" / "examples" / "schedule.yaml")], files=LocalFiles(), env={}).config
    assert config is not None
    config.listeners["main"].address = Address("127.0.0.1", 0)
    config.admin.listen = None
    config.journal.url = f"sqlite:{tmp_path / 'journal'}"
    fired = Fired(2)
    logger = logging.getLogger("router.ingress")
    logger.addHandler(fired)
    caplog.set_level(logging.INFO, logger.name)
    daemon = Daemon(config, LocalSelection(), {}, time_scale=60.0)
    try:
        await daemon.start()
        async with asyncio.timeout(PATIENCE):
            await fired.event.wait()
        shown = daemon.status()["triggers"]["nightly"]["schedules"]
    finally:
        await daemon.close()
        logger.removeHandler(fired)

    assert fired.planned == sorted(set(fired.planned))
    assert [*shown] == ["report", "last_friday", "beat"]
    assert (shown["report"]["last"], shown["beat"]["problem"]) == (None, None)
    for moment in (shown["beat"]["last"], shown["beat"]["next"], shown["report"]["next"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00Z", moment)
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("schedule")] == []
