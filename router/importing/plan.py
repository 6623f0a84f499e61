"""The neutral records that every source format ends in: functions, triggers, and their routes, each with its origin."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from router.importing.naming import free, key_name
from router.importing.notes import Notes
from router.importing.options import Options
from router.importing.view import Origin

Settings = dict[str, Any]


@dataclass(slots=True)
class FunctionRecord:
    """A function under its key. `arn`: as the configuration writes it. `local`: how it runs on this machine; None: unknown.

    `asynchronous`: retries, age and destinations. `alias`: what SAM publishes with every deployment. `is_external`: only named
    by the template. `http_payload`: of the routes that serverless.yml gives it.
    """

    key: str
    origin: Origin
    arn: str | None = None
    name: str | None = None
    timeout: str | None = None
    max_concurrency: Any = None
    asynchronous: Settings = field(default_factory=dict)
    async_origin: Origin | None = None
    local: Settings | None = None
    alias: str | None = None
    is_external: bool = False
    http_payload: str | None = None


@dataclass(slots=True, frozen=True)
class FunctionRef:
    """A function that a trigger names. `qualifier`: as it is written, a variable where it is only known later."""

    key: str
    qualifier: str | None = None

    def __str__(self) -> str:
        return self.key if self.qualifier is None else f"{self.key}:{self.qualifier}"


@dataclass(slots=True)
class Entry:
    """A route, rule, notification, …"""

    settings: Settings
    origin: Origin


@dataclass(slots=True)
class TriggerRecord:
    """A trigger. `section`: the key that holds its entries (`routes`, `rules`, …); None: it has none.

    `hosts`: host names of its own; `base_path`: what it claims below them; None: it claims no site. `site`: triggers with
    the same one share their hosts. `comments`: lines above it. `priorities`: of
    entries whose order counts.
    """

    type: str
    name: str
    origin: Origin
    settings: Settings
    section: str | None = None
    entries: dict[str, Entry] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)
    base_path: str | None = None
    site: str | None = None
    comments: list[str] = field(default_factory=list)
    priorities: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, settings: Settings, origin: Origin) -> None:
        """An entry under a free name."""
        self.entries[free(key_name(name), self.entries)] = Entry(settings, origin)


@dataclass(slots=True)
class Plan:
    """Everything that is imported. `used`: functions that something invokes."""

    options: Options
    notes: Notes
    functions: dict[str, FunctionRecord] = field(default_factory=dict)
    triggers: dict[tuple[Any, ...], TriggerRecord] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    _accounts: set[str] = field(default_factory=set)
    _regions: set[str] = field(default_factory=set)

    def settle_in(self, account: str | None, region: str | None) -> None:
        """What a source says of where it is deployed."""
        self._accounts |= {account} if account else set()
        self._regions |= {region} if region else set()

    @property
    def account(self) -> str | None:
        """The account of everything; None where it is not known, or where there are several."""
        return self.options.account or (next(iter(self._accounts)) if len(self._accounts) == 1 else None)

    @property
    def region(self) -> str | None:
        """The region, likewise."""
        return self.options.region or (next(iter(self._regions)) if len(self._regions) == 1 else None)

    def function(self, key: str, origin: Origin) -> FunctionRecord:
        """A new function under a free key."""
        record = FunctionRecord(free(key_name(key), self.functions), origin)
        self.functions[record.key] = record
        return record

    def trigger(
        self,
        type: str,
        ident: tuple[Any, ...],
        name: str,
        origin: Origin,
        settings: Mapping[str, Any],
        section: str | None = None,
    ) -> TriggerRecord:
        """The trigger of this identity; a new one where there is none yet."""
        key = (type, *ident)
        if key not in self.triggers:
            taken = {trigger.name for trigger in self.triggers.values()}
            record = TriggerRecord(type, free(key_name(name), taken), origin, dict(settings), section)
            self.triggers[key] = record
        return self.triggers[key]

    def use(self, reference: FunctionRef) -> str:
        """A reference as the configuration writes it; the function counts as invoked."""
        self.used.add(reference.key)
        return str(reference)
