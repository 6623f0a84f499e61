"""What the daemon tells of itself, wired: Prometheus's registry, and CloudWatch's metrics and logs where they are declared.

Started before anything is invoked, closed last, so that the figures of the last invocation leave, too.
"""

import asyncio
import logging
import os
import random
import socket

from router.backends.aws.client import Service, ServiceClient
from router.monitoring.cloudwatch import LogShipper, emf_outbox, metrics_outbox
from router.monitoring.cloudwatch_figures import CloudWatchFigures
from router.monitoring.deliveries import PrometheusDeliveryMetrics
from router.monitoring.fanout import DeliveryFanout, PrometheusShipping
from router.monitoring.figures import Figures
from router.monitoring.log_events import InvocationLog, WarningsHandler
from router.monitoring.observed import ObservedInvoker, Observer
from router.monitoring.outbox import Outbox
from router.monitoring.registry import PrometheusMetrics
from router.ports import Clock, DeliveryMetrics, Invoker
from router.settings import CloudWatch, Config

_REFUSED = frozenset(
    {
        *{"InvalidParameterException", "InvalidParameterValue", "InvalidParameterCombination", "MissingParameter"},
        *{"MissingRequiredParameterException", "InvalidParameterValueException", "InvalidParameterCombinationException"},
        *{"ValidationError", "ValidationException", "InvalidFormat", "RequestEntityTooLarge"},
    }
)
_METRICS = Service("cloudwatch", "cloudwatch", 10.0, 2, refused=_REFUSED)
_LOGS = Service("logs", "logs", 10.0, 2, refused=_REFUSED)


class Telemetry:
    """`metrics`, `deliveries`: where everything counts. `start` it in the running loop, `close` it at the end."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self.metrics = PrometheusMetrics()
        self.deliveries: DeliveryMetrics = PrometheusDeliveryMetrics(self.metrics.registry, self.metrics.figures)
        self._config = config
        self._clock = clock
        self._observers: list[Observer] = []
        self._services: list[ServiceClient] = []
        self._outboxes: list[Outbox[bytes] | Outbox[dict[str, object]]] = []
        self._logs: LogShipper | None = None
        self._handler: logging.Handler | None = None

    def observed(self, invoker: Invoker) -> Invoker:
        """The invoker, watched where somebody wants to know."""
        return ObservedInvoker(invoker, self._observers, self._clock) if self._observers else invoker

    async def start(self) -> None:
        """Missing credentials do not fail it: what cannot be sent waits, and is counted when it is lost."""
        settings = self._config.cloudwatch
        if settings is None:
            return
        shipping = PrometheusShipping(self.metrics.registry)
        if settings.metrics != "none":
            self._start_metrics(settings, shipping)
        if settings.logs is not None:
            self._start_logs(settings, shipping)
        await asyncio.gather(*(service.start() for service in self._services))
        for outbox in self._outboxes:
            outbox.start()
        if self._logs is not None:
            self._logs.outbox.start()

    async def close(self) -> None:
        """Send what is there, within a few seconds."""
        if self._handler is not None:
            logging.getLogger("router").removeHandler(self._handler)
        logs = [self._logs.outbox.close()] if self._logs is not None else []
        await asyncio.gather(*(outbox.close() for outbox in self._outboxes), *logs)
        for service in self._services:
            await service.close()

    def _start_metrics(self, settings: CloudWatch, shipping: PrometheusShipping) -> None:
        figures = Figures()
        cloudwatch = CloudWatchFigures(figures, self._clock)
        if settings.metrics == "emf":
            self._outboxes.append(emf_outbox(figures, self._clock, shipping, settings.namespace, settings.file))
        else:
            service = self._service(_METRICS, settings)
            self._outboxes.append(metrics_outbox(figures, self._clock, shipping, settings.namespace, service))
        self._observers.append(cloudwatch)
        self.metrics.cloudwatch = cloudwatch
        self.deliveries = DeliveryFanout([self.deliveries, cloudwatch])

    def _start_logs(self, settings: CloudWatch, shipping: PrometheusShipping) -> None:
        logs = settings.logs
        assert logs is not None
        stream = f"{socket.gethostname()}/{os.getpid()}/{int(self._clock.now())}".replace(":", "_").replace("*", "_")
        self._logs = LogShipper(self._service(_LOGS, settings), stream, logs.retention, shipping, self._clock)
        self._observers.append(InvocationLog(logs, self._logs.add, self._clock, random.random))
        self._handler = WarningsHandler(logs, self._logs.add)
        logging.getLogger("router").addHandler(self._handler)

    def _service(self, service: Service, settings: CloudWatch) -> ServiceClient:
        client = ServiceClient(self._config.aws, service, settings.region, None, self._clock)
        self._services.append(client)
        return client
