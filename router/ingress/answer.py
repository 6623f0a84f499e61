"""The head of an answer as bytes: the reply's own headers and no others but Content-Length, Content-Type, Date, Connection."""

from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus

from router.model import Headers

_PHRASES = {status.value: status.phrase for status in HTTPStatus} | {413: "Request Entity Too Large"}
_BODYLESS = frozenset({204, 304})


def head(
    status: int,
    reason: str | None,
    headers: Headers,
    *,
    length: int | None,
    date: str,
    version: str = "1.1",
    keep_alive: bool = True,
    chunked: bool = False,
) -> bytes:
    """Status line and headers, with the empty line. `length`: of the body in bytes, in place of what the headers say of it.

    None: it is not known, or the headers say it. Raises ValueError where a header would break out of its line.
    """
    lines = [_status_line(version, status, reason)]
    named = set()
    for name, value in headers:
        lower = name.lower()
        if lower != "content-length" or length is None:
            lines.append(f"{name}: {value}")
            named.add(lower)
    if status not in _BODYLESS and status >= 200:
        if length is not None:
            lines.append(f"Content-Length: {length}")
            if length and "content-type" not in named:
                lines.append("Content-Type: application/octet-stream")
        elif chunked:
            lines.append("Transfer-Encoding: chunked")
    if "date" not in named:
        lines.append(date)
    if not keep_alive:
        lines.append("Connection: close")
    elif version == "1.0":
        lines.append("Connection: keep-alive")
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1 or "\x00" in text:
        raise ValueError("the reason or a header holds a line break, or a NUL")
    return f"{text}\r\n\r\n".encode("utf-8", "surrogatepass")


def has_no_body(status: int, method: str) -> bool:
    """Whether an answer of this kind never has a body (RFC 9110 §6.4.1)."""
    return method == "HEAD" or status in _BODYLESS or status < 200


@lru_cache(maxsize=512)
def _status_line(version: str, status: int, reason: str | None) -> str:
    return f"HTTP/{version} {status} {reason if reason is not None else _PHRASES.get(status, '')}"


@lru_cache(maxsize=4)
def date_line(second: int) -> str:
    """`Date: …` for an epoch second (RFC 9110 §5.6.7)."""
    return f"Date: {formatdate(second, usegmt=True)}"
