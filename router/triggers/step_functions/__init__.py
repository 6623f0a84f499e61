"""AWS Step Functions, in two forms: the worker of an activity, and the endpoint of an HTTP Task.

A third way needs nothing of this: `arn:aws:states:::lambda:invoke` calls the Invoke API, which `lambda_api` serves.

Source: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html, call-https-apis.html, and
semantics/sync.md §11.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.batches import ActivitySource, Batch
from router.model import BatchConversation, Conversation, PathClaim, Report, Request, Scope, Target, TriggerType
from router.policies.webhook_auth import Auth, check_auth, compile_auth
from router.triggers._judging import only_route
from router.triggers.step_functions import activity, http_task
from router.triggers.step_functions.judging import judge_task

ACTIVITY_ONLY = ("heartbeat", "max_concurrency", "worker_name", "region", "role_arn")
PATH_ONLY = ("timeout", "auth", "listener")
MIN_HEARTBEAT = 1.0
"""Seconds: HeartbeatSeconds is a whole number of at least one."""


@dataclass(slots=True, frozen=True)
class Task:
    """A compiled `step_functions` trigger: polled where it has a `source`, else asked over HTTP."""

    target: Target
    source: ActivitySource | None
    timeout: float
    auth: Auth


def build(settings: Mapping[str, Any], scope: Scope) -> Task:
    """The compiled form."""
    reference = {key: settings[key] for key in ("function", "weights") if settings.get(key) is not None}
    return Task(
        scope.target(reference),
        _source(settings, scope.name),
        settings.get("timeout") or http_task.LONGEST_TIMEOUT,
        compile_auth(settings.get("auth"), scope.name),
    )


def _source(settings: Mapping[str, Any], name: str) -> ActivitySource | None:
    arn = settings.get("activity")
    if arn is None:
        return None
    return ActivitySource(
        arn,
        settings.get("region") or arn.split(":")[3],
        settings.get("worker_name") or f"lambda-router.{name}"[:80],
        settings.get("max_concurrency") or 1,
        settings.get("heartbeat"),
        settings.get("role_arn"),
    )


def claims(settings: Mapping[str, Any]) -> tuple[PathClaim, ...]:
    """The path of HTTP Tasks; an activity is polled and claims nothing."""
    return (PathClaim(settings["path"]),) if settings.get("path") is not None else ()


def check(settings: Mapping[str, Any], report: Report) -> None:
    """Exactly one form, and no settings of the other."""
    is_activity, is_path = settings.get("activity") is not None, settings.get("path") is not None
    if is_activity is is_path:
        message = "`activity` and `path` exclude each other" if is_activity else "neither `activity` nor `path` is written"
        report((), "one-form", message, help="write `activity:` for a worker, or `path:` for HTTP Tasks", on="key")
        return
    for name in PATH_ONLY if is_activity else ACTIVITY_ONLY:
        if settings.get(name) is not None:
            needs = "`path`" if is_activity else "`activity`"
            report((name,), "without-effect", f"`{name}` has no effect without {needs}", help="remove it", on="key")
    _check_times(settings, report)
    if is_path:
        check_auth(settings.get("auth"), report)


def _check_times(settings: Mapping[str, Any], report: Report) -> None:
    timeout, heartbeat = settings.get("timeout"), settings.get("heartbeat")
    if timeout is not None and not 0 < timeout <= http_task.LONGEST_TIMEOUT:
        report(("timeout",), "bad-timeout", "the timeout is more than 0 and at most 60s, when Step Functions gives up")
    if heartbeat is not None and heartbeat < MIN_HEARTBEAT:
        report(("heartbeat",), "bad-heartbeat", "HeartbeatSeconds is at least 1s")


def handle(request: Request, task: Task) -> Conversation:
    """The conversation of one HTTP Task."""
    return http_task.converse(request, task.target, task.auth, task.timeout)


def handle_batch(batch: Batch, task: Task) -> BatchConversation:
    """The conversation about one task of the activity."""
    return activity.converse(batch, task.target)


def source(task: Task) -> ActivitySource | None:
    """The activity that is polled, if this is one."""
    return task.source


TYPE = TriggerType(
    name="step_functions",
    invocations=frozenset({"sync"}),
    build=build,
    claims=claims,
    handle=handle,
    check=check,
    source=source,
    handle_batch=handle_batch,
    routes=only_route,
    judge=lambda task, given: judge_task(given),
)
