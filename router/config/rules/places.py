"""Where rules look for the same things: `async:` blocks, queues that are polled, and the `auth:` of a trigger's parts."""

from collections.abc import Iterator, Mapping
from typing import Any

from router.config.problem import Path
from router.config.rules.context import Context

Settings = Mapping[str, Any]


def async_blocks(context: Context) -> Iterator[tuple[Path, Settings]]:
    """Every `async:` block with its path."""
    for section, entries in (("functions", context.functions), ("triggers", context.triggers)):
        for name, settings in entries.items():
            if isinstance(settings.get("async"), Mapping):
                yield (section, name, "async"), settings["async"]
    shared = context.settings.get("defaults", {}).get("async")
    if isinstance(shared, Mapping):
        yield ("defaults", "async"), shared


def queues(context: Context) -> Iterator[tuple[Path, Settings]]:
    """Every queue that is polled: the path of the settings around `queue`, and those settings."""
    for name, trigger, _ in context.decided_triggers():
        if trigger.get("queue") is not None:
            yield ("triggers", name), trigger
        source = trigger.get("source")
        if isinstance(source, Mapping) and source.get("sqs") is not None:
            yield ("triggers", name, "source", "sqs"), source["sqs"]


def auths(trigger: Settings) -> Iterator[tuple[Path, Any]]:
    """Every `auth` that is written in a trigger, its own first, with its path below the trigger."""
    parts: list[tuple[Path, Any]] = [((), trigger)]
    for section in ("routes", "rules"):
        named = trigger.get(section)
        parts += [((section, name), part) for name, part in (named or {}).items()] if isinstance(named, Mapping) else []
    parts.append((("default",), trigger.get("default")))
    for path, part in parts:
        if isinstance(part, Mapping) and part.get("auth") is not None:
            yield (*path, "auth"), part["auth"]
