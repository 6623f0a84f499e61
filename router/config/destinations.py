"""Where letters about ended deliveries go, as it is written: an ARN, or short `sqs:name`, `sns:name`, `events:bus`,
`s3:bucket`, `function:key`. FIFO queues and topics are refused, as Lambda refuses them (semantics/async.md §A.4).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from router.arn import parse_function_arn, partition_of
from router.config.nodes import Opaque
from router.functions import AsyncPolicy, DestinationAddress, Target

_NAMES = {
    "sqs": re.compile(r"[A-Za-z0-9_-]{1,80}"),
    "sns": re.compile(r"[A-Za-z0-9_-]{1,256}"),
    "events": re.compile(r"[/.A-Za-z0-9_-]{1,256}"),
    "s3": re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"),
}
_KINDS = {"sqs": "queue", "sns": "topic", "events": "event bus", "s3": "bucket"}
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-zA-Z-]*):(?P<service>sqs|sns|events|s3):(?P<region>[a-z0-9-]*):(?P<account>[0-9]{12}|)"
    r":(?P<bus>event-bus/)?(?P<name>[^:]+)"
)
DESTINATIONS = ("on_success", "on_failure", "dead_letter")
"""The keys of an `async:` block that hold one."""
_SERVICES = "`sqs:`, `sns:`, `events:`, `s3:` or `function:`"


@dataclass(slots=True, frozen=True)
class Named:
    """A destination as it is named: `reference` of a function, else an `arn`, else service and name alone."""

    service: str
    name: str = ""
    arn: str | None = None
    reference: str | None = None


def parse_destination(text: str) -> Named:
    """The parts. Raises ValueError that says what is wrong."""
    reference = function_reference(text)
    if reference is not None:
        return Named("lambda", reference=reference)
    if text.startswith("arn:"):
        return _parse_arn(text)
    service, colon, name = text.partition(":")
    if not colon or service not in _NAMES:
        raise ValueError(f"it starts with neither `arn:` nor {_SERVICES}")
    _check_name(service, name)
    return Named(service, name)


def function_reference(text: str) -> str | None:
    """The reference to a function, where a destination is one."""
    if text.startswith("function:"):
        return text.removeprefix("function:")
    return text if parse_function_arn(text) is not None else None


def _parse_arn(text: str) -> Named:
    match = _ARN.fullmatch(text)
    if match is None or (match["bus"] is not None) != (match["service"] == "events"):
        raise ValueError("it is not the ARN of a queue, a topic, an event bus, a bucket or a function")
    service = match["service"]
    if (service == "s3") == bool(match["region"]) or (service == "s3") == bool(match["account"]):
        raise ValueError(f"the ARN of a {_KINDS[service]} {'has no' if service == 's3' else 'needs a'} region and account")
    _check_name(service, match["name"])
    return Named(service, match["name"], text)


def _check_name(service: str, name: str) -> None:
    if service in ("sqs", "sns") and name.endswith(".fifo"):
        raise ValueError(f"a FIFO {_KINDS[service]} cannot be a destination; a standard one can")
    if not _NAMES[service].fullmatch(name):
        raise ValueError(f"`{name}` cannot be the name of a {_KINDS[service]}")


def without_opaque_destinations(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Completed settings without the destinations that are not known because a variable is not set."""

    def cleaned(block: Mapping[str, Any]) -> dict[str, Any]:
        return {key: None if key in DESTINATIONS and isinstance(value, Opaque) else value for key, value in block.items()}

    def each(named: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: {**entry, "async": cleaned(entry["async"])} if isinstance(entry.get("async"), Mapping) else entry
            for name, entry in named.items()
        }

    defaults = settings["defaults"]
    if isinstance(defaults.get("async"), Mapping):
        defaults = {**defaults, "async": cleaned(defaults["async"])}
    return {**settings, "defaults": defaults, "functions": each(settings["functions"]), "triggers": each(settings["triggers"])}


@dataclass(slots=True, frozen=True)
class Resolver:
    """What short forms are completed with, and how functions are found."""

    region: str
    account_id: str
    target: Callable[[Any], Target]

    def address(self, text: str) -> DestinationAddress:
        """The address of a destination that has passed the rules."""
        named = parse_destination(text)
        if named.reference is not None:
            target = self.target(named.reference)
            return DestinationAddress("lambda", str(target.function.arn.qualified(target.qualifier)), target)
        return DestinationAddress(named.service, named.arn or self._arn(named))

    def _arn(self, named: Named) -> str:
        if named.service == "s3":
            return f"arn:{partition_of(self.region)}:s3:::{named.name}"
        prefix = "event-bus/" if named.service == "events" else ""
        return f"arn:{partition_of(self.region)}:{named.service}:{self.region}:{self.account_id}:{prefix}{named.name}"

    def policy(self, *layers: Mapping[str, Any] | None) -> AsyncPolicy:
        """The policy of several `async:` blocks; a key that is written in an earlier one wins."""
        told: dict[str, Any] = {}
        for layer in layers:
            for key, value in (layer or {}).items():
                if value is not None:
                    told.setdefault(key, value)
        for key in DESTINATIONS:
            if key in told:
                told[key] = self.address(told[key])
        if "retry_delays" in told:
            told["retry_delays"] = tuple(told["retry_delays"])
        return AsyncPolicy(**told)
