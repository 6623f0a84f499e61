"""The words that hold a rule of their own: header look-up, places, addresses."""

import pytest

from router.fakes import request
from router.model import Place
from router.settings import Address


@pytest.mark.parametrize(("name", "value"), [("host", "h:1"), ("x-a", "1"), ("x-b", ""), ("x-c", None)])
def test_a_header_is_found_by_its_lower_case_name_and_the_first_wins(name: str, value: str | None) -> None:
    asked = request("GET", "/", [("Host", "h:1"), ("X-A", "1"), ("x-a", "2"), ("X-b", ""), ("X-B", "3")])
    assert asked.header(name) == value


def test_a_place_reads_as_editors_take_it() -> None:
    assert str(Place("router.yaml", 3, 14)) == "router.yaml:3:14"


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address("127.0.0.1", 8080), "127.0.0.1:8080"),
        (Address("::1", 8080), "[::1]:8080"),
        (Address(unix="/run/router.sock"), "unix:/run/router.sock"),
    ],
)
def test_addresses(address: Address, text: str) -> None:
    assert str(address) == text
