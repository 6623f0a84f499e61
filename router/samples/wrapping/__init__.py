"""From a service's own document to the envelope in which a declared trigger would get it.

The document is what people have at hand: an event that a function got, a notification out of a log, the input of a task.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from router.envelopes import Addressed, Envelope, HttpEnvelope, TaskEnvelope
from router.model import Trigger
from router.samples import lambda_api, reading, step_functions
from router.samples.fitting import for_trigger, on_listener
from router.samples.http import JSON, posted
from router.samples.words import Context, SampleError
from router.samples.wrapping import sources
from router.samples.wrapping.requests import request_of
from router.triggers.api_gateway.site import base_path_of

Settings = Mapping[str, Any]
Wrap = Callable[[Trigger, Settings, Any, Context], Envelope]


def _front_door(trigger: Trigger, settings: Settings, document: Any, context: Context) -> Envelope:
    return _hosted(request_of(document), trigger, settings, context)


def _api_gateway(trigger: Trigger, settings: Settings, document: Any, context: Context) -> Envelope:
    """Payload 1.0 leaves the stage of a REST API out of its path, payload 2.0 the base path of a custom domain."""
    prefix = base_path_of(settings).rstrip("/")
    is_mapped = bool(settings.get("hosts") or settings.get("base_path"))
    is_short = isinstance(document, dict) and ("rawPath" in document if is_mapped else settings["api"] == "rest")
    sent = request_of(document, prefix=prefix if is_short else "", decoded=settings["api"] == "http")
    return _hosted(sent, trigger, settings, context)


def _hosted(sent: HttpEnvelope, trigger: Trigger, settings: Settings, context: Context) -> HttpEnvelope:
    """A host that is not the trigger's gives way to one that is: the event may come from somewhere else."""
    host = next((value for name, value in sent.headers if name.lower() == "host"), "").partition(":")[0].lower()
    hosts = settings.get("hosts") or ()
    if not hosts or any(fnmatchcase(host, each.lower()) for each in hosts):
        return sent
    fitting = for_trigger(trigger, settings, {}, context).envelope
    assert isinstance(fitting, HttpEnvelope)
    others = tuple(pair for pair in sent.headers if pair[0].lower() != "host")
    return replace(sent, headers=(fitting.headers[0], *others))


def _cognito(trigger: Trigger, settings: Settings, document: Any, context: Context) -> Envelope:
    if not isinstance(document, dict) or "triggerSource" not in document:
        raise SampleError("this is no event of a user pool: it has no `triggerSource`")
    return posted(settings["path"], reading.compact(document), (("Content-Type", JSON),))


def _step_functions(trigger: Trigger, settings: Settings, document: Any, context: Context) -> Envelope:
    """Any document is the input of a task."""
    if settings.get("activity") is not None:
        return TaskEnvelope(reading.compact(document))
    chosen = {"path": settings["path"], "method": "POST", "query": "", "headers": ()}
    body = reading.compact(document).encode("utf-8", "surrogatepass")
    return step_functions.http_task(chosen, context, body, "application/json; charset=UTF-8")


def _lambda_api(trigger: Trigger, settings: Settings, document: Any, context: Context) -> Envelope:
    """Any document is the payload for the first function that callers may reach."""
    type = "RequestResponse" if "sync" in trigger.invocation else "Event"
    chosen = {"function": trigger.functions[0], "qualifier": None, "payload": document, "headers": ()}
    return lambda_api.invoke(type, chosen, context)


WRAPS: Mapping[str, Wrap] = {
    "alb": _front_door,
    "api_gateway": _api_gateway,
    "cognito": _cognito,
    "eventbridge": sources.of_eventbridge,
    "function_url": _front_door,
    "lambda_api": _lambda_api,
    "lambda_edge": _front_door,
    "s3": sources.of_s3,
    "schedule": sources.of_schedule,
    "sns": sources.of_sns,
    "sqs": sources.of_sqs,
    "step_functions": _step_functions,
}


def from_event(trigger: Trigger, raw: Mapping[str, Any], document: Any, context: Context) -> Addressed:
    """The envelope of a document for a declared trigger. Raises SampleError that says what the trigger takes.

    `raw`: the trigger's completed settings. `document`: JSON as Python values.
    """
    envelope = WRAPS[trigger.type.name](trigger, raw, document, context)
    return Addressed(on_listener(envelope, trigger), trigger.name, f"{trigger.type.name}: a document that was given")
