"""Rules for `async:` blocks: destinations that exist in the language, ages that Lambda knows, and no setting without effect."""

from collections.abc import Iterator, Mapping
from typing import Any

from router.config.destinations import DESTINATIONS, parse_destination
from router.config.nodes import Opaque
from router.config.problem import Path
from router.config.rules.context import Context
from router.config.rules.places import async_blocks

_MANAGED_ONLY = ("max_retries", "retry_delays", "max_event_age", "on_success", "on_failure", "dead_letter")
AGE = (60.0, 21_600.0)
"""Seconds that Lambda takes as an event's maximum age."""

Settings = Mapping[str, Any]


def destinations(context: Context) -> None:
    """Each destination can be one: the right kind for its purpose, and no FIFO queue or topic."""
    for path, block in async_blocks(context):
        for key in DESTINATIONS:
            text = block.get(key)
            if isinstance(text, str) and not isinstance(text, Opaque):
                _check_destination(context, (*path, key), key, text)


def _check_destination(context: Context, path: Path, key: str, text: str) -> None:
    try:
        named = parse_destination(text)
    except ValueError as error:
        context.reporter.report(path, "bad-destination", f"`{text}` cannot be a destination: {error}")
        return
    if key == "on_success" and named.service == "s3":
        message = "a bucket takes the records of failures alone"
        context.reporter.report(path, "bad-destination", message, help="write it under `on_failure`, or name a queue")
    elif key == "dead_letter" and named.service not in ("sqs", "sns"):
        message = f"`{text}` cannot be a dead-letter queue: that is a standard queue or topic"
        context.reporter.report(path, "bad-destination", message, help="write it under `on_failure`, which takes all kinds")


def ages(context: Context) -> None:
    """An event's age is limited to what Lambda takes: one minute to six hours. A wait has to come to an end."""
    for path, block in async_blocks(context):
        age = block.get("max_event_age")
        if age is not None and not AGE[0] <= age <= AGE[1]:
            context.reporter.report((*path, "max_event_age"), "bad-age", "the maximum age of an event lies between 1m and 6h")
        for index, delay in enumerate(block.get("retry_delays") or ()):
            if not delay > 0:
                context.reporter.report((*path, "retry_delays", index), "bad-delay", "a retry waits longer than 0")


def without_effect(context: Context) -> None:
    """What only `managed` knows has no effect where Lambda owns the delivery, nor anything where nothing is accepted."""
    for name, function in context.functions.items():
        block = function["async"] or {}
        path: Path = ("functions", name, "async")
        if not _is_known(context, path, block):
            continue
        if block.get("delivery") == "delegated" and function["arn"] is None:
            message = f"`{name}` has no ARN, so that its deliveries cannot be delegated to Lambda"
            context.reporter.report((*path, "delivery"), "without-effect", message, help="remove it, or add the `arn`")
        elif not is_managed(function, block):
            _refuse_managed_only(context, path, block, f"the function `{name}` is delegated to Lambda")
    for name, trigger, kind in context.decided_triggers():
        _check_trigger(context, name, trigger, kind.accepts(trigger))


def _check_trigger(context: Context, name: str, trigger: Settings, accepts: bool) -> None:
    path: Path = ("triggers", name)
    if not accepts:
        for key in ("async", "durability"):
            if context.is_written((*path, key)):
                message = f"`{key}` has no effect: the trigger `{name}` accepts no events for later"
                help_text = "remove it, or write `invocation: async` where the type knows it"
                context.reporter.report((*path, key), "without-effect", message, help=help_text, on="key")
        return
    block = trigger.get("async") or {}
    functions = list(later_functions(context, name))
    if not _is_known(context, (*path, "async"), block) or any(is_managed(function, block) for function in functions):
        return
    if functions:
        _refuse_managed_only(context, (*path, "async"), block, f"every function of `{name}` is delegated to Lambda")


def _refuse_managed_only(context: Context, path: Path, block: Settings, why: str) -> None:
    for key in _MANAGED_ONLY:
        if block.get(key) is not None:
            message = f"`{key}` has no effect: {why}, which has its own settings for that"
            help_text = "write `delivery: managed` beside it, or remove it and configure the function in AWS"
            context.reporter.report((*path, key), "managed-only", message, help=help_text, on="key")


def defaults(context: Context) -> None:
    """Defaults for asynchronous delivery need a function that is managed, and an event that is accepted for it."""
    block = context.settings.get("defaults", {}).get("async")
    if not block or context.is_broken("functions") or context.is_broken("triggers"):
        return
    accepting = [trigger for _, trigger, kind in context.decided_triggers() if kind.accepts(trigger)]
    blocks = [{}, *(trigger.get("async") or {} for trigger in accepting)]
    if not accepting or not any(is_managed(function, own, block) for function in context.functions.values() for own in blocks):
        message = "no asynchronous trigger has a function that is managed, so that these defaults have no effect"
        path = ("defaults", "async")
        context.reporter.report(path, "unused-defaults", message, help="remove them", on="key", severity="warning")


def is_managed(function: Settings, *blocks: Settings) -> bool:
    """By what stands in the file alone: `run --local` manages more, and without it nothing may be ignored."""
    for block in (*blocks[:1], function["async"] or {}, *blocks[1:]):
        if block.get("delivery") is not None:
            return bool(block["delivery"] == "managed")
    return function["arn"] is None


def later_functions(context: Context, trigger: str) -> Iterator[Settings]:
    """The functions that get what a trigger accepts; an ARN that nobody declares stands for itself."""
    if context.triggers[trigger].get("functions") in ("all", ["all"]):
        yield from context.functions.values()
    for use in context.uses_of(trigger):
        if use.later:
            yield use.function


def _is_known(context: Context, path: Path, block: Settings) -> bool:
    return not isinstance(block.get("delivery"), Opaque) and (*path, "delivery") not in context.undecided
