"""The sockets of listeners that several doors serve.

Each door binds one of its own to the same address (`SO_REUSEPORT`): the kernel shares connections out among those that listen.
The supervisor holds one, too, which never listens: it keeps the port when it was chosen by the system, and while doors are
started anew. A Unix socket is bound once, and all doors accept from it.
"""

import socket
from collections.abc import Callable

from router.errors import StartError
from router.ingress.listen import bind, remove
from router.settings import Address


class SharedAddress:
    """One listener's address. `reserve` it before the doors are forked; `close` it at the end."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._held: socket.socket | None = None

    def reserve(self) -> Callable[[], socket.socket]:
        """What makes a door's socket. Raises `StartError` where the address cannot be had."""
        try:
            return self._reserve()
        except OSError as error:
            raise StartError(f"Cannot listen on {self.address}: {error.strerror or error}.") from error

    def close(self) -> None:
        """Let go of it."""
        if self._held is not None:
            self._held.close()
        if self.address.unix is not None:
            remove(self.address.unix)

    def _reserve(self) -> Callable[[], socket.socket]:
        if self.address.unix is not None:
            self._held = held = bind(self.address)
            held.listen()
            return held.dup
        with bind(self.address) as probe:  # another program on this port would share its callers with us unnoticed
            if self.address.port == 0:
                self.address = Address(self.address.host, probe.getsockname()[1])
        self._held = bind(self.address, shared=True)
        return lambda: bind(self.address, shared=True)
