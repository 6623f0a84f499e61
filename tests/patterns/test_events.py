"""What event patterns match: a case for every row of semantics/async.md §D.3 to §D.6."""

from typing import Any

import pytest

from router.patterns.events import Mismatch, compile_pattern
from router.patterns.invalid import InvalidPattern
from router.patterns.numbers import read_json

VALUES: list[tuple[Any, list[Any], list[Any]]] = [
    # match values, leaves that fit, leaves that do not
    (["text"], ["text"], ["Text", " text", "", None, 1]),
    ([""], [""], [None, " ", []]),
    (["::1"], ["::1", "0:0:0:0:0:0:0:1", "0::1"], ["::2", "1"]),
    (["10.0.0.1"], ["10.0.0.1", "::ffff:10.0.0.1"], ["10.0.0.2"]),
    ([300], [300, 300.0, read_json("3.0e2")], ["300", 301, True]),
    ([0.1], [0.1, read_json("1e-1")], [0.2, "0.1"]),
    ([9007199254740993], [9007199254740993], [9007199254740992, 9007199254740992.0]),
    ([9007199254740992], [9007199254740992.0], [9007199254740993]),
    ([10**23], [10**23, 1e23], [10**23 + 1]),
    ([10**400], [10**400], [10**400 + 1, 1e308]),
    ([read_json("0.10000000000000000001")], [read_json("0.10000000000000000001")], [0.1]),
    ([1], [1, 1.0], [True]),
    ([0], [0, -0.0], [False, None]),
    ([True], [True], [1, "true", False]),
    ([False], [False], [0, None, True]),
    ([None], [None], ["null", [], False, 0]),
    (["a", 1, None], ["a", 1, None], ["b", 2, True]),
    ([{"prefix": "ab"}], ["ab", "abc"], ["a", "Ab", 1, None]),
    ([{"prefix": ""}], ["", "x"], [1, None, True]),
    ([{"suffix": ".png"}], [".png", "a.png"], ["a.PNG", "png"]),
    ([{"suffix": ""}], ["", "x"], [1, None]),
    ([{"prefix": {"equals-ignore-case": "aB"}}], ["AB", "abc"], ["ba", 1]),
    ([{"suffix": {"equals-ignore-case": ".Png"}}], ["a.PNG"], ["a.jpg"]),
    ([{"equals-ignore-case": "Ab"}], ["ab", "AB"], ["abc", 1]),
    ([{"equals-ignore-case": ""}], [""], ["a", None]),
    ([{"wildcard": "a*b"}], ["ab", "a/x/b", "a\nb"], ["abc", "b", 1]),
    ([{"wildcard": "*"}], ["", "x/y"], [1, None]),
    ([{"wildcard": ""}], [""], ["a"]),
    ([{"wildcard": r"a\*b\\*"}], ["a*b\\", "a*b\\x"], ["axb\\", "a*b"]),
    ([{"wildcard": "a?b*"}], ["a?b", "a?bc"], ["axb"]),
    ([{"anything-but": "x"}], ["y", None, 1, True, ""], ["x", []]),
    ([{"anything-but": 5}], [6, "5", None], [5, 5.0]),
    ([{"anything-but": ["a", "b"]}], ["c", 1], ["a", "b"]),
    ([{"anything-but": [1, 2]}], [3, "1", True], [1, 2.0]),
    ([{"anything-but": {"prefix": "a"}}], ["b", 1, None], ["a", "ab"]),
    ([{"anything-but": {"suffix": "a"}}], ["b", 1, None], ["a", "ba"]),
    ([{"anything-but": {"prefix": ["a", "b"]}}], ["c"], ["ax", "bx"]),
    ([{"anything-but": {"suffix": ["a", "b"]}}], ["c"], ["xa", "xb"]),
    ([{"anything-but": {"wildcard": "a*b"}}], ["c", 1], ["ab", "axb"]),
    ([{"anything-but": {"wildcard": ["a*", "*b"]}}], ["c"], ["ax", "xb"]),
    ([{"anything-but": {"equals-ignore-case": "Ab"}}], ["c", 1, None], ["AB", "ab"]),
    ([{"anything-but": {"equals-ignore-case": ["A", "b"]}}], ["c"], ["a", "B"]),
    ([{"numeric": ["=", 5]}], [5, 5.0], ["5", 6, True, None]),
    ([{"numeric": [">", 0]}], [1, 0.5, 10**23], [0, -1, "1", True]),
    ([{"numeric": [">=", 0]}], [0, 1], [-1]),
    ([{"numeric": ["<", 0]}], [-1], [0, 1]),
    ([{"numeric": ["<=", 0]}], [0, -1], [1]),
    ([{"numeric": [">", 0, "<=", 5]}], [1, 5], [0, 6, "3"]),
    ([{"numeric": [">=", 0, "<", 5]}], [0, 4.999], [5, -1]),
    ([{"numeric": [">", -5e9, "<", 5e9]}], [0], [5e9, float("nan"), float("inf"), 2**53 + 1]),
    ([{"cidr": "10.0.0.0/24"}], ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "10.0.0.0/24", 10, "::1"]),
    ([{"cidr": "10.0.0.77/24"}], ["10.0.0.1"], ["10.0.1.1"]),
    ([{"cidr": "0.0.0.0/0"}], ["1.2.3.4"], ["::1", "x"]),
    ([{"cidr": "2001:db8::/32"}], ["2001:DB8:0::5"], ["2001:db9::1", "10.0.0.1"]),
    ([{"exists": True}], ["", None, 0, [1]], [[], {}, {"x": 1}]),
    ([{"exists": False}], [[], {}, {"x": 1}], ["", None, 0]),
    ([{"exists": False}, "x"], ["x", []], ["y"]),
    ([{"exactly": "x"}], ["x"], ["X"]),
]


@pytest.mark.parametrize(("values", "fitting", "others"), VALUES, ids=lambda value: str(value)[:50])
def test_a_leaf_fits_its_match_values(values: list[Any], fitting: list[Any], others: list[Any]) -> None:
    pattern = compile_pattern({"detail": {"k": values}})

    assert [leaf for leaf in (*fitting, *others) if pattern.matches({"detail": {"k": leaf}})] == fitting


EVENTS: list[tuple[str, dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]] = [
    ("fields are ANDed", {"a": ["x"], "b": ["y"]}, [{"a": "x", "b": "y", "c": 1}], [{"a": "x"}, {"a": "x", "b": "x"}]),
    ("names have case", {"Source": ["x"]}, [{"Source": "x"}], [{"source": "x"}]),
    (
        "dots join",
        {"detail": {"a": {"b": ["x"]}}},
        [{"detail": {"a": {"b": "x"}}}, {"detail": {"a.b": "x"}}, {"detail.a": {"b": "x"}}, {"detail.a.b": "x"}],
        [{"detail": {"a": "x"}}, {"detail": {"b": "x"}}],
    ),
    ("dots join in patterns", {"detail": {"a.b": ["x"]}}, [{"detail": {"a": {"b": "x"}}}, {"detail": {"a.b": "x"}}], []),
    (
        "a dotted key with an object is longer",
        {"state.status": {"status": ["x"]}},
        [{"state": {"status": {"status": "x"}}}],
        [{"state": {"status": "x"}}],
    ),
    ("detail as text is a leaf", {"detail": {"a": ["x"]}}, [{"detail": {"a": "x"}}], [{"detail": '{"a": "x"}'}]),
    ("the later of two equal paths counts", {"a.b": ["x"], "a": {"b": ["y"]}}, [{"a": {"b": "y"}}], [{"a": {"b": "x"}}]),
    ("absence holds without the parent", {"a": {"b": [{"exists": False}]}}, [{}, {"a": 1}, {"a": {}}], [{"a": {"b": None}}]),
    ("anything-but wants presence", {"a": [{"anything-but": "x"}]}, [{"a": None}], [{}, {"a": {}}, {"a": []}]),
    ("any element fits", {"a": ["x"]}, [{"a": ["y", "x"]}, {"a": [["y"], [["x"]]]}], [{"a": ["y"]}, {"a": []}]),
    ("null is no element of an empty array", {"a": [None]}, [{"a": [None]}], [{"a": []}, {}]),
    ("one other element is enough", {"a": [{"anything-but": "x"}]}, [{"a": ["x", "y"]}], [{"a": ["x"]}]),
    (
        "fields below an array come from one element",
        {"items": {"k": ["a"], "v": ["1"]}},
        [{"items": [{"k": "a", "v": "1"}]}, {"items": [{"k": "b"}, {"k": "a", "v": ["0", "1"]}]}],
        [{"items": [{"k": "a", "v": "2"}, {"k": "b", "v": "1"}]}],
    ),
    (
        "nested arrays of objects, too",
        {"a": {"b": {"x": [1], "y": [2]}, "z": [3]}},
        [{"a": [{"b": [{"x": 0}, {"x": 1, "y": 2}], "z": 3}]}],
        [{"a": [{"b": [{"x": 1}, {"y": 2}], "z": 3}]}, {"a": [{"b": [{"x": 1, "y": 2}], "z": 0}, {"z": 3}]}],
    ),
    (
        "different arrays are independent",
        {"a": {"x": [1]}, "b": {"x": [1]}},
        [{"a": [{"x": 0}, {"x": 1}], "b": [{"x": 1}]}],
        [],
    ),
    (
        "absence is judged in the element chosen before",
        {"a": {"k": ["x"], "v": [{"exists": False}]}},
        [{"a": [{"k": "x"}, {"k": "y", "v": 1}]}],
        [{"a": [{"k": "x", "v": 1}, {"k": "y"}]}],
    ),
    (
        "arrays in arrays have elements",
        {"a": {"x": [1], "y": [1]}},
        [{"a": [[{"x": 1, "y": 1}]]}],
        [{"a": [[{"x": 1}, {"y": 1}]]}],
    ),
    ("one branch is enough", {"$or": [{"a": [1]}, {"b": [2]}]}, [{"a": 1}, {"b": 2}], [{"a": 2, "b": 1}]),
    ("branches are ANDed with their siblings", {"c": [3], "$or": [{"a": [1]}, {"b": [2]}]}, [{"c": 3, "b": 2}], [{"b": 2}]),
    (
        "branches nest, at every level",
        {"d": {"$or": [{"a": [1]}, {"b": {"$or": [{"x": [1]}, {"y": [1]}]}}]}},
        [{"d": {"a": 1}}, {"d": {"b": {"y": 1}}}],
        [{"d": {"b": {}}}, {"a": 1}],
    ),
    ("$or with a value list is a field", {"$or": ["x"]}, [{"$or": "x"}], [{"a": "x"}]),
    ("$or with an object is a field", {"$or": {"a": ["x"]}}, [{"$or": {"a": "x"}}], [{"a": "x"}]),
    (
        "$or of operators is a field",
        {"$or": [{"prefix": "x"}, {"suffix": "y"}]},
        [{"$or": "xa"}, {"$or": "by"}],
        [{"$or": "z"}],
    ),
]


@pytest.mark.parametrize(("pattern", "fitting", "others"), [each[1:] for each in EVENTS], ids=[each[0] for each in EVENTS])
def test_an_event_fits_its_pattern(pattern: dict[str, Any], fitting: list[Any], others: list[Any]) -> None:
    compiled = compile_pattern(pattern)

    assert [event for event in (*fitting, *others) if compiled.matches(event)] == fitting
    assert [event for event in (*fitting, *others) if compiled.explain(event) is None] == fitting


def test_of_duplicate_keys_the_last_counts() -> None:
    pattern = compile_pattern(read_json('{"a": ["x"], "a": ["y"]}'))

    assert [pattern.matches({"a": leaf}) for leaf in ("x", "y")] == [False, True]


def test_a_thousand_combinations_are_taken_and_no_more() -> None:
    branches = [{"$or": [{f"f{level}": [number]} for number in range(10)]} for level in range(3)]
    pattern = compile_pattern({f"o{level}": branch for level, branch in enumerate(branches)})

    assert pattern.matches({"o0": {"f0": 9}, "o1": {"f1": 9}, "o2": {"f2": 9}})
    with pytest.raises(InvalidPattern, match="more than 1000 combinations"):
        compile_pattern({f"o{level}": branch for level, branch in enumerate([*branches, {"$or": [{"g": [1]}, {"h": [1]}]}])})


def test_deep_and_wide_events_are_no_trouble() -> None:
    deep: Any = "x"
    for _ in range(5000):
        deep = [deep]
    names = "abcde"
    wide = {name: [{"x": number} for number in range(3000)] for name in names}

    assert compile_pattern({"a": ["x"]}).matches({"a": deep})
    assert not compile_pattern({"a": {"x": ["y"]}}).matches({"a": deep})
    assert not compile_pattern({name: {"x": [1], "y": [1]} for name in names}).matches(wide)
    assert not compile_pattern({"a": {"x": [{"anything-but": 7}], "y": [{"exists": True}]}}).matches(wide)
    apart = wide | {"z": [{"x": 1}, {"y": 1}]}
    assert not compile_pattern({name: {"x": [{"exists": True}]} for name in names} | {"z": {"x": [1], "y": [1]}}).matches(apart)


def test_many_fields_below_large_arrays_are_joined_not_multiplied() -> None:
    fields = {f"f{number}": [{"anything-but": "no"}] for number in range(6)}
    elements = [{f"f{number}": index for number in range(6) if (index + number) % 7} for index in range(3000)]
    event = dict.fromkeys("abc", elements)
    pattern = compile_pattern({name: fields | {"g": [{"exists": True}]} for name in "abc"})

    assert not pattern.matches({name: [dict(element) for element in elements] for name in event})
    assert pattern.matches(
        {name: [*elements[:-1], elements[0] | {f"f{each}": 0 for each in range(6)} | {"g": 1}] for name in event}
    )


@pytest.mark.parametrize(
    "event", [{"a": object()}, {"a": b"x"}, {"a": {1, 2}}, {"a": float("nan")}, {"a": "\ud800"}, {"a": "%" * 9}]
)
def test_whatever_is_no_json_fits_no_value_and_raises_nothing(event: dict[str, Any]) -> None:
    values = ["x", 1, True, None, "10.0.0.1", {"prefix": "x"}, {"wildcard": "x*"}, {"numeric": [">", 0]}, {"cidr": "::/0"}]

    assert not compile_pattern({"a": values}).matches(event)
    assert compile_pattern({"a": [{"anything-but": "x"}]}).matches(event)


def test_what_an_index_may_go_by() -> None:
    pattern = compile_pattern({"source": ["a", "b"], "$or": [{"account": ["1"]}, {"account": ["2"]}], "time": ["x", 1]})

    assert pattern.exactly("source") == {"a", "b"}
    assert pattern.exactly("account") == {"1", "2"}
    assert pattern.exactly("time") is None
    assert pattern.exactly("detail-type") is None
    assert compile_pattern({"source": ["10.0.0.1"]}).exactly("source") is None
    assert compile_pattern({"$or": [{"source": ["a"]}, {"account": ["1"]}]}).exactly("source") is None


@pytest.mark.parametrize(
    ("pattern", "event", "mismatch", "text"),
    [
        ({"a": ["x"]}, {"a": "x"}, None, "None"),
        ({"a": ["x"], "b": [1]}, {"a": "y"}, Mismatch("a", ["x"], ("y",)), 'a: wanted ["x"], got "y"'),
        ({"a": ["x"], "b": [1]}, {"a": "x"}, Mismatch("b", [1], ()), "b: wanted [1], got nothing"),
        (
            {"$or": [{"a": ["x"]}, {"b": [1], "c": [{"exists": False}]}]},
            {"b": 1, "c": None},
            Mismatch("c", [{"exists": False}], (None,)),
            'c: wanted [{"exists":false}], got null',
        ),
        (
            {"a": {"k": [1], "v": [2]}},
            {"a": [{"k": 1}, {"v": 2}]},
            Mismatch("a.k", [1], (), together=True),
            "a.k: no one element of the array fits every field of the pattern",
        ),
    ],
)
def test_the_first_predicate_that_failed_is_named(
    pattern: dict[str, Any], event: dict[str, Any], mismatch: Mismatch | None, text: str
) -> None:
    found = compile_pattern(pattern).explain(event)

    assert (found, str(found)) == (mismatch, text)
