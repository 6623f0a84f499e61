"""Rules for the time that a caller waits, against the time that the function may take.

A function that is still at work when its caller has gone does its work for nobody, and bills for it. Sources: semantics/sync.md
§0.3, §3.7, §4.7, §9.5, §10.1, §11.5.
"""

from collections.abc import Callable, Mapping
from typing import Any

from router.config.problem import Path
from router.config.references import LOCAL_TIMEOUT
from router.config.rules.context import Context, Use
from router.config.units import duration_text

_API_TIMEOUTS = {"rest": 29.0, "http": 30.0}
_STREAM_TIMEOUT = 900.0
"""Of a REST API for an answer that is streamed (semantics/sync.md §3.9)."""
_TASK_TIMEOUT = 60.0

Wait = tuple[float, Path]
"""Seconds, and the setting that says or could say so, below the trigger."""


def _api(trigger: Mapping[str, Any], path: Path) -> Wait | None:
    own = trigger["routes"][path[1]]
    mode = (None if isinstance(own, str) else own.get("response_transfer_mode")) or trigger.get("response_transfer_mode")
    usual = _STREAM_TIMEOUT if trigger["api"] == "rest" and mode == "stream" else _API_TIMEOUTS[trigger["api"]]
    return trigger.get("timeout") or usual, ("timeout",)


def _pool(trigger: Mapping[str, Any], path: Path) -> Wait | None:
    return trigger["timeout"], ("timeout",)


def _edge(trigger: Mapping[str, Any], path: Path) -> Wait | None:
    side = "viewer" if str(path[2]).startswith("viewer") else "origin"
    return trigger["timeouts"][side], ("timeouts", side)


def _task(trigger: Mapping[str, Any], path: Path) -> Wait | None:
    return None if trigger.get("path") is None else ((trigger.get("timeout") or _TASK_TIMEOUT), ("timeout",))


_WAITS: Mapping[str, tuple[str, Callable[[Mapping[str, Any], Path], Wait | None]]] = {
    "api_gateway": ("the API answers its caller with an error", _api),
    "cognito": ("the user pool gives up, and may call again", _pool),
    "lambda_edge": ("the edge answers the viewer with a 503", _edge),
    "step_functions": ("the task fails", _task),
}
"""Front doors that do not wait as long as a function may run, and what happens then. A function URL and a load balancer do."""


def callers(context: Context) -> None:
    """No caller waits for less than the function may take."""
    told: set[tuple[str, str, Path]] = set()
    for use in context.uses():
        trigger = context.caller(use)
        if trigger is None or use.later or trigger["type"] not in _WAITS:
            continue
        longest = known_timeout(context, use)
        consequence, waits = _WAITS[trigger["type"]]
        wait = waits(trigger, use.path[2:])
        if longest is None or wait is None or longest <= wait[0] or (use.path[1], use.shown, wait[1]) in told:
            continue
        where: Path = ("triggers", str(use.path[1]), *wait[1])
        if context.is_known(where):
            told.add((str(use.path[1]), use.shown, wait[1]))
            _say(context, use, longest, wait[0], consequence, where)


def known_timeout(context: Context, use: Use) -> float | None:
    """Seconds that the function may take; None where nothing here says so."""
    written = use.function["timeout"]
    if written is not None:
        return float(written) if context.is_known(("functions", str(use.name), "timeout")) else None
    return LOCAL_TIMEOUT if use.arn is None else None


def _say(context: Context, use: Use, longest: float, wait: float, consequence: str, where: Path) -> None:
    message = (
        f"`{use.shown}` may run for {duration_text(longest)}, and `{use.path[1]}` waits for {duration_text(wait)}: then "
        f"{consequence} while the function goes on"
    )
    related = [(where, "the caller's patience stands here")] if context.is_written(where) else []
    if context.is_written(("functions", str(use.name), "timeout")):
        related.append((("functions", str(use.name), "timeout"), "the function's timeout stands here"))
    help_text = f"give the function a `timeout` of at most {duration_text(wait)}, or make it asynchronous"
    context.reporter.report(use.path, "caller-gives-up", message, help=help_text, severity="warning", related=related)
