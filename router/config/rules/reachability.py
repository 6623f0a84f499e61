"""What can never happen, what comes twice, what goes in circles: the rules that compare, loaded where there is something to
compare, so that a small configuration is checked as fast as before.
"""

from collections.abc import Iterator
from typing import Any

from router.config.destinations import DESTINATIONS
from router.config.rules.context import Context

_WITH_PATTERNS = frozenset({"eventbridge", "sqs", "sns"})
_SHARING = frozenset({"cognito", "eventbridge", "s3", "schedule", "sns", "sqs", "step_functions"})


def patterns(context: Context) -> None:
    """Every pattern can fit some event, and every part of it counts."""
    triggers = context.triggers.values()
    if any(trigger["type"] in _WITH_PATTERNS or trigger.get("filter") is not None for trigger in triggers):
        from router.config.rules.patterns import reachable

        reachable(context)


def twice(context: Context) -> None:
    """No two triggers share a source by chance, and nothing reaches a function twice."""
    if any(trigger["type"] in _SHARING for trigger in context.triggers.values()):
        from router.config.rules.twice import deliveries, notifications, operations, sources

        for rule in (sources, operations, deliveries, notifications):
            rule(context)


def circles(context: Context) -> None:
    """No destination leads back to the function that it is told about."""
    if any(block.get(kind) is not None for block in _async_blocks(context) for kind in DESTINATIONS):
        from router.config.rules.loops import circles as find

        find(context)


def _async_blocks(context: Context) -> Iterator[Any]:
    defaults = context.settings.get("defaults") or {}
    for settings in (*context.functions.values(), *context.triggers.values(), defaults):
        yield settings.get("async") or {}
