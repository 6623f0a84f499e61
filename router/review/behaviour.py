"""What two configurations do differently with the same request or event: facts of two explanations, side by side."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from router import jsontext
from router.config.problem import Path, dotted
from router.config.units import duration_text
from router.review.explanation import Called, Delivered, Explanation
from router.review.explanation_text import course_text, retries_text, target_text
from router.review.redaction import Redact, redacted_value

MOST_CHANGES = 5
"""Places of an event that are listed."""
NOTHING = "nothing"
_ABSENT = object()
_OF_NOTHING = ("route", "function", "answer")
"""What is said where one side takes it and the other does not."""


@dataclass(slots=True, frozen=True)
class Fact:
    """One thing that differs.

    `what`: `route`, `function`, `invocation`, `event`, `delivery`, `answer`, or how a delivery goes in one case.
    """

    what: str
    before: str
    after: str


@dataclass(slots=True, frozen=True)
class Behaviour:
    """A request or event that is treated differently. `label`: where it comes from."""

    label: str
    facts: tuple[Fact, ...]


def facts(before: Explanation | str, after: Explanation | str, redact: Redact) -> tuple[Fact, ...]:
    """What differs; a text says why nothing can become of it on that side. Where one side has no route, that is enough.

    Secrets are compared, and not shown.
    """
    here, there = _told(before), _told(after)
    names = [*here, *(name for name in there if name not in here)]
    if not (_is_taken(before) and _is_taken(after)):
        names = [name for name in names if name in _OF_NOTHING]
    pairs = [(name, here.get(name, NOTHING), there.get(name, NOTHING)) for name in names]
    found = [Fact(name, redact(one), redact(other)) for name, one, other in pairs if one != other]
    if isinstance(before, Explanation) and isinstance(after, Explanation):
        found += _events(before.calls, after.calls, redact)
    return tuple(found)


def _is_taken(found: Explanation | str) -> bool:
    return isinstance(found, Explanation) and found.matched


def _told(found: Explanation | str) -> dict[str, str]:
    if isinstance(found, str):
        return {"route": f"{NOTHING}: {found}"}
    told = {
        "route": _joined(f"{rule.trigger}: {rule.route}" if rule.route else rule.trigger for rule in found.rules),
        "function": _joined(map(target_text, found.calls)),
        "invocation": _joined(f"{call.invocation} ({call.type})" for call in found.calls),
        "answer": _joined(f"if {each.case}: {each.status}" if each.case else str(each.status) for each in found.answers),
        "delivery": _joined(map(_delivery, found.deliveries)),
    }
    for delivery in found.deliveries:
        for course in delivery.courses:
            name = f"if {course.case}"
            told[name] = "; ".join(filter(None, (told.get(name, ""), course_text(course))))
    return told


def _joined(texts: Any) -> str:
    return "; ".join(dict.fromkeys(texts)) or NOTHING


def _delivery(delivery: Delivered) -> str:
    if delivery.mode == "delegated":
        return "delegated"
    return f"managed, {retries_text(delivery.max_retries)}, at most {duration_text(delivery.max_event_age)} old"


def _events(before: list[Called], after: list[Called], redact: Redact) -> Iterator[Fact]:
    """Where as many functions are called the events of each pair are compared."""
    if len(before) != len(after):
        return
    for one, other in zip(before, after, strict=True):
        changes = list(_changes(_value(one.payload), _value(other.payload), ()))
        for path, here, there in changes[:MOST_CHANGES]:
            where = redact(dotted(path)) or "all of it"
            yield Fact("event", f"{where}: {_text(here, redact)}", f"{where}: {_text(there, redact)}")
        if len(changes) > MOST_CHANGES:
            more = f"{len(changes) - MOST_CHANGES} more places"
            yield Fact("event", more, more)


def _changes(before: Any, after: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _changes(before.get(key, _ABSENT), after.get(key, _ABSENT), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _changes(one, other, (*path, index))
    elif before is _ABSENT or after is _ABSENT or before != after:
        yield path, before, after


def _value(payload: bytes) -> Any:
    try:
        return jsontext.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")


def _text(value: Any, redact: Redact) -> str:
    return NOTHING if value is _ABSENT else json.dumps(redacted_value(value, redact), ensure_ascii=False)
