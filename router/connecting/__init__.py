"""What the sender's side of a trigger needs, so that its events or requests reach the router: commands, files and notes."""

from collections.abc import Callable, Mapping
from typing import Any

from router.connecting.buses import of_bus
from router.connecting.queues import of_queue
from router.connecting.services import of_schedule, of_task, of_user_pool
from router.connecting.sites import of_lambda, of_site
from router.connecting.stores import of_store
from router.connecting.topics import of_topic
from router.connecting.words import PLACEHOLDER, Part, Surroundings, note
from router.model import Trigger

__all__ = ["PLACEHOLDER", "Part", "Surroundings", "instructions"]

_OF: Mapping[str, Callable[[Trigger, Mapping[str, Any], Surroundings], list[Part]]] = {
    "alb": of_site,
    "api_gateway": of_site,
    "cognito": of_user_pool,
    "eventbridge": of_bus,
    "function_url": of_site,
    "lambda_api": of_lambda,
    "lambda_edge": of_site,
    "s3": of_store,
    "schedule": of_schedule,
    "sns": of_topic,
    "sqs": of_queue,
    "step_functions": of_task,
}


def instructions(trigger: Trigger, settings: Mapping[str, Any], around: Surroundings) -> list[Part]:
    """Everything for one trigger, in the order in which it is done. `settings`: the trigger's, completed."""
    parts = _OF[trigger.type.name](trigger, settings, around)
    missing = note(f"`server.public_url` is not set: put the router's own address in the place of {PLACEHOLDER}.")
    return [missing, *parts] if around.is_placeholder and any(PLACEHOLDER in part.text for part in parts) else parts
