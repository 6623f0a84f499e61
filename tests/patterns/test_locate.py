"""Where AWS says that the text of a pattern is wrong."""

import pytest

from router.patterns.events import compile_pattern
from router.patterns.invalid import InvalidPattern
from router.patterns.locate import located, unreadable
from router.patterns.numbers import read_json


def complaint(text: str) -> str:
    try:
        with pytest.raises(InvalidPattern) as caught:
            compile_pattern(read_json(text))
    except ValueError:
        return unreadable(text)
    return located(text, caught.value)


@pytest.mark.parametrize(
    ("text", "reason", "line", "column"),
    [
        ("[]", "Filter is not an object", 1, 2),
        ("{}", "Empty objects are not allowed", 1, 3),
        ('{"k": 42}', '"k" must be an object or an array', 1, 9),
        ('{"k": "x"}', '"k" must be an object or an array', 1, 8),
        ('{"k": true}', '"k" must be an object or an array', 1, 11),
        ('{"k": [ ]}', "Empty arrays are not allowed", 1, 10),
        ('{"a": {"b": ["x"]},\n "k": {"c": [] } }', "Empty arrays are not allowed", 2, 15),
        ('{"a": ["x", {"prefix": 1}]}', "prefix match pattern must be a string", 1, 25),
        ('{"a": ["x", ["y"]]}', "Match value must be String, number, true, false, or null", 1, 14),
        ('{"a": [{"b": 1}]}', "Unrecognized match type b", 1, 15),
        ('{"a": [{"b\\u0063": "x"}]}', "Unrecognized match type bc", 1, 21),
        ('{"k": ["x"], "k": []}', "Empty arrays are not allowed", 1, 21),
        ('{"k": [{"wildcard": "a**"}]}', "Consecutive wildcard characters at pos 2", 1, 22),
        (
            '{"k": x}',
            "Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
            1,
            8,
        ),
        ("{'k': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name", 1, 3),
        ('{"k": ["x"]', "Unexpected end-of-input", 1, 12),
    ],
)
def test_the_place_is_where_the_parser_had_got_to(text: str, reason: str, line: int, column: int) -> None:
    assert complaint(text) == f'{reason}\n at [Source: (String)"{text}"; line: {line}, column: {column}]'


def test_addresses_have_no_place() -> None:
    assert complaint('{"k": [{"cidr": "10.0.0.0/99"}]}') == "IPv4 mask bits must be < 32"


def test_a_long_pattern_is_shown_in_part() -> None:
    text = '{"k": [' + '"x", ' * 200 + "[]]}"
    shown = f'"{text[:500]}"[truncated {len(text) - 500} chars]'
    assert complaint(text).endswith(f"\n at [Source: (String){shown}; line: 1, column: {len(text) - 2}]")
