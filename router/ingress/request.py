"""From a parsed message to our `Request`: exactly what came over the wire, plus what the door knows.

Nothing is decoded or normalised here (front doors differ in that), except the request target's absolute form and the
address of the caller behind trusted proxies.
"""

import asyncio
import os
import re
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any, Protocol

from router.ingress.certificate import client_certificate
from router.ingress.incoming import Incoming
from router.model import Headers, Request
from router.settings import Listener

_TRACE = re.compile(r"[ -~]{1,512}")
_PORT = re.compile(r"[0-9]{1,5}")
_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
Networks = tuple[IPv4Network | IPv6Network, ...]


class _Entropy:
    """Random bytes from the system, fetched in blocks: a system call per request is dear. A child process begins anew."""

    BLOCK = 4096

    def __init__(self) -> None:
        self._block = b""
        self._at = self.BLOCK
        os.register_at_fork(after_in_child=self.forget)

    def forget(self) -> None:
        self._at = self.BLOCK

    def take(self, count: int) -> bytes:
        start, self._at = self._at, self._at + count
        if self._at > self.BLOCK:
            self._block = os.urandom(self.BLOCK)
            start, self._at = 0, count
        return self._block[start : self._at]


_entropy = _Entropy()


class Caller(Protocol):
    """The connection that a request came over. `peer`: IP text; over a Unix socket the loopback address, and 80 as port.

    `tls`: its `ssl.SSLObject`, None without TLS.
    """

    peer: str
    local_port: int
    tls: Any


def ends(transport: asyncio.BaseTransport) -> tuple[str, int]:
    """The caller's address and the port that it reached; over a Unix socket the loopback address and 80."""
    peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
    address = peer[0] if isinstance(peer, tuple) else "127.0.0.1"
    return address.partition("%")[0], local[1] if isinstance(local, tuple) else 80


class RequestReader:
    """Builds requests for one listener."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener.name
        self._trusted = listener.trusted_proxies
        self._scheme = "https" if listener.tls else "http"
        self._wants_certificate = listener.tls is not None and listener.tls.client_ca is not None

    def read(self, incoming: Incoming, caller: "Caller", now: float) -> Request:
        """The request, its body unread unless there is none. `now`: epoch seconds."""
        headers = [(_text(name), _text(value)) for name, value in incoming.headers]
        target = _text(incoming.target)
        path, query = split_target(target)
        if authority := authority_of(target):
            headers = [("Host", authority), *((name, value) for name, value in headers if name.lower() != "host")]
        host = trace = forwarded = proto = forwarded_port = ""
        for name, value in headers:
            match name.lower():
                case "host":
                    host = host or value
                case "x-amzn-trace-id":
                    trace = value
                case "x-forwarded-for":
                    forwarded = f"{forwarded},{value}" if forwarded else value
                case "x-forwarded-proto":
                    proto = value
                case "x-forwarded-port":
                    forwarded_port = value
        peer, port = caller.peer, caller.local_port
        client, scheme = peer, self._scheme
        if self._trusted and _is_trusted(peer, self._trusted):
            client = _client_behind(peer, forwarded, self._trusted)
            scheme = proto if proto in ("http", "https") else scheme
            port = int(forwarded_port) if _PORT.fullmatch(forwarded_port) else port
        return Request(
            method=incoming.method,
            path=path,
            query=query,
            headers=headers,
            host=host_name(host),
            body=None if incoming.has_body else b"",
            peer=peer,
            client_ip=client,
            scheme=scheme,
            port=port,
            received_at=now,
            id=new_id(),
            trace_id=trace if trace and _TRACE.fullmatch(trace) else new_trace_id(now),
            listener=self._listener,
            protocol=f"HTTP/{incoming.version}",
            client_certificate=client_certificate(caller.tls) if self._wants_certificate else None,
        )


def split_target(target: str) -> tuple[str, str]:
    """Path and query of a request target; the absolute form (`GET http://host/path`) is cut to its path."""
    if not target.startswith("/"):
        absolute = _ABSOLUTE.match(target)
        target = target[absolute.end() :] if absolute else target
        if not target.startswith("/"):
            target = f"/{target}" if target.startswith("?") or absolute else target or "/"
    path, _, query = target.partition("#")[0].partition("?")
    return path or "/", query


def authority_of(target: str) -> str:
    """Host and port of a target in absolute form, which count instead of the Host header (RFC 9112 §3.2.2); else empty."""
    absolute = None if target.startswith("/") else _ABSOLUTE.match(target)
    return absolute[0].partition("://")[2].rpartition("@")[2] if absolute else ""


def host_name(host: str) -> str:
    """The name of a Host header in lower case, without port and the dot of a full name; an IPv6 literal keeps its brackets."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower().removesuffix(".")


def new_id() -> str:
    """A fresh UUID of version 4, as text."""
    digits = _entropy.take(16).hex()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"


def new_trace_id(now: float) -> str:
    """A fresh X-Amzn-Trace-Id value (semantics/sync.md §0.2)."""
    return f"Root=1-{int(now):08x}-{_entropy.take(12).hex()}"


def _text(raw: bytes) -> str:
    """UTF-8 where it is, else Latin-1: never a lone surrogate, so that every event is valid JSON."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _client_behind(peer: str, forwarded: str, trusted: Networks) -> str:
    """The nearest address that is no trusted proxy, reading X-Forwarded-For from the right."""
    client = peer
    for hop in reversed(forwarded.split(",")):
        address = hop.strip()
        if not address:
            continue
        try:
            ip_address(address)
        except ValueError:
            return client
        client = address
        if not _is_trusted(address, trusted):
            return client
    return client


def _is_trusted(address: str, trusted: Iterable[IPv4Network | IPv6Network]) -> bool:
    parsed = ip_address(address)
    return any(parsed.version == network.version and parsed in network for network in trusted)


__all__ = ["Headers", "RequestReader", "host_name", "new_trace_id", "split_target"]
