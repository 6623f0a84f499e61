"""What is fetched for SNS messages, over real sockets and TLS: bounded, remembered, and from nowhere else."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trustme

from router.auth.sns_certificates import AT_A_TIME, FAILURE_KEPT_FOR, KEPT_FOR, MAX_BODY, MAX_KEPT, SnsFetcher
from router.errors import FetchFailed, RequestError, Unavailable
from router.fakes import FakeClock
from router.model import Fetch

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answering(status: str, body: bytes, *headers: str) -> Answer:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]

    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + body)

    return answer


FINE = answering("200 OK", b"a certificate")


class Server:
    """Answers every request with `answer`; `requests` holds their heads."""

    def __init__(self) -> None:
        self.answer: Answer = FINE
        self.requests: list[str] = []
        self.arrived = asyncio.Semaphore(0)
        self.host = ""

    async def play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            self.arrived.release()
            await self.answer(writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def url(self, target: str = "/a.pem") -> str:
        return f"https://{self.host}{target}"


@asynccontextmanager
async def served(tls: ssl.SSLContext | None) -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.play, "127.0.0.1", 0, ssl=tls)
    server.host = f"localhost:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def server(authority: trustme.CA) -> AsyncIterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    async with served(context) as running:
        yield running


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def fetcher(authority: trustme.CA, clock: FakeClock) -> AsyncIterator[SnsFetcher]:
    made = SnsFetcher(clock, trusting(authority))
    yield made
    await made.close()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def failure(fetcher: SnsFetcher, step: Fetch) -> str:
    with pytest.raises(FetchFailed) as caught:
        await fetcher.fetch(step)
    return str(caught.value)


async def test_a_certificate_is_fetched_once(server: Server, fetcher: SnsFetcher, clock: FakeClock) -> None:
    step = Fetch(server.url(), (server.host,), keep=True)

    assert [await fetcher.fetch(step), await fetcher.fetch(step)] == [b"a certificate"] * 2
    assert server.requests == [
        f"GET /a.pem HTTP/1.1\r\nHost: {server.host}\r\nAccept-Encoding: identity\r\n"
        "User-Agent: lambda-router\r\nAccept: */*\r\n\r\n"
    ]
    clock.advance(KEPT_FOR)
    await fetcher.fetch(step)
    assert len(server.requests) == 2


async def test_a_confirmation_is_fetched_every_time(server: Server, fetcher: SnsFetcher) -> None:
    step = Fetch(server.url("/?Action=ConfirmSubscription&Token=a%2Fb"), (server.host,))

    await fetcher.fetch(step)
    await fetcher.fetch(step)

    assert [head.split(" ")[1] for head in server.requests] == ["/?Action=ConfirmSubscription&Token=a%2Fb"] * 2


async def test_a_failure_is_remembered_for_a_moment(server: Server, fetcher: SnsFetcher, clock: FakeClock) -> None:
    server.answer = answering("503 Service Unavailable", b"")
    step = Fetch(server.url(), (server.host,), keep=True)
    reason = f"https://{server.host}/a.pem: the answer is 503"

    assert [await failure(fetcher, step), await failure(fetcher, step)] == [reason] * 2
    assert len(server.requests) == 1
    server.answer = FINE
    clock.advance(FAILURE_KEPT_FOR)
    assert await fetcher.fetch(step) == b"a certificate"


async def hangs(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def breaks_off(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf a certificate")


async def never_ends(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"400\r\n" + b"a" * 1024 + b"\r\n")
        await writer.drain()


async def is_not_http(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answering("302 Found", b"", "Location: https://localhost/b.pem"), "the answer is 302"),
        (answering("204 No Content", b""), "the answer is 204"),
        (answering("404 Not Found", b"no"), "the answer is 404"),
        (answering("200 OK", b"a" * (MAX_BODY + 1)), f"the answer has more than {MAX_BODY} bytes"),
        (never_ends, f"the answer has more than {MAX_BODY} bytes"),
        (breaks_off, "ClientPayloadError"),
        (is_not_http, "the answer is no HTTP"),
    ],
)
async def test_what_is_no_answer(server: Server, fetcher: SnsFetcher, answer: Answer, reason: str) -> None:
    server.answer = answer

    said = await failure(fetcher, Fetch(server.url("/a.pem?Token=secret"), (server.host,)))

    assert said.startswith(f"https://{server.host}/a.pem: {reason}")
    assert "secret" not in said
    assert len(server.requests) == 1


async def test_a_whole_answer_of_the_greatest_length(server: Server, fetcher: SnsFetcher) -> None:
    server.answer = answering("200 OK", b"a" * MAX_BODY)
    assert len(await fetcher.fetch(Fetch(server.url(), (server.host,)))) == MAX_BODY


async def test_a_slow_answer(server: Server, authority: trustme.CA, clock: FakeClock) -> None:
    server.answer = hangs
    fetcher = SnsFetcher(clock, trusting(authority), timeout=0.2)

    assert await failure(fetcher, Fetch(server.url(), (server.host,))) == (
        f"https://{server.host}/a.pem: no whole answer within 0.2 seconds"
    )
    await fetcher.close()


async def test_an_unknown_authority(server: Server, clock: FakeClock) -> None:
    fetcher = SnsFetcher(clock, trusting(trustme.CA()))

    assert "CERTIFICATE_VERIFY_FAILED" in await failure(fetcher, Fetch(server.url(), (server.host,)))
    await fetcher.close()


async def test_another_host_is_not_even_called(server: Server, fetcher: SnsFetcher) -> None:
    said = await failure(fetcher, Fetch(server.url(), ("sns.example.com",)))

    assert said.startswith("the URL may not be fetched: https://localhost:")
    assert server.requests == []


async def test_plain_http_where_it_is_declared(fetcher: SnsFetcher) -> None:
    async with served(None) as emulator:
        url = f"http://{emulator.host}/?Action=ConfirmSubscription"
        assert await fetcher.fetch(Fetch(url, (f"http://{emulator.host}",))) == b"a certificate"
        assert "may not be fetched" in await failure(fetcher, Fetch(url, (emulator.host,)))


async def test_who_waits_for_the_same_certificate_shares_one_request(server: Server, fetcher: SnsFetcher) -> None:
    go = asyncio.Event()

    async def later(writer: asyncio.StreamWriter) -> None:
        await go.wait()
        await FINE(writer)

    server.answer = later
    step = Fetch(server.url(), (server.host,), keep=True)
    first, *others = [asyncio.create_task(fetcher.fetch(step)) for _ in range(50)]
    await server.arrived.acquire()
    first.cancel()
    go.set()

    assert set(await asyncio.gather(*others)) == {b"a certificate"}
    assert len(server.requests) == 1


async def test_only_a_few_at_a_time(server: Server, fetcher: SnsFetcher) -> None:
    server.answer = hangs
    open_ones = [
        asyncio.create_task(fetcher.fetch(Fetch(server.url(f"/{number}.pem"), (server.host,), keep=True)))
        for number in range(AT_A_TIME)
    ]
    for _ in open_ones:
        await server.arrived.acquire()

    with pytest.raises(Unavailable):
        await fetcher.fetch(Fetch(server.url("/one-more.pem"), (server.host,), keep=True))
    await fetcher.close()
    ended = await asyncio.gather(*open_ones, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError | RequestError) for each in ended)


async def test_forged_urls_drive_no_certificate_out(server: Server, fetcher: SnsFetcher) -> None:
    genuine = Fetch(server.url(), (server.host,), keep=True)
    await fetcher.fetch(genuine)
    server.answer = answering("404 Not Found", b"")
    for number in range(MAX_KEPT + 10):
        await failure(fetcher, Fetch(server.url(f"/{number}.pem"), (server.host,), keep=True))

    assert await fetcher.fetch(genuine) == b"a certificate"
