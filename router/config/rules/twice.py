"""Rules against the same thing twice: one source that two triggers poll, one event that reaches a function twice.

Seen is what is certain: the same function in the same way (qualifier, weights, input), from events that the one pattern takes
whenever the other does. Triggers that are not enabled are not looked at.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from router import jsontext
from router.config.nodes import Opaque
from router.config.problem import Path
from router.config.rules.context import Context
from router.config.rules.resources import active, bus, polled, target_key
from router.patterns.events import InvalidPattern, Pattern, compile_pattern
from router.patterns.relations import canonical, pattern_covers
from router.patterns.schedules import ScheduleError, parse_schedule
from router.policies.filter_policies import MESSAGE_ATTRIBUTES, InvalidPolicy, compile_policy

_MOST_COMPARED = 50
"""Rules for one target of one bus that are compared with each other; of more than that only equal ones are seen."""
_INPUTS = ("input", "input_path", "input_transformer")


# --- one source ------------------------------------------------------------------------------------------------------


def sources(context: Context) -> None:
    """Each queue and each activity is polled by one trigger: two would share its messages by chance."""
    first: dict[Hashable, tuple[str, Path]] = {}
    for trigger, path, source, shown in _sources(context):
        other, where = first.setdefault(source, (trigger, path))
        if other != trigger:
            _report_source(context, path, where, (other, trigger), shown)


def _sources(context: Context) -> Iterator[tuple[str, Path, Hashable, str]]:
    """Trigger, the place of the name, what is equal for one source, and what it is called."""
    for each in polled(context):
        yield each.trigger, each.path, each.resource, f"queue `{each.resource.name}`"
    for name, settings in active(context):
        arn = settings.get("activity")
        if settings["type"] == "step_functions" and arn is not None and not isinstance(arn, Opaque):
            yield name, ("triggers", name, "activity"), arn, f"activity `{arn.rpartition(':')[2]}`"


def _report_source(context: Context, path: Path, where: Path, names: tuple[str, str], shown: str) -> None:
    message = f"the triggers `{names[0]}` and `{names[1]}` both poll the {shown}: what is in it goes to either, by chance"
    help_text = "let one trigger poll it; give the other one a queue of its own"
    if any(context.triggers[name].get("filters") for name in names):
        message += ", and what the filters of the one do not want is deleted"
    related = [(where, "the other one stands here")]
    context.reporter.report(path, "same-source", message, help=help_text, severity="warning", related=related)


def operations(context: Context) -> None:
    """A user pool has one function for each of its triggers."""
    first: dict[tuple[str, str], str] = {}
    for name, settings in active(context):
        if settings["type"] != "cognito" or isinstance(settings["user_pool"], Opaque):
            continue
        for operation in (each for each, chosen in settings["operations"].items() if chosen is not None):
            other = first.setdefault((settings["user_pool"], operation), name)
            if other != name:
                _report_operation(context, name, other, operation, settings["user_pool"])


def _report_operation(context: Context, name: str, other: str, operation: str, pool: str) -> None:
    message = f"`{operation}` of the user pool `{pool}` has a function in the trigger `{other}` already: a pool calls one"
    related = [(("triggers", other, "operations", operation), "the other one stands here")]
    path = ("triggers", name, "operations", operation)
    help_text = "remove one of them, or call both functions from one"
    context.reporter.report(path, "same-operation", message, help=help_text, on="key", severity="warning", related=related)


# --- one event -------------------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class _Written:
    """A way from events to a function, as it is written. `at`: where the pattern stands; `source`: None is every event."""

    path: Path
    at: Path
    source: Mapping[str, Any] | None
    scope: str | None = None
    """Of a filter policy."""


@dataclass(slots=True, frozen=True)
class _Route:
    """The same, compiled. `pattern`: None is every event."""

    path: Path
    pattern: Pattern | None
    scope: str | None

    @property
    def name(self) -> str:
        return str(self.path[-1] if "targets" not in self.path else f"{self.path[-3]}/{self.path[-1]}")


def deliveries(context: Context) -> None:
    """No event reaches one function twice in the same way."""
    groups: dict[Hashable, list[_Written]] = defaultdict(list)
    for key, written in (*_rules(context), *_subscriptions(context)):
        groups[key].append(written)
    for group in groups.values():
        routes = [*filter(None, (_compiled(context, each) for each in group))] if len(group) > 1 else []
        for route, other in _repeated(routes):
            _report_twice(context, route.path, other.path, f"`{route.name}`", f"`{other.name}`", "event that fits both")
    _check_schedules(context)


def _rules(context: Context) -> Iterator[tuple[Hashable, _Written]]:
    """Rules by bus and target. Of what comes from a bus in AWS each trigger is a world of its own."""
    for name, settings in active(context):
        if settings["type"] != "eventbridge":
            continue
        world: Hashable = name
        if not settings.get("source"):
            world = bus(settings.get("bus"), context.settings["aws"]) or name, context.listener_of(settings)
        for rule, each in settings["rules"].items():
            base: Path = ("triggers", name, "rules", rule)
            named = each.get("targets")
            forms = {base: each} if named is None else {(*base, "targets", key): form for key, form in named.items()}
            for path, form in forms.items():
                key = target_key(context, form)
                if key is not None and context.is_known(path):
                    inputs = jsontext.dumps([form.get(kind) for kind in _INPUTS])
                    yield ("rule", world, key, inputs), _Written(path, (*base, "pattern"), each.get("pattern"))


def _subscriptions(context: Context) -> Iterator[tuple[Hashable, _Written]]:
    for name, settings in active(context):
        for subscription, each in settings["subscriptions"].items() if settings["type"] == "sns" else ():
            path: Path = ("triggers", name, "subscriptions", subscription)
            scope = each.get("filter_policy_scope") or MESSAGE_ATTRIBUTES
            key = target_key(context, each)
            if key is not None:
                yield ("subscription", name, key), _Written(path, (*path, "filter_policy"), each.get("filter_policy"), scope)


def _compiled(context: Context, written: _Written) -> _Route | None:
    """None where the pattern is not known, or wrong."""
    source, scope = written.source, written.scope
    if source is None:
        return _Route(written.path, None, None)
    if not context.is_known(written.at):
        return None
    try:
        pattern = compile_policy(source, scope).pattern if scope is not None else compile_pattern(source)
    except (InvalidPattern, InvalidPolicy):
        return None
    return _Route(written.path, pattern, scope)


def _repeated(routes: list[_Route]) -> Iterator[tuple[_Route, _Route]]:
    """The routes whose events another one takes, too; of equal ones the later."""
    equal: dict[Hashable, _Route] = {}
    different: list[_Route] = []
    for route in routes:
        first = equal.setdefault((route.scope, canonical(route.pattern)) if route.pattern is not None else None, route)
        if first is route:
            different.append(route)
        else:
            yield route, first
    for route in different if len(different) <= _MOST_COMPARED else ():
        larger = next((other for other in different if other is not route and _covers(other, route)), None)
        if larger is not None:
            yield route, larger


def _covers(larger: _Route, smaller: _Route) -> bool:
    if larger.pattern is None:
        return True
    return smaller.pattern is not None and larger.scope == smaller.scope and pattern_covers(larger.pattern, smaller.pattern)


def _report_twice(context: Context, path: Path, other: Path, name: str, first: str, what: str) -> None:
    message = f"{name} and {first} call the same function in the same way: it gets each {what} twice"
    related = [(other, "the other one stands here")]
    context.reporter.report(
        path, "delivered-twice", message, help="remove one of them", on="key", severity="warning", related=related
    )


def _check_schedules(context: Context) -> None:
    first: dict[Hashable, Path] = {}
    for name, settings in active(context):
        if settings["type"] != "schedule" or settings.get("filter") is not None:
            continue
        for schedule, each in settings["schedules"].items():
            path: Path = ("triggers", name, "schedules", schedule)
            key = target_key(context, each)
            if key is None or not context.is_known(path) or isinstance(settings["timezone"], Opaque):
                continue
            try:
                parsed = parse_schedule(each["expression"])
            except ScheduleError:
                continue
            when = (parsed.rule,) if not parsed.has_zone else (" ".join(parsed.text.split()), settings["timezone"])
            other = first.setdefault((when, key, jsontext.dumps(each.get("input"))), path)
            if other != path:
                _report_twice(context, path, other, f"`{schedule}`", f"`{other[3]}`", "planned time")


# --- one object ------------------------------------------------------------------------------------------------------


def notifications(context: Context) -> None:
    """Notifications whose event types, prefixes and suffixes overlap: S3 refuses those; here both get the event."""
    for name, settings in active(context):
        if settings["type"] == "s3":
            _check_notifications(context, name, settings)


def _check_notifications(context: Context, name: str, settings: Mapping[str, Any]) -> None:
    by_prefix: dict[str, list[str]] = defaultdict(list)
    entries = settings["notifications"]
    known = {key: each for key, each in entries.items() if context.is_known(("triggers", name, "notifications", key))}
    for key, each in known.items():
        by_prefix[each["prefix"]].append(key)
    order = {key: position for position, key in enumerate(known)}
    for key, each in known.items():
        prefixes = (each["prefix"][:length] for length in range(len(each["prefix"]) + 1))
        candidates = (other for prefix in prefixes for other in by_prefix.get(prefix, ()) if other != key)
        for other in islice(candidates, _MOST_COMPARED):
            is_pair = known[other]["prefix"] != each["prefix"] or order[other] < order[key]
            if is_pair and _overlap(known[other], each):
                _report_overlap(context, name, settings, key, other)
                break


def _overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    suffixes = one["suffix"].endswith(other["suffix"]) or other["suffix"].endswith(one["suffix"])
    return suffixes and any(_event_overlaps(mine, theirs) for mine in one["events"] for theirs in other["events"])


def _event_overlaps(one: str, other: str) -> bool:
    for wide, narrow in ((one, other), (other, one)):
        if wide.endswith(":*") and narrow.startswith(wide[:-1]):
            return True
    return one == other


def _report_overlap(context: Context, name: str, settings: Mapping[str, Any], key: str, other: str) -> None:
    base: Path = ("triggers", name, "notifications")
    mine, theirs = (target_key(context, settings["notifications"][each]) for each in (key, other))
    if mine is not None and mine == theirs:
        _report_twice(context, (*base, key), (*base, other), f"`{key}`", f"`{other}`", "change that fits both")
    elif settings["source"].get("sender") in (None, "aws"):
        message = f"`{key}` and `{other}` overlap in event type, prefix and suffix: S3 would refuse them, here both get it"
        related = [((*base, other), "the other one stands here")]
        help_text = "let the prefixes or suffixes exclude each other, or send the events to a topic that both read"
        context.reporter.report(
            (*base, key), "overlapping-notifications", message, help=help_text, on="key", severity="warning", related=related
        )
