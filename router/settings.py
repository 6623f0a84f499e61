"""The compiled configuration: plain values, ready to run. Built by `router.config.build`, read by everything above."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from router.model import Function, Trigger


@dataclass(slots=True)
class Tls:
    """Paths to PEM files; `client_ca` turns mutual TLS on."""

    certificate: str
    key: str
    client_ca: str | None = None


@dataclass(slots=True)
class Address:
    """`host` and `port`, or the path of a Unix socket. Text form: `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/x.sock`."""

    host: str = ""
    port: int = 0
    unix: str | None = None

    def __str__(self) -> str:
        if self.unix is not None:
            return f"unix:{self.unix}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(slots=True)
class Listener:
    """Where requests come in. `max_body`: bytes, an upper bound above every front door's own.

    `error_headers`: whether answers made by the router carry `x-router-error` and its companions.
    """

    name: str
    address: Address
    tls: Tls | None = None
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    max_body: int = 10 * 1024 * 1024
    error_headers: bool = True


@dataclass(slots=True)
class Aws:
    """How AWS is reached. `endpoints`: per service (`lambda`, `sts`), over `endpoint_url`."""

    region: str
    account_id: str
    profile: str | None = None
    endpoint_url: str | None = None
    endpoints: Mapping[str, str] = field(default_factory=dict)
    max_connections: int = 1024
    """Upper bound of pooled connections per region and credential."""
    destination_event_source: str = "lambda"
    """`source` of the events that destinations on an event bus get."""


@dataclass(slots=True)
class Admin:
    """The operator's own listener: health, readiness, metrics. None as address: off."""

    listen: Address | None
    token: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class Log:
    """`format`: `json` or `text`; `access`: one line per request."""

    level: str = "info"
    format: str = "json"
    access: bool = False


@dataclass(slots=True)
class JournalSettings:
    """The durable queue. `url`: `memory`, or `sqlite:` and the path of a folder. Sizes are bytes, times seconds.

    `max_size`: what the journal may occupy; `min_free_disk`: what it leaves free on its file system; beyond either nothing is
    accepted. `deduplication_window`: how long an accepted id is known. `dead_letter_retention`: None keeps them forever.
    """

    url: str = "memory"
    max_size: int = 1024**3
    min_free_disk: int = 512 * 1024**2
    deduplication_window: float = 3600.0
    dead_letter_retention: float | None = 14 * 86400.0


@dataclass(slots=True, frozen=True)
class CloudWatchLogs:
    """Log events in CloudWatch. `group`: with `{trigger}` for the trigger's name. `what`: `failures`, `sampled`, `all`.

    `sample`: the share of successful invocations under `sampled`. `retention`: days, of groups that the router makes; None: for
    ever. `payloads`: whether events and answers are written, too.
    """

    group: str
    what: str = "failures"
    sample: float = 0.01
    payloads: bool = False
    retention: int | None = 30


@dataclass(slots=True, frozen=True)
class CloudWatch:
    """Figures in CloudWatch. `metrics`: `emf` (lines on standard output or in `file`), `api` (PutMetricData) or `none`."""

    region: str
    metrics: str = "emf"
    namespace: str = "LambdaRouter"
    file: str | None = None
    logs: CloudWatchLogs | None = None


@dataclass(slots=True)
class Config:
    """One validated configuration."""

    functions: Mapping[str, Function]
    triggers: tuple[Trigger, ...]
    listeners: Mapping[str, Listener]
    aws: Aws
    admin: Admin
    log: Log
    journal: JournalSettings = field(default_factory=JournalSettings)
    drain_timeout: float = 30.0
    workers: int | None = 1
    """Processes that serve the listeners; None: one for each core."""
    public_url: str | None = None
    prometheus: bool = True
    cloudwatch: CloudWatch | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    """Every file that was read, absolute: what a reload has to watch."""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
