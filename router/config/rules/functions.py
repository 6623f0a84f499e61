"""Rules for `functions:` and for everything that names one."""

from collections.abc import Mapping
from typing import Any

from router.arn import parse_function_arn
from router.config.nodes import Opaque
from router.config.problem import Path
from router.config.references import ARN_TIMEOUT, parse_reference
from router.config.rules.context import Context
from router.config.wording import nearest

_MOST_COMPARED = 50
"""Names for which the nearest neighbour is looked up: each one is compared with every function."""


def targets(context: Context) -> None:
    """Every function has an ARN, a local process, or both."""
    for name, settings in context.functions.items():
        path = ("functions", name)
        if settings["arn"] is None and settings["local"] is None:
            message = f"the function `{name}` has neither `arn` nor `local`"
            context.reporter.report(path, "no-target", message, help="give it an ARN, or a local process", on="key")
        elif settings["arn"] is not None and not isinstance(settings["arn"], Opaque):
            _check_arn(context, path, settings["arn"])


def _check_arn(context: Context, path: Path, arn: str) -> None:
    if parse_function_arn(arn) is None:
        help_text = "for example `arn:aws:lambda:eu-west-1:111122223333:function:orders`"
        context.reporter.report((*path, "arn"), "bad-arn", f"`{arn}` is not the ARN of a Lambda function", help=help_text)


def timeouts(context: Context) -> None:
    """Lambda runs a function for 15 minutes at most; zero would never let it run."""
    for name, settings in context.functions.items():
        timeout = settings["timeout"]
        if timeout is not None and not 0 < timeout <= ARN_TIMEOUT:
            path = ("functions", name, "timeout")
            context.reporter.report(path, "bad-timeout", "a function's timeout is more than 0 and at most 15m")


def without_effect(context: Context) -> None:
    """A role for a function that has no ARN is never assumed."""
    for name, settings in context.functions.items():
        if settings["invoke_role_arn"] is not None and settings["arn"] is None:
            path = ("functions", name, "invoke_role_arn")
            message = "`invoke_role_arn` has no effect: the function has no `arn`"
            context.reporter.report(path, "without-effect", message, help="remove it, or add the `arn`", on="key")


def references(context: Context) -> None:
    """What a trigger names is declared, or a full ARN."""
    names = context.names("functions")
    if context.is_broken("functions") and not names:
        return
    known, dangling = frozenset(names), 0
    for path, text in context.references:
        if isinstance(text, Opaque):
            continue
        try:
            reference = parse_reference(text)
        except ValueError as error:
            context.reporter.report(path, "bad-reference", f"`{text}` does not name a function: {error}")
            continue
        if reference.arn is None and reference.name not in known:
            _dangling(context, path, str(reference.name), names if dangling < _MOST_COMPARED else [])
            dangling += 1


def _dangling(context: Context, path: Path, name: str, names: list[str]) -> None:
    meant = nearest(name, names)
    help_text = f"did you mean `{meant}`?" if meant else "declare it under `functions:`, or write a full ARN"
    context.reporter.report(path, "unknown-function", f"there is no function `{name}`", help=help_text)


def unused(context: Context) -> None:
    """A function that no trigger names is probably a slip."""
    if any(isinstance(text, Opaque) for _, text in context.references) or _everything_is_used(context):
        return
    used = {text.partition(":")[0] for _, text in context.references}
    arns = {_unqualified(str(settings["arn"])): name for name, settings in context.functions.items()}
    used |= {arns.get(_unqualified(text), "") for _, text in context.references}
    for name in context.functions:
        if name not in used:
            message = f"no trigger uses the function `{name}`"
            help_text = "use it in a trigger, or remove it"
            context.reporter.report(
                ("functions", name), "unused-function", message, help=help_text, on="key", severity="warning"
            )


def _everything_is_used(context: Context) -> bool:
    """A broken trigger may use anything, and so does one that takes `functions: all`."""
    return context.is_broken("triggers") or any(
        trigger.get("functions") in ("all", ["all"]) for trigger in context.triggers.values()
    )


def _unqualified(text: str) -> str:
    arn = parse_function_arn(text)
    return str(arn.qualified(None)) if arn else text


def weights(context: Context) -> None:
    """Weights have a sum, and stand beside a function without a qualifier."""
    for path, text in context.references:
        if path[-1] != "function":
            continue
        split = _at(context.settings, (*path[:-1], "weights"))
        if not split or not context.is_known((*path[:-1], "weights")):
            continue
        where = (*path[:-1], "weights")
        if sum(split.values()) == 0:
            context.reporter.report(
                where, "bad-weights", "the weights add up to 0", help="give one of them at least 1", on="key"
            )
        if not isinstance(text, Opaque) and _qualifier(context, text) is not None:
            message = f"`{text}` has a qualifier already, so that `weights` has no effect"
            context.reporter.report(where, "without-effect", message, help="name the function without a qualifier", on="key")


def _qualifier(context: Context, text: str) -> str | None:
    try:
        reference = parse_reference(text)
    except ValueError:
        return None
    if reference.qualifier is not None or reference.name is None:
        return reference.qualifier
    arn = parse_function_arn(str(context.functions.get(reference.name, {}).get("arn")))
    return arn.qualifier if arn else None


def _at(settings: Any, path: Path) -> Any:
    for part in path:
        if isinstance(settings, Mapping):
            settings = settings.get(str(part))
        elif isinstance(settings, list) and isinstance(part, int) and part < len(settings):
            settings = settings[part]
        else:
            return None
    return settings
