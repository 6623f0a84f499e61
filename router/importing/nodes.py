"""The tree of a template with a place for every value, and what a value is whose text is not known offline.

A map's value stands where its key stands. Nodes are made anew for each use of an alias, so that each knows whether it was read.
"""

from dataclasses import dataclass, field

from router.model import Place


@dataclass(slots=True, frozen=True)
class Reference:
    """A resource of the template. `attribute`: of `Fn::GetAtt`; None: what `Ref` gives."""

    logical: str
    attribute: str | None = None


@dataclass(slots=True, frozen=True)
class Variable:
    """A text that is only known where the configuration runs: `${name}` there. `meaning`: what has to be put in."""

    name: str
    meaning: str
    default: str | None = None

    @property
    def text(self) -> str:
        return f"${{{self.name}}}" if self.default is None else f"${{{self.name}:-{self.default}}}"


Part = str | Reference | Variable


@dataclass(slots=True, frozen=True)
class Symbol:
    """A text whose parts are not all literal."""

    parts: tuple[Part, ...]


Scalar = str | int | float | bool | None
Value = "Scalar | Symbol | list[Node] | dict[str, Node]"


@dataclass(slots=True)
class Node:
    """`text`: of a scalar, as it is written. `name`: the key as it is written. `taken`: read, with all that is below it."""

    place: Place
    value: "Scalar | Symbol | list[Node] | dict[str, Node]"
    text: str = ""
    name: str | None = None
    taken: bool = field(default=False, compare=False)
    touched: bool = field(default=False, compare=False)


def symbol(parts: "list[Part] | tuple[Part, ...]") -> str | Symbol:
    """Parts put together: plain text where all of them are."""
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    if not joined:
        return ""
    return joined[0] if len(joined) == 1 and isinstance(joined[0], str) else Symbol(tuple(joined))


def parts_of(node: Node) -> tuple[Part, ...] | None:
    """The parts of a scalar; None for a map, a list and null."""
    match node.value:
        case Symbol(parts=parts):
            return parts
        case None | list() | dict():
            return None
        case str() as text:
            return (text,)
        case bool() as flag:
            return (str(flag).lower(),)
        case _:
            return (node.text or str(node.value),)


def made(place: Place, value: "Scalar | Symbol | list[Node] | dict[str, Node]", name: str | None = None) -> Node:
    """A node that stands in no file by itself; `place`: of what it comes from."""
    return Node(place, value, "" if value is None or isinstance(value, list | dict | Symbol) else str(value), name)


def renamed(node: Node, names: "dict[str, str]") -> Node:
    """A map under other keys, with the same nodes below; those that `names` lacks keep theirs, and what is no map stays."""
    if not isinstance(node.value, dict):
        return node
    return Node(node.place, {names.get(key, key): below for key, below in node.value.items()}, name=node.name)
