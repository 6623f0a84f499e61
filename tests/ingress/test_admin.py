"""Probes are open, everything else asks for the token."""

from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from router.ingress.admin import AdminDoor
from router.ingress.listen import Listening, listen
from router.settings import Address


class Operations:
    """A daemon as the admin listener sees it."""

    reason: str | None = None
    looked = 0

    async def look(self) -> None:
        self.looked += 1

    def not_ready(self) -> str | None:
        return self.reason

    def status(self) -> dict[str, object]:
        return {"version": "1", "triggers": {}}

    async def exposition(self) -> bytes:
        return b"lambda_router_requests_total 1.0\n"


Get = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
async def admin() -> AsyncIterator[Callable[..., Awaitable[Get]]]:
    opened: list[Listening] = []

    async def open_(operations: Operations, token: str | None = None, prometheus: bool = True) -> Get:
        listening = await listen(AdminDoor(operations, token, prometheus).server(), Address("127.0.0.1", 0), None, 1.0)
        opened.append(listening)

        async def call(path: str, token: str | None = None, method: str = "GET") -> tuple[int, str, str]:
            headers = {"Authorization": token} if token else {}
            url = f"http://127.0.0.1:{listening.address.port}{path}"
            async with aiohttp.ClientSession() as session, session.request(method, url, headers=headers) as answer:
                return answer.status, answer.headers.get("Content-Type", ""), await answer.text()

        return call

    yield open_
    for listening in opened:
        await listening.close()


PLAIN = "text/plain; charset=utf-8"


async def test_probes(admin: Callable[..., Awaitable[Get]]) -> None:
    operations = Operations()
    get = await admin(operations, "s3cret")
    assert await get("/healthz") == (200, PLAIN, "ok\n")
    assert await get("/readyz") == (200, PLAIN, "ready\n")
    assert operations.looked == 1
    operations.reason = "draining"
    assert await get("/readyz") == (503, PLAIN, "draining\n")
    assert await get("/healthz") == (200, PLAIN, "ok\n")


@pytest.mark.parametrize("page", ["/metrics", "/status"])
async def test_the_token_is_asked_for(admin: Callable[..., Awaitable[Get]], page: str) -> None:
    get = await admin(Operations(), "s3cret")
    refused = [await get(page, given) for given in (None, "Bearer wrong", "Bearer ", "s3cret", "Basic s3cret", "Bearer é")]
    assert [status for status, _, _ in refused] == [401] * 6
    assert (await get(page, "Bearer s3cret"))[0] == 200
    assert (await get(page, "bearer s3cret"))[0] == 200


async def test_pages(admin: Callable[..., Awaitable[Get]]) -> None:
    get = await admin(Operations())
    assert (await get("/metrics"))[2] == "lambda_router_requests_total 1.0\n"
    assert await get("/status") == (200, "application/json", '{"version":"1","triggers":{}}\n')
    assert (await get("/nothing"))[0] == 404
    assert (await get("/status", method="POST"))[0] == 405


async def test_metrics_can_be_switched_off(admin: Callable[..., Awaitable[Get]]) -> None:
    get = await admin(Operations(), prometheus=False)
    assert (await get("/metrics"))[0] == 404
