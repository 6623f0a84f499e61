"""What works behind the doors on accepted events: the journal, the acceptor, the deliverer and the destinations.

Opened before the doors and closed last. A configuration in which nothing accepts events opens no journal.
"""

import asyncio
import random
from collections.abc import Callable, Mapping

from router.backends.aws.destinations import AwsDestinations
from router.backends.local.invoker import default_concurrency
from router.delivery.accept import JournalAcceptor
from router.delivery.attempts import Attempts
from router.delivery.book import Book
from router.delivery.deliverer import Deliverer
from router.delivery.sends import Sends
from router.ingress.request import new_id
from router.journal.opening import Engine, open_journal
from router.model import Function
from router.ports import Clock, DeliveryMetrics, Invoker, Metrics
from router.settings import Config

AWS_CAPACITY = 512
"""Asynchronous invocations of functions in AWS at the same time."""


class ScaledClock:
    """A clock whose time runs `factor` times as fast: for development, where nobody waits a minute for a retry."""

    def __init__(self, clock: Clock, factor: float) -> None:
        self._clock = clock
        self._factor = factor
        self._began = clock.now()
        self._began_monotonic = clock.monotonic()

    def now(self) -> float:
        return self._began + (self._clock.monotonic() - self._began_monotonic) * self._factor

    def monotonic(self) -> float:
        return self._clock.monotonic()


class Background:
    """`open` it, `start` it when the backends run; `stop` claims no more, `close` waits for what is under way."""

    def __init__(self, engine: Engine, config: Config, clock: Clock, metrics: DeliveryMetrics) -> None:
        self.engine = engine
        self.clock = clock
        self.acceptor = JournalAcceptor(engine.journal, clock, metrics, draw=random.random, new_id=new_id)
        self._config = config
        self._metrics = metrics
        self._destinations: AwsDestinations | None = None
        self._deliverer: Deliverer | None = None

    @classmethod
    async def open(cls, config: Config, clock: Clock, metrics: DeliveryMetrics) -> "Background | None":
        """None where no trigger accepts events. Raises `StartError` where the journal cannot be had."""
        if not any(trigger.accepts for trigger in config.triggers):
            return None
        engine = open_journal(config.journal, clock)
        await engine.start()
        return cls(engine, config, clock, metrics)

    def start(self, invoker: Invoker, figures: Metrics, runs_here: Callable[[Function], bool]) -> None:
        """Begin to deliver what the journal holds."""
        journal, clock, metrics = self.engine.journal, self.clock, self._metrics
        self._destinations = AwsDestinations(self._config.aws, clock)
        self._deliverer = Deliverer(
            journal,
            Attempts(invoker, clock, metrics, figures, random.random),
            Sends(self._destinations, journal, clock, metrics, random.random),
            Book(self._config.functions, self._config.triggers, runs_here),
            clock,
            metrics,
            capacity={"local": max(1, default_concurrency() // 2), "aws": AWS_CAPACITY},
        )
        self._deliverer.start()

    def stop(self) -> None:
        """Claim no more."""
        if self._deliverer is not None:
            self._deliverer.stop()

    async def drain(self, deadline: float) -> bool:
        """Wait for what is under way until `deadline` (the loop's time); whether it ended. The rest stays in the journal."""
        if self._deliverer is None:
            return True
        try:
            async with asyncio.timeout_at(deadline):
                await self._deliverer.close()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Close destinations and journal: after the last event was accepted."""
        if self._destinations is not None:
            await self._destinations.close()
        await self.engine.close()

    def status(self) -> Mapping[str, object]:
        """For the operator."""
        running = self._deliverer.status() if self._deliverer is not None else {}
        return {**running, "journal": dict(self.engine.status())}
