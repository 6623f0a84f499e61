"""`filter:` of an asynchronous trigger: an event pattern over the event that a function would get.

What does not fit is taken from its sender, and goes nowhere; an event that is no JSON object never fits.

Source: semantics/async.md §D.3 to §D.6.
"""

from collections.abc import Callable, Mapping
from typing import Any

from router.patterns.events import compile_pattern
from router.patterns.numbers import read_json


def compile_filter(pattern: Mapping[str, Any]) -> Callable[[bytes], bool]:
    """Whether an event (JSON in UTF-8) fits. Raises InvalidPattern."""
    compiled = compile_pattern(pattern)

    def wants(payload: bytes) -> bool:
        try:
            event = read_json(payload.decode())
        except ValueError:
            return False
        return isinstance(event, dict) and compiled.matches(event)

    return wants
