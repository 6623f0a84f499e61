"""Samples that fit a declared trigger: `{}` is one that it takes, and every option that is chosen replaces one fact of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from router.envelopes import Addressed, Envelope, HttpEnvelope
from router.model import Trigger
from router.samples.catalogue import find, make
from router.samples.fitting import front_doors, services, sources
from router.samples.fitting.words import Fit, Wish
from router.samples.words import Context, SampleError

FITS: Mapping[str, Fit] = {
    "alb": front_doors.alb,
    "api_gateway": front_doors.api_gateway,
    "cognito": services.cognito,
    "eventbridge": sources.eventbridge,
    "function_url": front_doors.function_url,
    "lambda_api": services.lambda_api,
    "lambda_edge": front_doors.lambda_edge,
    "s3": sources.s3,
    "schedule": services.schedule,
    "sns": sources.sns,
    "sqs": sources.sqs,
    "step_functions": services.step_functions,
}

SELECTORS: Mapping[str, str] = {
    "alb": "rule",
    "api_gateway": "route",
    "cognito": "operation",
    "eventbridge": "rule",
    "lambda_edge": "behavior",
    "s3": "notification",
    "schedule": "schedule",
    "sns": "subscription",
}
"""The option that picks one of what a trigger declares, beside `kind`, by trigger type."""


def for_trigger(trigger: Trigger, raw: Mapping[str, Any], options: Mapping[str, Any], context: Context) -> Addressed:
    """A sample for a declared trigger. Raises SampleError.

    `raw`: the trigger's completed settings (`config.raw["triggers"][trigger.name]`). `options`: those of the kind, besides
    `kind` (`minio-delete`, or of another type such as `s3/put` inside a queue) and the one of `SELECTORS`.
    """
    given = dict(options)
    kind = given.pop("kind", None)
    if kind is not None and not isinstance(kind, str):
        raise SampleError("`kind` is the name of a sample, such as `s3/minio-delete`")
    wish = Wish(trigger, raw, given, kind, context)
    fitted = FITS[trigger.type.name](wish)
    known = find(fitted.kind).options
    defaults = {name: value for name, value in fitted.defaults.items() if name in known}
    made = make(fitted.kind, defaults | wish.given, context)
    return Addressed(on_listener(made.envelope, trigger), trigger.name, made.note)


def on_listener(envelope: Envelope, trigger: Trigger) -> Envelope:
    """A request comes in where the trigger is served."""
    return replace(envelope, listener=trigger.listener) if isinstance(envelope, HttpEnvelope) else envelope
