"""Request targets, hosts and callers behind proxies."""

import os
import re
import subprocess
import sys
import uuid
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.ingress.incoming import Incoming, IncomingBody
from router.ingress.request import RequestReader, authority_of, ends, host_name, new_id, new_trace_id, split_target
from router.model import Request
from router.settings import Address, Listener


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/", ("/", "")),
        ("/a?b", ("/a", "b")),
        ("/a?b?c", ("/a", "b?c")),
        ("/a?", ("/a", "")),
        ("/a#f", ("/a", "")),
        ("/a?b#f", ("/a", "b")),
        ("//a//b", ("//a//b", "")),
        ("http://host:1/a?b", ("/a", "b")),
        ("http://host", ("/", "")),
        ("http://host?b", ("/", "b")),
        ("http://host#f/a", ("/", "")),
        ("*", ("*", "")),
        ("", ("/", "")),
    ],
)
def test_the_target_is_cut_into_path_and_query(target: str, expected: tuple[str, str]) -> None:
    assert split_target(target) == expected


@given(st.text())
def test_any_target_has_a_path(target: str) -> None:
    path, query = split_target(target)
    assert path
    assert "?" not in path
    assert "#" not in path + query


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("Example.COM", "example.com"),
        ("example.com.:80", "example.com"),
        ("x:80", "x"),
        ("[::1]:8080", "[::1]"),
        ("[::1", "[::1]"),
        ("", ""),
        (":80", ""),
    ],
)
def test_the_host_is_a_name_without_port(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("target", "authority"),
    [
        ("http://Shop.example.com:80/a?b", "Shop.example.com:80"),
        ("http://[::1]:80", "[::1]:80"),
        ("http://user:password@shop/", "shop"),
        ("/http://shop/", ""),
        ("*", ""),
        ("", ""),
    ],
)
def test_only_a_target_in_absolute_form_names_its_host(target: str, authority: str) -> None:
    assert authority_of(target) == authority


def test_a_new_trace_id_is_of_xrays_form() -> None:
    assert re.fullmatch(r"Root=1-6a514b28-[0-9a-f]{24}", new_trace_id(1_783_712_552.9))
    assert new_trace_id(0) != new_trace_id(0)


def test_a_new_id_is_a_random_uuid() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert {(uuid.UUID(text).version, uuid.UUID(text).variant, str(uuid.UUID(text)) == text) for text in ids} == {
        (4, uuid.RFC_4122, True)
    }


FORK = """
import os
from router.ingress.request import new_id
new_id()
if not os.fork():
    os.write(1, new_id().encode() + b" ")
    os._exit(0)
os.wait()
os.write(1, new_id().encode())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_a_forked_process_makes_other_ids() -> None:
    output = subprocess.run([sys.executable, "-c", FORK], check=True, capture_output=True, text=True).stdout
    theirs, ours = map(uuid.UUID, output.split())
    assert theirs != ours


def read(headers: list[tuple[bytes, bytes]], trusted: tuple[str, ...] = (), peer: Any = ("10.0.0.9", 5000)) -> Request:
    transport: Any = SimpleNamespace(get_extra_info={"peername": peer, "sockname": ("10.0.0.1", 8080)}.get)
    address, port = ends(transport)
    caller: Any = SimpleNamespace(peer=address, local_port=port, tls=None)
    incoming = Incoming("GET", b"/", "1.1", headers, IncomingBody(lambda held: None), keep_alive=True)
    listener = Listener("main", Address("127.0.0.1", 8080), trusted_proxies=tuple(ip_network(each) for each in trusted))
    return RequestReader(listener).read(incoming, caller, 1_783_712_552.0)


FORWARDED = [
    (b"X-Forwarded-For", b"203.0.113.7, 10.0.0.3"),
    (b"X-Forwarded-Proto", b"https"),
    (b"X-Forwarded-Port", b"443"),
]


@pytest.mark.parametrize(
    ("headers", "trusted", "peer", "client"),
    [
        (FORWARDED, (), ("10.0.0.9", 1), ("10.0.0.9", "http", 8080)),
        (FORWARDED, ("10.0.0.0/8",), ("10.0.0.9", 1), ("203.0.113.7", "https", 443)),
        (FORWARDED, ("10.0.0.9/32",), ("10.0.0.9", 1), ("10.0.0.3", "https", 443)),
        (FORWARDED, ("192.0.2.0/24",), ("10.0.0.9", 1), ("10.0.0.9", "http", 8080)),
        ([(b"x-forwarded-for", b"nonsense")], ("10.0.0.0/8",), ("10.0.0.9", 1), ("10.0.0.9", "http", 8080)),
        ([(b"x-forwarded-for", b"10.0.0.1")], ("10.0.0.0/8",), ("10.0.0.9", 1), ("10.0.0.1", "http", 8080)),
        (
            [(b"x-forwarded-for", b"198.51.100.1"), (b"x-forwarded-for", b"203.0.113.8")],
            ("10.0.0.0/8",),
            ("10.0.0.9", 1),
            ("203.0.113.8", "http", 8080),
        ),
        ([(b"X-Forwarded-Proto", b"gopher"), (b"X-Forwarded-Port", b"x")], ("10.0.0.0/8",), ("10.0.0.9", 1), None),
        ([(b"X-Forwarded-Proto", b"gopher"), (b"X-Forwarded-Port", b"9" * 5000)], ("10.0.0.0/8",), ("10.0.0.9", 1), None),
        (FORWARDED, ("fd00::/8",), ("fd00::1", 1, 0, 0), ("10.0.0.3", "https", 443)),
        (FORWARDED, (), "", ("127.0.0.1", "http", 8080)),
    ],
)
def test_only_trusted_proxies_are_believed(headers: Any, trusted: Any, peer: Any, client: Any) -> None:
    request = read(headers, trusted, peer)
    assert (request.client_ip, request.scheme, request.port) == (client or ("10.0.0.9", "http", 8080))
    assert request.peer == (peer[0] if peer else "127.0.0.1")


def test_a_trace_header_is_kept_and_a_broken_one_replaced() -> None:
    given_id = b"Root=1-6a514b28-0123456789abcdef01234567;Sampled=1"
    assert read([(b"x-amzn-trace-id", given_id)]).trace_id == given_id.decode()
    assert read([(b"x-amzn-trace-id", b"\xff" * 3)]).trace_id.startswith("Root=1-6a514b28-")
    assert read([(b"x-amzn-trace-id", b"a" * 513)]).trace_id.startswith("Root=1-6a514b28-")
    assert read([]).trace_id.startswith("Root=1-6a514b28-")
