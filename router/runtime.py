"""The daemon: builds everything from a configuration, starts it in order, stops it in the reverse order.

Start: journal, backends, doors, admin, delivery, schedules, workers. Stop: readiness, polling, schedules and claiming go first,
then doors and workers end (what is in flight within `drain_timeout`), then deliveries, the backends, and last the journal.
Health checks run while the doors are open. Whatever can fail happens before the first request is taken.

With several processes (`router.processes`) each runs a part of this: a door has the listeners and what callers wait for, the
engine everything else, the admin listener included.
"""

import asyncio
import logging
import os
import random
import signal
from collections.abc import Mapping
from typing import Protocol

from router import __version__, is_compiled
from router.auth.sns_certificates import SnsFetcher
from router.backends.aws import AwsInvoker
from router.backends.local.invoker import LocalInvoker
from router.backends.origin import OriginClient
from router.backends.permits import Permit, PermitCount
from router.background import Background, ScaledClock
from router.clock import SystemClock
from router.delivery.accept import JournalAcceptor
from router.generation import Backends, Generation, LocalSelection, assemble
from router.ingress.admin import AdminDoor
from router.ingress.deliveries_api import DeliveriesApi
from router.ingress.http import HttpDoor
from router.ingress.listen import Listening, listen
from router.ingress.prober import Prober
from router.ingress.request import new_id
from router.ingress.scheduler import Scheduler
from router.model import Function
from router.ports import Acceptor, Clock, Invoker
from router.processes.door_link import EngineLink, RemoteInvoker, RemoteJournal, RemotePermit
from router.processes.engine_link import DoorLinks, Snapshot
from router.processes.roles import ALONE, Place, Role, stop_signals
from router.routing import Table
from router.settings import Address, Config
from router.telemetry import Telemetry
from router.workers import Edge, Worker, worker_of

log = logging.getLogger("router")


class Backend(Invoker, Protocol):
    """An invoker with a start: what this module starts and stops."""

    async def start(self) -> None: ...

    def not_ready(self) -> str | None: ...

    def status(self) -> Mapping[str, object]: ...


class Daemon:
    """One running configuration. `start`, then `wait` until a signal or `stop`; `close` always."""

    def __init__(
        self,
        config: Config,
        selection: LocalSelection,
        environment: Mapping[str, str],
        time_scale: float = 1.0,
        place: Place = ALONE,
    ) -> None:
        self.config = config
        self._place = place
        self._process = new_id()
        self._links: DoorLinks | None = None
        self._link: EngineLink | None = None
        self.background: Background | None = None
        self.addresses: dict[str, Address] = {}
        self._selection = selection
        self._environment = environment
        self._clock = SystemClock()
        self.telemetry = Telemetry(config, self._clock)
        self.metrics = self.telemetry.metrics
        self._time_scale = time_scale
        self._delivery_clock: Clock = self._clock if time_scale == 1 else ScaledClock(self._clock, time_scale)
        self._backends: dict[str, Backend] = {}
        self._invoker: Invoker | None = None
        self._permit_count = PermitCount()
        self._origins: OriginClient | None = None
        self._fetcher = SnsFetcher(self._clock)
        self._sources: list[Edge] = []
        self._workers: dict[str, Worker] = {}
        self._listening: list[Listening] = []
        self._admin: Listening | None = None
        self._prober: Prober | None = None
        self._scheduler: Scheduler | None = None
        self._ready = False
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Raises `StartError` and `BackendError`; what had started by then is stopped by `close`."""
        config = self.config
        self._selection.check(config.functions)
        if self._place.role.has_engine:
            self.metrics.declare(config.triggers)
        generation = await self._assemble()
        if self._place.role.has_listeners:
            await self._open_doors(generation)
        if self._place.role.has_engine:
            await self._start_engine(generation)
        self._ready = True
        if self._link is not None:
            self._link.tell_state()
        self._place.started()
        log.info("Ready.", extra={"triggers": len(config.triggers), "functions": len(config.functions), "pid": os.getpid()})

    async def _open_doors(self, generation: Generation) -> None:
        config = self.config
        for name, listener in config.listeners.items():
            table = generation.tables.get(name, Table(()))
            door = HttpDoor(listener, table, generation.driver, self.metrics, self._clock, config.log.access)
            shared = self._place.sockets.get(name)
            listening = await listen(door.server(), listener.address, listener.tls, config.drain_timeout, shared)
            self._listening.append(listening)
            self.addresses[name] = listening.address
            log.info("Listening.", extra={"listener": name, "address": str(listening.address)})

    async def _start_engine(self, generation: Generation) -> None:
        config = self.config
        await self._prepare_workers(generation)
        if self._links is not None:
            await self._links.start()
        if config.admin.listen is not None:
            background = self.background
            deliveries = DeliveriesApi(background.engine.admin, background.clock) if background is not None else None
            admin = AdminDoor(self, config.admin.token, config.prometheus, deliveries)
            self._admin = await listen(admin.server(), config.admin.listen, None, 1.0)
            self.addresses["admin"] = self._admin.address
            log.info("The admin listener is up.", extra={"address": str(self._admin.address)})
        self._prober = Prober(config.triggers, generation.driver, self._clock, self.metrics)
        self._prober.start()
        if self.background is not None:
            assert self._invoker is not None
            self.background.start(self._invoker, self.metrics, self._selection.runs_here)
            self._scheduler = self._schedules(generation, self.background)
            self._scheduler.start()
        for worker in self._workers.values():
            worker.start()

    async def wait(self) -> None:
        """Return when SIGTERM, SIGINT or SIGHUP comes, or `stop` is called.

        Supervisors repeat SIGTERM: it changes nothing until the daemon is closed. A second SIGINT is an impatient person's: it
        is a KeyboardInterrupt again.
        """
        loop = asyncio.get_running_loop()
        alone = self._place.role is Role.WHOLE
        for number in stop_signals() if alone else (signal.SIGTERM,):
            loop.add_signal_handler(number, self.stop)
        if self._place.life is not None:
            loop.add_reader(self._place.life, self._orphaned)
        try:
            await self._stopping.wait()
        finally:
            if alone:
                loop.remove_signal_handler(signal.SIGINT)

    def _orphaned(self) -> None:
        """The supervisor is gone: nobody would start anything anew."""
        assert self._place.life is not None
        asyncio.get_running_loop().remove_reader(self._place.life)
        log.error("The process that supervises the daemon is gone.")
        self.stop()

    def stop(self) -> None:
        """Begin to drain. A second call changes nothing; `drain_timeout` bounds the wait."""
        if not self._stopping.is_set():
            self._ready = False
            log.info("Draining.", extra={"drain_timeout": self.config.drain_timeout})
            self._stopping.set()
            if self._link is not None:
                self._link.tell_state()
            for worker in self._workers.values():
                worker.stop()
            if self._scheduler is not None:
                self._scheduler.stop()
            if self.background is not None:
                self.background.stop()

    async def close(self) -> None:
        """Stop everything, in the reverse order of the start; what still runs after `drain_timeout` is cut."""
        self._ready = False
        deadline = asyncio.get_running_loop().time() + self.config.drain_timeout
        if self._prober is not None:
            await self._prober.close()
        schedulers = [self._scheduler] if self._scheduler is not None else []
        await asyncio.gather(
            *(scheduler.close(self.config.drain_timeout) for scheduler in schedulers),
            *(listening.close() for listening in self._listening),
            *(worker.close(self.config.drain_timeout) for worker in self._workers.values()),
        )
        if self._links is not None:
            await self._links.close(deadline)
        if self.background is not None and not await self.background.drain(deadline):
            log.warning("Deliveries were still running when the time to drain was over; they stay in the journal.")
        for name, backend in self._backends.items():
            try:
                async with asyncio.timeout_at(deadline):
                    await backend.close()
            except TimeoutError:
                log.warning("Functions were still running when the time to drain was over.", extra={"backend": name})
        if self._origins is not None:
            await self._origins.close()
        await self._fetcher.close()
        if self._link is not None:
            await self._link.close()
        if self._admin is not None:
            await self._admin.close()
        if self.background is not None:
            await self.background.close()
        await self.telemetry.close()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
        log.info("Stopped.")

    async def look(self) -> None:
        """See `router.ingress.admin.Operations`."""
        if self._links is not None:
            await self._links.look()

    def not_ready(self) -> str | None:
        """See `router.ingress.admin.Operations`."""
        if not self._ready:
            return "draining" if self._stopping.is_set() else "starting"
        edges: list[Backend | Edge | DoorLinks] = [*self._backends.values(), *self._sources]
        if self._links is not None:
            edges.append(self._links)
        reasons = dict.fromkeys(reason for edge in edges if (reason := edge.not_ready()))
        return "; ".join(reasons) or None

    def status(self) -> dict[str, object]:
        """See `router.ingress.admin.Operations`."""
        return {
            "version": __version__,
            "compiled": is_compiled(),
            "ready": self.not_ready() is None,
            "not_ready": self.not_ready(),
            "files": list(self.config.files),
            "listeners": {name: str(address) for name, address in self.addresses.items()},
            "triggers": {
                trigger.name: {
                    "type": trigger.type.name,
                    "invocation": sorted(trigger.invocation),
                    "listener": trigger.listener,
                    "labels": dict(trigger.labels),
                    "declared": str(trigger.place),
                    **({"targets": targets} if (targets := self._targets(trigger.name)) else {}),
                    **({"schedules": planned} if (planned := self._planned(trigger.name)) else {}),
                }
                for trigger in self.config.triggers
            },
            "functions": {
                name: {"arn": str(function.arn), "backend": "local" if self._selection.runs_here(function) else "aws"}
                for name, function in self.config.functions.items()
            },
            "workers": {name: dict(worker.status()) for name, worker in self._workers.items()},
            **({"deliveries": self.background.status()} if self.background is not None else {}),
            "backends": {name: dict(backend.status()) for name, backend in self._backends.items()},
            **({"doors": self._links.status()} if self._links is not None else {}),
        }

    def _snapshot(self) -> Snapshot:
        figures = self.metrics.figures
        backends = {name: dict(backend.status()) for name, backend in self._backends.items()}
        addresses = {name: str(address) for name, address in self.addresses.items()}
        dumps = figures.dump(), figures.dump(finished=True)
        return Snapshot(self._process, os.getpid(), self.not_ready(), *dumps, backends, addresses)

    def _targets(self, trigger: str) -> dict[str, object]:
        return self._prober.status(trigger) if self._prober is not None else {}

    def _planned(self, trigger: str) -> dict[str, object]:
        return self._scheduler.status(trigger) if self._scheduler is not None else {}

    async def exposition(self) -> bytes:
        """See `router.ingress.admin.Operations`."""
        if self._links is not None:
            self.metrics.figures.add_others(await self._links.figures())
        return self.metrics.exposition()

    async def _assemble(self) -> Generation:
        await self.telemetry.start()
        here, away = self._split(self.config.functions)
        if self._place.role is Role.DOOR:
            self._link = EngineLink(self._place.link, self._snapshot)
            await self._link.start()
        elif here:
            self._backends["local"] = LocalInvoker(here, self.config.aws, self._clock, credentials=self._credentials)
        if away:
            self._backends["aws"] = AwsInvoker(self.config.aws, away, self._clock, self._permit)
        for backend in self._backends.values():
            await backend.start()
        local: Invoker | None = RemoteInvoker(self._link) if self._link is not None else self._backends.get("local")
        carriers = {name: local if name in here and local else self._backends["aws"] for name in self.config.functions}
        self._origins = OriginClient()
        self._invoker = self.telemetry.observed(Backends(carriers))
        acceptor = await self._accepting()
        if self._place.role is Role.ENGINE:
            journal = self.background.engine.journal if self.background is not None else None
            unwatched = self._backends.get("local")
            self._links = DoorLinks(
                *(self._place.link, self.config.functions, journal, unwatched, self._permit_count),
                lambda: (self._process, self.metrics.figures.dump(finished=True)),
            )
        return assemble(
            self.config,
            self._invoker,
            self._clock,
            self.metrics,
            forwarder=self._origins,
            fetcher=self._fetcher,
            acceptor=acceptor,
        )

    async def _accepting(self) -> Acceptor | None:
        """What makes events durable: here, or in the engine."""
        if self._link is not None:
            journal, clock = RemoteJournal(self._link), self._delivery_clock
            return JournalAcceptor(journal, clock, self.telemetry.deliveries, draw=random.random, new_id=new_id)
        self.background = await Background.open(self.config, self._delivery_clock, self.telemetry.deliveries)
        return self.background.acceptor if self.background is not None else None

    def _permit(self, name: str, limit: int) -> Permit:
        """What counts a function's `max_concurrency`: over all processes, in the engine."""
        if self._link is not None:
            return RemotePermit(self._link, name, limit // self._place.doors)
        return self._permit_count.of(name, limit)

    async def _prepare_workers(self, generation: Generation) -> None:
        """A worker for every trigger that is polled."""
        for trigger in self.config.triggers:
            made = worker_of(trigger, self.config.aws, generation.driver, self.metrics, self._clock)
            if made is not None:
                self._workers[trigger.name] = made[0]
                self._sources.append(made[1])
        await asyncio.gather(*(source.start() for source in self._sources))

    def _schedules(self, generation: Generation, background: Background) -> Scheduler:
        """The scheduler of every trigger that has a timetable; it sleeps as fast as its clock runs."""
        return Scheduler(
            *(self.config.triggers, generation.driver, background.engine.store, self.metrics, background.clock),
            new_id=new_id,
            draw=random.random,
            pause=lambda seconds: asyncio.sleep(seconds / self._time_scale),
        )

    def _credentials(self) -> dict[str, str]:
        """What functions with `credentials: router` get: the AWS settings of the router's own environment."""
        return {name: value for name, value in self._environment.items() if name.startswith("AWS_")}

    def _split(self, functions: Mapping[str, Function]) -> tuple[dict[str, Function], dict[str, Function]]:
        here = {name: function for name, function in functions.items() if self._selection.runs_here(function)}
        return here, {name: function for name, function in functions.items() if name not in here}
