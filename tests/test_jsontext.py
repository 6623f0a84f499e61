"""JSON in and out: what orjson does, wherever that is exact, and what JSON or Python's runtime also allow."""

import json
import math
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import jsontext

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_goes_out_comes_back_in(value: object) -> None:
    data = jsontext.dumps(value)
    assert jsontext.loads(data) == value
    jsontext.check(data)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"a": [1, 2.5, None, True]}, b'{"a":[1,2.5,null,true]}'),
        ("hallöchen €", '"hallöchen €"'.encode()),
        (2**70, str(2**70).encode()),
        ("\ud800x", b'"\\ud800x"'),
        ({"b": 1, "a": 2}, b'{"b":1,"a":2}'),
    ],
)
def test_dumps(value: object, data: bytes) -> None:
    assert jsontext.dumps(value) == data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        ('{"a": "\u00f6"}', {"a": "ö"}),
        (b"12345678901234567890123", 12345678901234567890123),
        (b"[9223372036854775808]", [2**63]),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\ud800"', "\ud800"),
        (b"1e400", math.inf),
        (b"[Infinity, -Infinity]", [math.inf, -math.inf]),
    ],
)
def test_loads(text: bytes | str, value: object) -> None:
    assert jsontext.loads(text) == value


def test_nan_is_taken_where_constants_are() -> None:
    assert math.isnan(jsontext.loads(b"NaN"))
    with pytest.raises(ValueError, match="NaN is not JSON"):
        jsontext.loads(b"NaN", constants=False)


@pytest.mark.parametrize("text", [b"", b"{", b"[1,]", b"01", b"'a'", b"\xff", b'{"a":1} x', b"[" * 100_000, b"\xef\xbb\xbf1 1"])
def test_what_is_not_json(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        jsontext.loads(text)
    with pytest.raises(ValueError, match=r"."):
        jsontext.check(text)


@pytest.mark.parametrize("text", [b"NaN", b"[Infinity]", b'{"a":-Infinity}', "1".encode("utf-16"), b"\xef\xbb\xbf1"])
def test_check_takes_rfc_8259_in_utf_8_only(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        jsontext.check(text)


@pytest.mark.parametrize("text", [b"1e400", b"-1E-999", b"9" * 5000, b'"\\ud800"', b" [ ] ", b"\t\r\n1"])
def test_check_takes_numbers_of_any_size_and_lone_surrogates(text: bytes) -> None:
    jsontext.check(text)


def nested(levels: int, inside: bytes) -> bytes:
    return b'{"a":[' * (levels // 2) + inside + b"]}" * (levels // 2)


@pytest.mark.parametrize("inside", [b"1", b"12345678901234567890", b"NaN", b'"\\ud800"'])
def test_depth_is_bounded_alike_whichever_parser_reads(inside: bytes) -> None:
    assert jsontext.loads(nested(600, inside)) is not None
    with pytest.raises(ValueError, match="JSON"):
        jsontext.loads(nested(1200, inside))


@pytest.mark.parametrize(
    ("data", "is_deep"),
    [
        (b"[" * 1025, True),
        (b"[" * 1024, False),
        (b"[]" * 5000, False),
        (b'["' + b"[" * 5000 + b'"]', False),
        (b'["\\"' + b"[" * 5000 + b'"]', False),
        (b'["\\\\"' + b",[" * 5000, True),
    ],
)
def test_brackets_within_strings_are_no_levels(data: bytes, is_deep: bool) -> None:
    with pytest.raises(ValueError, match="too deeply") if is_deep else nullcontext():
        jsontext.check_depth(data)


@given(st.text())
def test_check_agrees_with_the_standard_library(text: str) -> None:
    def accepts(judge: Callable[[bytes], None]) -> bool:
        try:
            judge(text.encode("utf-8", "surrogatepass"))
        except ValueError:
            return False
        return True

    def standard(data: bytes) -> None:
        def refuse(name: str) -> None:
            raise ValueError(name)

        json.loads(data.decode(), parse_constant=refuse)

    assert accepts(jsontext.check) == accepts(standard)


@pytest.mark.parametrize("tail", [b"", b"\\", b'"', b'"]'])
def test_a_string_without_an_end_takes_each_byte_once(tail: bytes) -> None:
    """Quadratic time would be hours: each escaped quotation mark could begin a string that never ends."""
    with pytest.raises(ValueError, match=r"line 1|deeply"):
        jsontext.loads(b'{"a":"' + b'\\"' * 1_000_000 + b"[" * 1025 + tail + b",")
