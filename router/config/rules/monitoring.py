"""Rules for `monitoring:`: no setting without effect, and no failure that nobody would see."""

from collections.abc import Mapping
from typing import Any

from router.config.problem import Path
from router.config.rules.asynchronous import is_managed, later_functions
from router.config.rules.context import Context

_CLOUDWATCH: Path = ("monitoring", "cloudwatch")
_SEEN_BY = ("on_failure", "dead_letter")


def without_effect(context: Context) -> None:
    """What belongs to another way of shipping than the one that is chosen does nothing."""
    cloudwatch = (context.settings.get("monitoring") or {}).get("cloudwatch")
    if not cloudwatch or any(not context.is_known((*_CLOUDWATCH, key)) for key in ("metrics", "logs")):
        return
    metrics, logs = cloudwatch["metrics"], cloudwatch["logs"]
    if metrics == "none" and logs is None:
        message = "neither metrics nor logs go to CloudWatch, so that `cloudwatch` has no effect"
        context.reporter.report(_CLOUDWATCH, "without-effect", message, help="remove it, or add `logs: {}`", on="key")
        return
    idle = {
        ("file",): metrics != "emf" and "lines of EMF alone go to a file: write `metrics: emf`",
        ("namespace",): metrics == "none" and "no metrics are written",
        ("region",): metrics != "api" and logs is None and "nothing is sent to CloudWatch by the router itself",
        ("logs", "sample"): logs is not None and logs["what"] != "sampled" and "only `what: sampled` chooses",
    }
    for keys, reason in idle.items():
        if reason and context.is_written((*_CLOUDWATCH, *keys)):
            message = f"`{keys[-1]}` has no effect: {reason}"
            context.reporter.report((*_CLOUDWATCH, *keys), "without-effect", message, help="remove it", on="key")


def unseen_failures(context: Context) -> None:
    """Deliveries that give up stay as dead letters in the journal; somebody has to hear of it.

    Heard of: a destination for failures, CloudWatch, or Prometheus's page on an admin listener. What is delegated gives up
    in Lambda, which has its own. What is polled from a queue goes back there.
    """
    if _is_watched(context) or context.is_broken("functions"):
        return
    defaults = (context.settings.get("defaults") or {}).get("async") or {}
    for name, trigger, kind in context.decided_triggers():
        if trigger["enabled"] is not True or not kind.accepts(trigger):
            continue
        own = trigger.get("async") or {}
        functions = later_functions(context, name)
        if any(is_managed(function, own, defaults) and not _is_told(function, own, defaults) for function in functions):
            message = f"nobody would see it when `{name}` gives an event up"
            help_text = "write `on_failure:` under `async:`, or `monitoring: {cloudwatch: {}}`, or an `admin.listen` to scrape"
            path: Path = ("triggers", name)
            context.reporter.report(path, "unseen-failures", message, help=help_text, on="key", severity="warning")


def _is_watched(context: Context) -> bool:
    monitoring, admin = context.settings.get("monitoring") or {}, context.settings.get("admin") or {}
    return monitoring.get("cloudwatch") is not None or bool(monitoring.get("prometheus") and admin.get("listen") is not None)


def _is_told(function: Mapping[str, Any], own: Mapping[str, Any], defaults: Mapping[str, Any]) -> bool:
    blocks = (own, function["async"] or {}, defaults)
    return any(block.get(key) is not None for block in blocks for key in _SEEN_BY)
