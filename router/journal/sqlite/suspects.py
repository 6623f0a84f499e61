"""Deliveries that were under way when a process died, more than once: one of them may be what kills it.

They are begun one at a time, so that the guilty one goes down alone: it collects marks until it is given up, and those that
merely stood beside it do not. Everything else goes on as usual meanwhile.
"""

from collections.abc import Collection, Mapping

SUSPICIOUS = 2
"""Starts without an end from which a delivery is suspected: one alone is what any stop by force leaves behind."""


class Suspects:
    """Numbers of suspected deliveries with their functions."""

    def __init__(self, found: Mapping[int, str]) -> None:
        self._functions = dict(found)

    def held_back(self, functions: Collection[str], held: Collection[int]) -> set[int]:
        """Those that a claim of these functions must leave alone: all, but for one where none is in hand."""
        back = set(self._functions)
        if back.isdisjoint(held):
            back -= {next((number for number, name in self._functions.items() if name in functions), 0)}
        return back

    def ended(self, number: int) -> Collection[str]:
        """This one did not kill us. The functions of those that may be begun now."""
        return set(self._functions.values()) if self._functions.pop(number, None) is not None else ()
