"""How a scalar is read: as what the schema wants, from its source text."""

from collections.abc import Callable
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import Loaded
from router.config.construct import read_scalar
from router.config.nodes import ScalarNode
from router.config.problem import Span

PLACE = Span("f", 1, 1, 1, 2)


def read(text: str, *wanted: str, plain: bool = True, substituted: bool = False) -> Any:
    return read_scalar(ScalarNode(PLACE, text, plain, text, substituted), frozenset(wanted))


@pytest.mark.parametrize("text", ["012345678901", "2.0", "NO", "true", "null", "~", "0x1F", "1e3", "2024-01-01", ".inf"])
def test_where_text_is_wanted_it_stays_as_written(text: str) -> None:
    assert read(text, "string") == text


@pytest.mark.parametrize(
    ("text", "wanted", "value"),
    [
        ("8080", "integer", 8080),
        ("-5", "integer", -5),
        ("0017", "integer", 17),
        ("2.5", "number", 2.5),
        ("3", "number", 3.0),
        ("1e3", "number", 1000.0),
        ("true", "boolean", True),
        ("FALSE", "boolean", False),
        ("null", "null", None),
        ("yes", "boolean", "yes"),
        ("abc", "integer", "abc"),
        ("1.5", "integer", 1.5),
        ("9" * 5000, "integer", float("inf")),
    ],
)
def test_where_something_else_is_wanted(text: str, wanted: str, value: object) -> None:
    assert read(text, wanted) == value


@pytest.mark.parametrize(("text", "value"), [("2.0", 2), ("1e3", 1000), ("-0.0", 0)])
def test_a_whole_number_is_an_integer_however_it_is_written(text: str, value: int) -> None:
    """The schema takes it for one, and what counts with it wants one."""
    assert (read(text, "integer"), type(read(text, "integer"))) == (value, int)


def test_text_or_something_else() -> None:
    assert [read(text, "integer", "string") for text in ("8", "auto")] == [8, "auto"]


def test_quotes_make_text_but_not_around_a_variable() -> None:
    assert read("8080", "integer", plain=False) == "8080"
    assert read("8080", "integer", plain=False, substituted=True) == 8080
    assert read("true", "boolean", plain=False, substituted=True) is True


@pytest.mark.parametrize("wanted", ["string", "integer", "boolean"])
def test_nothing_is_not_empty_text(wanted: str) -> None:
    assert read("", wanted) is None
    assert read("", wanted, plain=False) == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("True", True),
        ("NO", "NO"),
        ("yes", "yes"),
        ("12", 12),
        ("+12", 12),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("-.inf", -inf),
        ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"),
        ("12:30", "12:30"),
    ],
)
def test_free_form_values_go_by_the_core_rules_of_yaml_1_2(text: str, value: object) -> None:
    assert read(text) == value
    assert read(text, plain=False) == text


@given(st.integers())
def test_any_integer_is_read_exactly(number: int) -> None:
    assert read(str(number), "integer") == number
    assert read(str(number)) == number


@given(st.text(max_size=20), st.sampled_from(["string", "integer", "number", "boolean", "null"]), st.booleans())
def test_reading_never_raises(text: str, wanted: str, plain: bool) -> None:
    read(text, wanted, plain=plain)
    read(text, plain=plain)


def test_shorthands_and_lists_of_one(load_text: Callable[..., Loaded]) -> None:
    loaded = load_text("""\
version: 1
aws: {account_id: 012345678901}
listeners: {main: 127.0.0.1:8080}
functions: {orders: arn:aws:lambda:eu-west-1:111122223333:function:orders}
triggers:
  a: {type: probe, invocation: sync, function: orders, hosts: a.example.com, payload: 2.0, note: NO, input: {n: 1, t: "1"}}
""")
    assert loaded.problems == []
    assert loaded.config is not None
    raw: Any = loaded.config.raw
    trigger = raw["triggers"]["a"]
    assert {name: trigger[name] for name in ("invocation", "hosts", "payload", "note", "input", "timeout", "retries")} == {
        "invocation": ["sync"],
        "hosts": ["a.example.com"],
        "payload": "2.0",
        "note": "NO",
        "input": {"n": 1, "t": "1"},
        "timeout": 30.0,
        "retries": None,
    }
    assert (raw["aws"]["account_id"], raw["listeners"]["main"]["address"]) == ("012345678901", "127.0.0.1:8080")
    assert raw["functions"]["orders"]["arn"] == "arn:aws:lambda:eu-west-1:111122223333:function:orders"
