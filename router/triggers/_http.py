"""What the HTTP front doors share: the invocation itself, query and path decoding, identifiers, limits."""

import hashlib
import time
from base64 import b32encode
from binascii import b2a_base64, unhexlify
from collections.abc import Generator
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from router.model import Invoke, Request, Step, Target
from router.outcome import Outcome, OutcomeKind
from router.triggers._refusals import EventTooLarge, Failed, HeadersTooLarge

LAMBDA_PAYLOAD_LIMIT = 6 * 1024 * 1024
"""Bytes of an event or an answer of a synchronous invocation (semantics/sync.md §1.3)."""
HEADER_LIMIT = 10_240
"""Bytes of request line and headers together at API Gateway (semantics/sync.md §3.7, §4.7)."""

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What `ANY` stands for (semantics/sync.md §3.1)."""

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


# --- invocations -----------------------------------------------------------------------------------------------------


def invoke(target: Target, payload: bytes, timeout: float | None) -> Generator[Step, Any, bytes]:
    """Invoke with an event that is JSON, and wait. Returns what the function returned. Raises EventTooLarge, Failed."""
    if len(payload) > LAMBDA_PAYLOAD_LIMIT:
        raise EventTooLarge(f"the event has {len(payload)} bytes")
    outcome: Outcome = yield Invoke(target, payload, timeout, is_json=True)
    if outcome.kind is not OutcomeKind.OK:
        raise Failed(outcome)
    return outcome.payload


def check_header_size(request: Request) -> None:
    """Raises HeadersTooLarge beyond API Gateway's limit."""
    size = len(request.method) + len(request.path) + len(request.query) + 12
    for name, value in request.headers:
        size += len(name) + len(value) + 4
    if size > HEADER_LIMIT:
        raise HeadersTooLarge(f"request line and headers have {size} bytes")


# --- paths and queries -----------------------------------------------------------------------------------------------


def percent_decoded(text: str) -> str:
    """Percent-escapes decoded as UTF-8; what is not UTF-8 becomes U+FFFD."""
    return unquote(text) if "%" in text else text


def query_items(query: str) -> list[tuple[str, str]]:
    """Decoded names and values in wire order (semantics/sync.md §14.2)."""
    pairs = [part.partition("=") for part in query.split("&") if part]
    if "%" not in query and "+" not in query:
        return [(name, value) for name, _, value in pairs]
    return [(_form_decoded(name), _form_decoded(value)) for name, _, value in pairs]


def _form_decoded(text: str) -> str:
    return percent_decoded(text.replace("+", " "))


def decoded_path(path: str) -> str:
    """HTTP APIs decode the path, and a `?` that decoding brings to light cuts it (semantics/sync.md §4.2)."""
    return unquote(path).partition("?")[0] if "%" in path else path


# --- identifiers and times -------------------------------------------------------------------------------------------


def derived_id(length: int, *parts: str) -> str:
    """A stable identifier of lower-case letters and digits, the same for the same parts on every machine."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    return b32encode(digest).decode().lower()[:length]


def short_token(request_id: str) -> str:
    """API Gateway's short request id: 16 characters that end in `=` (semantics/sync.md §0.2)."""
    token = b2a_base64(unhexlify(request_id.replace("-", "")[-22:]), newline=False)
    return token.translate(_URL_SAFE).decode("ascii")


@lru_cache(maxsize=64)
def human_time(epoch_second: int) -> str:
    """`10/Jul/2026:19:19:04 +0000`; English month names whatever the locale is."""
    moment = time.gmtime(epoch_second)
    return (
        f"{moment.tm_mday:02d}/{_MONTHS[moment.tm_mon - 1]}/{moment.tm_year:04d}"
        f":{moment.tm_hour:02d}:{moment.tm_min:02d}:{moment.tm_sec:02d} +0000"
    )


# --- forwarding headers ----------------------------------------------------------------------------------------------


def forwarded_for(sent: str | None, request: Request) -> str:
    """`X-Forwarded-For` as the function sees it: the client's address behind whatever the client sent.

    Where a trusted proxy already wrote the client's address, its list stays as it is.
    """
    if not sent:
        return request.client_ip
    if request.peer != request.client_ip and request.client_ip in (hop.strip() for hop in sent.split(",")):
        return sent
    return f"{sent}, {request.client_ip}"
