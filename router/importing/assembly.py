"""From records to a configuration: plain settings, with a comment and an origin for each part that comes from a template."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from router.config.files import Files
from router.config.problem import Path
from router.importing.naming import free, host_label
from router.importing.plan import FunctionRecord, Plan, Settings, TriggerRecord
from router.importing.view import Origin

_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*")
LOCALHOST = "localhost"
MANAGED = "the router invokes and retries by itself; without this block Lambda does, as configured in AWS"


@dataclass(slots=True)
class Draft:
    """A configuration that is being made. `comments`, `origins`: by path of keys."""

    settings: dict[str, Any]
    comments: dict[Path, list[str]] = field(default_factory=dict)
    origins: dict[Path, Origin] = field(default_factory=dict)

    def tell(self, path: Path, origin: Origin, *comments: str) -> None:
        """Where a part comes from, and what else there is to say of it."""
        self.origins[path] = origin
        self.comments[path] = [str(origin), *comments]


def assemble(plan: Plan, files: Files, folder: str) -> Draft:
    """The whole configuration. `folder`: where it will lie, for its relative paths."""
    draft = Draft({"version": 1})
    aws = {"region": plan.region, "account_id": plan.account}
    if any(aws.values()):
        draft.settings["aws"] = {key: value for key, value in aws.items() if value is not None}
    if plan.functions:
        draft.settings["functions"] = {key: _function(draft, record, files, folder) for key, record in plan.functions.items()}
    triggers = list(plan.triggers.values())
    _give_hosts(plan, triggers)
    _give_paths(triggers)
    if triggers:
        draft.settings["triggers"] = {trigger.name: _trigger(draft, trigger) for trigger in triggers}
    return draft


# --- functions -------------------------------------------------------------------------------------------------------


def _function(draft: Draft, record: FunctionRecord, files: Files, folder: str) -> Any:
    path: Path = ("functions", record.key)
    draft.tell(path, record.origin)
    if record.is_external:
        return record.arn
    settings: Settings = {"arn": record.arn, "timeout": record.timeout, "max_concurrency": record.max_concurrency}
    if record.asynchronous:
        block = dict(record.asynchronous)
        if record.arn is not None:
            block = {"delivery": "managed", **block}
            draft.comments[(*path, "async")] = [MANAGED]
        settings["async"] = block
        draft.origins[(*path, "async")] = record.async_origin or record.origin
    if record.local is not None:
        settings["local"] = _local(record.local, files, folder)
    return {key: value for key, value in settings.items() if value is not None}


def _local(settings: Settings, files: Files, folder: str) -> Settings:
    """Paths as the configuration's own folder sees them."""

    def relative(path: str) -> str:
        return posixpath.relpath(files.absolute(path), files.absolute(folder))

    local = {**settings, "code": relative(settings["code"])}
    if "packages" in settings:
        local["packages"] = [relative(path) for path in settings["packages"]]
    return local


# --- triggers --------------------------------------------------------------------------------------------------------


def _trigger(draft: Draft, trigger: TriggerRecord) -> Settings:
    path: Path = ("triggers", trigger.name)
    draft.tell(path, trigger.origin, *trigger.comments)
    settings: Settings = {"type": trigger.type, **trigger.settings}
    if trigger.hosts:
        settings["hosts"] = trigger.hosts
    if trigger.section is not None and (trigger.entries or trigger.section != "rules" or trigger.type != "alb"):
        settings[trigger.section] = {}
        for name, entry in trigger.entries.items():
            draft.tell((*path, trigger.section, name), entry.origin)
            alone = entry.settings.keys() == {"function"} and trigger.section in ("routes", "operations", "subscriptions")
            settings[trigger.section][name] = entry.settings["function"] if alone else entry.settings
    if trigger.type == "alb" and "default" in settings:
        settings["default"] = settings.pop("default")
    return settings


def _give_hosts(plan: Plan, triggers: list[TriggerRecord]) -> None:
    """In AWS each front door has a host name of its own; where several would claim the same here, they get one, too."""
    claims: dict[str, set[str]] = {}
    for trigger in triggers:
        if trigger.base_path is not None and not trigger.hosts:
            claims.setdefault(trigger.base_path, set()).add(trigger.site or trigger.name)
    named: dict[str, str] = {}
    for trigger in triggers:
        if trigger.base_path is None or trigger.hosts or len(claims[trigger.base_path]) < 2:
            continue
        site = trigger.site or trigger.name
        if site not in named:
            named[site] = free(f"{host_label(trigger.name)}.{LOCALHOST}", set(named.values()))
            reason = f"its host name in AWS is not known here: `{named[site]}` is written"
            plan.notes.remark(trigger.origin.place, trigger.origin.label, "", reason)
        trigger.hosts = [named[site], *_hosts_of_rules(trigger)]
        if trigger.base_path != "/":
            trigger.settings.setdefault("base_path", trigger.base_path)


def _hosts_of_rules(trigger: TriggerRecord) -> Iterator[str]:
    """Hosts that a balancer's rules tell apart: without them no request for such a rule would come to the balancer."""
    for host in dict.fromkeys(host for entry in trigger.entries.values() for host in entry.settings.get("host") or ()):
        if _HOST.fullmatch(host):
            yield host


def _give_paths(triggers: list[TriggerRecord]) -> None:
    """Names that differ in their case alone would have the same webhook path."""
    taken: set[str] = set()
    for trigger in triggers:
        source = trigger.settings.get("source")
        if source is not None and "http" in source:
            source["http"] = free(source["http"], taken)
            taken.add(source["http"])
        elif "path" in trigger.settings:
            trigger.settings["path"] = free(trigger.settings["path"], taken)
            taken.add(trigger.settings["path"])
