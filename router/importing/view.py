"""Reading a resource: a node with the keys that lead to it, and whose it is. What is read is marked; `audit` finds the rest.

A value of the wrong kind is a note, not an exception. Texts come out as the configuration writes them: variables as `${NAME}`,
a literal `${` as `$${`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from router.importing.nodes import Node, Part, Reference, Symbol, Variable, made, parts_of, renamed
from router.importing.notes import Notes
from router.model import Place

Physical = Callable[[Reference], tuple[Part, ...]]
"""What a reference is as text: literal parts and variables."""

_TRUE = frozenset({"true", "yes", "on", "1", "enabled"})
_FALSE = frozenset({"false", "no", "off", "0", "disabled"})


@dataclass(slots=True)
class Owner:
    """A resource. `kind`: its type; `label`: type and name, with the event where it is one of a function's."""

    kind: str
    label: str
    notes: Notes
    physical: Physical


@dataclass(slots=True)
class Origin:
    """Where a part of the configuration comes from, for its comment."""

    place: Place
    label: str

    def __str__(self) -> str:
        return f"from {self.place.file}:{self.place.line} {self.label}"


@dataclass(slots=True)
class View:
    """A node of one resource, on its way to becoming settings."""

    node: Node
    owner: Owner
    path: tuple[str, ...] = field(default=())

    @property
    def place(self) -> Place:
        return self.node.place

    @property
    def origin(self) -> Origin:
        """Of the resource, at this place."""
        return Origin(self.place, self.owner.label)

    @property
    def keys(self) -> str:
        return ".".join(self.path)

    # --- what is below ---------------------------------------------------------------------------------------------

    def get(self, *keys: str) -> "View | None":
        """What is below these keys; None where nothing is."""
        here: View | None = self
        for key in keys:
            here = here._below(key) if here is not None else None
        return here

    def _below(self, key: str) -> "View | None":
        self.node.touched = True
        if not isinstance(self.node.value, dict):
            self.refuse("a map is wanted here")
            return None
        node = self.node.value.get(key)
        if node is None:
            return None
        if node.value is None:
            node.taken = True
            return None
        return View(node, self.owner, (*self.path, node.name or key))

    def items(self) -> "Iterator[tuple[str, View]]":
        """Keys and values of a map."""
        self.node.touched = True
        if not isinstance(self.node.value, dict):
            self.refuse("a map is wanted here")
            return
        for key in list(self.node.value):
            below = self._below(key)
            if below is not None:
                yield key, below

    def each(self) -> "Iterator[View]":
        """The items of a list; one that is written alone counts as a list."""
        self.node.touched = True
        if not isinstance(self.node.value, list):
            yield self
            return
        for index, node in enumerate(self.node.value):
            yield View(node, self.owner, (*self.path[:-1], f"{self.path[-1] if self.path else ''}[{index}]"))

    def has(self, key: str) -> bool:
        """Whether something is written below a key, without reading it."""
        return isinstance(self.node.value, dict) and key in self.node.value and self.node.value[key].value is not None

    def renamed(self, names: dict[str, str]) -> "View":
        """The same map with other keys, for a reader that knows them under those."""
        if not isinstance(self.node.value, dict):
            return self
        self.node.touched = True
        return View(renamed(self.node, names), self.owner, self.path)

    @property
    def is_map(self) -> bool:
        return isinstance(self.node.value, dict)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node.value, list)

    # --- values ----------------------------------------------------------------------------------------------------

    def parts(self) -> tuple[Part, ...] | None:
        """The parts of a text, with references; None, with a note, where it is no text."""
        self.node.taken = True
        found = parts_of(self.node)
        if found is None:
            self.refuse("a text is wanted here")
        return found

    def text(self, *keys: str) -> str | None:
        """A text as the configuration writes it; None where there is none."""
        below = self.get(*keys)
        if below is None:
            return None
        parts = below.parts()
        return None if parts is None else below.written(parts)

    def literal(self, *keys: str) -> str | None:
        """A text that decides how the rest is read; None, with a note, where it is only known later."""
        below = self.get(*keys)
        parts = below.parts() if below is not None else None
        if below is None or parts is None:
            return None
        flat = [each for part in parts for each in (self.owner.physical(part) if isinstance(part, Reference) else (part,))]
        if any(isinstance(part, Variable) for part in flat):
            below.refuse("its value is not known offline; pass it with `--parameter`")
            return None
        return "".join(str(part) for part in flat)

    def number(self, *keys: str) -> float | int | str | None:
        """A number; a text where it is a variable."""
        text = self.text(*keys)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if value == value and abs(value) < 1e15:
            return int(value) if value.is_integer() else value
        if text.startswith("${") and text.endswith("}"):
            return text
        below = self.get(*keys)
        assert below is not None
        below.refuse("a number is wanted here")
        return None

    def seconds(self, *keys: str) -> str | None:
        """A number of seconds as a duration."""
        return duration(self.number(*keys))

    def flag(self, *keys: str) -> bool | None:
        """Whether something is so."""
        below = self.get(*keys)
        if below is None:
            return None
        text = below.literal()
        if text is None:
            return None
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        below.refuse("true or false is wanted here")
        return None

    def texts(self, *keys: str) -> list[str]:
        """The texts of a list."""
        below = self.get(*keys)
        return [text for each in below.each() if (text := each.text()) is not None] if below is not None else []

    def plain(self, *keys: str) -> Any:
        """Everything below as plain values."""
        below = self.get(*keys)
        if below is None:
            return None
        below.node.taken = True
        return below._plain(below.node)

    def document(self, *keys: str) -> Any:
        """JSON: a text that holds it, or written out as maps and lists. None, with a note, where it is none."""
        below = self.get(*keys)
        if below is None:
            return None
        if not isinstance(below.node.value, str | Symbol):
            return below.plain()
        text = below.text()
        try:
            return json.loads(text or "", parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            below.refuse("this is no JSON")
            return None

    def _plain(self, node: Node) -> Any:
        match node.value:
            case dict() as entries:
                return {key: self._plain(below) for key, below in entries.items()}
            case list() as items:
                return [self._plain(item) for item in items]
            case None | bool() | int() | float():
                return node.value
            case _:
                return self.written(parts_of(node) or ())

    def written(self, parts: tuple[Part, ...]) -> str:
        """Parts as the configuration writes them; a note for each variable."""
        flat = [each for part in parts for each in (self.owner.physical(part) if isinstance(part, Reference) else (part,))]
        for part in flat:
            if isinstance(part, Variable):
                self.owner.notes.variable(self.place, self.owner.label, self.keys, part.name, part.meaning)
        return "".join(
            literal(part) if isinstance(part, str) else part.text for part in flat if not isinstance(part, Reference)
        )

    # --- what is not read ------------------------------------------------------------------------------------------

    def refuse(self, reason: str) -> None:
        """This, and all below it, is not carried over."""
        self.node.taken = True
        self.owner.notes.unsupported(self.place, self.owner.label, self.keys, reason)

    def remark(self, reason: str) -> None:
        """Something that was decided here."""
        self.owner.notes.remark(self.place, self.owner.label, self.keys, reason)

    def take(self, *keys: str) -> None:
        """What says nothing that the configuration could say, or is read elsewhere."""
        below = self.get(*keys)
        if below is not None:
            below.node.taken = True

    def beside(self, **values: Any) -> "View":
        """The same map with entries that are written nowhere."""
        entries = self.node.value if isinstance(self.node.value, dict) else {}
        extra = {key: value if isinstance(value, Node) else made(self.place, value, key) for key, value in values.items()}
        return View(Node(self.place, {**entries, **extra}, name=self.node.name), self.owner, self.path)


def literal(text: str) -> str:
    """A text in which nothing is a variable."""
    return text.replace("${", "$${")


def duration(number: float | int | str | None) -> str | None:
    """Seconds as the configuration writes them: `90s`, `5m`, `${TIMEOUT}s`."""
    if number is None or isinstance(number, str):
        return None if number is None else f"{number}s"
    if number != int(number):
        return f"{round(number * 1000)}ms"
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if number and number % size == 0:
            return f"{int(number) // size}{unit}"
    return f"{int(number)}s"


def _refuse_constant(text: str) -> Any:
    raise ValueError(text)
