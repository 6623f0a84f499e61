"""Runs a configuration: in this process, or in an engine and doors that a supervisor forks."""

import asyncio
import logging
import os
import select
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from router.errors import BackendError, StartError
from router.generation import LocalSelection
from router.processes.roles import ALONE, Place, Role
from router.processes.sockets import SharedAddress
from router.processes.supervisor import Body, Member, Supervisor
from router.runtime import Daemon
from router.settings import Config

log = logging.getLogger("router")

_MARGIN = 10.0
"""Seconds beyond `drain_timeout` that processes have to end: closing connections, sending the last figures."""


def run_alone(config: Config, selection: LocalSelection, time_scale: float, place: Place = ALONE) -> None:
    """Serve until a signal comes. Raises `StartError` and `BackendError`."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(config, selection, time_scale, place))


def several(config: Config, selection: LocalSelection, time_scale: float) -> int:
    """Serve with `config.workers` doors and an engine until a signal comes; the exit code. Raises `StartError`."""
    if not hasattr(os, "fork"):
        raise StartError("This system cannot fork processes: set `server.workers: 1`.")
    doors = config.workers or os.cpu_count() or 1
    selection.check(config.functions)
    addresses = {name: SharedAddress(listener.address) for name, listener in config.listeners.items()}
    with tempfile.TemporaryDirectory(prefix="lambda-router-") as folder:
        try:
            sockets = {name: address.reserve() for name, address in addresses.items()}
            place = Place(link=str(Path(folder) / "engine"), doors=doors, sockets=sockets)

            def member(name: str, role: Role) -> Member:
                return Member(name, _body(config, selection, time_scale, replace(place, role=role)))

            engine = member("engine", Role.ENGINE)
            members = [member(f"door {number}", Role.DOOR) for number in range(1, doors + 1)]
            return Supervisor(engine, members, config.drain_timeout + _MARGIN).run()
        finally:
            for address in addresses.values():
                address.close()


def _body(config: Config, selection: LocalSelection, time_scale: float, place: Place) -> Body:
    def body(started: Callable[[], None], life: int) -> int:
        try:
            run_alone(config, selection, time_scale, replace(place, started=started, life=life))
        except (StartError, BackendError) as error:
            sys.stderr.write(f"lambda-router: {error}\n")
            return 1
        finally:
            if place.role is Role.ENGINE and select.select([life], [], [], 0)[0]:  # who made the folder is gone
                shutil.rmtree(Path(place.link).parent, ignore_errors=True)
        return 0

    return body


async def _serve(config: Config, selection: LocalSelection, time_scale: float, place: Place) -> None:
    daemon = Daemon(config, selection, os.environ, time_scale, place)
    try:
        await daemon.start()
        await daemon.wait()
    finally:
        await daemon.close()


def _loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    """uvloop where it exists."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop
