"""The connections of one listener: made for each caller, ended together."""

import asyncio
from contextlib import suppress

from router.ingress.connection import Connection, Door


class Server:
    """Makes connections for one door, and ends them. A protocol factory for `loop.create_server`."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._stopping = False
        self._idle: asyncio.Future[None] | None = None
        self.connections: set[Connection] = set()
        """Those that are open."""
        self.serving: set[Connection] = set()
        """Those whose conversation runs, even if their caller has left."""

    def __call__(self) -> Connection:
        return Connection(self, self._door, asyncio.get_running_loop())

    def opened(self, connection: Connection) -> bool:
        """As `Keeper.opened`. Who comes late, out of the handshake of TLS, is not served: the backends may be gone already."""
        self.connections.add(connection)
        return not self._stopping

    def closed(self, connection: Connection) -> None:
        """As `Keeper.closed`."""
        self.connections.discard(connection)

    def began(self, connection: Connection) -> None:
        """As `Keeper.began`."""
        self.serving.add(connection)

    def served(self, connection: Connection) -> None:
        """As `Keeper.served`."""
        self.serving.discard(connection)
        if self._idle is not None and not self.serving and not self._idle.done():
            self._idle.set_result(None)

    async def shutdown(self, timeout: float) -> None:
        """Idle connections end at once, the others with their answer; what takes longer than `timeout` seconds is cut."""
        self._stopping = True
        for connection in [*self.connections]:
            connection.stop()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._until_idle(), timeout)
        for connection in [*self.serving]:
            connection.cancel()
        await self._until_idle()
        for connection in [*self.connections]:
            connection.close()

    async def _until_idle(self) -> None:
        if self.serving:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
