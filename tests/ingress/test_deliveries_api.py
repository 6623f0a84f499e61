"""The JSON API below `/deliveries`: what it takes, and what it refuses."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from router.deliveries import Condition, Delivery, Durability
from router.fakes import FakeClock
from router.ingress.admin import AdminDoor
from router.ingress.deliveries_api import MOST_BODY, DeliveriesApi
from router.ingress.listen import listen
from router.journal.memory import MemoryJournal
from router.outcome import OutcomeKind
from router.policies.delivery_documents import PAGE_BYTES
from router.settings import Address

Call = Callable[..., Awaitable[tuple[int, Any]]]
JSON = {"Content-Type": "application/json"}


class Operations:
    """A daemon as the admin listener sees it."""

    async def look(self) -> None: ...

    def not_ready(self) -> str | None:
        return None

    def status(self) -> dict[str, object]:
        return {}

    def exposition(self) -> bytes:
        return b""


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal(FakeClock())


@pytest.fixture
async def call(journal: MemoryJournal) -> AsyncIterator[Call]:
    door = AdminDoor(Operations(), "s3cret", True, DeliveriesApi(journal, FakeClock()))
    listening = await listen(door.server(), Address("127.0.0.1", 0), None, 1.0)
    async with aiohttp.ClientSession(f"http://{listening.address}") as session:

        async def call_(method: str, path: str, *, token: str = "s3cret", **options: Any) -> tuple[int, Any]:
            headers = {"Authorization": f"Bearer {token}"} | options.pop("headers", {})
            async with session.request(method, path, headers=headers, **options) as answer:
                return answer.status, await answer.json() if answer.content_type == "application/json" else None

        yield call_
    await listening.close()


async def accepted(journal: MemoryJournal, *payloads: bytes) -> None:
    deliveries = [
        Delivery(f"d-{number}", "t", "", "f", None, payload, 0.0, "Root=1", 0.0) for number, payload in enumerate(payloads)
    ]
    await journal.append(deliveries, Durability.DISK)


async def test_everything_asks_for_the_token(call: Call) -> None:
    for method, path in (("GET", "/deliveries"), ("GET", "/deliveries/count"), ("POST", "/deliveries/purge")):
        assert await call(method, path, token="wrong") == (401, None)


async def test_pages_go_on_after_an_id(call: Call, journal: MemoryJournal) -> None:
    await accepted(journal, b"1", b"2", b"3")
    assert await call("GET", "/deliveries/count") == (200, {"count": 3})
    status, page = await call("GET", "/deliveries?limit=2&after=d-0&payload=true")
    assert (status, [(one["id"], one["payload"]) for one in page["deliveries"]]) == (200, [("d-1", "2"), ("d-2", "3")])
    assert await call("GET", "/deliveries?after=d-2") == (200, {"deliveries": []})


async def test_a_payload_that_is_no_text(call: Call, journal: MemoryJournal) -> None:
    await accepted(journal, b"\xff\xfe")
    [one] = (await call("GET", "/deliveries?payload=true"))[1]["deliveries"]
    assert ("payload" in one, one["payload_base64"], one["payload_size"]) == (False, "//4=", 2)


async def test_a_page_ends_where_it_grows_large(call: Call, journal: MemoryJournal) -> None:
    await accepted(journal, bytes(PAGE_BYTES + 1), b"2", b"3")
    assert [one["id"] for one in (await call("GET", "/deliveries?payload=true"))[1]["deliveries"]] == ["d-0"]
    assert len((await call("GET", "/deliveries"))[1]["deliveries"]) == 3


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/deliveries?state=lost", "state is one of dead, waiting, all"),
        ("/deliveries?colour=red", "there is no filter 'colour'"),
        ("/deliveries?older_than=soon", "older_than is a number of seconds"),
        ("/deliveries?older_than=nan", "older_than is a number of seconds"),
        ("/deliveries?limit=0", "limit is a number from 1 to 100"),
        ("/deliveries?limit=101", "limit is a number from 1 to 100"),
        ("/deliveries?" + "&".join(f"id={number}" for number in range(101)), "at most 100 ids"),
        ("/deliveries/count?condition=Bored", f"condition is one of {', '.join(Condition)}"),
        ("/deliveries/count?class=bored", f"class is one of {', '.join(OutcomeKind)}"),
    ],
)
async def test_a_query_that_is_not_understood(call: Call, path: str, reason: str) -> None:
    assert await call("GET", path) == (400, {"message": f"The request is not understood: {reason}."})


@pytest.mark.parametrize(
    "body", ["", "[]", '{"ids": "d-1"}', '{"ids": [1]}', f'{{"ids": {["x"] * 1001}}}'.replace("'", '"'), "x" * (MOST_BODY + 1)]
)
async def test_a_change_that_is_not_understood(call: Call, body: str) -> None:
    message = 'The request is not understood: the body is {"ids": […]} with at most 1000 ids.'
    assert await call("POST", "/deliveries/purge", data=body, headers=JSON) == (400, {"message": message})


async def test_a_change_from_a_web_page_is_refused(call: Call) -> None:
    message = "The request is not understood: the Content-Type is application/json."
    found = await call("POST", "/deliveries/purge", data='{"ids": []}', headers={"Content-Type": "text/plain"})
    assert found == (400, {"message": message})


async def test_methods(call: Call) -> None:
    assert await call("GET", "/deliveries/redrive") == (405, None)
    assert await call("POST", "/deliveries", data="{}", headers=JSON) == (405, None)


async def test_what_waits_is_no_dead_letter(call: Call, journal: MemoryJournal) -> None:
    await accepted(journal, b"1")
    for change, done in (("redrive", "redriven"), ("purge", "purged")):
        assert await call("POST", f"/deliveries/{change}", data='{"ids": ["d-0"]}', headers=JSON) == (200, {done: 0})
