"""Requests of a runtime that are recognised by their bytes: the same comes of them as of those that are parsed."""

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.backends.local.runtime_api import RuntimeApi, State
from router.backends.local.runtime_http import RuntimeConnection

NEXT = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n"
HEAD = b"POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: h\r\nContent-Length: %s\r\nAccept: */*\r\n\r\n"


class Environment:
    """Has an invocation for every `next`, and writes down what it is told."""

    def __init__(self, ids: list[str]) -> None:
        self.api = RuntimeApi(self)  # type: ignore[arg-type]
        self.connection = RuntimeConnection(self.api)
        self.connection.connection_made(self)  # type: ignore[arg-type]
        self.ids = iter(ids)
        self.seen: list[object] = []
        self.closed = False

    def run(self, pieces: list[bytes]) -> list[object]:
        for piece in pieces:
            if not self.closed:
                self.connection.data_received(piece)
        return [*self.seen, self.api.state, self.closed]

    def write(self, data: bytes) -> None:
        self.seen.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def runtime_ready(self) -> None:
        identifier = next(self.ids, None)
        if identifier is not None:
            self.api.deliver(identifier, b"", b"{}")

    def __getattr__(self, name: str) -> Callable[..., None]:
        if not name.startswith("runtime_"):
            raise AttributeError(name)
        return lambda *arguments: self.seen.append(
            (name, *(each for each in arguments if isinstance(each, (str, bytes, bool))))
        )


def result(identifier: bytes = b"id", body: bytes = b"[]", length: bytes | None = None) -> bytes:
    return HEAD % (identifier, length or b"%d" % len(body)) + body


def same(requests: list[bytes], ids: list[str]) -> list[Any]:
    """What comes of them, which is the same when each comes in two pieces: those are never recognised."""
    whole = Environment(ids).run(requests)
    assert whole == Environment(ids).run([piece for request in requests for piece in (request[:1], request[1:])])
    return whole


def test_the_second_time_a_request_is_not_parsed() -> None:
    environment = Environment(["a", "b"])
    environment.run([NEXT, result(b"a", b"[1]")])
    environment.connection._parser = None  # type: ignore[assignment]
    seen = environment.run([NEXT, result(b"b", b'{"longer": "than the one before"}')])
    assert ("runtime_answered", "b", b'{"longer": "than the one before"}', False) in seen
    assert environment.api.state is State.ANSWERED


def test_a_length_that_is_not_that_of_the_bytes_is_the_parsers_business() -> None:
    for length in (b"1", b"3", b"02", b"-2", b"+2", b"2 ", b"", b"2_0", b"0x2", b"1000000", b"99999999999999999999999"):
        same([NEXT, result(), NEXT, result(length=length), NEXT], ["id", "id", "id"])


ODD = [
    NEXT.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"),
    NEXT.replace(b"Host: h", b"Host: h\r\nConnection: close"),
    NEXT.replace(b"Host: h", b"Host: h\r\nContent-Length: 2") + b"[]",
    NEXT.replace(b"Host: h", b"Host: h\r\nConnection: upgrade\r\nUpgrade: h2c"),
    NEXT + b"\r\n",
    NEXT + NEXT,
    NEXT[:-3],
    result(body=b"\r\n[]"),
    result(body=b"\r\n\r\n"),
    result() + b"\r\n",
    result() + NEXT,
    result(b"another"),
    result().replace(b"POST", b"PUT"),
    result().replace(b"Accept: */*", b"Lambda-Runtime-Function-Response-Mode: streaming"),
    result().replace(b"Accept: */*", b"lambda-runtime-function-response-mode: other"),
    result().replace(b"Accept: */*", b"Expect: 100-continue"),
    result().replace(b"Accept: */*", b"Connection: close"),
    result().replace(b"Accept: */*", b"Content-Length: 2"),
    result().replace(b"Content-Length: 2", b"Transfer-Encoding: chunked").replace(b"[]", b"2\r\n[]\r\n0\r\n\r\n"),
    result().replace(b"/response", b"/error"),
    result().replace(b"/response", b"/response?x"),
    result().replace(b"HTTP/1.1", b"HTTP/1.0"),
    b"\r\n" + NEXT,
    b"rubbish\r\n\r\n",
]


@given(
    st.lists(
        st.one_of(st.just(NEXT), st.just(result()), st.builds(result, body=st.binary()), st.sampled_from(ODD)), max_size=12
    )
)
def test_whatever_comes_it_means_the_same(requests: list[bytes]) -> None:
    same([NEXT, *requests], ["id"] * 12)


@given(st.sampled_from(ODD), st.integers(0, 200), st.integers(0, 255))
def test_one_other_byte_is_another_request(odd: bytes, at: int, byte: int) -> None:
    changed = bytearray(odd)
    changed[at % len(odd)] = byte
    same([NEXT, odd, NEXT, result(), NEXT, bytes(changed), NEXT, odd], ["id"] * 8)
