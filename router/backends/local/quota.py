"""What a container may use of its machine's processors: the quota of its control group (cgroup v2), and what it has used.

Source: https://docs.kernel.org/admin-guide/cgroup-v2.html, `cpu.max` and `cpu.stat`.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from operator import itemgetter
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_MICRO = 1e-6


class Quota:
    """Of this process's group and those around it the one that allows least. `now()`: monotonic seconds."""

    def __init__(self, now: Callable[[], float], groups: Path = _GROUPS, own: Path = _OWN) -> None:
        self._now = now
        self._folders = tuple(_folders(groups, own))
        self._at: float | None = None
        self._used = 0.0
        self._idle = 0.0

    def idle_seconds(self) -> tuple[float, float] | None:
        """What it allowed since the first call, and nobody used, and of how many processors; None where there is none."""
        narrowest = min(self._allowed(), key=itemgetter(1), default=None)
        if narrowest is None:
            return None
        folder, processors = narrowest
        try:
            used = _used_seconds(folder)
        except (OSError, ValueError, LookupError):
            return None
        now = self._now()
        if self._at is not None:  # a period may take what the one before left, so never less than nothing
            self._idle += max(0.0, processors * (now - self._at) - (used - self._used))
        self._at, self._used = now, used
        return self._idle, processors

    def _allowed(self) -> Iterator[tuple[Path, float]]:
        for folder in self._folders:
            with suppress(OSError, ValueError):
                quota, period = (folder / "cpu.max").read_text().split()
                if quota != "max":
                    yield folder, int(quota) / int(period)


def _folders(groups: Path, own: Path) -> Iterator[Path]:
    """Of the groups that this process is in, from its own to the outermost that is seen here."""
    try:
        lines = own.read_text().splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        if line.startswith("0::/"):
            path = groups / line.removeprefix("0::/")
            yield from (folder for folder in (path, *path.parents) if folder.is_relative_to(groups))


def _used_seconds(folder: Path) -> float:
    figures = dict(line.split() for line in (folder / "cpu.stat").read_text().splitlines())
    return int(figures["usage_usec"]) * _MICRO
