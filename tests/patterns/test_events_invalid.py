"""What AWS refuses, in its own words and with the place: a case for every row of semantics/async.md §D.7."""

from typing import Any

import pytest

from router.patterns.events import compile_pattern
from router.patterns.invalid import InvalidPattern

STRING_OPERATORS = ("prefix", "suffix", "wildcard", "equals-ignore-case")
ONE_KEY = "Only one key allowed in match expression"
COMPLEX = (
    "Rule is too complex - try using fewer wildcard characters"
    " or fewer repeating character sequences after a wildcard character"
)
NO_VALUE = "Value of anything-but must be an array or single string/number value."
LITERALS = "Inside anything but list, start|null|boolean is not supported."
NO_LITERALS = "list, number|start|null|boolean is not supported."

STRUCTURES: list[tuple[Any, str, tuple[Any, ...]]] = [
    ([], "Filter is not an object", ()),
    ("x", "Filter is not an object", ()),
    ({}, "Empty objects are not allowed", ()),
    ({"k": {}}, "Empty objects are not allowed", ("k",)),
    ({"k": 42}, '"k" must be an object or an array', ("k",)),
    ({"d": {"k": "x"}}, '"k" must be an object or an array', ("d", "k")),
    ({"k": None}, '"k" must be an object or an array', ("k",)),
    ({"k": []}, "Empty arrays are not allowed", ("k",)),
    ({"k": [["x"]]}, "Match value must be String, number, true, false, or null", ("k", 0)),
    ({"$or": "x"}, "It must be an Array followed with $or.", ("$or",)),
    ({"$or": [{"a": [1]}, ["x"]]}, "Only JSON object is allowed in array of $or relationship.", ("$or", 1)),
    ({"$or": [{"a": [1]}]}, "There must have at least 2 Objects in $or relationship.", ("$or",)),
    ({"$or": []}, "There must have at least 2 Objects in $or relationship.", ("$or",)),
    (
        {"$or": [{"a": [1]}, {"cidr": [1]}]},
        "cidr is Ruler reserved fieldName which cannot be used inside $or.",
        ("$or", 1, "cidr"),
    ),
    ({"$or": [{"a": [1]}, {"b": []}]}, "Empty arrays are not allowed", ("$or", 1, "b")),
]

VALUES: list[tuple[Any, str, tuple[Any, ...]]] = [
    ({}, "Match expression name not found", ()),
    ({"EXISTS": True}, "Unrecognized match type EXISTS", ("EXISTS",)),
    ({"prefix": "a", "suffix": "b"}, ONE_KEY, ()),
    *(({name: 1}, f"{name} match pattern must be a string", (name,)) for name in STRING_OPERATORS),
    *(({name: ["x"]}, f"{name} match pattern must be a string", (name,)) for name in STRING_OPERATORS),
    ({"exactly": 1}, "exact match pattern must be a string", ("exactly",)),
    ({"cidr": 1}, "prefix match pattern must be a string", ("cidr",)),
    ({"prefix": {"x": "a"}}, "Unsupported prefix pattern: x", ("prefix", "x")),
    ({"suffix": {"x": "a"}}, "Unsupported suffix pattern: x", ("suffix", "x")),
    ({"prefix": {}}, "Prefix expression name not found", ("prefix",)),
    (
        {"prefix": {"equals-ignore-case": 1}},
        "equals-ignore-case match pattern must be a string",
        ("prefix", "equals-ignore-case"),
    ),
    ({"prefix": {"equals-ignore-case": "a", "x": 1}}, ONE_KEY, ("prefix",)),
    ({"wildcard": "a**b"}, "Consecutive wildcard characters at pos 2", ("wildcard",)),
    ({"wildcard": "ä*b**"}, "Consecutive wildcard characters at pos 5", ("wildcard",)),
    ({"wildcard": r"ab\c"}, "Invalid escape character at pos 3", ("wildcard",)),
    ({"wildcard": "a\\"}, "Invalid escape character at pos 2", ("wildcard",)),
    ({"wildcard": r"\?"}, "Invalid escape character at pos 1", ("wildcard",)),
    ({"wildcard": "*:*:*:*:*:event-bus/*"}, COMPLEX, ("wildcard",)),
    *(({"anything-but": value}, NO_VALUE, ("anything-but",)) for value in (None, True, False)),
    *(
        ({"anything-but": {"equals-ignore-case": value}}, NO_VALUE, ("anything-but", "equals-ignore-case"))
        for value in (None, True, {"x": 1})
    ),
    *(({"anything-but": ["a", value]}, LITERALS, ("anything-but",)) for value in (None, True, {"x": 1}, [1])),
    (
        {"anything-but": ["a", 1]},
        "Inside anything but list, either all values are number or string, mixed type is not supported",
        ("anything-but",),
    ),
    ({"anything-but": []}, "Empty arrays are not allowed", ("anything-but",)),
    ({"anything-but": {}}, "Anything-But expression name not found", ("anything-but",)),
    ({"anything-but": {"x": "a"}}, "Unsupported anything-but pattern: x", ("anything-but", "x")),
    ({"anything-but": {"prefix": "a", "suffix": "b"}}, ONE_KEY, ("anything-but",)),
    *(
        ({"anything-but": {side: value}}, "prefix/suffix match pattern must be a string", ("anything-but", side))
        for side in ("prefix", "suffix")
        for value in (1, None, {"equals-ignore-case": "a"})
    ),
    ({"anything-but": {"wildcard": 1}}, "wildcard match pattern must be a string", ("anything-but", "wildcard")),
    ({"anything-but": {"wildcard": "**"}}, "Consecutive wildcard characters at pos 1", ("anything-but", "wildcard")),
    ({"anything-but": {"prefix": []}}, "Empty arrays are not allowed", ("anything-but", "prefix")),
    ({"anything-but": {"prefix": ""}}, "Null prefix/suffix not allowed", ("anything-but", "prefix")),
    ({"anything-but": {"suffix": ["a", ""]}}, "Null prefix/suffix not allowed", ("anything-but", "suffix", 1)),
    ({"anything-but": {"suffix": [1]}}, f"Inside anything-but/suffix {NO_LITERALS}", ("anything-but", "suffix", 0)),
    (
        {"anything-but": {"equals-ignore-case": 1}},
        f"Inside anything-but/equals-ignore-case {NO_LITERALS}",
        ("anything-but", "equals-ignore-case"),
    ),
    (
        {"anything-but": {"equals-ignore-case": [None]}},
        f"Inside anything-but/equals-ignore-case {NO_LITERALS}",
        ("anything-but", "equals-ignore-case", 0),
    ),
    ({"exists": "true"}, "exists match pattern must be either true or false.", ("exists",)),
    ({"exists": None}, "exists match pattern must be either true or false.", ("exists",)),
]

NUMERIC: list[tuple[Any, str]] = [
    (5, "Value of numeric must be an array."),
    ([], "Invalid member in numeric match: ]"),
    ([1, "<="], "Invalid member in numeric match: 1"),
    ([{}], "Invalid member in numeric match: {"),
    (["op"], "Unrecognized numeric range operator: op"),
    (["=", "0"], "Value of equals must be numeric"),
    (["=", True], "Value of equals must be numeric"),
    ([">"], "Value of > must be numeric"),
    (["<=", None], "Value of <= must be numeric"),
    (["<", 100, ">", 10], "Too many elements in numeric expression"),
    (["=", 1, 2], "Too many elements in numeric expression"),
    ([">", 20, 30], "Bad value in numeric range: 30"),
    ([">", 20, [30]], "Bad value in numeric range: ["),
    ([">", 20, ">", 30], "Bad numeric range operator: >"),
    ([">", 20, "<", "30"], "Value of < must be numeric"),
    ([">", 20, "<", 30, "<", 50], "Too many terms in numeric range expression"),
    ([">", 3, "<", 1], "Bottom must be less than top"),
    ([">", 3, "<", 3], "Bottom must be less than top"),
    ([">", 10**400], f"Cannot compare number : {10**400}"),
]

CIDRS: list[tuple[str, str]] = [
    ("10.0.0.0", "Malformed CIDR, one '/' required"),
    ("10.0.0.0/", "Malformed CIDR, one '/' required"),
    ("10.0.0.0/8/8", "Malformed CIDR, one '/' required"),
    ("10.0.0.0/x", "Malformed CIDR, mask bits must be an integer"),
    ("10.0.0.0/-1", "Malformed CIDR, mask bits must not be negative"),
    ("10.0.0.0/32", "IPv4 mask bits must be < 32"),
    ("::1/128", "IPv6 mask bits must be < 128"),
    ("10.0.0/8", "Nonstandard IP address: 10.0.0"),
]


def refusal(pattern: Any) -> tuple[str, tuple[Any, ...], bool]:
    with pytest.raises(InvalidPattern) as caught:
        compile_pattern(pattern)
    assert str(caught.value) == caught.value.reason
    return caught.value.reason, caught.value.path, caught.value.located


@pytest.mark.parametrize(("pattern", "reason", "path"), STRUCTURES, ids=lambda value: str(value)[:60])
def test_structures(pattern: Any, reason: str, path: tuple[Any, ...]) -> None:
    assert refusal(pattern) == (reason, path, True)


@pytest.mark.parametrize(("value", "reason", "path"), VALUES, ids=lambda value: str(value)[:60])
def test_match_values(value: Any, reason: str, path: tuple[Any, ...]) -> None:
    assert refusal({"d": {"k": ["fine", value]}}) == (reason, ("d", "k", 1, *path), reason != COMPLEX)


@pytest.mark.parametrize(("argument", "reason"), NUMERIC, ids=lambda value: str(value)[:60])
def test_numeric(argument: Any, reason: str) -> None:
    assert refusal({"k": [{"numeric": argument}]}) == (reason, ("k", 0, "numeric"), True)


@pytest.mark.parametrize(("block", "reason"), CIDRS)
def test_cidr_errors_have_no_location(block: str, reason: str) -> None:
    assert refusal({"k": [{"cidr": block}]}) == (reason, ("k", 0, "cidr"), False)


def test_a_pattern_cannot_be_nested_without_end() -> None:
    pattern: dict[str, Any] = {"k": ["x"]}
    for _ in range(300):
        pattern = {"k": pattern}

    assert refusal(pattern)[0] == "The pattern is nested too deeply"
