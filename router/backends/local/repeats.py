"""What a runtime client says again and again, recognised by its bytes instead of parsed.

A client asks for work and reports results in the same words each time; only the invocation's id, the length of the result and
the result itself change. So the parser reads each of the two requests once, and the next one counts as the same where every
byte of its head but the id and the digits of the length is the same. Whatever differs goes to the parser.
"""

import re
from collections.abc import Container

BASE = b"/2018-06-01/runtime"
INVOCATION = BASE + b"/invocation/"
NEXT = INVOCATION + b"next"
MODE = b"lambda-runtime-function-response-mode"

_LENGTH = re.compile(rb"\r\ncontent-length: ([0-9]+)\r\n", re.IGNORECASE)
_END = b"\r\n\r\n"
_MOST_DIGITS = 6
"""A result that long comes in several pieces, and is the parser's."""


def result_line(request_id: str) -> bytes:
    """The request line with which the result of this invocation comes."""
    return b"POST %s%s/response HTTP/1.1" % (INVOCATION, request_id.encode("latin-1", "replace"))


class Repeats:
    """Of one connection. `line`: the `result_line` of the invocation that runs."""

    __slots__ = ("_after", "_before", "_next")

    def __init__(self) -> None:
        self._next = b""
        self._before = self._after = b""

    def learn(self, data: bytes, headers: Container[bytes], size: int, line: bytes) -> None:
        """The parser read `data` as one whole request with a body of `size` bytes, and the connection is kept."""
        if b"expect" in headers or MODE in headers:
            return  # more is to be done than to take them
        if data.startswith(b"GET %s HTTP/1.1\r\n" % NEXT):
            self._next = data
            return
        end = len(data) - size
        length = _LENGTH.search(data, len(line), end)
        if length is not None and data.startswith(line) and data.find(_END) + len(_END) == end and int(length[1]) == size:
            self._before, self._after = data[len(line) : length.start(1)], data[length.end(1) : end]

    def is_next(self, data: bytes) -> bool:
        """Whether this asks for work, and nothing else."""
        return data == self._next

    def result(self, data: bytes, line: bytes) -> bytes | None:
        """The result, where this reports it whole and nothing else; None: the parser has to say what it is."""
        if not (self._before and data.startswith(line) and data.startswith(self._before, len(line))):
            return None
        at = len(line) + len(self._before)
        end = data.find(b"\r", at, at + _MOST_DIGITS + 1)
        digits, start = data[at:end], end + len(self._after)
        if end < 0 or not digits.isdigit() or not data.startswith(self._after, end) or len(data) - start != int(digits):
            return None
        return data[start:]
