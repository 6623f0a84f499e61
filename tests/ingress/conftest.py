"""A door on a port of its own, in front of triggers made for the test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from router.driver import Driver
from router.fakes import FakeClock, FakeInvoker, FakeMetrics, trigger
from router.ingress.http import HttpDoor
from router.ingress.listen import Listening, listen
from router.model import Conversation, Request
from router.routing import Table
from router.settings import Address, Listener, Tls


@dataclass
class Door:
    """A listening door."""

    host: str
    port: int
    metrics: FakeMetrics
    invoker: FakeInvoker
    listening: Listening


Handle = Callable[[Request, Any], Conversation]
OpenDoor = Callable[..., Awaitable[Door]]


@pytest.fixture
async def open_door() -> AsyncIterator[OpenDoor]:
    """`await open_door(handle, **listener_fields)` serves one trigger that claims everything."""
    opened: list[Listening] = []

    async def open_(handle: Handle | None, tls: Tls | None = None, access: bool = False, **fields: Any) -> Door:
        listener = Listener("main", Address("127.0.0.1", 0), tls, **fields)
        metrics, invoker, clock = FakeMetrics(), FakeInvoker(), FakeClock()
        triggers = [trigger("t", handle)] if handle is not None else []
        driver = Driver(invoker, clock, lambda: 0.0, metrics)
        door = HttpDoor(listener, Table(triggers), driver, metrics, clock, access)
        listening = await listen(door.server(), listener.address, tls, 1.0)
        opened.append(listening)
        return Door("127.0.0.1", listening.address.port, metrics, invoker, listening)

    yield open_
    for listening in opened:
        await listening.close()
