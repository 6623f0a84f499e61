"""Whether the function wants a message: one of the filters lets it pass, or there are none."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from router.batches import Batch, Message
from router.model import Predicate, Request, RouteVerdict
from router.patterns.wording import predicates_of, shown
from router.triggers._judging import judged, subjects, the_batch
from router.triggers.sqs.filters import Filter, Filters, seen


def judge_messages(filters: Filters, given: Request | Batch) -> Sequence[RouteVerdict]:
    """A verdict on the mapping for each message; of a miss the filter that came nearest says why."""
    batch = the_batch(given)
    return [_judged(filters, message, batch.source_arn, subject) for subject, message in subjects("messages", batch.messages)]


def _judged(filters: Filters, message: Message, source_arn: str, subject: str) -> RouteVerdict:
    if not filters:
        return RouteVerdict("", True, subject=subject)
    event = seen(message, source_arn)
    verdicts = [judged("", _predicates(each, event, name), subject) for name, each in _named(filters)]
    return max(verdicts, key=lambda verdict: (verdict.matched, verdict.fitted))


def _named(filters: Filters) -> Iterator[tuple[str, Filter]]:
    """A single filter needs no name."""
    return subjects("filters", filters)


def _predicates(each: Filter, event: Mapping[str, Any], name: str) -> list[Predicate]:
    if not each.looks_at(event):
        wanted = "a JSON object" if each.body is dict else "text"
        asked = [Predicate("body", wanted, shown(str(event["body"])), False)]
    else:
        asked = predicates_of(each.pattern.explain(event))
    return [predicate._replace(name=f"{name} {predicate.name}") if name else predicate for predicate in asked]
