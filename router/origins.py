"""The words for servers that requests are passed on to, and for what every message over HTTP is made of.

Part of `router.model`, which everything imports them from. Slotted, and immutable by convention, as everything there.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

Headers = list[tuple[str, str]]
"""Name and value in wire order and wire case; a repeated header is a repeated pair."""


class Stream(Protocol):
    """A body that is passed on as it comes. Whoever holds it reads it to its end, or calls `aclose`; both may happen twice.

    It raises a `RequestError` where it breaks off: then the caller must not take what it got for the whole.
    """

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None: ...


@dataclass(slots=True)
class Glimpse:
    """The first bytes of a body, and whether there are more."""

    data: bytes
    truncated: bool


class FunctionStream(Stream, Protocol):
    """The answer of a function as it comes. Raises `StreamFailed`; `log_tail` is known at its end, where it was asked for."""

    log_tail: str | None


@dataclass(slots=True, frozen=True)
class Origin:
    """A server that requests are passed on to. Times in seconds.

    `attempts`: to connect; for GET and HEAD also to get an answer within `read_timeout`, which bounds every pause of the
    origin. `completion_timeout`: for the whole answer. `ca_file`: PEM authorities instead of the system's.
    """

    tls: bool
    host: str
    port: int
    attempts: int = 3
    connect_timeout: float = 10.0
    read_timeout: float = 30.0
    keepalive_timeout: float = 5.0
    completion_timeout: float | None = None
    ca_file: str | None = None

    def __str__(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"


@dataclass(slots=True)
class OriginRequest:
    """What goes to an origin. `body`: bytes, the caller's as it comes (`length`: what it announced), or None for none."""

    origin: Origin
    method: str
    target: str
    headers: Headers
    body: "bytes | AsyncIterator[bytes] | None" = None
    length: int | None = None


@dataclass(slots=True)
class OriginResponse:
    """The head of an origin's answer, headers in wire order and case; the body comes as it is read."""

    status: int
    reason: str
    headers: Headers
    body: Stream
