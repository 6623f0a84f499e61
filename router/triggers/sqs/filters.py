"""Filters of an SQS event source mapping: event patterns on `body`; several are alternatives.

A body that is a JSON object is looked into, every other one is a string; so a pattern of the other kind matches nothing, and
the message is deleted, as AWS does it. Source: semantics/async.md §B.6.
"""

from collections.abc import Iterable, Mapping
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

Filters = tuple[Pattern, ...]


def compile_filters(filters: Iterable[Mapping[str, Any]]) -> Filters:
    """The compiled filters; they have passed `check_filters`."""
    return tuple(compile_pattern(pattern) for pattern in filters)


def check_filters(filters: Iterable[Mapping[str, Any]], report: Report) -> None:
    """What AWS refuses: patterns that are none, and long ones."""
    for index, pattern in enumerate(filters):
        where = ("filters", index)
        try:
            compile_pattern(pattern)
        except InvalidPattern as error:
            report((*where, *error.path), "bad-filter", f"{BAD_FILTER} {error.reason}")
        if len(jsontext.dumps(pattern).decode()) > MAX_FILTER:
            report(where, "long-filter", f"{BAD_FILTER} It has more than {MAX_FILTER} characters as JSON.")


def wanted(message: Message, filters: Filters, source_arn: str) -> bool:
    """Whether the function wants this message; without filters it wants every one."""
    if not filters:
        return True
    event = record_of(message, source_arn, null_md5=False) | {"body": _body(message.body)}
    return any(pattern.matches(event) for pattern in filters)


def _body(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return text
    try:
        return jsontext.loads(text, constants=False)
    except ValueError:
        return text
