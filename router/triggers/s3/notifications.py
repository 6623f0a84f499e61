"""Who wants to know of a change: event types, prefix and suffix. Source: semantics/async.md §E.3.

A rule is written as in AWS, where a space is `+` and what is special is percent-encoded; both sides are compared decoded, so
that it does not matter how a sender encodes. Unlike in AWS several notifications may want the same change: each gets it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from router import jsontext
from router.deliveries import Acceptance
from router.model import Predicate, Scope, Target
from router.triggers.s3.changes import Change, decode_key


@dataclass(slots=True, frozen=True)
class Notification:
    """One compiled notification. `events`: without `s3:`; `prefix`, `suffix`: decoded."""

    name: str
    target: Target
    events: tuple[str, ...]
    prefix: str
    suffix: str

    def wants(self, change: Change) -> bool:
        """Whether everything fits."""
        return (
            change.key.startswith(self.prefix)
            and change.key.endswith(self.suffix)
            and any(event_fits(event, change.name) for event in self.events)
        )

    def predicates(self, change: Change) -> Iterator[Predicate]:
        """The parts of `wants`, one by one."""
        fits = any(event_fits(event, change.name) for event in self.events)
        yield Predicate("event", " or ".join(f"s3:{event}" for event in self.events), f"s3:{change.name}", fits)
        yield Predicate("prefix", self.prefix, change.key, change.key.startswith(self.prefix))
        yield Predicate("suffix", self.suffix, change.key, change.key.endswith(self.suffix))


def event_fits(wanted: str, name: str) -> bool:
    """Both without `s3:`; `*` only as the last part."""
    return name.startswith(wanted[:-1]) if wanted.endswith(":*") else name == wanted


def compile_notifications(settings: Mapping[str, Any], scope: Scope) -> tuple[Notification, ...]:
    """In the order in which they are written."""
    return tuple(_compile(name, each, scope) for name, each in settings.items())


def _compile(name: str, settings: Mapping[str, Any], scope: Scope) -> Notification:
    reference = {key: settings[key] for key in ("function", "weights") if settings.get(key) is not None}
    return Notification(
        name,
        scope.target(reference),
        tuple(event.removeprefix("s3:") for event in settings["events"]),
        decode_key(settings["prefix"]),
        decode_key(settings["suffix"]),
    )


def acceptances(changes: Iterable[Change], notifications: tuple[Notification, ...]) -> Iterator[Acceptance]:
    """One for every change and every notification that wants it: AWS puts one record into an event."""
    for change in changes:
        for notification in notifications:
            if notification.wants(change):
                yield _acceptance(change, notification)


def _acceptance(change: Change, notification: Notification) -> Acceptance:
    record = change.record
    s3 = record["s3"]
    if s3.get("configurationId") == "":
        record = {**record, "s3": {**s3, "configurationId": notification.name}}
    payload = jsontext.dumps({"Records": [record]})
    attributes = {"bucket": change.bucket, "key": change.key, "event": change.name}
    return Acceptance(notification.target, payload, notification.name, change.identity, attributes=attributes)
