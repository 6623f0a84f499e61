"""What polls for triggers: each kind of source with the edge that reaches it and the worker that asks it."""

import random
from collections.abc import Mapping
from typing import Protocol

from router.backends.aws.activities import AwsActivities
from router.backends.aws.queues import AwsQueue
from router.batches import ActivitySource
from router.driver import Driver
from router.ingress.activity_worker import ActivityWorker
from router.ingress.queue_poller import QueuePoller
from router.ingress.request import new_id
from router.model import Trigger
from router.ports import Clock, PollMetrics
from router.settings import Aws


class Worker(Protocol):
    """Polls for one trigger. It closes the edge that it polls."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    async def close(self, drain_timeout: float) -> None: ...

    def status(self) -> Mapping[str, object]: ...


class Edge(Protocol):
    """What a worker polls."""

    async def start(self) -> None: ...

    def not_ready(self) -> str | None: ...


def worker_of(trigger: Trigger, aws: Aws, driver: Driver, metrics: PollMetrics, clock: Clock) -> tuple[Worker, Edge] | None:
    """The worker of a trigger, and what it polls; None where the trigger is not polled."""
    source = trigger.type.source(trigger.built) if trigger.type.source is not None else None
    if source is None:
        return None
    if isinstance(source, ActivitySource):
        activities = AwsActivities(aws, source, clock)
        return (
            ActivityWorker(trigger, source, activities, driver, metrics, clock, draw=random.random, new_id=new_id),
            activities,
        )
    queue = AwsQueue(aws, source, clock)
    return QueuePoller(trigger, source, queue, driver, metrics, clock, draw=random.random, new_id=new_id), queue
