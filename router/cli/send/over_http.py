"""A request as it is, sent once: target and headers stay as they stand in the envelope, and no redirect is followed."""

import socket
import ssl
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit

from router.envelopes import HttpEnvelope
from router.samples.curl import Door

CONNECT_TIMEOUT = 5.0
MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of an answer's body that are read."""
_PIECE = 65536
_FRAMING = frozenset({"content-length", "transfer-encoding", "expect"})
"""Headers that say how a body is sent; here it is sent whole."""


class Unreachable(Exception):
    """Nobody answers, or not in time, or not in HTTP. The text says which."""


class Unsendable(ValueError):
    """A header or the target can stand in no request. The text says which."""


@dataclass(slots=True, frozen=True)
class Identity:
    """What a client shows under mutual TLS: paths of PEM files."""

    certificate: str
    key: str | None = None


@dataclass(slots=True, frozen=True)
class Answer:
    """`headers`: in wire order and case."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def post(envelope: HttpEnvelope, door: Door, timeout: float, identity: Identity | None) -> Answer:
    """Send one request. Raises Unreachable and Unsendable."""
    deadline = time.monotonic() + timeout
    parts = urlsplit(door.url)
    connection = HTTPConnection(parts.hostname or "localhost", parts.port or {"https": 443}.get(parts.scheme, 80))
    try:
        connection.sock = _connected(connection.host, connection.port, door, identity)
        connection.sock.settimeout(timeout)
        _ask(connection, envelope)
        answer = connection.getresponse()
        return Answer(answer.status, answer.reason, tuple(answer.getheaders()), _body(answer, connection.sock, deadline))
    except TimeoutError:
        raise Unreachable(f"there was no answer within {timeout:g} s") from None
    except OSError as error:
        raise Unreachable(error.strerror or str(error)) from None
    except Unsendable:
        raise
    except (HTTPException, ValueError) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from None
    finally:
        connection.close()


def _connected(host: str, port: int, door: Door, identity: Identity | None) -> socket.socket:
    if door.unix is not None:
        made = socket.socket(socket.AF_UNIX)
        made.settimeout(CONNECT_TIMEOUT)
        try:
            made.connect(door.unix)
        except OSError:
            made.close()
            raise
    else:
        made = socket.create_connection((host, port), CONNECT_TIMEOUT)
    if not door.url.startswith("https:"):
        return made
    return _tls(door, identity).wrap_socket(made, server_hostname=host)


def _tls(door: Door, identity: Identity | None) -> ssl.SSLContext:
    """A listener of this configuration is known by its certificate, whatever name it is reached under."""
    context = ssl.create_default_context(cafile=door.certificate)
    if door.certificate is not None:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.check_hostname = not door.is_local
    if identity is not None:
        context.load_cert_chain(identity.certificate, identity.key)
    return context


def _ask(connection: HTTPConnection, envelope: HttpEnvelope) -> None:
    try:
        connection.putrequest(envelope.method, envelope.target, skip_host=True, skip_accept_encoding=True)
        if not any(name.lower() == "host" for name, _ in envelope.headers):
            connection.putheader("Host", connection.host)
        for name, value in envelope.headers:
            if name.lower() not in _FRAMING:
                connection.putheader(name, value.encode())
    except (HTTPException, ValueError) as error:
        raise Unsendable(str(error)) from None
    if envelope.body or envelope.method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(envelope.body)))
    connection.endheaders(envelope.body or None)


def _body(answer: HTTPResponse, sock: socket.socket | None, deadline: float) -> bytes:
    """The whole body, in time."""
    pieces: list[bytes] = []
    size = 0
    while size < MAX_ANSWER and (piece := answer.read1(_PIECE)):
        pieces.append(piece)
        size += len(piece)
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if sock is not None:
            sock.settimeout(left)
    return b"".join(pieces)
