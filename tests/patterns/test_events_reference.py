"""Event patterns against a naive matcher: every leaf of the event is listed, every combination of leaves is tried."""

import ipaddress
import itertools
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.patterns.events import compile_pattern

Leaf = tuple[str, Any, dict[str, int]]

KEYS = st.sampled_from(["a", "b", "a.b", "c"])
TEXTS = st.sampled_from(["", "a", "A", "ab", "ba", "aab", "10.0.0.1", "::ffff:10.0.0.1", "10.0.9.9", "::1"])
NUMBERS = st.sampled_from([0, 1, 1.0, -1, 2.5, 300, 3e2, 2**53, 2**53 + 1])
SCALARS = TEXTS | NUMBERS | st.sampled_from([None, True, False])
EVENTS = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12),
    max_size=3,
)
BOUNDS = st.sampled_from([-1, 0, 1, 2.5, 300])
LOW, HIGH = st.sampled_from([">", ">="]), st.sampled_from(["<", "<="])
NON_EMPTY = TEXTS.filter(bool)
OPERATORS = st.one_of(
    st.builds(lambda text: {"prefix": text}, TEXTS),
    st.builds(lambda text: {"suffix": text}, TEXTS),
    st.builds(lambda text: {"prefix": {"equals-ignore-case": text}}, TEXTS),
    st.builds(lambda text: {"suffix": {"equals-ignore-case": text}}, TEXTS),
    st.builds(lambda text: {"equals-ignore-case": text}, TEXTS),
    st.builds(lambda text: {"wildcard": text}, st.sampled_from(["*", "a*", "*b", "a*b", "*a*", "", "a"])),
    st.builds(lambda block: {"cidr": block}, st.sampled_from(["10.0.0.0/24", "10.0.0.0/8", "::/64"])),
    st.builds(lambda flag: {"exists": flag}, st.booleans()),
    st.builds(lambda op, n: {"numeric": [op, n]}, LOW | HIGH | st.just("="), BOUNDS),
    st.builds(lambda low, high: {"numeric": [low, -1, high, 2.5]}, LOW, HIGH),
    st.builds(
        lambda value: {"anything-but": value}, TEXTS | NUMBERS | st.lists(TEXTS, min_size=1) | st.lists(NUMBERS, min_size=1)
    ),
    st.builds(
        lambda operator, value: {"anything-but": {operator: value}},
        st.sampled_from(["prefix", "suffix", "equals-ignore-case"]),
        NON_EMPTY | st.lists(NON_EMPTY, min_size=1, max_size=2),
    ),
)
LISTS = st.lists(SCALARS | OPERATORS, min_size=1, max_size=2)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    plain = st.dictionaries(KEYS, inner, min_size=1, max_size=3)
    branches = st.lists(plain, min_size=2, max_size=2).map(lambda each: {"$or": each})
    return plain | branches | st.builds(lambda fields, either: fields | either, plain, branches)


PATTERNS = objects(st.recursive(LISTS, objects, max_leaves=6))


# --- the reference ---------------------------------------------------------------------------------------------------


def all_leaves(node: Any, path: str = "", name: str = "", within: dict[str, int] | None = None) -> list[Leaf]:
    """`name` tells arrays apart that have the same path."""
    within = within or {}
    if isinstance(node, dict):
        return [
            leaf
            for key, value in node.items()
            for leaf in all_leaves(value, f"{path}.{key}" if name else key, f"{name}/{key}", within)
        ]
    if isinstance(node, list):
        return [
            leaf
            for index, value in enumerate(node)
            for leaf in all_leaves(
                value,
                path,
                f"{name}[{index}]",
                within | {name: index} if isinstance(value, (dict, list)) else within,
            )
        ]
    return [(path, node, within)]


def expand(pattern: dict[str, Any], prefix: str = "") -> list[dict[str, list[Any]]]:
    rules: list[dict[str, list[Any]]] = [{}]
    for key, value in pattern.items():
        if key == "$or":
            branches = [rule for branch in value for rule in expand(branch, prefix)]
        elif isinstance(value, dict):
            branches = expand(value, f"{prefix}{key}.")
        else:
            branches = [{prefix + key: value}]
        rules = [one | other for one, other in itertools.product(rules, branches)]
    return rules


def reference(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    leaves = all_leaves(event)
    return any(rule_fits(sorted(rule.items()), leaves, {}) for rule in expand(pattern))


def rule_fits(rule: list[tuple[str, list[Any]]], leaves: list[Leaf], chosen: dict[str, int]) -> bool:
    if not rule:
        return True
    (path, values), rest = rule[0], rule[1:]
    usable = [
        (value, within)
        for where, value, within in leaves
        if where == path and all(chosen.get(array, index) == index for array, index in within.items())
    ]
    for value, within in usable:
        if any(fits(wanted, value) for wanted in values) and rule_fits(rest, leaves, chosen | within):
            return True
    return not usable and {"exists": False} in values and rule_fits(rest, leaves, chosen)


def fits(wanted: Any, value: Any) -> bool:
    if not isinstance(wanted, dict):
        return same(wanted, value)
    ((operator, argument),) = wanted.items()
    if operator == "exists":
        return bool(argument)
    if operator == "numeric":
        return (
            is_number(value)
            and holds(value)
            and all(compare(*term, value) for term in zip(argument[::2], argument[1::2], strict=True))
        )
    if operator == "anything-but":
        return not listed(argument, value)
    return isinstance(value, str) and text_fits(operator, argument, value)


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def holds(value: float) -> bool:
    return Decimal(repr(float(value))) == Decimal(repr(value))


def compare(operator: str, bound: float, value: float) -> bool:
    return {"=": value == bound, "<": value < bound, "<=": value <= bound, ">": value > bound, ">=": value >= bound}[operator]


def same(wanted: Any, value: Any) -> bool:
    if isinstance(wanted, str) and isinstance(value, str):
        return wanted == value or (ip(wanted) is not None and ip(wanted) == ip(value))
    if is_number(wanted) and is_number(value):
        return bool(wanted == value)
    return type(wanted) is type(value) and wanted == value and not is_number(wanted)


def listed(argument: Any, value: Any) -> bool:
    if isinstance(argument, dict):
        ((operator, inner),) = argument.items()
        return isinstance(value, str) and any(text_fits(operator, each, value) for each in as_list(inner))
    return any(type(each) is not bool and value == each and is_number(value) == is_number(each) for each in as_list(argument))


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text_fits(operator: str, argument: Any, value: str) -> bool:
    if isinstance(argument, dict):
        return text_fits(operator, argument["equals-ignore-case"].lower(), value.lower())
    if operator == "wildcard":
        return glob(argument, value)
    if operator == "cidr":
        address = ip(value)
        return address is not None and address in ipaddress.ip_network(argument)
    return {
        "prefix": value[: len(argument)] == argument,
        "suffix": value[len(value) - len(argument) :] == argument and len(value) >= len(argument),
        "equals-ignore-case": value.lower() == argument.lower(),
    }[operator]


def glob(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(glob(pattern[1:], text[cut:]) for cut in range(len(text) + 1))
    return text[:1] == pattern[0] and glob(pattern[1:], text[1:])


def ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


@settings(max_examples=300, deadline=None)
@given(PATTERNS, EVENTS)
@example({"a": {"a": [1], "b": [{"exists": False}]}}, {"a": [{"a": 1, "b": 1}, {"a": 1}]})
@example({"a": {"b": ["a"]}, "a.b": [1]}, {"a.b": [[1]], "a": [{"b": "a"}]})
def test_it_matches_as_the_reference_does(pattern: dict[str, Any], event: dict[str, Any]) -> None:
    compiled = compile_pattern(pattern)
    expected = reference(pattern, event)

    assert compiled.matches(event) is expected
    assert (compiled.explain(event) is None) is expected


@st.composite
def tables(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A pattern over the columns of nested arrays of objects, where consistency decides."""
    cell = st.sampled_from([0, 1])
    row = st.dictionaries(st.sampled_from("xyz"), cell | st.lists(cell, max_size=2), max_size=3)
    rows = st.lists(st.builds(lambda own, below: own | {"r": below}, row, st.lists(row, max_size=3)), max_size=4)
    wanted = st.sampled_from([[0], [1], [{"anything-but": 0}], [{"exists": False}], [{"exists": False}, 1]])
    columns = st.dictionaries(st.sampled_from("xyz"), wanted, max_size=3)
    pattern = draw(st.builds(lambda own, below: own | ({"r": below} if below else {}), columns, columns).filter(bool))
    return {"t": pattern}, {"t": draw(rows)}


@settings(max_examples=300, deadline=None)
@given(tables())
def test_rows_of_nested_tables_are_chosen_as_the_reference_does(case: tuple[dict[str, Any], dict[str, Any]]) -> None:
    assert compile_pattern(case[0]).matches(case[1]) is reference(*case)
