"""Works the journal off in virtual time: what is due is claimed and taken to its fate, else the clock moves on.

Deliveries that run side by side are played one after the other, each from the moment at which it could begin: when it is due,
one of its group has ended, and its function has a permit left.
"""

import heapq
import math
from collections.abc import Callable

from router.deliveries import Delivery, DeliverySettlement, Fate, Selection
from router.delivery.accept import JournalAcceptor
from router.delivery.attempts import Attempts
from router.delivery.book import Book, Plan
from router.delivery.course import Course
from router.delivery.sends import Sends
from router.fakes import FakeDeliveryMetrics, FakeMetrics
from router.functions import Function
from router.journal.memory import MemoryJournal
from router.journal.rules import Lane, lane_of
from router.settings import Config
from router.simulation.clock import VirtualClock
from router.simulation.mocks import MockDestinations, MockInvoker
from router.simulation.traces import DeliveryTrace, LetterTrace

CLAIM = 64
_EVERYTHING = 1_000_000


def no_jitter() -> float:
    """Stands for every random number, so that the same thing happens every time."""
    return 0.0


class Deliveries:
    """`traces`: by delivery id, in the order of acceptance. `runs_here(function)`: see `Book`."""

    def __init__(
        self,
        config: Config,
        invoker: MockInvoker,
        clock: VirtualClock,
        new_id: Callable[[], str],
        runs_here: Callable[[Function], bool],
    ) -> None:
        metrics, figures = FakeDeliveryMetrics(), FakeMetrics()
        self._clock = clock
        self._invoker = invoker
        self._journal = MemoryJournal(clock, config.journal)
        self._destinations = MockDestinations()
        sends = Sends(self._destinations, self._journal, clock, metrics, no_jitter)
        self._course = Course(Attempts(invoker, clock, metrics, figures, no_jitter), sends, metrics, self._record)
        self._book = Book(config.functions, config.triggers, runs_here)
        self._groups: dict[Lane, float] = {}
        self._busy: dict[str, list[float]] = {}
        self.acceptor = JournalAcceptor(self._journal, clock, metrics, draw=no_jitter, new_id=new_id)
        self.traces: dict[str, DeliveryTrace] = {}
        self._looked_at = 0
        """Calls that are noted already: each attempt is told of once it is made."""

    async def run(self, until: float) -> None:
        """Until nothing is left, or everything that is left is due after `until` (epoch seconds)."""
        now = self._clock.now()
        await self._note()
        while now <= until and now < math.inf:
            self._clock.set(now)
            claimed = await self._journal.claim(now, CLAIM, ())
            for delivery in claimed:
                await self._work(delivery, now)
            if not claimed:
                now = await self._next_due(now)

    async def _next_due(self, now: float) -> float:
        waiting = await self._journal.select(Selection(dead=False), _EVERYTHING, None)
        return min((delivery.due_at for delivery in waiting if delivery.due_at > now), default=math.inf)

    async def _note(self, parent: str = "") -> None:
        """Begin a trace of everything that was accepted since."""
        for delivery in await self._journal.select(Selection(dead=False), _EVERYTHING, None):
            if delivery.id not in self.traces:
                plan = self._book.plan(delivery)
                self.traces[delivery.id] = DeliveryTrace(
                    delivery.function,
                    delivery.route,
                    delivery.payload,
                    trigger=delivery.trigger,
                    qualifier=delivery.qualifier,
                    delegated=plan is not None and plan.delegated,
                    id=delivery.id,
                    parent=parent,
                    at=self._clock.elapsed(),
                    group=delivery.group,
                )

    async def _work(self, delivery: Delivery, now: float) -> None:
        plan, lane = self._book.plan(delivery), lane_of(delivery)
        begin = max(now, self._groups.get(lane, now)) if lane is not None else now
        limit = plan.function.max_concurrency if plan is not None and not plan.delegated else None
        permits = self._busy.setdefault(delivery.function, [])
        if limit and len(permits) >= limit:
            begin = max(begin, heapq.heappop(permits))
        self._clock.set(begin)
        fate = await self._course.fate(delivery, plan)
        await self._note(delivery.id)
        self._told(delivery, plan)
        await self._journal.settle([DeliverySettlement(delivery, fate)])
        if limit:
            heapq.heappush(permits, self._clock.now())
        if lane is not None and fate is not Fate.LATER:
            self._groups[lane] = self._clock.now()

    def _told(self, delivery: Delivery, plan: Plan | None) -> None:
        """What is known of the delivery now."""
        trace = self.traces[delivery.id]
        made = [call for call in self._invoker.calls[self._looked_at :] if call.delivery == delivery.id]
        self._looked_at = len(self._invoker.calls)
        for call in made:
            trace.attempts.append(round(call.at - trace.at, 6))
            trace.outcomes.append(call.outcome)
            call.route = delivery.route
        trace.condition = None if delivery.condition is None else delivery.condition.value
        trace.detail = delivery.detail
        at = self._clock.elapsed(delivery.accepted_at)
        for name in delivery.sent[len(trace.letters) :]:
            address = getattr(plan.policy, name) if plan is not None else None
            assert address is not None, "a letter was sent to it"
            body = self._record_for(delivery, name) if address.service == "lambda" else self._destinations.sent.pop(0)[1].body
            trace.letters.append(LetterTrace(name, address.arn, body, at))

    def _record_for(self, delivery: Delivery, name: str) -> bytes:
        """What a function that is a destination was given: a delivery of its own."""
        return next(each.payload for each in self.traces.values() if each.parent == delivery.id and each.route == name)

    async def _record(self, delivery: Delivery) -> None:
        await self._journal.record([delivery])
