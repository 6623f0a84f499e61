"""What a store is to tell the router: the notifications of a trigger, as rules that no store refuses.

S3 and its like refuse rules that overlap, and would send what both want twice; the router tells notifications apart itself. So
overlapping ones become one rule that is wide enough for all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from posixpath import commonprefix
from typing import Any
from urllib.parse import quote_plus, unquote_plus


@dataclass(slots=True, frozen=True)
class Told:
    """One rule. `events`: with `s3:`. `prefix`, `suffix`: of keys, decoded."""

    name: str
    events: tuple[str, ...]
    prefix: str
    suffix: str

    @property
    def encoded(self) -> tuple[str, str]:
        """Prefix and suffix as AWS wants them: a space is `+`, what is special is percent-encoded."""
        return quote_plus(self.prefix, safe="/"), quote_plus(self.suffix, safe="/")

    def overlaps(self, other: "Told") -> bool:
        """Whether both could want the same change."""
        return (
            any(_share(one, two) for one in self.events for two in other.events)
            and (self.prefix.startswith(other.prefix) or other.prefix.startswith(self.prefix))
            and (self.suffix.endswith(other.suffix) or other.suffix.endswith(self.suffix))
        )


def _share(one: str, other: str) -> bool:
    """Whether one event type is the other, or is of its family."""
    return one == other or _holds(one, other) or _holds(other, one)


def _holds(family: str, event: str) -> bool:
    return family.endswith(":*") and event.startswith(family[:-1])


def told(settings: Mapping[str, Any]) -> list[Told]:
    """One rule for each notification, or one for all where any two overlap."""
    each = [_told(name, notification) for name, notification in settings["notifications"].items()]
    return [_joined(each)] if any(one.overlaps(other) for one, other in combinations(each, 2)) else each


def _told(name: str, notification: Mapping[str, Any]) -> Told:
    events = tuple(f"s3:{event.removeprefix('s3:')}" for event in notification["events"])
    return Told(name, events, unquote_plus(notification["prefix"]), unquote_plus(notification["suffix"]))


def _joined(each: list[Told]) -> Told:
    events = [*dict.fromkeys(event for one in each for event in one.events)]
    kept = tuple(event for event in events if not any(_holds(other, event) for other in events if other != event))
    suffix = commonprefix([one.suffix[::-1] for one in each])[::-1]
    return Told("-".join(one.name for one in each), kept, commonprefix([one.prefix for one in each]), suffix)


def configuration(each: Iterable[Told], kind: str, arn: str, *, encoded: bool = True) -> dict[str, Any]:
    """S3's NotificationConfiguration. `kind`: Topic or Queue. `encoded`: whether filters are written as AWS wants them."""
    return {f"{kind}Configurations": [_configured(one, kind, arn, encoded) for one in each]}


def _configured(each: Told, kind: str, arn: str, encoded: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"Id": each.name, f"{kind}Arn": arn, "Events": [*each.events]}
    prefix, suffix = each.encoded if encoded else (each.prefix, each.suffix)
    rules = [{"Name": side, "Value": value} for side, value in (("prefix", prefix), ("suffix", suffix)) if value]
    return made | ({"Filter": {"Key": {"FilterRules": rules}}} if rules else {})
