"""The Runtime API of one environment, spoken to by hand: an attached process that is this test."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from router.outcome import OutcomeKind

REQUEST = "8f5e4f3e-0b43-4b6e-9e0a-2f9b5a5c1d11"
BASE = "/2018-06-01/runtime"
NEXT = f"{BASE}/invocation/next"
RESPONSE = f"{BASE}/invocation/{REQUEST}/response"
ERROR = f"{BASE}/invocation/{REQUEST}/error"
INIT_ERROR = f"{BASE}/init/error"
OK = (202, {"status": "OK"})
FORBIDDEN = (403, "InvalidStateTransition")
UNKNOWN = (400, "InvalidRequestID")


class Runtime:
    """A runtime process's side of the wire."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self.session = session
        self.address = address

    async def call(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, object]:
        """Status, and the error type or the JSON body."""
        url = f"http://{self.address}{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.request(method, url, data=io.BytesIO(body) if body else None, headers=named) as response:
            text = await response.read()
            value = json.loads(text) if response.content_type == "application/json" else text.decode()
            return response.status, value.get("errorType", value) if isinstance(value, dict) else value

    async def next(self) -> tuple[dict[str, str], bytes]:
        async with self.session.get(f"http://{self.address}{NEXT}") as response:
            assert response.status == 200
            return dict(response.headers), await response.read()


@pytest.fixture
def connected(start):
    """A started attached function, and the runtime that serves it."""

    @asynccontextmanager
    async def connect(**fields: object) -> AsyncIterator[tuple[object, Runtime]]:
        shop = await start(attach=True, **fields)
        async with asyncio.timeout(10), aiohttp.ClientSession() as session:
            while not shop.status.addresses:
                await asyncio.sleep(0)
            yield shop, Runtime(session, shop.status.addresses[0])

    return connect


async def test_next_carries_the_invocation(connected):
    async with connected() as (shop, runtime):
        caller = asyncio.create_task(
            shop.call(b'{"a": 1}', id=REQUEST, qualifier="live", tenant_id="acme", client_context="eyJjdXN0b20iOiLDvCJ9")
        )
        headers, body = await runtime.next()
        assert headers.pop("Lambda-Runtime-Deadline-Ms").isdigit()
        assert (body, headers) == (
            b'{"a": 1}',
            {
                "Content-Type": "application/json",
                "Content-Length": "8",
                "Lambda-Runtime-Aws-Request-Id": REQUEST,
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:111122223333:function:shop:live",
                "Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793",
                "Lambda-Runtime-Client-Context": '{"custom":"\\u00fc"}',
                "Lambda-Runtime-Aws-Tenant-Id": "acme",
            },
        )
        assert await runtime.call("POST", RESPONSE, b"not { JSON") == OK
        assert (await caller).payload == b"not { JSON"


STARTING = {
    ("POST", RESPONSE): UNKNOWN,
    ("POST", ERROR): UNKNOWN,
    ("GET", "/ping"): (200, "pong"),
    ("GET", "/2018-06-01/nothing"): (404, "NotFound"),
    ("POST", f"{BASE}/invocation/{REQUEST}/shout"): (404, "NotFound"),
    ("GET", RESPONSE): (405, "MethodNotAllowed"),
    ("POST", NEXT): (405, "MethodNotAllowed"),
    ("GET", INIT_ERROR): (405, "MethodNotAllowed"),
    ("POST", INIT_ERROR): OK,
}
RUNNING = {
    ("POST", f"{BASE}/invocation/another/response"): UNKNOWN,
    ("POST", f"{BASE}/invocation//error"): UNKNOWN,
    ("POST", INIT_ERROR): FORBIDDEN,
    ("POST", RESPONSE): OK,
}
ANSWERED = {("POST", RESPONSE): UNKNOWN, ("POST", ERROR): UNKNOWN, ("POST", INIT_ERROR): FORBIDDEN}


async def test_each_state_answers_what_it_allows(connected):
    async with connected() as (shop, runtime):
        assert {request: await runtime.call(*request) for request in STARTING} == STARTING
        caller = asyncio.create_task(shop.call(id=REQUEST))
        await runtime.next()
        assert {request: await runtime.call(*request) for request in RUNNING} == RUNNING
        assert {request: await runtime.call(*request) for request in ANSWERED} == ANSWERED
        assert (await caller).kind is OutcomeKind.OK


async def test_an_error_goes_to_the_caller_unchanged(connected):
    async with connected() as (shop, runtime):
        caller = asyncio.create_task(shop.call(id=REQUEST))
        await runtime.next()
        assert await runtime.call("POST", ERROR, b"anything at all") == OK
        assert await runtime.call("POST", RESPONSE, b"late") == UNKNOWN
        outcome = await caller
        assert (outcome.kind, outcome.payload) == (OutcomeKind.FUNCTION_ERROR, b"anything at all")


async def test_an_oversized_response_ends_the_invocation_and_forbids_another_answer(connected):
    async with connected() as (shop, runtime):
        caller = asyncio.create_task(shop.call(id=REQUEST))
        await runtime.next()
        assert await runtime.call("POST", RESPONSE, b"x" * 6_291_557) == (413, "RequestEntityTooLarge")
        assert await runtime.call("POST", ERROR, b"{}") == FORBIDDEN
        assert json.loads((await caller).payload)["errorType"] == "Function.ResponseSizeTooLarge"
        again = asyncio.create_task(shop.call(id=REQUEST))
        await runtime.next()
        assert await runtime.call("POST", RESPONSE, b"x" * 6_291_556) == OK
        assert len((await again).payload) == 6_291_556


async def test_response_modes(connected):
    async with connected() as (shop, runtime):
        caller = asyncio.create_task(shop.call(id=REQUEST))
        await runtime.next()
        mode = "Lambda-Runtime-Function-Response-Mode"
        assert await runtime.call("POST", RESPONSE, b"{}", **{mode: "loud"}) == (400, "InvalidFunctionResponseMode")
        assert await runtime.call("POST", RESPONSE, b"{}", **{mode: "streaming"}) == OK
        assert (await caller).payload == b"{}"


async def send_raw(address: str, data: bytes) -> bytes:
    """Everything that comes back before the connection ends."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(data)
    try:
        await writer.drain()
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


STREAM = (
    f"POST {RESPONSE} HTTP/1.1\r\nHost: x\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n"
    "Transfer-Encoding: chunked\r\nConnection: close\r\n"
    "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n4\r\nhalf\r\n0\r\n"
    "Lambda-Runtime-Function-Error-Type: Error\r\nLambda-Runtime-Function-Error-Body: eyJhIjoxfQ==\r\n\r\n"
)


async def test_a_stream_that_fails_midway_is_a_function_error(connected):
    async with connected() as (shop, runtime):
        caller = asyncio.create_task(shop.call(id=REQUEST))
        await runtime.next()
        assert (await send_raw(runtime.address, STREAM.encode())).startswith(b"HTTP/1.1 202 ")
        outcome = await caller
        assert (outcome.kind, outcome.payload) == (OutcomeKind.FUNCTION_ERROR, b'{"a":1}')


HOSTILE = {
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 10,
    "a head without end": b"GET / HTTP/1.1\r\nX: " + b"x" * 3_000_000,
    "a path without end": b"GET /" + b"x" * 3_000_000,
    "a length that is none": b"POST /x HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
    "a second request behind next": f"GET {NEXT} HTTP/1.1\r\nHost: x\r\n\r\nGET {NEXT} HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
    "an upgrade": f"GET {NEXT} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n".encode(),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_hostile_input_costs_only_its_connection(connected, case):
    async with connected() as (shop, runtime):
        answer = await send_raw(runtime.address, HOSTILE[case])
        assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")
        caller = asyncio.create_task(shop.call(id=REQUEST))
        await runtime.next()
        assert await runtime.call("POST", RESPONSE, b"1") == OK
        assert (await caller).payload == b"1"


async def test_connections_are_bounded(connected):
    async with connected() as (_, runtime):
        host, port = runtime.address.split(":")
        streams = [await asyncio.open_connection(host, int(port)) for _ in range(33)]
        refused = await streams[-1][0].read()
        for _, writer in streams:
            writer.close()
        assert refused == b""


async def test_a_waiting_runtime_that_goes_away_takes_no_invocation(connected):
    async with connected() as (shop, runtime):
        waiting = asyncio.create_task(runtime.next())
        while not shop.status.idle:
            await asyncio.sleep(0.002)
        waiting.cancel()
        while shop.status.idle:
            await asyncio.sleep(0.002)
        caller = asyncio.create_task(shop.call(id=REQUEST))
        await runtime.next()
        assert await runtime.call("POST", RESPONSE, b"1") == OK
        assert (await caller).payload == b"1"


async def test_an_attached_process_may_be_started_anew(connected):
    async with connected() as (shop, runtime):
        first = asyncio.create_task(shop.call(id=REQUEST))
        await runtime.next()
        second = asyncio.create_task(shop.call(id=REQUEST))
        await runtime.next()
        assert json.loads((await first).payload) == {
            "errorType": "Runtime.ExitError",
            "errorMessage": f"RequestId: {REQUEST} Error: Runtime exited without providing a reason",
        }
        assert await runtime.call("POST", RESPONSE, b"1") == OK
        assert (await second).payload == b"1"


async def test_timeouts_of_an_attached_process_are_suspended(connected):
    async with connected(timeout=0.01) as (shop, runtime):
        caller = asyncio.create_task(shop.call(id=REQUEST, timeout=0.01))
        await runtime.next()
        done, _ = await asyncio.wait({caller}, timeout=0.1)
        assert not done
        assert await runtime.call("POST", RESPONSE, b"1") == OK
        assert (await caller).payload == b"1"


async def test_the_address_to_attach_to_is_logged(start, caplog):
    with caplog.at_level("INFO"):
        shop = await start(attach=True)
        while not shop.status.addresses:
            await asyncio.sleep(0)
    record = next(record for record in caplog.records if "attach" in record.message)
    assert (record.function, record.variable) == ("shop", f"AWS_LAMBDA_RUNTIME_API={shop.status.addresses[0]}")
