"""Where the commands find deliveries: the admin listener of a running daemon, else the journal's files.

Without options the configuration says both places; the daemon is asked first, because the files belong to it while it runs.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, Protocol, TypeVar

import click

from router.cli.deliveries.admin_client import AdminClient, NoDaemon
from router.cli.findings import EX_CONFIG, show_problems
from router.config import load
from router.deliveries import Finding, Selection
from router.errors import RouterError, StartError
from router.files import LocalFiles
from router.journal.opening import open_offline
from router.journal.sqlite.opening import SqliteEngine
from router.policies import delivery_documents as documents
from router.settings import Address, Config

T = TypeVar("T")


class Deliveries(Protocol):
    """What the commands do with deliveries; each is a document of `policies.delivery_documents` with its `state`."""

    @property
    def where(self) -> str:
        """The daemon's address, or the journal's."""
        ...

    async def select(self, selection: Selection, limit: int, after: str | None, payloads: bool) -> list[dict[str, Any]]:
        """In order of acceptance, after the one with this id; fewer than `limit` where they are large, none at the end."""
        ...

    async def count(self, selection: Selection) -> int: ...

    async def redrive(self, ids: Sequence[str]) -> int: ...

    async def purge(self, ids: Sequence[str]) -> int: ...

    async def check(self, repair: bool) -> list[Finding]:
        """What is wrong with the journal; what can be mended is, where that is asked for."""
        ...

    async def close(self) -> None: ...


class JournalFiles:
    """A journal that no daemon has open."""

    def __init__(self, where: str, engine: SqliteEngine, now: Callable[[], float]) -> None:
        self.where = where
        self._engine = engine
        self._journal = engine.admin
        self._now = now

    async def select(self, selection: Selection, limit: int, after: str | None, payloads: bool) -> list[dict[str, Any]]:
        found = await self._journal.select(selection, limit, after)
        ids = frozenset(delivery.id for delivery in found)
        dead = await self._journal.select(Selection(dead=True, ids=ids), limit, None) if ids else []
        return documents.page(found, {delivery.id for delivery in dead}, payloads=payloads)

    async def count(self, selection: Selection) -> int:
        return await self._journal.count(selection)

    async def redrive(self, ids: Sequence[str]) -> int:
        return await self._journal.redrive(ids, self._now())

    async def purge(self, ids: Sequence[str]) -> int:
        return await self._journal.purge(ids)

    async def check(self, repair: bool) -> list[Finding]:
        return await (self._journal.repair() if repair else self._journal.check())

    async def close(self) -> None:
        await self._engine.close()


@dataclass(slots=True, frozen=True)
class Place:
    """The options that say where deliveries are."""

    config: str
    overlays: tuple[str, ...]
    admin: str | None
    token: str | None
    journal: str | None
    offline: bool


_OPTIONS = (
    click.option("-c", "--config", type=click.Path(), default="router.yaml", help="The configuration. Default: router.yaml."),
    click.option("-f", "--file", "overlays", multiple=True, metavar="OVERLAY", help="Merge this file over it; repeatable."),
    click.option("--admin", metavar="URL", help="The daemon's admin listener (http://127.0.0.1:9901, unix:/path)."),
    click.option(
        "--token", envvar="ROUTER_ADMIN_TOKEN", help="Its token. Default: ROUTER_ADMIN_TOKEN, or the configuration's."
    ),
    click.option("--journal", metavar="URL", help="The journal's files (sqlite:./var/journal); no daemon may run on them."),
    click.option("--offline", is_flag=True, help="Use the configuration's journal files without asking a daemon."),
)


def reaching(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say where deliveries are; the command gets them as `place`."""

    @wraps(function)
    def command(
        *,
        config: str,
        overlays: tuple[str, ...],
        admin: str | None,
        token: str | None,
        journal: str | None,
        offline: bool,
        **rest: Any,
    ) -> Any:
        if sum((admin is not None, journal is not None, offline)) > 1:
            raise click.UsageError("--admin, --journal and --offline exclude each other.")
        return function(place=Place(config, overlays, admin, token, journal, offline), **rest)

    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def with_deliveries(place: Place, work: Callable[[Deliveries], Awaitable[T]]) -> T:
    """Do `work` with the deliveries at that place. Ends the program with a message and 1 or 78 where that fails."""
    try:
        return asyncio.run(_work(place, work))
    except RouterError as error:
        click.echo(f"lambda-router: {error}", err=True)
        sys.exit(1)


async def _work(place: Place, work: Callable[[Deliveries], Awaitable[T]]) -> T:
    deliveries = await _reach(place)
    try:
        return await work(deliveries)
    finally:
        await deliveries.close()


async def _reach(place: Place) -> Deliveries:
    if place.admin is not None:
        return AdminClient(place.admin, place.token)
    if place.journal is not None:
        return _files(place.journal)
    config = _loaded(place)
    if not place.offline and config.admin.listen is not None:
        client = AdminClient(admin_url(config.admin.listen), place.token or config.admin.token)
        try:
            await client.count(Selection(ids=frozenset({"-"})))
            return client
        except NoDaemon as error:
            await client.close()
            click.echo(f"{error} The journal's files are used.", err=True)
        except StartError:
            await client.close()
            raise
    return _files(config.journal.url)


def _loaded(place: Place) -> Config:
    loaded = load([place.config], place.overlays, env=os.environ, files=LocalFiles(), require_env=True, now=time.time())
    if loaded.config is None:
        show_problems(loaded)
        sys.exit(EX_CONFIG)
    return loaded.config


def admin_url(address: Address) -> str:
    """Where a client finds the admin listener; an address that means every interface is reached on loopback."""
    if address.unix is not None:
        return str(address)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address.host, address.host)
    return f"http://{Address(host, address.port)}"


def _files(url: str) -> Deliveries:
    return JournalFiles(url, open_offline(url), time.time)
