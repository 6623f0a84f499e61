"""Text to a tree with places: short tags in long form, JSON as it is, and clear errors for everything else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.importing.documents import MAX_DEPTH, Unreadable, read_document
from router.importing.nodes import Node
from router.importing.notes import Notes


def read(text: str | bytes) -> Node:
    return read_document(text if isinstance(text, bytes) else text.encode(), "t.yaml", Notes())


def plain(node: Node) -> Any:
    match node.value:
        case dict() as entries:
            return {key: plain(below) for key, below in entries.items()}
        case list() as items:
            return [plain(item) for item in items]
        case value:
            return value


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("!Ref Jobs", {"Ref": "Jobs"}),
        ("!GetAtt Jobs.Arn", {"Fn::GetAtt": ["Jobs", "Arn"]}),
        ("!GetAtt [Jobs, Arn]", {"Fn::GetAtt": ["Jobs", "Arn"]}),
        ("!GetAtt Nested.Outputs.Url", {"Fn::GetAtt": ["Nested", "Outputs.Url"]}),
        ("!Sub '${A}-x'", {"Fn::Sub": "${A}-x"}),
        ("!Sub ['${B}', {B: !Ref A}]", {"Fn::Sub": ["${B}", {"B": {"Ref": "A"}}]}),
        ("!Join ['-', [a, !Ref A]]", {"Fn::Join": ["-", ["a", {"Ref": "A"}]]}),
        ("!If [IsProd, 1, !Ref AWS::NoValue]", {"Fn::If": ["IsProd", 1, {"Ref": "AWS::NoValue"}]}),
        ("!Not [!Condition IsProd]", {"Fn::Not": [{"Condition": "IsProd"}]}),
        ("!ImportValue {'Fn::Sub': 'x'}", {"Fn::ImportValue": {"Fn::Sub": "x"}}),
        ("!Anything x", {"Fn::Anything": "x"}),
    ],
)
def test_short_tags(short: str, long: Any) -> None:
    assert plain(read(f"value: {short}\n")) == {"value": long}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2012-10-17", "2012-10-17"),
        ("01234567", 1234567),
        ("0x1F", "0x1F"),
        ("1:30", "1:30"),
        ("1.5", 1.5),
        ("yes", True),
        ("~", None),
        ("'1'", "1"),
        (".inf", ".inf"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    node = read(f"value: {text}\n")
    assert isinstance(node.value, dict)
    below = node.value["value"]
    assert (below.value, below.text) == (value, text.strip("'"))


def test_a_value_stands_where_its_key_stands() -> None:
    node = read("A:\n  B:\n    - x\n    -   y: 1\n")
    assert isinstance(node.value, dict)
    below = node.value["A"].value
    assert isinstance(below, dict)
    items = below["B"].value
    assert isinstance(items, list)
    places = [str(each.place) for each in (node.value["A"], below["B"], *items)]
    assert places == ["t.yaml:1:1", "t.yaml:2:3", "t.yaml:3:7", "t.yaml:4:9"]


def test_json_with_tabs_and_characters_beyond_sixteen_bits() -> None:
    assert plain(read('{\n\t"A":\t"\\ud83d\\ude00 \\/ \\\\ud83d",\n\t"B": [1, null]\n}')) == {
        "A": "😀 / \\ud83d",
        "B": [1, None],
    }


def test_merges_and_aliases() -> None:
    text = "base: &base {a: 1, b: 2}\nown: {<<: *base, b: 3}\nsame: *base\n"
    assert plain(read(text)) == {"base": {"a": 1, "b": 2}, "own": {"a": 1, "b": 3}, "same": {"a": 1, "b": 2}}


def test_a_key_that_is_written_twice_is_told() -> None:
    notes = Notes()
    assert plain(read_document(b"a: 1\nb: {c: 1, c: 2}\na: 2\n", "t.yaml", notes)) == {"a": 2, "b": {"c": 2}}
    assert [str(note) for note in notes.of("")] == [
        "t.yaml:1: not carried over: the file a: it is written twice in the same map: the one in line 3 counts",
        "t.yaml:2: not carried over: the file c: it is written twice in the same map: the one in line 2 counts",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.yaml:1:1: the file is empty"),
        ("a: b: c", "t.yaml:1:5: this is neither YAML nor JSON: mapping values are not allowed in this context"),
        ("--- a\n--- b", "t.yaml:2:1: this is neither YAML nor JSON: but found another document"),
        ("? [a]\n: b", "t.yaml:1:3: a key must be plain text, not a map or a list"),
        ("a: !GetAtt {b: c}", "t.yaml:1:4: `!GetAtt` does not stand before what it needs"),
        ("a: !GetAtt [[b], c]", "t.yaml:1:4: this is nothing that the tag could stand before"),
        ("&a [*a]", "t.yaml:1:1: the file's aliases expand to too much, or to themselves"),
        ("[" * (MAX_DEPTH + 1), "t.yaml:1:1: the file is nested more than 100 levels deep"),
        (b"a: 1\n\xff", "t.yaml:2:1: the file is not UTF-8 text"),
    ],
)
def test_what_cannot_be_read(text: str | bytes, message: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(text)
    assert str(caught.value) == message


def test_aliases_that_expand_to_too_much() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9)]
    with pytest.raises(Unreadable, match="aliases expand to too much"):
        read("\n".join(lines))


YAML = st.text("aA0 \t\n:-[]{}&*!#%|>'\"?,.<~\\u$@`", max_size=60)


def outcome(data: bytes) -> str:
    try:
        read(data)
    except Unreadable as error:
        return str(error)
    return "t.yaml: read"


@given(YAML | st.text(max_size=40))
def test_any_text_is_a_tree_or_a_clear_error(text: str) -> None:
    assert outcome(text.encode("utf-8", "surrogatepass")).startswith("t.yaml:")


@given(st.binary(max_size=40))
def test_so_are_any_bytes(data: bytes) -> None:
    assert outcome(data).startswith("t.yaml:")
