"""The figures of processes that have ended, which stay in the sums of the daemon: counters never go down because one died.

The engine keeps what each process, itself among them, told last; and it keeps that in a file beside its socket, so that its own
successor goes on from there. The file is written before figures are shown, so that nobody has seen more than it knows.
"""

import logging
import pickle
from pathlib import Path

from router.monitoring.totals import Dump, merged

log = logging.getLogger("router.processes")


MOST_LEFT = 16
"""Processes that have ended whose figures are kept apart: one whose link broke may be back."""
MOST_OUTLIVED = 1024
"""Processes that an earlier engine knew whose figures are kept apart: those that have not ended tell again. It is far more than
there are doors, and bounds what engines leave that die again and again."""


class Ledger:
    """`file` survives the process, not the daemon: its folder is made for one run. It is read here, where it exists."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._sum: Dump = {}
        self._outlived: dict[str, Dump] = {}
        self._left: dict[str, Dump] = {}
        self._here: dict[str, Dump] = {}
        self._written = b""
        try:
            self._sum, self._outlived = pickle.loads(file.read_bytes())
        except FileNotFoundError:
            pass
        except Exception:  # what a dead process left may be anything
            log.warning("What the engine before this one had counted cannot be read; its figures begin anew.", exc_info=True)
        self._add_up(self._outlived, MOST_OUTLIVED)

    def tell(self, process: str, finished: Dump) -> None:
        """What this process has counted so far, without what nothing is left of when it ends."""
        self._outlived.pop(process, None)
        self._left.pop(process, None)
        self._here[process] = finished

    def end(self, process: str) -> None:
        """It has ended, as far as is known."""
        self._left[process] = self._here.pop(process, {})
        self._add_up(self._left, MOST_LEFT)

    def sums(self) -> Dump:
        """Of all that have ended, as far as is known."""
        return merged([self._sum, *self._outlived.values(), *self._left.values()])

    def write(self) -> None:
        """Keep it. A disk that cannot take it costs figures at the next crash, nothing else."""
        state = pickle.dumps((self._sum, self._outlived | self._left | self._here), pickle.HIGHEST_PROTOCOL)
        if state == self._written:
            return
        beside = self._file.with_suffix(".new")
        try:
            beside.write_bytes(state)
            beside.replace(self._file)
        except OSError:
            log.warning("The figures of processes that have ended cannot be kept.", exc_info=True)
        self._written = state

    def _add_up(self, apart: dict[str, Dump], most: int) -> None:
        """The oldest of them become part of the sum."""
        while len(apart) > most:
            self._sum = merged([self._sum, apart.pop(next(iter(apart)))])
