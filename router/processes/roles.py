"""What a process of the daemon is for, and how it reaches the others."""

import signal
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum


def stop_signals() -> tuple[signal.Signals, ...]:
    """What asks the daemon to drain and end. SIGHUP, a terminal that closes, is among them unless it is ignored (`nohup`)."""
    hangs_up = signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
    return (signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if hangs_up else []))


class Role(Enum):
    """`WHOLE`: the only process. `ENGINE`: journal, pollers, schedules, local functions, admin. `DOOR`: the listeners."""

    WHOLE = "whole"
    ENGINE = "engine"
    DOOR = "door"

    @property
    def has_listeners(self) -> bool:
        """Whether it serves the listeners."""
        return self is not Role.ENGINE

    @property
    def has_engine(self) -> bool:
        """Whether it owns what there can be only one of."""
        return self is not Role.DOOR


@dataclass(slots=True, frozen=True)
class Place:
    """A process's place among the others. `link`: path of the engine's socket. `doors`: how many there are.

    `sockets`: by listener, what makes the socket that a door listens on. `started()`: said once, when everything is up.
    `life`: a file descriptor that becomes readable when the supervisor is gone.
    """

    role: Role = Role.WHOLE
    link: str = ""
    doors: int = 1
    sockets: Mapping[str, Callable[[], socket.socket]] = field(default_factory=dict)
    started: Callable[[], None] = lambda: None
    life: int | None = None


ALONE = Place()
"""The place of the only process."""
