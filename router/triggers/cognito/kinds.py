"""What a part of an event may hold: one row per kind of value, with the words for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, frozen=True)
class Kind:
    """`words` complete the sentence "… is not <words>"."""

    words: str
    fits: Callable[[Any], bool]


@dataclass(slots=True, frozen=True)
class Part:
    """A value under a name. One that is not `required` may be absent or null."""

    kind: Kind
    required: bool = False


Parts = Mapping[str, Part]


def _all_text(values: Any) -> bool:
    return all(isinstance(value, str) for value in values)


def one_of(*values: str) -> Kind:
    """One of these strings."""
    return Kind(f"one of {', '.join(values)}", lambda value: isinstance(value, str) and value in values)


def list_of(*values: str) -> Kind:
    """A list of these strings."""
    return Kind(
        f"a list of {' and '.join(values)}",
        lambda value: isinstance(value, list) and all(isinstance(item, str) and item in values for item in value),
    )


TEXT = Kind("a string", lambda value: isinstance(value, str))
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
OBJECT = Kind("an object", lambda value: isinstance(value, dict))
LIST = Kind("a list", lambda value: isinstance(value, list))
TEXTS = Kind("a list of strings", lambda value: isinstance(value, list) and _all_text(value))
TEXT_MAP = Kind("an object of strings", lambda value: isinstance(value, dict) and _all_text(value.values()))


def misfit(parts: Parts, values: Mapping[str, Any], where: str) -> str | None:
    """What is wrong with the first part that does not fit, as a sentence without its full stop; None where all fit."""
    for name, part in parts.items():
        value = values.get(name)
        if value is None:
            if part.required:
                return f"{where}.{name} is missing"
        elif not part.kind.fits(value):
            return f"{where}.{name} is not {part.kind.words}"
    return None
