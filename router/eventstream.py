"""AWS's event stream encoding (`application/vnd.amazon.eventstream`): messages out, and in as their bytes come.

    total length (4) | headers' length (4) | CRC-32 of both (4) | headers | payload | CRC-32 of everything before (4)

Integers are big endian. What is read is a stranger's: lengths are bounded before anything is collected, both checksums checked.
Source: https://smithy.io/2.0/aws/amazon-eventstream.html, and botocore's `EventStreamBuffer`, with which a test compares.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

CONTENT_TYPE = "application/vnd.amazon.eventstream"
MAX_PAYLOAD = 24 * 1024 * 1024
"""Bytes of one message's payload, as SDKs take it."""
MAX_HEADERS = 128 * 1024

_PRELUDE = struct.Struct("!III")
_CRC = struct.Struct("!I")
_OVERHEAD = _PRELUDE.size + _CRC.size
_STRING = 7
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type; types 6 and 7 say their length themselves."""


class EventStreamError(ValueError):
    """The bytes are no event stream; nothing behind them can be read."""


@dataclass(slots=True, frozen=True)
class Message:
    """One message. `headers`: those whose values are text; no others are read."""

    headers: Mapping[str, str]
    payload: bytes


def event(kind: str, payload: bytes, content_type: str) -> bytes:
    """An event as bytes."""
    return message({":event-type": kind, ":content-type": content_type, ":message-type": "event"}, payload)


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """A message as bytes. Names have at most 255 bytes, values at most 65535."""
    packed = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    start = struct.pack("!II", _OVERHEAD + len(packed) + len(payload), len(packed))
    start += _CRC.pack(crc32(start))
    return b"".join((start, packed, payload, _CRC.pack(crc32(payload, crc32(packed, crc32(start))))))


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack("!B", len(name)) + name + struct.pack("!BH", _STRING, len(value)) + value


class Decoder:
    """Reads messages out of bytes that come in pieces."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def is_between(self) -> bool:
        """Whether no message has been begun and not ended."""
        return not self._buffer

    def feed(self, data: bytes) -> list[Message]:
        """The messages that `data` makes whole. Raises EventStreamError."""
        buffer = self._buffer
        buffer += data
        messages = []
        at = 0
        while len(buffer) - at >= _PRELUDE.size:
            total, headers, checksum = _PRELUDE.unpack_from(buffer, at)
            if crc32(buffer[at : at + 8]) != checksum:
                raise EventStreamError("the checksum of a message's lengths is wrong")
            if headers > MAX_HEADERS or not headers + _OVERHEAD <= total <= headers + _OVERHEAD + MAX_PAYLOAD:
                raise EventStreamError(f"a message of {total} bytes with {headers} bytes of headers is not taken")
            if len(buffer) - at < total:
                break
            messages.append(_read(bytes(buffer[at : at + total]), headers))
            at += total
        del buffer[:at]
        return messages


def _read(whole: bytes, headers: int) -> Message:
    if crc32(whole[: -_CRC.size]) != _CRC.unpack_from(whole, len(whole) - _CRC.size)[0]:
        raise EventStreamError("the checksum of a message is wrong")
    start = _PRELUDE.size
    try:
        named = _headers(whole[start : start + headers])
    except (struct.error, IndexError, UnicodeDecodeError, KeyError) as error:
        raise EventStreamError("a message's headers cannot be read") from error
    return Message(named, whole[start + headers : -_CRC.size])


def _headers(packed: bytes) -> dict[str, str]:
    named: dict[str, str] = {}
    at = 0
    while at < len(packed):
        after = at + 1 + packed[at]
        name = packed[at + 1 : after].decode()
        kind = packed[after]
        at = after + 1
        if kind in (6, _STRING):
            size = struct.unpack_from("!H", packed, at)[0]
            at += 2
        else:
            size = _SIZES[kind]
        if at + size > len(packed):
            raise IndexError("a header's value is longer than the headers")
        if kind == _STRING:
            named[name] = packed[at : at + size].decode()
        at += size
    return named
