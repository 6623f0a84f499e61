"""Answers byte by byte: what is taken, what is refused, and whether the connection may be used again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.net.errors import ResponseInvalid
from router.net.response import Response, ResponseReader

LIMIT_HEADERS = 1000
LIMIT_BODY = 2000

TAKEN = {
    "length": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: 1\r\n\r\nhello",
        Response(200, [(b"Content-Length", b"5"), (b"X-A", b"1")], b"hello"),
        True,
    ),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", Response(204, [], b""), True),
    "not modified, with the length of what it is not sending": (
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
        Response(304, [(b"Content-Length", b"7")], b""),
        True,
    ),
    "chunks with extension and trailer": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n",
        Response(200, [(b"Transfer-Encoding", b"chunked")], b"abcde"),
        True,
    ),
    "many small chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n2\r\nbc\r\n" * 20 + b"0\r\n\r\n",
        Response(200, [(b"Transfer-Encoding", b"chunked")], b"abc" * 20),
        True,
    ),
    "interim answers first": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
        Response(201, [(b"Content-Length", b"0")], b""),
        True,
    ),
    "connection: close": (
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        Response(200, [(b"Connection", b"close"), (b"Content-Length", b"2")], b"ok"),
        False,
    ),
    "HTTP/1.0": (
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Response(200, [(b"Content-Length", b"2")], b"ok"),
        False,
    ),
    "empty value and repeated header": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A:\r\nx-a: 2\r\n\r\n",
        Response(200, [(b"Content-Length", b"0"), (b"X-A", b""), (b"x-a", b"2")], b""),
        True,
    ),
}


def read_all(reader: ResponseReader, pieces: list[bytes]) -> Response | None:
    for number, piece in enumerate(pieces):
        response = reader.feed(piece)
        if response is not None:
            assert number == len(pieces) - 1, "whole before its end"
            return response
    return None


@pytest.mark.parametrize("name", TAKEN)
@given(data=st.data())
def test_an_answer_is_read_however_it_is_cut(name: str, data: st.DataObject) -> None:
    raw, expected, reusable = TAKEN[name]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(raw) - 1))))
    pieces = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    reader = ResponseReader(LIMIT_HEADERS, LIMIT_BODY)
    for _ in range(2 if reusable else 1):
        reader.expect(False)
        assert (read_all(reader, pieces), reader.reusable) == (expected, reusable)


def test_an_answer_to_head_has_no_body() -> None:
    reader = ResponseReader(LIMIT_HEADERS, LIMIT_BODY)
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    for _ in range(2):
        reader.expect(True)
        assert reader.feed(raw) == Response(200, [(b"Content-Length", b"1000000")], b"")
        assert reader.reusable


def test_a_body_after_an_answer_to_head_is_dropped_with_the_connection() -> None:
    reader = ResponseReader(LIMIT_HEADERS, LIMIT_BODY)
    reader.expect(True)
    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody") == Response(200, [(b"Content-Length", b"4")], b"")
    assert not reader.reusable


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"], ids=["nothing", "gzip"]
)
def test_without_a_length_the_body_goes_to_the_end(head: bytes) -> None:
    reader = ResponseReader(LIMIT_HEADERS, LIMIT_BODY)
    assert [reader.feed(head), reader.feed(b"ab"), reader.feed(b"c")] == [None, None, None]
    response = reader.end()
    assert response is not None
    assert (response.status, response.body, reader.reusable) == (200, b"abc", False)


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 200 OK\r\nConte", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
def test_the_end_of_the_stream_does_not_make_a_cut_answer_whole(raw: bytes) -> None:
    reader = ResponseReader(LIMIT_HEADERS, LIMIT_BODY)
    assert raw == b"" or reader.feed(raw) is None
    assert reader.end() is None


@pytest.mark.parametrize(
    "rest",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo", b"x", b"\0" * 40, b"HTTP/1.1 100 Continue\r\n\r\n"],
    ids=["second answer", "one byte", "zeros", "interim"],
)
def test_what_stands_behind_an_answer_spoils_the_connection_not_the_answer(rest: bytes) -> None:
    reader = ResponseReader(LIMIT_HEADERS, LIMIT_BODY)
    assert reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none" + rest) == Response(
        200, [(b"Content-Length", b"3")], b"one"
    )
    assert not reader.reusable


REFUSED = {
    "garbage": (b"\x16\x03\x01 this is not HTTP", "malformed answer"),
    "a request": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "malformed answer"),
    "length and chunked": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "malformed answer",
    ),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "malformed answer"),
    "negative length": (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", "malformed answer"),
    "huge length": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n", "malformed answer"),
    "bad chunk size": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed answer"),
    "folded header": (b"HTTP/1.1 200 OK\r\nX-A: 1\r\n 2\r\nContent-Length: 0\r\n\r\n", "malformed answer"),
    "switching protocols": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n", "switched protocols"),
    "a length over the limit": (b"HTTP/1.1 200 OK\r\nContent-Length: 2001\r\n\r\n", "body of the answer exceeds 2000 bytes"),
    "chunks over the limit": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d1\r\n" + b"a" * 2001,
        "body of the answer exceeds 2000 bytes",
    ),
    "an endless body": (b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 2001, "body of the answer exceeds 2000 bytes"),
    "one large header": (b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 2000 + b"\r\n\r\n", "headers of the answer exceed 1000 bytes"),
    "many headers": (b"HTTP/1.1 200 OK\r\n" + b"X-A: a\r\n" * 300 + b"\r\n", "headers of the answer exceed 1000 bytes"),
    "headers without end": (b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 5000, "headers of the answer exceed 1000 bytes"),
    "interim answers without end": (b"HTTP/1.1 100 Continue\r\n\r\n" * 100, "headers of the answer exceed 1000 bytes"),
    "an endless chunk extension": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"a" * 6000,
        "framing of the answer exceeds its body",
    ),
    "endless trailers": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X-A: a\r\n" * 1000,
        "framing of the answer exceeds its body",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_hostile_answer_is_refused(name: str, size: int) -> None:
    raw, reason = REFUSED[name]
    reader = ResponseReader(LIMIT_HEADERS, LIMIT_BODY)
    with pytest.raises(ResponseInvalid, match=reason) as caught:
        read_all(reader, [raw[start : start + size] for start in range(0, len(raw), size)])
    assert caught.value.sent


def test_headers_fold_to_lower_case_names() -> None:
    response = Response(200, [(b"X-A", b"1"), (b"x-a", b"2"), (b"Date", b"\xe9")], b"")
    assert response.headers() == {"x-a": "1, 2", "date": "\xe9"}
