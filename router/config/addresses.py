"""Addresses of listeners: parse, tell loopback, tell collisions."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from router.settings import Address

_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
_LONGEST_SOCKET_PATH = 107
"""Bytes that fit into `sockaddr_un` with its final NUL (Linux: unix(7))."""


def parse_address(text: str) -> Address:
    """`127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`, `unix:/path`. Raises ValueError that says what is wrong."""
    if text.startswith("unix:"):
        return Address(unix=_socket_path(text.removeprefix("unix:")))
    host, colon, port = text.rpartition(":")
    if not colon or not host:
        raise ValueError(
            "it has no port" if not colon else "it has no host; 127.0.0.1 is this machine, 0.0.0.0 every interface"
        )
    if not port.isascii() or not port.isdigit() or int(port[:6]) > 65535:
        raise ValueError(f"`{port}` is no port")
    return Address(_host(host), int(port))


def _socket_path(path: str) -> str:
    if not path or "\0" in path:
        raise ValueError("it has no path after `unix:`")
    if len(path.encode()) > _LONGEST_SOCKET_PATH:
        raise ValueError(f"the path of a Unix socket has at most {_LONGEST_SOCKET_PATH} bytes")
    return path


def _host(host: str) -> str:
    if host.startswith("[") and host.endswith("]"):
        return str(IPv6Address(host[1:-1]))
    if ":" in host:
        raise ValueError("an IPv6 address stands in brackets: `[::1]:8080`")
    if re.fullmatch(r"[0-9.]+", host):
        return str(IPv4Address(host))
    if not _HOST_NAME.fullmatch(host):
        raise ValueError(f"`{host}` is no host")
    return host.lower()


def is_private(address: Address) -> bool:
    """Whether only this machine can connect: loopback or a Unix socket."""
    if address.unix is not None or address.host == "localhost":
        return True
    ip = _ip(address.host)
    return ip is not None and ip.is_loopback


def collide(one: Address, other: Address) -> bool:
    """Whether both cannot be bound at the same time; port 0 never collides."""
    if one.unix is not None or other.unix is not None:
        return one.unix == other.unix
    if one.port != other.port or one.port == 0:
        return False
    if one.host == other.host:
        return True
    ips = [ip for ip in (_ip(one.host), _ip(other.host)) if ip is not None]
    return any(ip.is_unspecified for ip in ips) and len({ip.version for ip in ips}) == 1


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def check_public_url(text: str) -> None:
    """Raises ValueError with the reason where a text is no URL that paths can be put behind."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https"):
        raise ValueError("it begins with neither `http://` nor `https://`")
    if not parts.hostname or any(sign.isspace() for sign in text):
        raise ValueError("it has no host" if not parts.hostname else "it has a space")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it has a user, which everybody would be told")
    if "?" in text or "#" in text:
        raise ValueError("it has a query or a fragment, and paths come behind it")
    if parts.port == 0:
        raise ValueError("its port is 0")
