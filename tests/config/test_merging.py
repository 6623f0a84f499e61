"""Laws of overlays."""

from hypothesis import given
from hypothesis import strategies as st

from router.config.merging import overlay
from router.config.nodes import Entry, ListNode, MapNode, Node, ScalarNode
from router.config.problem import Span

HERE = Span("f", 1, 1, 1, 1)


def scalar(text: str) -> ScalarNode:
    return ScalarNode(HERE, text, True, text)


def tree(value: object) -> Node:
    if isinstance(value, dict):
        return MapNode(HERE, {name: Entry(scalar(name), tree(item)) for name, item in value.items()})
    if isinstance(value, list):
        return ListNode(HERE, [tree(item) for item in value])
    return scalar(str(value))


def value(node: Node) -> object:
    match node:
        case MapNode(entries=entries):
            return {name: value(entry.value) for name, entry in entries.items()}
        case ListNode(items=items):
            return [value(item) for item in items]
        case ScalarNode(text=text):
            return text


VALUES = st.recursive(
    st.sampled_from(["a", "b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["x", "y", "z"]), inner, max_size=3),
    max_leaves=8,
)
MAPS = st.dictionaries(st.sampled_from(["x", "y", "z"]), VALUES, max_size=3)


@given(VALUES)
def test_a_file_over_itself_changes_nothing(one: object) -> None:
    assert value(overlay(tree(one), tree(one))) == one


@given(MAPS)
def test_an_empty_overlay_changes_nothing(one: object) -> None:
    assert value(overlay(tree(one), tree({}))) == one
    assert value(overlay(tree({}), tree(one))) == one


@given(MAPS, MAPS)
def test_the_overlay_wins_and_nothing_else_is_lost(base: dict[str, object], top: dict[str, object]) -> None:
    merged = value(overlay(tree(base), tree(top)))
    assert isinstance(merged, dict)
    assert set(merged) == set(base) | set(top)
    for name in merged:
        both_maps = isinstance(base.get(name), dict) and isinstance(top.get(name), dict)
        if name not in top:
            assert merged[name] == base[name]
        elif not both_maps:
            assert merged[name] == top[name]


@given(MAPS, MAPS)
def test_neither_tree_is_changed(base: object, top: object) -> None:
    below, above = tree(base), tree(top)
    overlay(below, above)
    assert (value(below), value(above)) == (base, top)
