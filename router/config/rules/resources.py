"""What triggers and destinations name, so that it can be compared: queues, topics, buses, buckets, functions.

A name stands for itself in the region and account that are known; what the environment decides is None. Two resources are the
same where everything is equal: of a name and an ARN that is said only where the file tells region and account.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from router.config.destinations import parse_destination
from router.config.nodes import Opaque
from router.config.problem import Path
from router.config.references import parse_reference
from router.config.rules.context import Context
from router.triggers._queue_source import region_of

Settings = Mapping[str, Any]


@dataclass(slots=True, frozen=True)
class Resource:
    """`server`: of a URL that is not AWS's own."""

    service: str
    name: str
    region: str | None = None
    account: str | None = None
    server: str | None = None


@dataclass(slots=True, frozen=True)
class Polled:
    """A queue that an enabled trigger polls. `path`: where its name stands."""

    trigger: str
    path: Path
    resource: Resource


def active(context: Context) -> Iterator[tuple[str, Settings]]:
    """The triggers that are served."""
    for name, settings, _ in context.decided_triggers():
        if settings["enabled"] is True:
            yield name, settings


def polled(context: Context) -> Iterator[Polled]:
    """Every queue that is known, in the order of the file."""
    aws = context.settings["aws"]
    for name, settings in active(context):
        base: Path = ("triggers", name)
        source = settings.get("source")
        if settings["type"] == "sqs":
            where, around = base, settings
        elif isinstance(source, Mapping) and source.get("sqs") is not None:
            where, around = (*base, "source", "sqs"), source["sqs"]
        else:
            continue
        resource = queue(around["queue"], around.get("region"), aws)
        if resource is not None:
            yield Polled(name, (*where, "queue"), resource)


def queue(text: str, region: str | None, aws: Settings) -> Resource | None:
    """A queue by ARN, URL or name; None where a variable hides it."""
    if any(isinstance(each, Opaque) for each in (text, region, aws.get("region"), aws.get("account_id"))):
        return None
    if text.startswith("arn:"):
        return of_arn(text)
    known_region = region or region_of(text) or aws.get("region")
    if "://" not in text:
        return Resource("sqs", text, known_region, aws.get("account_id"))
    try:
        url = urlsplit(text)
    except ValueError:
        return None
    account, _, name = url.path.strip("/").rpartition("/")
    is_aws = ".amazonaws.com" in (url.hostname or "")
    return Resource("sqs", name, known_region, account or None, None if is_aws else url.netloc)


def of_arn(arn: str) -> Resource:
    """Of a queue, topic, bus or bucket."""
    _, _, service, region, account, name = arn.split(":", 5)
    return Resource(service, name.removeprefix("event-bus/"), region or None, account or None)


def bus(text: str | None, aws: Settings) -> Resource | None:
    """An event bus by name or ARN; without a name it is the default one."""
    if any(isinstance(each, Opaque) for each in (text, aws.get("region"), aws.get("account_id"))):
        return None
    if text is not None and text.startswith("arn:"):
        return of_arn(text)
    return Resource("events", text or "default", aws.get("region"), aws.get("account_id"))


def destination(text: Any, aws: Settings) -> Resource | str | None:
    """A destination: a resource, or the reference to a function; None where it is not known or wrong."""
    if not isinstance(text, str) or any(isinstance(each, Opaque) for each in (text, aws.get("region"), aws.get("account_id"))):
        return None
    try:
        named = parse_destination(text)
    except ValueError:
        return None
    if named.reference is not None:
        return named.reference
    if named.arn is not None:
        return of_arn(named.arn)
    if named.service == "s3":
        return Resource("s3", named.name)
    return Resource(named.service, named.name, aws.get("region"), aws.get("account_id"))


def function_name(context: Context, reference: Any) -> str | None:
    """The declared name of a function that is referred to, or its ARN where nobody declares it; None where it is not known."""
    if not isinstance(reference, str) or isinstance(reference, Opaque):
        return None
    try:
        read = parse_reference(reference)
    except ValueError:
        return None
    if read.arn is None:
        return read.name if read.name in context.functions else None
    return context.declared_as(read.arn) or str(read.arn)


def target_key(context: Context, form: Settings) -> tuple[str, ...] | None:
    """Equal for two targets that invoke the same function in the same way; None where that is not known."""
    reference = form.get("function")
    name = function_name(context, reference)
    if name is None:
        return None
    read = parse_reference(str(reference))
    weights = sorted((form.get("weights") or {}).items())
    return name, read.qualifier or "", repr(weights)
