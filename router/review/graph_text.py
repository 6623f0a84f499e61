"""Graphs as Mermaid and as DOT. Every label is escaped, whatever it holds."""

from collections.abc import Iterable

from router.review.graph import Graph, Kind, Node

_MERMAID = {
    Kind.SENDER: ("([", "])"),
    Kind.TRIGGER: ("[", "]"),
    Kind.ROUTE: ("(", ")"),
    Kind.FUNCTION: ("[[", "]]"),
    Kind.DESTINATION: ("[(", ")]"),
}
_DOT = {
    Kind.SENDER: "ellipse",
    Kind.TRIGGER: "box",
    Kind.ROUTE: "plaintext",
    Kind.FUNCTION: "component",
    Kind.DESTINATION: "cylinder",
}
_SPECIAL = frozenset('"#&<>`\\;%')
"""What Mermaid reads as more than itself between quotes."""


def to_mermaid(graph: Graph) -> str:
    """A flowchart: https://mermaid.js.org/syntax/flowchart.html."""
    lines = ["flowchart LR"]
    for node in graph.nodes:
        opening, closing = _MERMAID[node.kind]
        lines.append(f"  {node.id}{opening}{_mermaid_text(node.lines)}{closing}")
    for edge in graph.edges:
        label = f"|{_mermaid_text([edge.label])}|" if edge.label else ""
        lines.append(f"  {edge.source} {'-.->' if edge.later else '-->'}{label} {edge.target}")
    return "\n".join(lines) + "\n"


def _mermaid_text(lines: Iterable[str]) -> str:
    text = "<br>".join("".join(map(_mermaid_character, line)) for line in lines)
    return f'"{text}"'


def _mermaid_character(character: str) -> str:
    """`#35;` is a character by its code point."""
    if character in _SPECIAL:
        return f"#{ord(character)};"
    return character if character.isprintable() else "#65533;"


def to_dot(graph: Graph) -> str:
    """A digraph: https://graphviz.org/doc/info/lang.html."""
    lines = ["digraph router {", "  rankdir=LR;", '  node [fontname="sans-serif"];', '  edge [fontname="sans-serif"];']
    lines += [f"  {node.id} [shape={_DOT[node.kind]}, label={_dot_label(node)}];" for node in graph.nodes]
    for edge in graph.edges:
        told = [*([f"label={_dot_text([edge.label])}"] if edge.label else []), *(["style=dashed"] if edge.later else [])]
        lines.append(f"  {edge.source} -> {edge.target}" + (f" [{', '.join(told)}];" if told else ";"))
    return "\n".join([*lines, "}"]) + "\n"


def _dot_label(node: Node) -> str:
    return _dot_text(node.lines)


def _dot_text(lines: Iterable[str]) -> str:
    text = "\\n".join("".join(map(_dot_character, line)) for line in lines)
    return f'"{text}"'


def _dot_character(character: str) -> str:
    if character in ('"', "\\"):
        return f"\\{character}"
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
