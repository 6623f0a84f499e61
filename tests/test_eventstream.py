"""AWS's event stream encoding, with botocore's own reader as the oracle."""

import struct
from binascii import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from router.eventstream import MAX_HEADERS, MAX_PAYLOAD, Decoder, EventStreamError, Message, event, message

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
MESSAGES = st.lists(st.builds(Message, st.dictionaries(NAMES, NAMES, max_size=4), st.binary(max_size=200)), max_size=4)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """`data` in pieces."""
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@given(MESSAGES, st.lists(st.integers(0, 10_000), max_size=8))
def test_what_is_written_is_read_however_it_is_cut_and_botocore_agrees(messages: list[Message], places: list[int]) -> None:
    sent = b"".join(message(each.headers, each.payload) for each in messages)
    decoder, oracle = Decoder(), EventStreamBuffer()
    read = [each for piece in cut(sent, places) for each in decoder.feed(piece)]
    oracle.add_data(sent)
    assert read == messages == [Message(each.headers, each.payload) for each in oracle]
    assert decoder.is_between


@given(MESSAGES.filter(bool), st.integers(0), st.integers(1, 255))
def test_a_changed_byte_never_passes(messages: list[Message], place: int, change: int) -> None:
    sent = bytearray(b"".join(message(each.headers, each.payload) for each in messages))
    sent[place % len(sent)] ^= change
    decoder = Decoder()
    try:
        read = decoder.feed(bytes(sent))
    except EventStreamError:
        return
    assert read == messages[: len(read)]
    assert not decoder.is_between


@given(st.lists(st.binary(max_size=64), max_size=4))
def test_garbage_is_refused_or_waited_for(pieces: list[bytes]) -> None:
    decoder = Decoder()
    try:
        assert [each for piece in pieces for each in decoder.feed(piece)] == []
    except EventStreamError:
        return


def test_an_event() -> None:
    assert Decoder().feed(event("PayloadChunk", b"abc", "application/octet-stream")) == [
        Message({":event-type": "PayloadChunk", ":content-type": "application/octet-stream", ":message-type": "event"}, b"abc")
    ]


def lengths(total: int, headers: int) -> bytes:
    start = struct.pack("!II", total, headers)
    return start + struct.pack("!I", crc32(start))


@pytest.mark.parametrize(
    ("total", "headers"),
    [(15, 0), (0, 0), (16 + MAX_PAYLOAD + 1, 0), (17 + MAX_HEADERS, MAX_HEADERS + 1), (20, 8), (2**32 - 1, 2**32 - 1)],
)
def test_lengths_that_nobody_collects(total: int, headers: int) -> None:
    with pytest.raises(EventStreamError, match=f"a message of {total} bytes"):
        Decoder().feed(lengths(total, headers))


def sealed(headers: bytes) -> bytes:
    whole = lengths(16 + len(headers), len(headers)) + headers
    return whole + struct.pack("!I", crc32(whole))


@pytest.mark.parametrize(
    "headers",
    [
        b"\x01a\x07\x00\x05b",
        b"\x01a\x0a",
        b"\x05a",
        b"\x01\xff\x00",
        b"\x01a\x07\x00\x01\xff",
        b"\x01a\x04\x00",
        b"\x01a\x07\x00",
    ],
)
def test_headers_that_cannot_be_read(headers: bytes) -> None:
    with pytest.raises(EventStreamError, match="headers cannot be read"):
        Decoder().feed(sealed(headers))


def test_headers_that_are_no_text_are_passed_over() -> None:
    packed = b"\x01a\x00" + b"\x01b\x02\x01" + b"\x01c\x05" + bytes(8) + b"\x01d\x06\x00\x02xy" + b"\x01e\x09" + bytes(16)
    assert Decoder().feed(sealed(packed + b"\x01f\x07\x00\x01z")) == [Message({"f": "z"}, b"")]
