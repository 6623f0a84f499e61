"""Reads one HTTP/1.1 answer after the other from the bytes of a connection; no I/O here.

`feed` returns the answer once it is whole, and raises `ResponseInvalid` for everything else that a hostile server may
send. Whatever stands behind an answer makes the connection unusable (`reusable`): it belongs to nobody. Empty lines that
come with the answer do not: the parser passes over them, and no answer begins with one.

llhttp in its strict mode parses. It cannot be told that an answer to HEAD has no body, so such an answer is taken as whole
after its headers and the parser is thrown away. Sizes are bounded in all parts: headers (interim answers and trailers
included), body, and the wire as a whole, since chunk framing and chunk extensions are bytes too.
"""

from dataclasses import dataclass

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from router.net.errors import ResponseInvalid

_BODILESS = frozenset({204, 304})


@dataclass(slots=True, init=False)
class Response:
    """A whole answer. `raw_headers`: wire order and case. `body`: transfer coding removed, content coding kept."""

    status: int
    raw_headers: list[tuple[bytes, bytes]]
    body: bytes

    def __init__(
        self,
        status: int,
        raw_headers: list[tuple[bytes, bytes]],
        body: bytes,
    ) -> None:
        self.status = status
        self.raw_headers = raw_headers
        self.body = body

    def headers(self, wanted: frozenset[str] | None = None) -> dict[str, str]:
        """Names in lower case; repeated headers joined by `, ` (RFC 9110 §5.3), so not for Set-Cookie.

        `wanted`: of those that are there, the names in lower case that somebody asks for; None: all.
        """
        folded: dict[str, str] = {}
        for raw_name, raw_value in self.raw_headers:
            name = _NAMES.get(raw_name) or _lower(raw_name)
            if wanted is not None and name not in wanted:
                continue
            value = raw_value.decode("latin-1")
            folded[name] = f"{folded[name]}, {value}" if name in folded else value
        return folded


_NAMES: dict[bytes, str] = {}
_MAX_NAMES = 512


def _lower(raw_name: bytes) -> str:
    name = raw_name.decode("latin-1").lower()
    if len(_NAMES) < _MAX_NAMES and len(raw_name) < 64:
        _NAMES[raw_name] = name
    return name


class ResponseReader:
    """The reading half of a connection. `expect` before each request, `feed` with what comes, `end` at end of stream."""

    __slots__ = (
        "_bodiless",
        "_body",
        "_body_size",
        "_excess",
        "_head_request",
        "_head_size",
        "_headers",
        "_headers_done",
        "_keeps_alive",
        "_max_body",
        "_max_headers",
        "_parser",
        "_refusal",
        "_status",
        "_until_end",
        "_whole",
        "_wire_size",
        "reusable",
    )

    def __init__(self, max_headers: int, max_body: int) -> None:
        self._max_headers = max_headers
        self._max_body = max_body
        self._parser: HttpResponseParser | None = None
        self.expect(False)

    def expect(self, head_request: bool) -> None:
        """Start anew: the next bytes answer a request whose method is HEAD, or another."""
        self._head_request = head_request
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: bytes | bytearray = b""
        self._status = self._head_size = self._body_size = self._wire_size = 0
        self._headers_done = self._keeps_alive = self._bodiless = self._until_end = False
        self._whole = self._excess = self.reusable = False
        self._refusal = ""

    @property
    def started(self) -> bool:
        """Whether anything of an answer has come."""
        return self._wire_size > 0

    def feed(self, data: bytes) -> Response | None:
        """The answer, if `data` makes it whole. Raises `ResponseInvalid`; the reader is of no use afterwards."""
        parser = self._parser
        if parser is None:
            parser = self._parser = HttpResponseParser(self)
        self._wire_size += len(data)
        try:
            parser.feed_data(data)
        except HttpParserUpgrade:
            raise ResponseInvalid("the server switched protocols unasked") from None
        except HttpParserError as error:
            if not self._whole:
                raise ResponseInvalid(self._refusal or f"malformed answer: {error}") from None
            self._excess = True
        if self._whole or self._bodiless:
            return self._finish()
        self._check_sizes()
        return None

    def end(self) -> Response | None:
        """The answer, if the end of the stream is what makes it whole (RFC 9112 §6.3)."""
        if not (self._headers_done and self._until_end):
            return None
        self._excess = True
        return self._finish()

    def close(self) -> None:
        """No more will come. Ends the cycle of references with the parser."""
        self._parser = None

    def _finish(self) -> Response:
        self.reusable = self._keeps_alive and not self._excess and not self._until_end
        if not self._whole:
            self._parser = None
        return Response(self._status, self._headers, bytes(self._body))

    def _check_sizes(self) -> None:
        if not self._headers_done and self._wire_size > self._max_headers:
            raise ResponseInvalid(f"the headers of the answer exceed {self._max_headers} bytes")
        if self._wire_size > self._max_headers + 2 * self._max_body:
            raise ResponseInvalid("the framing of the answer exceeds its body")

    # --- called by the parser ----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._whole:
            self._refuse("a second answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._headers_done:
            self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        if self._wire_size > self._max_headers:
            self._check_headers()
        self._status = status = self._parser.get_status_code()
        if status < 200:
            if status == 101:
                self._refuse("the server switched protocols unasked")
            self._headers = []
            return
        self._headers_done = True
        self._keeps_alive = self._parser.should_keep_alive()
        if self._head_request or status in _BODILESS:
            self._bodiless = True
            return
        length, coding = self._framing()
        if coding is not None:
            self._until_end = not coding.endswith(b"chunked")
        elif length is None:
            self._until_end = True
        elif length > self._max_body:
            self._refuse(f"the body of the answer exceeds {self._max_body} bytes")

    def on_body(self, data: bytes) -> None:
        if self._bodiless:
            self._excess = True
            return
        self._body_size += len(data)
        if self._body_size > self._max_body:
            self._refuse(f"the body of the answer exceeds {self._max_body} bytes")
        if not self._body:
            self._body = data
        elif isinstance(self._body, bytes):
            self._body = bytearray(self._body) + data
        else:
            self._body += data

    def on_message_complete(self) -> None:
        if self._headers_done:
            self._whole = True

    def _check_headers(self) -> None:
        self._head_size += sum(len(name) + len(value) + 4 for name, value in self._headers)
        if self._head_size > self._max_headers:
            self._refuse(f"the headers of the answer exceed {self._max_headers} bytes")

    def _framing(self) -> tuple[int | None, bytes | None]:
        length = coding = None
        for name, value in self._headers:
            size = len(name)
            if size == 14 and name.lower() == b"content-length":
                length = int(value)
            elif size == 17 and name.lower() == b"transfer-encoding":
                coding = value.rstrip().lower()
        return length, coding

    def _refuse(self, reason: str) -> None:
        self._refusal = reason
        raise HttpParserError(reason)
