"""The body of a request that asks for another protocol: none is switched to, so it comes in HTTP/1.1 (RFC 9110 §7.8).

llhttp leaves off behind such a head, as if the other protocol began there. Clients that would rather speak HTTP/2 ask with any
request, those with a body among them (`Upgrade: h2c`, as Java's own client sends it): another parser reads what follows.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from httptools import HttpRequestParser

_FRAMING = (b"content-length", b"transfer-encoding")


class Reader(Protocol):
    """Where the body goes."""

    def on_body(self, data: bytes) -> None: ...

    def on_message_complete(self) -> None: ...


class _BodyAlone:
    """Of the parser's callbacks those that are about a body; its head is known."""

    def __init__(self, reader: Reader) -> None:
        self.on_body = reader.on_body
        self.on_message_complete = reader.on_message_complete


def parser_of_body(headers: Iterable[tuple[bytes, bytes]], reader: Reader) -> Any:
    """A parser that stands behind a head with these headers. Raises `HttpParserError` where they frame no body."""
    parser = HttpRequestParser(_BodyAlone(reader))
    framing = b"".join(b"%b: %b\r\n" % (name, value) for name, value in headers if name.lower() in _FRAMING)
    parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n" % framing)
    return parser
