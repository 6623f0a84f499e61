"""What the schema cannot say about an `eventbridge` trigger: patterns, inputs, and settings that would do nothing.

Source: semantics/async.md §D.2, §D.7, §D.8.
"""

from collections.abc import Mapping
from typing import Any

from router.model import Report
from router.patterns.events import InvalidPattern, compile_pattern
from router.patterns.paths import compile_path
from router.patterns.templates import Template, compile_template
from router.policies.webhook_auth import check_auth
from router.triggers.eventbridge.api import DEFAULT_MAX_BYTES

Path = tuple[str | int, ...]

INPUTS = ("input", "input_path", "input_transformer")
_OF_A_FUNCTION = ("weights", *INPUTS)
_OF_THE_BUS = ("unknown_bus", "max_request_size")


def check(settings: Mapping[str, Any], report: Report) -> None:
    """Every finding of one trigger."""
    source = settings.get("source") or {}
    if source.get("sqs") is None:
        check_auth(settings.get("auth"), report)
    _check_source(settings, source, report)
    for name, rule in settings["rules"].items():
        _check_pattern(rule, bool(source), report, ("rules", name))
        _check_targets(name, rule, report, ("rules", name))


def route_keys(settings: Mapping[str, Any]) -> list[tuple[Path, str]]:
    """Rules of one bus have different names, whichever triggers declare them."""
    bus = settings.get("bus") or "default"
    return [(("rules", name), f"{bus.rpartition('event-bus/')[2]} {name}") for name in settings["rules"]]


def _check_source(settings: Mapping[str, Any], source: Mapping[str, Any], report: Report) -> None:
    if not source:
        if (settings.get("max_request_size") or 1) > DEFAULT_MAX_BYTES:
            message = "Lambda takes no asynchronous event of more than 1MiB"
            report(("max_request_size",), "bad-size", message, help="write at most `1MiB`")
        return
    for name in _OF_THE_BUS:
        if settings.get(name) is not None:
            report((name,), "without-effect", f"`{name}` has no effect with a `source`", help="remove it", on="key")
    if source.get("sqs") is not None:
        for name in ("auth", "listener"):
            if settings.get(name) is not None:
                report((name,), "without-effect", f"`{name}` has no effect on a queue", help="remove it", on="key")


# --- patterns --------------------------------------------------------------------------------------------------------


def _check_pattern(rule: Mapping[str, Any], received: bool, report: Report, path: Path) -> None:
    pattern = rule.get("pattern")
    if pattern is None:
        if not received:
            message = "a rule of a bus needs a `pattern`"
            report(path, "no-pattern", message, help='write `pattern: {source: [{prefix: ""}]}` for every event', on="key")
        return
    try:
        compile_pattern(pattern)
    except InvalidPattern as error:
        report((*path, "pattern", *error.path), "bad-pattern", f"Event pattern is not valid. Reason: {error.reason}")


# --- targets ---------------------------------------------------------------------------------------------------------


def _check_targets(name: str, rule: Mapping[str, Any], report: Report, path: Path) -> None:
    function, targets = rule.get("function"), rule.get("targets")
    if (function is None) is (targets is None):
        message = "`function` and `targets` exclude each other" if function else "neither `function` nor `targets` is written"
        report(path, "one-form", message, help="write `function:`, or `targets:` for several", on="key")
        return
    if targets is None:
        _check_input(name, rule, report, path)
        return
    for key in _OF_A_FUNCTION:
        if rule.get(key) is not None:
            message = f"`{key}` has no effect beside `targets`"
            report((*path, key), "without-effect", message, help="write it below a target", on="key")
    for target, form in targets.items():
        _check_input(target, form, report, (*path, "targets", target))


def _check_input(name: str, form: Mapping[str, Any], report: Report, path: Path) -> None:
    written = [key for key in INPUTS if form.get(key) is not None]
    if len(written) > 1:
        message = f"Only one of Input, InputPath, or InputTransformer must be provided for target {name}."
        report((*path, written[1]), "one-input", message, on="key")
    if form.get("input_path") is not None:
        _check_path(form["input_path"], report, (*path, "input_path"))
    transformer = form.get("input_transformer")
    if transformer is not None:
        for variable, text in transformer["paths"].items():
            _check_path(text, report, (*path, "input_transformer", "paths", variable))
        _check_template(name, transformer, report, (*path, "input_transformer"))


def _check_path(text: str, report: Report, path: Path) -> None:
    try:
        compile_path(text)
    except ValueError as error:
        report(path, "bad-path", f"this is no JSON path: {error}")


def _check_template(name: str, transformer: Mapping[str, Any], report: Report, path: Path) -> None:
    try:
        template = compile_template(transformer["template"], transformer["paths"])
    except ValueError as error:
        report((*path, "template"), "bad-template", f"InputTemplate for target {name} contains {error}.")
        return
    for variable in transformer["paths"]:
        if variable not in template.names:
            message = f"`{variable}` is not used in the template"
            report((*path, "paths", variable), "unused-variable", message, help="remove it", on="key", severity="warning")
    if not any(_is_renderable(template, value) for value in (0, "text")):
        message = "what comes out is never JSON, so that the function is never invoked"
        report((*path, "template"), "bad-template", message, help="write an object, or one text in quotes")


def _is_renderable(template: Template, value: Any) -> bool:
    try:
        template.render(lambda variable: value)
    except ValueError:
        return False
    return True
