"""TLS with an authority of our own: verified always, resumed where the server lets us."""

import asyncio
import hashlib
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509

from router.net.errors import ConnectFailed, ConnectionLost
from router.net.pool import Pool
from router.net.response import Response
from router.net.tls import ClientContext, client_context

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def server_context(authority: trustme.CA, name: str, **versions: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    for key, version in versions.items():
        setattr(context, key, version)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_sessions_are_resumed(tls_server: Any, authority: trustme.CA, ca_file: str, version: ssl.TLSVersion) -> None:
    resumed: list[bool] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        resumed.append(writer.get_extra_info("ssl_object").session_reused)
        await tls_server.answering(CLOSING)(reader, writer)

    tls_server.scripts = [script]
    await tls_server.start(ssl=server_context(authority, "localhost", maximum_version=version))
    pool = Pool("localhost", tls_server.port, client_context(ca_file))
    for _ in range(3):
        assert (await pool.request(REQUEST, timeout=30)).body == b"ok"
    await pool.close()
    assert resumed == [False, True, True]


def talk(client: ClientContext, server: ssl.SSLContext) -> ssl.SSLObject:
    """The client's end of a connection in memory, after a handshake and a first answer."""
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname="localhost")
    far = server.wrap_bio(to_server, to_client, server_side=True)
    for step in (near.do_handshake, far.do_handshake, near.do_handshake, far.do_handshake):
        with suppress(ssl.SSLWantReadError):
            step()
    far.write(b"an answer")
    assert near.read(9) == b"an answer"
    client.remember(near)
    return near


def test_a_session_that_was_resumed_is_kept(authority: trustme.CA, ca_file: str) -> None:
    client, server = client_context(ca_file), server_context(authority, "localhost")
    assert not talk(client, server).session_reused
    kept = client.session
    assert kept is not None
    assert talk(client, server).session_reused
    assert client.session is kept


def test_a_session_that_the_server_has_forgotten_is_replaced(authority: trustme.CA, ca_file: str) -> None:
    client = client_context(ca_file)
    first, second = server_context(authority, "localhost"), server_context(authority, "localhost")
    assert [talk(client, server).session_reused for server in (first, first, second, second)] == [False, True, False, True]


async def test_connections_are_kept(tls_server: Any, authority: trustme.CA, ca_file: str) -> None:
    tls_server.scripts = [tls_server.answering(ANSWER, ANSWER)]
    await tls_server.start(ssl=server_context(authority, "localhost"))
    pool = Pool("localhost", tls_server.port, client_context(ca_file))
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
    for _ in range(2):
        assert await pool.request(head, b"a" * 100_000, timeout=30) == Response(200, [(b"Content-Length", b"2")], b"ok")
    await pool.close()
    assert tls_server.connections == 1


def in_pieces(server: Any, pieces: Sequence[int]) -> Script:
    """A script: for each number an answer that comes in so many pieces; then a request is read, and the connection closed."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in pieces:
            await server.read_request(reader)
            size = len(ANSWER) // number + 1
            for start in range(0, len(ANSWER), size):
                writer.write(ANSWER[start : start + size])
                for _ in range(10):  # turns of the loop, in which the client reads this piece alone
                    await asyncio.sleep(0)
        await server.read_request(reader)

    return script


PIECES = [[1], [2], [1, 2], [2, 1], [2, 2, 1], [3, 1, 2, 4]]


@pytest.mark.parametrize("pieces", PIECES)
async def test_a_connection_is_kept_however_answers_come(
    tls_server: Any, authority: trustme.CA, ca_file: str, pieces: list[int]
) -> None:
    tls_server.scripts = [in_pieces(tls_server, pieces)]
    await tls_server.start(ssl=server_context(authority, "localhost"))
    pool = Pool("localhost", tls_server.port, client_context(ca_file))
    for _ in pieces:
        assert (await pool.request(REQUEST, timeout=30)).body == b"ok"
    assert pool.status() == {"connections": 1, "idle": 1, "waiting": 0}
    await pool.close()
    assert tls_server.connections == 1


@pytest.mark.parametrize("pieces", PIECES)
async def test_a_request_that_was_sent_whole_is_not_repeated(
    tls_server: Any, authority: trustme.CA, ca_file: str, pieces: list[int]
) -> None:
    """After some answers the server reads another request and closes: what it did with it nobody knows."""
    tls_server.scripts = [in_pieces(tls_server, pieces), tls_server.answering(ANSWER)]
    await tls_server.start(ssl=server_context(authority, "localhost"))
    pool = Pool("localhost", tls_server.port, client_context(ca_file))
    for _ in pieces:
        assert (await pool.request(REQUEST, timeout=30)).body == b"ok"
    with pytest.raises(ConnectionLost) as caught:
        await pool.request(REQUEST, timeout=30)
    await pool.close()
    assert caught.value.sent
    assert (tls_server.connections, len(tls_server.requests)) == (1, len(pieces) + 1)


@pytest.mark.parametrize(
    ("name", "trusted", "reason"),
    [("localhost", False, "CERTIFICATE_VERIFY_FAILED"), ("elsewhere.example", True, "Hostname mismatch")],
    ids=["unknown authority", "other host"],
)
async def test_an_unverified_server_gets_nothing(
    tls_server: Any, authority: trustme.CA, ca_file: str, name: str, trusted: bool, reason: str
) -> None:
    tls_server.scripts = [tls_server.answering(ANSWER)]
    await tls_server.start(ssl=server_context(authority, name))
    pool = Pool("localhost", tls_server.port, client_context(ca_file if trusted else None))
    with pytest.raises(ConnectFailed, match=reason) as caught:
        await pool.request(REQUEST, timeout=30)
    await pool.close()
    assert (caught.value.sent, tls_server.requests) == (False, [])


async def test_a_server_without_tls(tls_server: Any, ca_file: str) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    tls_server.scripts = [script]
    await tls_server.start()
    pool = Pool("localhost", tls_server.port, client_context(ca_file))
    with pytest.raises(ConnectFailed):
        await pool.request(REQUEST, timeout=30)
    await pool.close()


def test_a_folder_of_authorities(authority: trustme.CA, tmp_path: Path) -> None:
    """As `openssl rehash` makes it: a file by the hash of its subject's canonical form (lower case, UTF-8, no outer tag)."""
    pem = authority.cert_pem.bytes()
    subject = x509.load_pem_x509_certificate(pem).subject
    canonical = x509.Name([x509.NameAttribute(each.oid, str(each.value).lower()) for each in subject]).public_bytes()
    digest = hashlib.sha1(canonical[2:], usedforsecurity=False).digest()
    (tmp_path / f"{int.from_bytes(digest[:4], 'little'):08x}.0").write_bytes(pem)
    assert talk(client_context(str(tmp_path)), server_context(authority, "localhost")).version() is not None


def test_an_unreadable_bundle(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        client_context(str(tmp_path / "none.pem"))
