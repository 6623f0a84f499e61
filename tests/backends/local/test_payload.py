"""Whether an event is JSON, as Lambda checks."""

import pytest

from router.backends.local.payload import json_problem

CASES = {
    b"": None,
    b"null": None,
    b'"text"': None,
    b'{"a": [1, 2.5, "\xc3\xbc"]}': None,
    b'"\\ud83d"': None,
    b"123456789012345678901234567890": None,
    b"{": "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    b"NaN": "Unrecognized token 'NaN'",
    b'{"a": -Infinity}': "Unrecognized token '-Infinity'",
    b"[" * 100_000: "nested too deeply",
    b"\xff": "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
}


@pytest.mark.parametrize("payload", CASES, ids=lambda payload: repr(payload[:12]))
def test_what_is_json(payload):
    assert json_problem(payload) == CASES[payload]
