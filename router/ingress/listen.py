"""Sockets: binds a server to a listener's address, with or without TLS, and takes it down gracefully."""

import asyncio
import os
import socket
import ssl
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, cast

from router.errors import StartError
from router.settings import Address, Tls

BACKLOG = 1024


class Server(Protocol):
    """Makes a connection for each caller, and ends them."""

    def __call__(self) -> object:
        """An `asyncio.Protocol`, by its shape."""
        ...

    async def shutdown(self, timeout: float) -> None:
        """Let what runs finish for `timeout` seconds, then cut it."""
        ...


class Listening:
    """A server that is bound. `address` is the real one: a port of 0 has become the port that was given."""

    def __init__(
        self, server: Server, bound: asyncio.Server, address: Address, drain_seconds: float, *, owns: bool = True
    ) -> None:
        self._owns = owns
        self._server = server
        self._bound = bound
        self._drain = drain_seconds
        self.address = address

    async def close(self) -> None:
        """Take no more connections, let what runs finish for the drain time given to `listen`, then cut."""
        self._bound.close()
        await self._server.shutdown(self._drain)
        await self._bound.wait_closed()
        if self.address.unix is not None and self._owns:
            remove(self.address.unix)


async def listen(
    server: Server,
    address: Address,
    tls: Tls | None,
    drain_seconds: float,
    sock_of: Callable[[], socket.socket] | None = None,
) -> Listening:
    """Bind and serve. Raises `StartError` where the address or the certificate cannot be used.

    `sock_of()`: the socket, where several processes share the address; who made that takes it down, too.
    """
    context = tls_context(tls) if tls is not None else None
    try:
        sock = (sock_of or (lambda: bind(address)))()
        loop = asyncio.get_running_loop()
        factory = cast(Callable[[], asyncio.Protocol], server)
        bound = await loop.create_server(factory, sock=sock, ssl=context, backlog=BACKLOG)
    except OSError as error:
        raise StartError(f"Cannot listen on {address}: {error.strerror or error}.") from error
    if address.unix is None:
        address = Address(address.host, sock.getsockname()[1])
    return Listening(server, bound, address, drain_seconds, owns=sock_of is None)


def tls_context(tls: Tls) -> ssl.SSLContext:
    """The server side of TLS 1.2 and newer; with `client_ca` every client must show a certificate of it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"Cannot load the certificate {tls.certificate} or its key: {error}.") from error
    return context


def bind(address: Address, *, shared: bool = False) -> socket.socket:
    """A bound socket. `shared`: others may be bound to the same port. Raises OSError."""
    if address.unix is not None:
        return _bind_unix(address.unix)
    family, kind, protocol, _, where = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(where)
    except OSError:
        bound.close()
        raise
    bound.setblocking(False)
    return bound


def _bind_unix(path: str) -> socket.socket:
    """A Unix socket that only its owner may use; one that a dead process left is replaced."""
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(Path(path).stat().st_mode) and not _answers(path):
            remove(path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        bound.bind(path)
    except OSError:
        bound.close()
        raise
    finally:
        os.umask(mask)
    bound.setblocking(False)
    return bound


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
        return True


def remove(path: str) -> None:
    """Take a Unix socket away; none may be there."""
    with suppress(FileNotFoundError):
        Path(path).unlink()
