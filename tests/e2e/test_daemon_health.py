"""The daemon runs the health checks that a trigger declares, shows what they find, and stops them."""

import asyncio
import logging
from pathlib import Path

import aiohttp
import pytest

from router.config import load
from router.files import LocalFiles
from router.generation import LocalSelection
from router.runtime import Daemon
from router.settings import Address

PATIENCE = 60.0


class Healthy(logging.Handler):
    """Sets an event when a target is said to be healthy."""

    def __init__(self, target: str) -> None:
        super().__init__()
        self.target = target
        self.event = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "A target is healthy." and vars(record)["target"] == self.target:
            self.event.set()


@pytest.mark.usefixtures("clean_environment")
async def test_the_example_balancer_checks_its_functions_and_serves(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = load([str(root / "configs" / "examples" / "alb.yaml")], files=LocalFiles(), env={}).config
    assert config is not None
    config.listeners["main"].address = Address("127.0.0.1", 0)
    healthy = Healthy("web")
    logger = logging.getLogger("router.health")
    logger.addHandler(healthy)
    caplog.set_level(logging.INFO, logger.name)
    daemon = Daemon(config, LocalSelection(), {})
    try:
        await daemon.start()
        async with asyncio.timeout(PATIENCE), aiohttp.ClientSession(f"http://{daemon.addresses['main']}") as client:
            await healthy.event.wait()
            async with client.get("/shop?greeting=Hi") as page:
                assert (page.status, page.reason, await page.text()) == (200, "OK", "Hi from GET /shop\n")
            async with client.get("/lists?name=Ada&name=Grace") as lists:
                assert (await lists.text(), sorted(lists.cookies)) == ("Ada, Grace", ["name0", "name1"])
            async with client.get("/old/x", allow_redirects=False) as moved:
                port = daemon.addresses["main"].port
                assert moved.headers["Location"] == f"http://127.0.0.1:{port}/old/x/moved?from=old"
            async with client.get("/", headers={"User-Agent": "a Bot"}) as bots:
                assert (bots.status, await bots.text()) == (403, "no bots please")
        targets = daemon.status()["triggers"]["balancer"]["targets"]
        assert targets["web"]["state"] == "healthy"
        assert b'lambda_router_target_healthy{target="web",trigger="balancer"} 1.0' in await daemon.exposition()
    finally:
        await daemon.close()
        logger.removeHandler(healthy)
    assert [task for task in asyncio.all_tasks() if task.get_name().startswith("probe")] == []
