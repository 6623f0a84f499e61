"""Rules for asynchronous delivery as a whole: what several `async:` blocks together make of an event.

Source: semantics/async.md §A.2, §A.3, §A.5 and `router.policies.retries`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from router.config.problem import Path
from router.config.rules.asynchronous import AGE, is_managed
from router.config.rules.context import Context
from router.config.units import duration_text
from router.functions import AsyncPolicy
from router.policies.retries import retry_delay

_USUAL = AsyncPolicy()
_RETRIES = ("max_retries", "retry_delays")

Settings = Mapping[str, Any]


@dataclass(slots=True, frozen=True)
class Policy:
    """The `async:` blocks that hold for a function's events, the first one that says something wins; managed ones only."""

    layers: tuple[tuple[Path, Settings], ...]

    def where(self, key: str) -> Path | None:
        """Where a setting is written that holds; None: nowhere."""
        return next(((*path, key) for path, block in self.layers if block.get(key) is not None), None)

    def value(self, key: str) -> Any:
        """What holds."""
        return next((block[key] for _, block in self.layers if block.get(key) is not None), getattr(_USUAL, key))


def _policies(context: Context) -> Iterator[Policy]:
    """Every different one by which events are delivered; of a trigger with `functions: all`, too."""
    shared = (context.settings.get("defaults") or {}).get("async") or {}
    seen: set[tuple[str | None, str | None]] = set()
    pairs: list[tuple[str | None, str | None, Settings]] = []
    pairs += [(use.trigger, use.name, use.function) for use in context.uses() if use.later]
    for trigger, settings, kind in context.decided_triggers():
        if settings.get("functions") in ("all", ["all"]) and kind.accepts(settings):
            pairs += [(trigger, name, function) for name, function in context.functions.items()]
    for caller, called, function in pairs:
        own = (context.triggers[caller].get("async") or {}) if caller is not None else {}
        key = (caller if own else None, called)
        if key in seen or not is_managed(function, own, shared):
            continue
        seen.add(key)
        blocks = (
            (("triggers", str(caller), "async"), own),
            (("functions", str(called), "async"), function["async"] or {}),
            (("defaults", "async"), shared),
        )
        yield Policy(tuple((path, block) for path, block in blocks if block))


def retries_in_time(context: Context) -> None:
    """Retries that would come after the event has grown too old never come: Lambda looks ahead, and so does the router."""
    told: set[Path] = set()
    for policy in _policies(context):
        age_at = policy.where("max_event_age")
        written = [path for key in _RETRIES if (path := policy.where(key)) is not None]
        if age_at is None or age_at in told or not all(map(context.is_known, (age_at, *written))):
            continue
        age, retries = policy.value("max_event_age"), policy.value("max_retries")
        if not AGE[0] <= age <= AGE[1]:
            continue
        possible = _possible(retries, tuple(policy.value("retry_delays")), age)
        if possible < retries:
            told.add(age_at)
            message = f"an event is given up after {duration_text(age)}, before {_retries(possible, retries)}"
            _say_too_late(context, age_at, message, written)


def _possible(retries: int, delays: tuple[float, ...], age: float) -> int:
    """How many retries begin while the event is young enough, where every attempt takes no time at all."""
    elapsed = 0.0
    for used in range(retries):
        elapsed += retry_delay(delays, used)
        if elapsed >= age:
            return used
    return retries


def _say_too_late(context: Context, path: Path, message: str, written: list[Path]) -> None:
    """A warning where somebody wrote of retries. Else they are Lambda's usual two, and to give up earlier may be meant."""
    help_text = "raise `max_event_age`, or lower `max_retries` or `retry_delays`"
    if not written:
        context.reporter.report(path, "retries-cut-off", message, help=help_text, severity="info")
        return
    related = [(other, "the retries stand here") for other in written]
    context.reporter.report(path, "retries-too-late", message, help=help_text, severity="warning", related=related)


def _retries(possible: int, retries: int) -> str:
    if possible == 0:
        return "its first retry" if retries > 1 else "its retry"
    return f"retry {possible + 1} of {retries}"


def unused_delays(context: Context) -> None:
    """A delay in front of a retry that never is one does nothing, whoever's events it holds for."""
    most: dict[Path, int] = defaultdict(int)
    length: dict[Path, int] = {}
    for policy in _policies(context):
        where = policy.where("retry_delays")
        if where is not None:
            retries_at = policy.where("max_retries")
            is_known = context.is_known(where) and (retries_at is None or context.is_known(retries_at))
            length[where] = len(policy.value("retry_delays")) if is_known else 0
            most[where] = max(most[where], policy.value("max_retries"))
    for where, retries in most.items():
        if retries == 0 and length[where]:
            message = "`retry_delays` has no effect: nothing is tried again"
            context.reporter.report(where, "without-effect", message, help="remove it, or raise `max_retries`", on="key")
        elif length[where] > retries:
            message = f"this delay has no effect: there {'is 1 retry' if retries == 1 else f'are {retries} retries'}"
            help_text = "remove it, or raise `max_retries`"
            context.reporter.report((*where, retries), "without-effect", message, help=help_text)


def same_destination(context: Context) -> None:
    """A queue that is both destination and dead-letter queue gets every failure twice."""
    told: set[tuple[Path, Path]] = set()
    for policy in _policies(context):
        record, letter = policy.where("on_failure"), policy.where("dead_letter")
        if record is None or letter is None or (record, letter) in told:
            continue
        if policy.value("on_failure") == policy.value("dead_letter") and context.is_known(record) and context.is_known(letter):
            told.add((record, letter))
            message = f"`{policy.value('dead_letter')}` gets every failure twice: its record, and the event itself"
            related = [(record, "the record goes there, too")]
            help_text = "remove one of them, or name another queue"
            context.reporter.report(letter, "same-destination", message, help=help_text, severity="warning", related=related)


def unused_blocks(context: Context) -> None:
    """How a function is invoked asynchronously matters where somebody does that; a mapping of SQS, too, waits for it."""
    if not context.is_whole() or any(trigger.get("functions") in ("all", ["all"]) for trigger in context.triggers.values()):
        return
    used = {use.name for use in context.uses() if not use.later}
    later = {use.name for use in context.uses() if use.later}
    for name, function in context.functions.items():
        path: Path = ("functions", name, "async")
        if function["async"] is not None and name in used - later:
            message = f"`async` has no effect: every trigger waits for `{name}`"
            help_text = "remove it, or invoke the function asynchronously"
            context.reporter.report(path, "without-effect", message, help=help_text, on="key")


# --- the journal -----------------------------------------------------------------------------------------------------

_SNS_PATIENCE = 105.0
"""Seconds in which SNS tries a message four times where nobody changed its delivery policy (semantics/async.md §C.6)."""


def journal(context: Context) -> None:
    """The journal is for what is accepted; one in memory is on no disk."""
    settings = context.settings.get("journal") or {}
    if not settings or context.is_broken("triggers"):
        return
    accepting = [(name, trigger) for name, trigger, kind in context.decided_triggers() if kind.accepts(trigger)]
    if not accepting and context.is_written(("journal",)) and context.is_whole():
        message = "`journal` has no effect when this runs: no trigger accepts an event for later"
        help_text = "remove it; `lambda-router deliveries` still reads it"
        context.reporter.report(("journal",), "idle-setting", message, help=help_text, on="key", severity="warning")
    if str(settings["url"]).startswith("memory") and context.is_fixed(("journal", "url")):
        _check_memory(context, [name for name, _ in accepting])
    _check_window(context, settings["deduplication_window"], accepting)


def _check_memory(context: Context, accepting: list[str]) -> None:
    idle: list[Path] = [("journal", "min_free_disk")]
    idle += [("triggers", name, "durability") for name in accepting if context.is_own(("triggers", name, "durability"))]
    for path in idle:
        if context.is_written(path):
            message = f"`{path[-1]}` has no effect: the journal is in memory, and on no disk"
            related = [(("journal", "url"), "the journal's place stands here")]
            context.reporter.report(path, "without-effect", message, help="remove it", on="key", related=related)


def _check_window(context: Context, window: float, accepting: list[tuple[str, Settings]]) -> None:
    where: Path = ("journal", "deduplication_window")
    if window >= _SNS_PATIENCE or not context.is_written(where) or not context.is_known(where):
        return
    for name, trigger in accepting:
        if trigger["type"] == "sns" and trigger["source"].get("http") is not None:
            message = (
                f"SNS repeats a message for {duration_text(_SNS_PATIENCE)} and longer, and after {duration_text(window)} "
                f"`{name}` would take it for a new one"
            )
            related = [(("triggers", name), "the trigger stands here")]
            help_text = "write at least `2m`; the usual `1h` is as long as SNS can be told to repeat"
            context.reporter.report(where, "short-window", message, help=help_text, severity="warning", related=related)
            return
