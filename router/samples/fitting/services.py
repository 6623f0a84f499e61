"""Calls that fit what AWS services call: a user pool's operations, tasks, the functions of an Invoke API, schedules."""

from collections.abc import Mapping
from typing import Any

from router.samples.fitting.words import Fitted, Wish
from router.samples.words import SampleError, said_of
from router.triggers.cognito.operations import CLIENT_CREDENTIALS, NAME_OF_SOURCE, operation_of


def cognito(wish: Wish) -> Fitted:
    """The first trigger source of the first operation that has a function, or of the one that is named."""
    settings = wish.settings
    assigned = {name: each for name, each in settings["operations"].items() if each is not None}
    operation = wish.given.pop("operation", None)
    if operation is not None and (not isinstance(operation, str) or operation not in assigned):
        raise SampleError(
            f"the trigger {wish.trigger.name} has no operation `{operation}`; {said_of(str(operation), assigned)}"
        )
    kind = wish.named(f"cognito/{_source(operation or next(iter(assigned)), assigned)}")
    chosen = assigned.get(NAME_OF_SOURCE.get(kind.partition("/")[2], kind.partition("/")[2])) or {}
    defaults = {"path": settings["path"], "user_pool": settings["user_pool"]}
    return Fitted(kind, defaults | ({"version": chosen["version"]} if chosen.get("version") else {}))


def _source(operation: str, assigned: Mapping[str, Any]) -> str:
    version = assigned[operation].get("version") or "V1_0"
    return next(source for source in operation_of(operation, version).sources if source != CLIENT_CREDENTIALS)


def step_functions(wish: Wish) -> Fitted:
    """A task of its activity, or the request of an HTTP Task."""
    if wish.settings.get("activity") is not None:
        return Fitted(wish.named("step_functions/task"), {})
    return Fitted(wish.named("step_functions/http-task", "http-"), {"path": wish.settings["path"]})


def lambda_api(wish: Wish) -> Fitted:
    """An invocation of the first function that callers may reach, of the type that they may ask for."""
    invocation = "sync" if "sync" in wish.trigger.invocation else "event"
    return Fitted(wish.named(f"lambda_api/{invocation}"), {"function": wish.trigger.functions[0]})


def schedule(wish: Wish) -> Fitted:
    """The next time of the first schedule, or of the one that is named."""
    return Fitted(wish.named("schedule/tick"), {"schedule": wish.pick("schedule", "schedules")})
