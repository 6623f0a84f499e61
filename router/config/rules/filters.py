"""Rules for `filter:`: a pattern that AWS would take, on a trigger that accepts events and has no such language of its own."""

from router.config.rules.context import Context
from router.patterns.events import InvalidPattern, compile_pattern

_OWN = {"sqs": "`filters:`", "eventbridge": "the `pattern` of its rules"}
"""What does the same in types that know it from AWS."""


def patterns(context: Context) -> None:
    """Each pattern compiles; one that would filter nothing is refused."""
    for name, settings, kind in context.decided_triggers():
        pattern = settings.get("filter")
        if pattern is None:
            continue
        path = ("triggers", name, "filter")
        if kind.name in _OWN:
            message = f"`filter` cannot be used on `{kind.name}`, which has {_OWN[kind.name]} for that"
            context.reporter.report(path, "without-effect", message, help=f"use {_OWN[kind.name]}", on="key")
        elif not kind.accepts(settings):
            message = f"`filter` has no effect: the trigger `{name}` accepts no events for later"
            help_text = "remove it, or write `invocation: async` where the type knows it"
            context.reporter.report(path, "without-effect", message, help=help_text, on="key")
        try:
            compile_pattern(pattern)
        except InvalidPattern as error:
            message = f"Event pattern is not valid. Reason: {error.reason}"
            context.reporter.report((*path, *error.path), "bad-pattern", message)
