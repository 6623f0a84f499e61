"""Ships figures and log events to CloudWatch: EMF lines on a stream, PutMetricData, PutLogEvents.

Sources: semantics/async.md §F.2 to §F.4. Every shipper has an `Outbox`; the network and files are touched in its task alone.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from router.errors import SourceError
from router.monitoring import datums, emf
from router.monitoring.figures import PERIOD, Figures
from router.monitoring.log_batches import LogEvent, batches
from router.monitoring.outbox import Outbox, ShippingFigures
from router.ports import Clock

METRIC_ACTIONS = {"put_metric_data": "cloudwatch:PutMetricData"}
LOG_ACTIONS = {
    "put_log_events": "logs:PutLogEvents",
    "create_log_group": "logs:CreateLogGroup",
    "put_retention_policy": "logs:PutRetentionPolicy",
    "create_log_stream": "logs:CreateLogStream",
}
"""What is called, and the permission that each call needs."""
METRICS_INTERVAL = 10.0
LOGS_INTERVAL = 2.0
MOST_METRIC_REQUESTS = 200
MOST_LOG_REQUESTS = 200
MOST_WAITING_EVENTS = 20_000


class Service(Protocol):
    """One AWS service."""

    async def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        """The answer. Raises `SourceError`s, their `code` as the service says it."""
        ...


class _Collector:
    """Takes figures of whole minutes; with each of them a heartbeat, which says that the router lives."""

    def __init__(self, figures: Figures, clock: Clock, shipping: ShippingFigures) -> None:
        self._figures = figures
        self._clock = clock
        self._shipping = shipping
        self._beat = -1

    def take(self, last: bool) -> list[Any]:
        now = self._clock.now()
        if now // PERIOD > self._beat:
            self._beat = int(now // PERIOD)
            self._figures.count("Heartbeat", now)
        if self._figures.dropped:
            self._shipping.dropped("metrics", self._figures.dropped)
            self._figures.dropped = 0
        return self._figures.take(None if last else now)


def emf_outbox(figures: Figures, clock: Clock, shipping: ShippingFigures, namespace: str, file: str | None) -> Outbox[bytes]:
    """Lines of EMF on standard output, or appended to a file, which may be moved away at any time."""
    collector = _Collector(figures, clock, shipping)

    def collect(last: bool) -> list[bytes]:
        return [*emf.lines(collector.take(last), namespace)]

    async def send(line: bytes) -> None:
        try:
            await asyncio.to_thread(_write, line, file)
        except OSError as error:
            raise SourceError("OSError", str(error)) from error

    return Outbox("metrics", collect, send, lambda line: 1, shipping, interval=METRICS_INTERVAL, most=10_000)


def _write(line: bytes, file: str | None) -> None:
    if file is None:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    else:
        with Path(file).open("ab") as stream:
            stream.write(line)


def metrics_outbox(
    figures: Figures, clock: Clock, shipping: ShippingFigures, namespace: str, service: Service
) -> Outbox[dict[str, Any]]:
    """Requests of PutMetricData."""
    collector = _Collector(figures, clock, shipping)

    def collect(last: bool) -> list[dict[str, Any]]:
        return [*datums.requests(collector.take(last), namespace)]

    async def send(request: dict[str, Any]) -> None:
        await service.call("put_metric_data", **request)

    def weigh(request: dict[str, Any]) -> int:
        return len(request["MetricData"])

    return Outbox("metrics", collect, send, weigh, shipping, interval=METRICS_INTERVAL, most=MOST_METRIC_REQUESTS)


class LogShipper:
    """Events by log group, on a stream of this process in each. Groups and streams are made when they turn out to be missing.

    `retention`: days; None: for ever. `add` may be called from any thread.
    """

    def __init__(self, service: Service, stream: str, retention: int | None, shipping: ShippingFigures, clock: Clock) -> None:
        self._service = service
        self._stream = stream
        self._retention = retention
        self._shipping = shipping
        self._clock = clock
        self._events: deque[tuple[str, LogEvent]] = deque()
        self.outbox: Outbox[tuple[str, list[LogEvent]]] = Outbox(
            *("logs", self._collect, self._send, lambda request: len(request[1]), shipping),
            interval=LOGS_INTERVAL,
            most=MOST_LOG_REQUESTS,
        )

    def add(self, group: str, message: str) -> None:
        """Keep an event until the next look; the oldest make room."""
        if len(self._events) >= MOST_WAITING_EVENTS:
            self._events.popleft()
            self._shipping.dropped("logs", 1)
        self._events.append((group, LogEvent(int(self._clock.now() * 1000), message)))

    def _collect(self, last: bool) -> list[tuple[str, list[LogEvent]]]:
        by_group: dict[str, list[LogEvent]] = {}
        for _ in range(len(self._events)):
            group, event = self._events.popleft()
            by_group.setdefault(group, []).append(event)
        return [(group, batch) for group, events in by_group.items() for batch in batches(events)]

    async def _send(self, request: tuple[str, list[LogEvent]]) -> None:
        group, batch = request
        parameters = {
            "logGroupName": group,
            "logStreamName": self._stream,
            "logEvents": [{"timestamp": event.timestamp, "message": event.message} for event in batch],
        }
        try:
            answer = await self._service.call("put_log_events", **parameters)
        except SourceError as error:
            if error.code != "ResourceNotFoundException":
                raise
            await self._make(group)
            answer = await self._service.call("put_log_events", **parameters)
        rejected = _rejected(answer.get("rejectedLogEventsInfo") or {}, len(batch))
        if rejected:
            self._shipping.dropped("logs", rejected)

    async def _make(self, group: str) -> None:
        created = await self._unless_there("create_log_group", logGroupName=group)
        if created and self._retention is not None:
            await self._service.call("put_retention_policy", logGroupName=group, retentionInDays=self._retention)
        await self._unless_there("create_log_stream", logGroupName=group, logStreamName=self._stream)

    async def _unless_there(self, operation: str, **parameters: str) -> bool:
        """Whether it was made; where the rights to make a group are missing, somebody else may have made it."""
        try:
            await self._service.call(operation, **parameters)
        except SourceError as error:
            denied = error.code == "AccessDeniedException" and operation == "create_log_group"
            if error.code == "ResourceAlreadyExistsException" or denied:
                return False
            raise
        return True


def _rejected(info: Mapping[str, int], number: int) -> int:
    """Events that CloudWatch skipped: those before the end of the too old ones, and from the first one that is too new."""
    too_old = max(info.get("tooOldLogEventEndIndex", 0), info.get("expiredLogEventEndIndex", 0))
    return too_old + number - info.get("tooNewLogEventStartIndex", number)
