"""What a person has to know of an import: what is not carried over, what has to be put in, and what was decided."""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from router.model import Place

_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)")


class NoteKind(StrEnum):
    """An `UNSUPPORTED` part is not carried over; a `VARIABLE` must be set; a `REMARK` says what the importer chose."""

    UNSUPPORTED = "not carried over"
    VARIABLE = "to be set"
    REMARK = "remark"


@dataclass(slots=True, frozen=True)
class Note:
    """One thing to know. `resource`: type and name of what it stands in; `property`: the keys below it, dotted, or empty.
    `variable`: which one has to be set."""

    kind: NoteKind
    place: Place
    resource: str
    property: str
    reason: str
    variable: str = ""

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.resource, self.property)))
        return f"{self.place.file}:{self.place.line}: {self.kind}: {where}: {self.reason}"


@dataclass(slots=True)
class Notes:
    """Grows while templates are read; each note is told once."""

    _told: dict[Note, None] = field(default_factory=dict)

    def unsupported(self, place: Place, resource: str, keys: str, reason: str) -> None:
        self._told[Note(NoteKind.UNSUPPORTED, place, resource, keys, reason)] = None

    def variable(self, place: Place, resource: str, keys: str, name: str, meaning: str) -> None:
        """`meaning` completes the sentence "`NAME` is …"."""
        self._told[Note(NoteKind.VARIABLE, place, resource, keys, f"`{name}` is {meaning}", name)] = None

    def remark(self, place: Place, resource: str, keys: str, reason: str) -> None:
        self._told[Note(NoteKind.REMARK, place, resource, keys, reason)] = None

    def of(self, written: str) -> list[Note]:
        """By kind, then by place; of variables, those that stand in a text, each once."""
        names = set(_VARIABLE.findall(written))
        told = self._sorted()
        first: dict[str, Note] = {}
        for note in told:
            if note.variable in names:
                first.setdefault(note.variable, note)
        return [note for note in told if not note.variable or first.get(note.variable) is note]

    def _sorted(self) -> list[Note]:
        order = list(NoteKind)
        return sorted(
            self._told, key=lambda note: (order.index(note.kind), note.place.file, note.place.line, note.place.column)
        )
