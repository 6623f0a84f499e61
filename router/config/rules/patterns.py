"""Rules for event patterns wherever they stand: what can never fit, what has no effect, and what leaves nothing out.

A pattern is compared with what is known of the events that it is asked about (`event_shapes`), one field at a time: fields
that only exclude each other together are not seen, nor is anything about events that come whole or transformed from a bus in
AWS.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from router.config.problem import Path
from router.config.rules.context import Context
from router.config.rules.event_shapes import bus_event, event_of, published, queue_record
from router.patterns.events import InvalidPattern, Pattern, compile_pattern
from router.patterns.leaves import route
from router.patterns.pieces import needless, pieces, ranges_take_everything, takes_everything
from router.patterns.relations import Written, pattern_covers, repeated_branches, replaced, written_fields
from router.patterns.shapes import ANYTHING, Anything, Shape, never_matches, useless
from router.policies.filter_policies import InvalidPolicy, compile_policy


@dataclass(slots=True, frozen=True)
class Placed:
    """A pattern where it stands. `shape`: of the events that it is asked about. `what`: what they are, for people."""

    path: Path
    source: Mapping[str, Any]
    pattern: Pattern
    shape: Shape
    what: str = "event"


def placed_patterns(context: Context) -> Iterator[Placed]:
    """Every pattern that is known whole and that AWS would take."""
    for path, source, shape, what, policy_scope in _written(context):
        if not context.is_known(path):
            continue
        try:
            pattern = compile_policy(source, policy_scope).pattern if policy_scope is not None else compile_pattern(source)
        except (InvalidPattern, InvalidPolicy):
            continue
        yield Placed(path, source, pattern, shape, what)


def _written(context: Context) -> Iterator[tuple[Path, Mapping[str, Any], Shape, str, str | None]]:
    aws = context.settings["aws"]
    for name, settings, kind in context.decided_triggers():
        base: Path = ("triggers", name)
        if settings.get("filter") is not None:
            yield (*base, "filter"), settings["filter"], event_of(kind.name, settings, aws), "event", None
        if kind.name == "eventbridge":
            shape = ANYTHING if settings.get("source") else bus_event(settings.get("bus"), aws)
            for rule, each in settings["rules"].items():
                if each.get("pattern") is not None:
                    yield (*base, "rules", rule, "pattern"), each["pattern"], shape, "event", None
        elif kind.name == "sqs":
            for index, pattern in enumerate(settings["filters"]):
                yield (*base, "filters", index), pattern, queue_record(pattern, settings["queue"]), "message", None
        elif kind.name == "sns":
            for subscription, each in settings["subscriptions"].items():
                if each.get("filter_policy") is not None:
                    scope = each.get("filter_policy_scope") or "MessageAttributes"
                    where = (*base, "subscriptions", subscription, "filter_policy")
                    yield where, each["filter_policy"], published(scope), "message", scope


def reachable(context: Context) -> None:
    """Each pattern can fit some event, and every part of it takes part in that."""
    filters: dict[Path, list[Placed]] = {}
    for placed in placed_patterns(context):
        if placed.path[2] == "filters":
            filters.setdefault(placed.path[:3], []).append(placed)
        fields = written_fields(placed.source)
        _check_possible(context, placed, fields)
        _check_replaced(context, placed, fields)
        _check_values(context, placed, fields)
        for place, index, other in repeated_branches(placed.source):
            message = "this branch of `$or` takes nothing that another one would not take"
            related = [((*placed.path, *place, other), "the other one stands here")]
            where = (*placed.path, *place, index)
            context.reporter.report(where, "repeated-value", message, help="remove it", severity="info", related=related)
    for path, found in filters.items():
        _check_lost(context, path, found)
        _check_filters(context, found)


# --- what never fits -------------------------------------------------------------------------------------------------


def _check_possible(context: Context, placed: Placed, fields: list[Written]) -> None:
    if isinstance(placed.shape, Anything):
        return
    useless_values = [(field, [*useless(field.values, route(field.path), placed.shape)]) for field in fields]
    dead_ones = [field for field, dead in useless_values if len(dead) == len(field.values)]
    never = never_matches(placed.pattern, placed.shape) if dead_ones else None
    if never is not None:
        place = next(field.place for field in dead_ones if field.path == never.path)
        _never(context, placed.path, place, f"no {placed.what} fits this pattern: `{never.path}`: {never.why}")
        return
    for field, dead in useless_values:
        if len(dead) == len(field.values):
            _never(context, placed.path, field.place, f"no {placed.what} fits this branch: `{field.path}`: {dead[0][1]}")
            continue
        for index, why in dead:
            where_value = (*placed.path, *field.place, index)
            message = f"no {placed.what} has this under `{field.path}`: {why}"
            context.reporter.report(where_value, "never-matches", message, help="remove it", severity="warning")


def _never(context: Context, base: Path, place: Path, message: str) -> None:
    context.reporter.report((*base, *place), "never-matches", message, on="key", severity="warning")


def _check_lost(context: Context, path: Path, filters: list[Placed]) -> None:
    """A queue whose filters never fit loses every message: what fits none is deleted (semantics/async.md §B.6)."""
    dead = [placed for placed in filters if never_matches(placed.pattern, placed.shape) is not None]
    if len(dead) == len(context.triggers[str(path[1])]["filters"]):
        message = "no message fits any of these filters, so that every message of the queue is deleted"
        related = [(placed.path, "this one never fits") for placed in dead]
        context.reporter.report(path, "loses-messages", message, on="key", related=related)


# --- what has no effect ----------------------------------------------------------------------------------------------


def _check_replaced(context: Context, placed: Placed, fields: list[Written]) -> None:
    for earlier, later in replaced(fields):
        message = f"`{earlier.path}` stands here and again further down, which takes the place of this: both are never asked"
        related = [((*placed.path, *later.place), "this one counts")]
        help_text = "write one of them; what both shall want goes into one list"
        where = (*placed.path, *earlier.place)
        context.reporter.report(where, "replaced-field", message, help=help_text, on="key", severity="warning", related=related)


def _check_values(context: Context, placed: Placed, fields: list[Written]) -> None:
    for field in fields:
        if len(field.values) < 2:
            continue
        union = pieces(field.values)
        where = (*placed.path, *field.place)
        if takes_everything(union):
            message = "one of these always fits, whatever stands there: match values of a list are alternatives"
            help_text = 'write one `{"anything-but": [a, b]}` with all of them, or `{"exists": true}`'
            context.reporter.report(where, "matches-everything", message, help=help_text, on="key", severity="warning")
        elif ranges_take_everything(union):
            message = "every number lies in one of these ranges: match values of a list are alternatives"
            help_text = 'what lies between two bounds is one range: `{"numeric": [">", 5, "<", 10]}`'
            context.reporter.report(where, "matches-everything", message, help=help_text, on="key", severity="warning")
        else:
            for index, other in needless(union):
                message = "this match value takes nothing that another one of the list would not take"
                related = [((*where, other), "the other one stands here")]
                context.reporter.report(
                    (*where, index), "repeated-value", message, help="remove it", severity="info", related=related
                )


def _check_filters(context: Context, filters: list[Placed]) -> None:
    """Filters of a queue are alternatives; there are at most ten."""
    for index, placed in enumerate(filters):
        for position, other in enumerate(filters):
            wider = position != index and pattern_covers(other.pattern, placed.pattern)
            if wider and (position < index or not pattern_covers(placed.pattern, other.pattern)):
                message = "this filter takes no message that another one would not take"
                related = [(other.path, "the other one stands here")]
                context.reporter.report(
                    placed.path, "repeated-value", message, help="remove it", severity="info", related=related
                )
                break
