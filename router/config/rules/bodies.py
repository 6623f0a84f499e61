"""Rules for `max_body` of a listener, against what the front doors on it take themselves, and against what their senders send.

Sources: semantics/sync.md §0.3, §1.3, semantics/async.md §0, §C, §D.12.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from router.config.problem import Path
from router.config.rules.context import Context
from router.config.units import size_text

KIB, MIB = 1024, 1024 * 1024

OWN: Mapping[str, int] = {
    "alb": MIB,
    "api_gateway": 10 * MIB,
    "cognito": 6 * MIB,
    "eventbridge": 3 * MIB,
    "function_url": 6 * MIB,
    "lambda_api": 6 * MIB,
    "s3": MIB,
    "sns": 2 * MIB,
    "step_functions": 768 * KIB,
}
"""Bytes of a request's body that each type takes at most. An edge has no limit of its own: bodies stream through it."""
_SENT: Mapping[str, tuple[str, int]] = {
    "sns": ("a message of SNS", 256 * KIB),
    "eventbridge": ("an event of EventBridge", MIB),
}
"""What a sender may send in one piece, and sends again or gives up where it is refused."""


def limits(context: Context) -> None:
    """An upper bound that is written lies below what some front door takes, and above what senders cannot divide."""
    standing: dict[str, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
    for name, trigger, _ in context.decided_triggers():
        listener = context.listener_of(trigger)
        if listener in context.listeners and context.listens(trigger):
            standing[str(listener)].append((name, trigger))
    for listener, triggers in standing.items():
        where: Path = ("listeners", listener, "max_body")
        if not context.is_written(where) or not context.is_known(where):
            continue
        bound = context.listeners[listener]["max_body"]
        _check_upper(context, where, bound, [trigger["type"] for _, trigger in triggers])
        _check_senders(context, where, bound, triggers)


def _check_upper(context: Context, where: Path, bound: int, types: list[str]) -> None:
    if context.is_whole() and all(kind in OWN for kind in types) and bound > (most := max(OWN[kind] for kind in types)):
        message = f"`max_body` has no effect: what stands on `{where[1]}` takes {size_text(most)} at most"
        context.reporter.report(where, "idle-limit", message, help="remove it, or lower it", severity="info")


def _check_senders(context: Context, where: Path, bound: int, triggers: list[tuple[str, Mapping[str, Any]]]) -> None:
    for name, trigger in triggers:
        what, size = _SENT.get(trigger["type"], ("", 0))
        if bound < size and (trigger.get("source") or {}).get("http") is not None:
            message = f"{what} has up to {size_text(size)}, and `{name}` would refuse what is longer than {size_text(bound)}"
            related = [(("triggers", name), "the trigger stands here")]
            context.reporter.report(
                where,
                "refuses-messages",
                message,
                help="raise it: what is refused is lost",
                severity="warning",
                related=related,
            )
