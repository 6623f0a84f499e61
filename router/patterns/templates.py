"""Input transformers: a text with `<variables>`, rendered to the JSON that a function gets.

Outside quotes a variable is JSON, inside quotes it is text as it is, not escaped: a value with a quote in it breaks the JSON,
as it does in AWS. In a template that is one quoted text, objects and arrays lose their own quotes. What comes out must be JSON.

Source: semantics/async.md §D.8 (recorded).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from router import jsontext
from router.patterns.paths import ABSENT

RESERVED = frozenset(
    {
        "aws.events.rule-arn",
        "aws.events.rule-name",
        "aws.events.event.ingestion-time",
        "aws.events.event",
        "aws.events.event.json",
    }
)
"""Variables that need no path."""

_TOKEN = re.compile(r"<(?P<name>[A-Za-z0-9_.-]+)>|(?P<escape>\\.)|(?P<quote>\")", re.DOTALL)

Variable = Callable[[str], Any]
"""The value of a variable by its name: JSON as Python values, ABSENT, or `Text` for JSON that stays as it is written."""


@dataclass(slots=True, frozen=True)
class Text:
    """JSON as it was written."""

    json: str


@dataclass(slots=True, frozen=True)
class _Slot:
    """A variable in the text. `quoted`: it stands inside quotes."""

    name: str
    quoted: bool


@dataclass(slots=True, frozen=True)
class Template:
    """A compiled template. `is_json`: an object; else quoted text, or a variable alone."""

    parts: tuple[str | _Slot, ...]
    is_json: bool

    @property
    def names(self) -> frozenset[str]:
        """The variables that it uses."""
        return frozenset(part.name for part in self.parts if isinstance(part, _Slot))

    def render(self, variable: Variable) -> bytes:
        """Raises ValueError where what comes out is no JSON: AWS does not invoke the target then."""
        pieces = [part if isinstance(part, str) else self._shown(part, variable(part.name)) for part in self.parts]
        rendered = "".join(pieces).encode("utf-8", "backslashreplace")
        try:
            jsontext.check(rendered)
        except ValueError as error:
            raise ValueError(f"the rendered input is not JSON: {error}") from None
        return rendered

    def _shown(self, slot: _Slot, value: Any) -> str:
        if value is ABSENT:
            return "" if slot.quoted else '""'
        if slot.quoted and isinstance(value, str):
            return value
        text = value.json if isinstance(value, Text) else jsontext.dumps(value).decode()
        if slot.quoted and not self.is_json:
            return text.replace('"', "")
        return text


def compile_template(text: str, paths: Mapping[str, Any]) -> Template:
    """`paths`: the names that have one. Raises ValueError for a variable that has none."""
    parts: list[str | _Slot] = []
    at, quoted = 0, False
    for token in _TOKEN.finditer(text):
        if token["quote"]:
            quoted = not quoted
        if not token["name"]:
            continue
        if token["name"] not in paths and token["name"] not in RESERVED:
            raise ValueError(f"invalid placeholder <{token['name']}>")
        parts.extend((text[at : token.start()], _Slot(token["name"], quoted)))
        at = token.end()
    parts.append(text[at:])
    return Template(tuple(part for part in parts if part != ""), text.lstrip().startswith("{"))
