"""Rules for functions that work on queues: what an event source mapping of AWS would do to whole batches.

Source: semantics/async.md §B.1, §B.3, §B.4.
"""

from router.config.rules.context import Context


def batches(context: Context) -> None:
    """A function that cannot say which messages failed gets all of them again."""
    for name, trigger, kind in context.decided_triggers():
        if kind.name != "sqs" or trigger["report_batch_item_failures"] or trigger["batch_size"] == 1:
            continue
        if context.is_known(("triggers", name)):
            message = "one message that fails brings the whole batch again, with those that are done"
            help_text = "let the function return `batchItemFailures`, and write `report_batch_item_failures: true`"
            path = ("triggers", name)
            context.reporter.report(path, "whole-batch-again", message, help=help_text, on="key", severity="info")


def concurrency(context: Context) -> None:
    """More batches at a time than the function takes are never fetched."""
    for use in context.uses():
        trigger = context.caller(use)
        if trigger is None or trigger["type"] != "sqs" or trigger.get("max_concurrency") is None:
            continue
        where, limit = ("triggers", str(use.trigger), "max_concurrency"), use.function["max_concurrency"]
        other = ("functions", str(use.name), "max_concurrency")
        if not limit or trigger["max_concurrency"] <= limit or not context.is_known(where) or not context.is_known(other):
            continue
        message = f"`max_concurrency` has no effect: the function `{use.shown}` takes {limit} at a time"
        related = [(other, "the function's limit stands here")]
        context.reporter.report(where, "without-effect", message, help="lower it, or remove it", related=related)
