"""The JSON paths of targets: `$.detail.items[0].id`, `$.detail['a key']`, `$.detail.items[*].id`.

Source: semantics/async.md §D.8 and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html.
"""

import re
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(r"\.(?P<name>[^.\[\]'\s*]+)|\['(?P<quoted>[^']*)'\]|\[(?P<index>[0-9]{1,9})\]|(?P<every>\.\*|\[\*\])")

ABSENT = object()
"""What a path leads to where the event has nothing there."""


@dataclass(slots=True, frozen=True)
class JsonPath:
    """A compiled path. Steps: a key, an index, or None for every element."""

    steps: tuple[str | int | None, ...]

    def read(self, value: Any) -> Any:
        """The value there, or ABSENT. A path with `*` leads to the list of all that it finds; to ABSENT where that is empty."""
        found = [value]
        for step in self.steps:
            found = [below for each in found for below in _below(each, step)]
        if None in self.steps:
            return found or ABSENT
        return found[0] if found else ABSENT


def _below(value: Any, step: str | int | None) -> list[Any]:
    if step is None:
        return value if isinstance(value, list) else [*value.values()] if isinstance(value, dict) else []
    if isinstance(step, int):
        return [value[step]] if isinstance(value, list) and step < len(value) else []
    return [value[step]] if isinstance(value, dict) and step in value else []


def compile_path(text: str) -> JsonPath:
    """Raises ValueError where it is no path."""
    if not text.startswith("$"):
        raise ValueError("a path begins with `$`, as in `$.detail.id`")
    steps: list[str | int | None] = []
    at = 1
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None:
            raise ValueError(f"`{text[at:]}` is no step of a path: `.name`, `['name']`, `[0]` or `[*]`")
        steps.append(_of(step))
        at = step.end()
    return JsonPath(tuple(steps))


def _of(step: re.Match[str]) -> str | int | None:
    if step["index"] is not None:
        return int(step["index"])
    return step["name"] if step["name"] is not None else step["quoted"]
