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


class Ledger:
    """`file` survives the process, not the daemon: its folder is made for one run. It is read here, where it exists."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._sum: Dump = {}
        self._left: dict[str, Dump] = {}
        self._here: dict[str, Dump] = {}
        self._written = b""
        try:
            self._sum, self._left = pickle.loads(file.read_bytes())
        except FileNotFoundError:
            pass
        except Exception:  # what a dead process left may be anything
            log.warning("What the engine before this one had counted cannot be read; its figures begin anew.", exc_info=True)

    def tell(self, process: str, finished: Dump) -> None:
        """What this process has counted so far, without what nothing is left of when it ends."""
        self._left.pop(process, None)
        self._here[process] = finished

    def end(self, process: str) -> None:
        """It has ended, as far as is known."""
        self._left[process] = self._here.pop(process, {})
        while len(self._left) > MOST_LEFT:
            self._sum = merged([self._sum, self._left.pop(next(iter(self._left)))])

    def sums(self) -> Dump:
        """Of all that have ended."""
        return merged([self._sum, *self._left.values()])

    def write(self) -> None:
        """Keep it. A disk that cannot take it costs figures at the next crash, nothing else."""
        state = pickle.dumps((self._sum, self._left | self._here), pickle.HIGHEST_PROTOCOL)
        if state == self._written:
            return
        beside = self._file.with_suffix(".new")
        try:
            beside.write_bytes(state)
            beside.replace(self._file)
        except OSError:
            log.warning("The figures of processes that have ended cannot be kept.", exc_info=True)
        self._written = state
