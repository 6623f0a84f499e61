"""Sockets: TLS, client certificates, Unix sockets, addresses that cannot be had, and a graceful end."""

import asyncio
import socket
import ssl
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from router.errors import StartError
from router.ingress.connection import Connection
from router.ingress.incoming import Incoming
from router.ingress.listen import Listening, listen
from router.ingress.server import Server
from router.settings import Address, Tls


async def serve(address: Address, tls: Tls | None = None, handler: Any = None, drain_seconds: float = 5.0) -> Listening:
    return await listen(Server(Door(handler or hello)), address, tls, drain_seconds)


class Door:
    """Answers with what `handler()` gives."""

    def __init__(self, handler: Callable[[], Awaitable[bytes]]) -> None:
        self._handler = handler

    async def serve(self, incoming: Incoming, connection: Connection) -> bool:
        body = await self._handler()
        connection.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        return incoming.keep_alive


async def hello() -> bytes:
    return b"hello"


async def get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(10):
        answer = await reader.read(-1)
    writer.close()
    return answer.rpartition(b"\r\n")[2]


async def refused(port: int, client: ssl.SSLContext) -> bool:
    """Whether nothing was answered. TLS 1.3 tells a client after its own half of the handshake, so both forms occur."""
    try:
        return await get(*await asyncio.open_connection("127.0.0.1", port, ssl=client)) == b""
    except (ssl.SSLError, ConnectionError):
        return True


@pytest.fixture
def authority(tmp_path: Path) -> trustme.CA:
    ca = trustme.CA()
    server = ca.issue_cert("127.0.0.1")
    server.private_key_pem.write_to_path(tmp_path / "key.pem")
    for number, pem in enumerate(server.cert_chain_pems):
        pem.write_to_path(tmp_path / "cert.pem", append=number > 0)
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    return ca


async def test_tls(authority: trustme.CA, tmp_path: Path) -> None:
    tls = Tls(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    listening = await serve(Address("127.0.0.1", 0), tls)
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    assert await get(*await asyncio.open_connection("127.0.0.1", listening.address.port, ssl=client)) == b"hello"
    await listening.close()


async def test_a_client_certificate_is_demanded(authority: trustme.CA, tmp_path: Path) -> None:
    tls = Tls(str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"), str(tmp_path / "ca.pem"))
    listening = await serve(Address("127.0.0.1", 0), tls)
    client = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    port = listening.address.port
    assert await refused(port, client)
    authority.issue_cert("someone@example.com").configure_cert(client)
    assert await get(*await asyncio.open_connection("127.0.0.1", port, ssl=client)) == b"hello"
    await listening.close()


async def test_a_certificate_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"Cannot load the certificate .*missing\.pem or its key"):
        await serve(Address("127.0.0.1", 0), Tls(str(tmp_path / "missing.pem"), str(tmp_path / "missing.key")))


async def test_an_address_in_use_stops_the_start() -> None:
    listening = await serve(Address("127.0.0.1", 0))
    with pytest.raises(StartError, match=rf"Cannot listen on 127\.0\.0\.1:{listening.address.port}: Address already in use"):
        await serve(listening.address)
    await listening.close()


async def test_a_unix_socket_is_the_owners_alone_and_goes_with_the_daemon(tmp_path: Path) -> None:
    path = tmp_path / "router.sock"
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    listening = await serve(Address(unix=str(path)))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert await get(*await asyncio.open_unix_connection(str(path))) == b"hello"
    with pytest.raises(StartError, match="Address already in use"):
        await serve(Address(unix=str(path)))
    await listening.close()
    assert not path.exists()


async def test_a_request_in_flight_is_finished_before_the_end() -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow() -> bytes:
        entered.set()
        await leave.wait()
        return b"done"

    listening = await serve(Address("127.0.0.1", 0), handler=slow)
    port = listening.address.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.create_task(get(reader, writer))
    await entered.wait()
    closing = asyncio.create_task(listening.close())
    while True:
        try:
            _, late = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            break
        late.close()
        await asyncio.sleep(0)
    leave.set()
    assert await answer == b"done"
    await closing


async def test_what_outlasts_the_drain_is_cut_at_its_end() -> None:
    entered, cancelled = asyncio.Event(), asyncio.Event()

    async def stay() -> bytes:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        return b""

    drain = 0.5
    listening = await serve(Address("127.0.0.1", 0), handler=stay, drain_seconds=drain)
    caller = asyncio.create_task(get(*await asyncio.open_connection("127.0.0.1", listening.address.port)))
    await entered.wait()
    twice_as_long = asyncio.Event()
    asyncio.get_running_loop().call_later(2 * drain, twice_as_long.set)
    await listening.close()
    assert (cancelled.is_set(), twice_as_long.is_set()) == (True, False)
    assert await caller == b""
