"""Filters of an SQS event source mapping: event patterns on `body`; several are alternatives.

A body that is a JSON object is looked into, every other one is a string; so a pattern of the other kind matches nothing, and
the message is deleted, as AWS does it. Source: semantics/async.md §B.6.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from router import jsontext
from router.batches import Message
from router.model import Report
from router.patterns.events import Pattern, compile_pattern
from router.patterns.invalid import InvalidPattern
from router.triggers.sqs.event import record_of

MAX_FILTER = 4096
"""Characters of one filter as JSON."""
BAD_FILTER = "Invalid filter pattern definition."
"""AWS's text for every pattern that it refuses."""


@dataclass(slots=True, frozen=True)
class Filter:
    """`body`: the type that a body must have for the pattern to say anything about it; None: any."""

    pattern: Pattern
    body: type | None

    def looks_at(self, event: Mapping[str, Any]) -> bool:
        """Whether the body is of that type."""
        return self.body is None or isinstance(event["body"], self.body)


Filters = tuple[Filter, ...]


def compile_filters(filters: Iterable[Mapping[str, Any]]) -> Filters:
    """The compiled filters; they have passed `check_filters`."""
    return tuple(Filter(compile_pattern(pattern), _wanted_type(pattern.get("body"))) for pattern in filters)


def _wanted_type(pattern: Any) -> type | None:
    return None if pattern is None else dict if isinstance(pattern, Mapping) else str


def check_filters(filters: Iterable[Mapping[str, Any]], report: Report) -> None:
    """What AWS refuses: patterns that are none, and long ones."""
    for index, pattern in enumerate(filters):
        where = ("filters", index)
        try:
            compile_pattern(pattern)
        except InvalidPattern as error:
            report((*where, *error.path), "bad-filter", f"{BAD_FILTER} {error.reason}")
        if len(jsontext.dumps(pattern).decode()) > MAX_FILTER:
            report(where, "filter-too-large", f"{BAD_FILTER} It has more than {MAX_FILTER} characters as JSON.")


def wanted(message: Message, filters: Filters, source_arn: str) -> bool:
    """Whether the function wants this message; without filters it wants every one."""
    if not filters:
        return True
    event = seen(message, source_arn)
    return any(each.pattern.matches(event) for each in filters if each.looks_at(event))


def seen(message: Message, source_arn: str) -> dict[str, Any]:
    """A message as filters see it."""
    return record_of(message, source_arn, null_md5=False) | {"body": _body(message.body)}


def _body(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return text
    try:
        return jsontext.loads(text, constants=False)
    except ValueError:
        return text
