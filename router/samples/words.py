"""The words of samples: what makes one, which options it has, and what is said of options that cannot be used.

An option is read the same way from YAML and from a command line: text that is wanted as JSON is read as JSON.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from router.envelopes import Envelope


class SampleError(ValueError):
    """A sample that cannot be made; the text says what is wrong, and what is known."""


@dataclass(slots=True, frozen=True)
class Context:
    """What a sample takes from its surroundings. `now`: epoch seconds. `new_id`: UUID text, another one with every call."""

    now: float
    account_id: str
    region: str
    new_id: Callable[[], str]

    def hex(self, digits: int) -> str:
        """So many hexadecimal digits, lower case."""
        text = ""
        while len(text) < digits:
            text += self.new_id().replace("-", "")
        return text[:digits]


Read = Callable[[Any], Any]
"""Makes an option's value of what was written. Raises ValueError that says what is wanted."""
Chosen = Mapping[str, Any]
"""Every option of a kind by name, read; None where neither it nor a default was given."""
Build = Callable[[Chosen, Context], Envelope]


@dataclass(slots=True, frozen=True)
class Option:
    """`shown`: the default in words, where it is not one value."""

    summary: str
    read: Read
    default: Any = None
    shown: str = ""


Options = Mapping[str, Option]


@dataclass(slots=True, frozen=True)
class Kind:
    """One variant of a trigger type. `name`: `s3/put`; `options`: what can be chosen, by name."""

    type: str
    variant: str
    summary: str
    options: Options
    build: Build

    @property
    def name(self) -> str:
        """As people write it."""
        return f"{self.type}/{self.variant}"

    def read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every option's value. Raises SampleError."""
        for name in given:
            if name not in self.options:
                raise SampleError(f"{self.name}: there is no option `{name}`; {said_of(name, self.options)}")
        return {name: self._value(name, option, given.get(name)) for name, option in self.options.items()}

    def _value(self, name: str, option: Option, given: Any) -> Any:
        if given is None:
            return option.default
        try:
            return option.read(given)
        except ValueError as error:
            raise SampleError(f"{self.name}: option `{name}`: {error}") from None


def said_of(name: str, known: Mapping[str, Any]) -> str:
    """What to tell somebody who wrote a name that is none: the nearest ones, else all."""
    close = get_close_matches(name, known, 3, 0.6)
    if close:
        return f"did you mean {' or '.join(f'`{each}`' for each in close)}?"
    return f"known are {', '.join(f'`{each}`' for each in known)}" if known else "none is known"
