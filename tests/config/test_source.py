"""YAML as people write it, right and wrong: every file gives a tree or findings with places."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from router.config import source
from router.config.nodes import ListNode, MapNode, Node, ScalarNode
from router.config.problem import Span
from router.config.source import parse


def plain(node: Node | None) -> object:
    match node:
        case ScalarNode():
            return node.text
        case ListNode():
            return [plain(item) for item in node.items]
        case MapNode():
            return {name: plain(entry.value) for name, entry in node.entries.items()}
        case None:
            return None


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def findings(text: str | bytes) -> list[tuple[str, int, int]]:
    data = text if isinstance(text, bytes) else text.encode()
    return [(problem.code, problem.line, problem.column) for problem in parse(data, "f").problems]


def test_every_key_and_value_has_its_place() -> None:
    root = parse(b"a: 1\nb:\n  - x\n  - {c: 'two words'}\n", "f").root
    assert root is not None
    b = root.entries["b"]
    assert b.key.span == Span("f", 2, 1, 2, 2)
    assert isinstance(b.value, ListNode)
    inner = b.value.items[1]
    assert isinstance(inner, MapNode)
    assert inner.span == Span("f", 4, 5, 4, 21)
    assert inner.entries["c"].value == ScalarNode(Span("f", 4, 9, 4, 20), "two words", False, "two words")


def test_columns_count_characters_and_a_byte_order_mark_counts_nothing() -> None:
    root = parse("\ufeffé: {ü: x}\n".encode(), "f").root
    assert root is not None
    assert root.entries["é"].key.span == Span("f", 1, 1, 1, 2)
    assert root.entries["é"].value.span == Span("f", 1, 4, 1, 10)


def test_anchors_aliases_and_merges() -> None:
    text = b"""
base: &base {a: 1, b: 2}
more: &more {b: 3, c: 4}
one: {<<: *base, b: own}
two: {<<: [*base, *more]}
three: {"<<": quoted}
"""
    parsed = parse(text, "f")
    assert parsed.problems == []
    assert plain(parsed.root) == {
        "base": {"a": "1", "b": "2"},
        "more": {"b": "3", "c": "4"},
        "one": {"b": "own", "a": "1"},
        "two": {"a": "1", "b": "2", "c": "4"},
        "three": {"<<": "quoted"},
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", [("duplicate-key", 3, 1)]),
        ("a: {b: 1, b: 2}\nc: 1\nc: 2\n", [("duplicate-key", 1, 11), ("duplicate-key", 3, 1)]),
        ("a: *nowhere\n", [("undefined-alias", 1, 4)]),
        ("a: &a [*a]\n", [("recursive-alias", 1, 8)]),
        ("a: !Ref x\n", [("unknown-tag", 1, 4)]),
        ("? [1, 2]\n: x\n", [("complex-key", 1, 3)]),
        ("?\n: x\n", [("empty-key", 1, 2)]),
        ("a: {<<: text}\n", [("merge-not-a-map", 1, 9)]),
        ("a: 1\n---\nb: 2\n", [("multiple-documents", 2, 1)]),
        ("", [("empty-file", 1, 1)]),
        ("# nothing\n", [("empty-file", 1, 1)]),
        ("- a\n- b\n", [("root-not-a-map", 1, 1)]),
        ("text\n", [("root-not-a-map", 1, 1)]),
        (b"a: 1\nb: \xff\n", [("not-utf-8", 2, 4)]),
        ("a: \x07\n", [("yaml-syntax", 1, 4)]),
        ("[" * 100, [("nested-too-deeply", 1, source.MAX_DEPTH + 1)]),
        ("{a: " * 70 + "}" * 70, [("nested-too-deeply", 1, 4 * source.MAX_DEPTH + 1)]),
        (b" " * (source.MAX_BYTES + 1), [("file-too-large", 1, 1)]),
    ],
)
def test_what_is_no_usable_file_is_a_finding(text: str | bytes, expected: list[tuple[str, int, int]]) -> None:
    assert findings(text) == expected


def test_a_file_that_is_nested_without_end_is_refused_wherever_the_parser_stops() -> None:
    assert [code for code, _, _ in findings("[" * 100_000)] == ["nested-too-deeply"]


def test_a_duplicate_names_the_first_place() -> None:
    (problem,) = parse(b"a: 1\na: 2\n", "f").problems
    assert problem.message == "the key `a` is written twice in the same map"
    assert [(other.message, other.span) for other in problem.related] == [("first written here", Span("f", 1, 1, 1, 2))]


def test_an_alias_bomb_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert [code for code, _, _ in findings("\n".join(lines))] == ["too-many-nodes"]


UNQUOTED_VARIABLE = "a variable stands unquoted inside `{…}` or `[…]`"
QUOTE_VARIABLE = 'inside `{…}` and `[…]` a variable needs quotes: "${NAME}"'


@pytest.mark.parametrize(
    ("text", "message", "help_text"),
    [
        (
            "a: {t: ${NAME}}\n",
            "a variable stands unquoted inside `{…}` or `[…]`",
            'inside `{…}` and `[…]` a variable needs quotes: "${NAME}"',
        ),
        (
            "a: [${NAME}, b]\n",
            "a variable stands unquoted inside `{…}` or `[…]`",
            'inside `{…}` and `[…]` a variable needs quotes: "${NAME}"',
        ),
        ("hosts: [*.example.com]\n", "YAML reads a value that starts with `*` as an alias", 'quote it: "*.example.com"'),
        ("host: *.example.com\n", "YAML reads a value that starts with `*` as an alias", 'quote it: "*.example.com"'),
        ("l: {main: [::1]:8080}\n", "YAML reads a value that starts with `[` as a list", 'quote the address: "[::1]:8080"'),
        ("main: [::1]:8080\n", "YAML reads a value that starts with `[` as a list", 'quote the address: "[::1]:8080"'),
        ("a:\n\tb: 1\n", "a tab stands where YAML wants spaces", "indent with spaces"),
        (
            "a: b: c\n",
            "a `: ` stands inside an unquoted value, or the indentation is wrong",
            "quote the value, or indent the line like its neighbours",
        ),
        ("a: @home\n", "a value may not start with this character unquoted", "quote the value"),
        (
            "a:\n    b: 1\n  c: 2\n",
            "the indentation does not fit the lines above, or a bracket or quote is not closed",
            "indent the line like its neighbours",
        ),
        ("a: 1\nb\nc: 2\n", "a `:` is missing after a key", "write `key: value`, with a space after the colon"),
    ],
)
def test_the_parsers_errors_in_plain_words(text: str, message: str, help_text: str) -> None:
    (problem,) = parse(text.encode(), "f").problems
    assert (problem.code, problem.message, problem.help) == ("yaml-syntax", message, help_text)


_UGLY = st.text(alphabet="ab:-[]{}&*!|>'\"#%@`\n\t \\$<", max_size=60)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(_encoded) | _UGLY.map(str.encode))
def test_nothing_raises_and_every_failure_says_something(data: bytes) -> None:
    parsed = parse(data, "f")
    assert parsed.root is not None or parsed.problems


_VALUES = st.recursive(
    st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=5), inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=5), _VALUES, min_size=1, max_size=4))
def test_what_a_dumper_writes_is_read_back(value: dict[str, object]) -> None:
    dumped = yaml.safe_dump(value, default_style='"', allow_unicode=False)
    parsed = parse(dumped.encode(), "f")
    assert parsed.problems == []
    assert plain(parsed.root) == value
