"""One envelope from its entrance to the last attempt that it leads to."""

import itertools
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from router import routing
from router.driver import Driver
from router.envelopes import Addressed, Envelope, HttpEnvelope, QueueEnvelope, TaskEnvelope, TickEnvelope
from router.fakes import FakeMetrics
from router.functions import Function
from router.generation import LocalSelection
from router.model import Invocation
from router.ports import Invoker
from router.settings import Config
from router.simulation import entries
from router.simulation.clock import VirtualClock
from router.simulation.deliveries import Deliveries, no_jitter
from router.simulation.entries import Batches, Entrance
from router.simulation.mocks import MockAnswer, MockFetcher, MockForwarder, MockInvoker, MockOrigin
from router.simulation.traces import Trace

_ENTRIES: Mapping[type[Envelope], Callable[[Entrance, Any, str | None], Awaitable[Trace]]] = {
    HttpEnvelope: entries.request,
    QueueEnvelope: entries.messages,
    TaskEnvelope: entries.task,
    TickEnvelope: entries.tick,
}


async def simulate(
    config: Config,
    addressed: Addressed,
    *,
    mocks: Mapping[str, Sequence[MockAnswer]] | None = None,
    now: float,
    invoker: Invoker | None = None,
    horizon: float | None = None,
    origin: MockOrigin | None = None,
    runs_here: Callable[[Function], bool] | None = None,
    tables: Mapping[str, routing.Table] | None = None,
    why_not: bool = True,
) -> Trace:
    """Everything that the envelope leads to. Raises SimulationError where it cannot come in.

    `mocks`: answers by function name, one per attempt, the last one again and again; a function without any returns null.
    `now`: when it comes in, epoch seconds. `invoker`: carries out functions without mocks, in no virtual time. `horizon`:
    virtual seconds after which nothing is looked at any more; None: to the end. `origin`: what origins answer (200, empty).
    `runs_here(function)`: see `Book`; default: as `run` without options. `tables`: of `config`, where somebody has them.
    `why_not`: whether the misses of triggers are wanted that do not share the winner's claim; each costs a little.
    """
    clock = VirtualClock(now)
    new_id, new_trace = _numbered()
    called = MockInvoker(mocks or {}, clock, _somebody_waits(config), invoker)
    deliveries = Deliveries(config, called, clock, new_id, runs_here or LocalSelection().runs_here)
    forwarder = MockForwarder(origin or MockOrigin())
    batches = Batches()
    driver = Driver(
        *(called, clock, no_jitter, FakeMetrics(), forwarder),
        fetcher=MockFetcher(),
        acceptor=deliveries.acceptor,
        batch_settled=batches.settled,
    )
    compiled = routing.compile_tables(config.triggers) if tables is None else tables
    entrance = Entrance(config, compiled, driver, batches, clock, new_id, new_trace, why_not)
    enter = _ENTRIES[type(addressed.envelope)]
    trace = await enter(entrance, addressed.envelope, addressed.trigger)
    await deliveries.run(math.inf if horizon is None else now + horizon)
    trace.calls, trace.forwards = called.calls, forwarder.forwards
    matched = {verdict.route for verdict in trace.verdicts if verdict.matched}
    for call in trace.calls:
        if not call.delivery and len(matched) == 1:
            call.route = next(iter(matched))
    trace.deliveries = [*deliveries.traces.values()]
    clock.set(clock.latest)
    trace.ended = clock.elapsed()
    return trace


def _numbered() -> tuple[Callable[[], str], Callable[[float], str]]:
    """Ids and trace headers that are the same every time."""
    ids, traces = itertools.count(1), itertools.count(1)
    return (
        lambda: f"00000000-0000-4000-8000-{next(ids):012x}",
        lambda now: f"Root=1-{int(now):08x}-{next(traces):024x}",
    )


def _somebody_waits(config: Config) -> Callable[[Invocation], bool]:
    """Nobody waits for a queue's batches, although each is a RequestResponse on the wire."""
    synchronous = {trigger.name for trigger in config.triggers if "sync" in trigger.invocation}
    return lambda invocation: not invocation.asynchronous and invocation.trigger in synchronous
