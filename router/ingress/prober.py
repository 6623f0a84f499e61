"""Asks targets from time to time how they are: the health checks that triggers declare, one task each.

A check is an invocation like any other, counted and logged as such. What it finds shows in log, metrics and status; it takes no
request away from a target, as a load balancer does where no other target is left (it fails open).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from router.driver import Driver
from router.ingress.request import new_id, new_trace_id
from router.model import Invoke, Probe, Request, Trigger, unsent_request
from router.policies.health import Health, HealthState
from router.ports import Clock, HealthMetrics

log = logging.getLogger("router.health")

Sleep = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class _Watched:
    """One target under watch. `checked_at`: epoch seconds of the last finished check."""

    trigger: Trigger
    probe: Probe
    health: Health
    checked_at: float | None = None


class Prober:
    """Runs the probes of one generation's triggers."""

    def __init__(
        self,
        triggers: Sequence[Trigger],
        driver: Driver,
        clock: Clock,
        metrics: HealthMetrics,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._driver = driver
        self._clock = clock
        self._metrics = metrics
        self._sleep = sleep
        self._tasks: list[asyncio.Task[None]] = []
        self._watched = [
            _Watched(trigger, probe, Health(probe.healthy_threshold, probe.unhealthy_threshold))
            for trigger in triggers
            if trigger.type.probes is not None
            for probe in trigger.type.probes(trigger.built)
        ]

    def start(self) -> None:
        """Begin to ask; every target is asked at once, then by its interval."""
        self._tasks = [asyncio.create_task(self._watch(each), name=f"probe {each.probe.name}") for each in self._watched]

    async def close(self) -> None:
        """Stop asking; a check that is under way is given up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def status(self, trigger: str) -> dict[str, object]:
        """What is known of a trigger's targets, by their names: `state`, `reason`, `checked_at`."""
        return {
            each.probe.name: {"state": each.health.state.value, "reason": each.health.reason, "checked_at": each.checked_at}
            for each in self._watched
            if each.trigger.name == trigger
        }

    async def _watch(self, watched: _Watched) -> None:
        while True:
            started = self._clock.monotonic()
            try:
                await self._check(watched)
            except Exception:
                log.exception("A health check failed to run.", extra={"trigger": watched.trigger.name})
            spent = self._clock.monotonic() - started
            await self._sleep(max(0.0, watched.probe.interval - spent))

    async def _check(self, watched: _Watched) -> None:
        trigger, probe, health = watched.trigger, watched.probe, watched.health
        step = Invoke(probe.target, probe.payload, probe.timeout)
        outcome = await self._driver.ask(trigger, _request(trigger, self._clock.now()), step)
        changed = health.observe(probe.judge(outcome))
        watched.checked_at = self._clock.now()
        if not changed:
            return
        healthy = health.state is HealthState.HEALTHY
        self._metrics.target_health(trigger.name, probe.name, healthy)
        fields = {"trigger": trigger.name, "target": probe.name, "reason": health.reason}
        if healthy:
            log.info("A target is healthy.", extra=fields)
        else:
            log.warning("A target is unhealthy; it still gets requests.", extra=fields)


def _request(trigger: Trigger, now: float) -> Request:
    """A check has an id and a trace of its own."""
    return unsent_request(now, new_id(), new_trace_id(now), trigger.listener)
