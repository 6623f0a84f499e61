"""Explanations for people and for programs. `redact` takes out what came from variables and files, and literal secrets."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from router import jsontext
from router.config.units import duration_text
from router.model import Place
from router.review.explanation import Answer, Called, Course, Delivered, Explanation, NearMiss, Rule, Settled
from router.review.redaction import Redact, redacted_json, redacted_value

MISSES = 3
"""Near misses that are shown where nobody asks for all."""
_LONGEST_BODY = 2000
_ATTEMPTS = 8
"""Times of attempts that are listed; of more the first and the last."""
_LAMBDAS_OWN = (
    "Lambda takes the event and retries by itself: as configured there, at most 2 retries (after 1m and 2m) for at most 6h;"
    " its dead-letter queue and destinations are those configured there"
)
"""Source: semantics/async.md §A.3."""


# --- for people ------------------------------------------------------------------------------------------------------


def to_text(found: Explanation, redact: Redact, *, every_miss: bool = False) -> str:
    """A text in sections, each line within its heading's column."""
    lines = [f"{redact(found.asked)}{f' on listener {found.listener}' if found.listener else ''}", ""]
    lines += _rules(found.rules, redact)
    for call in found.calls:
        lines += _call(call, redact)
    for delivery in found.deliveries:
        lines += _delivery(delivery, redact)
    for answer in found.answers:
        lines += _answer(answer, redact)
    for settled in found.settled:
        lines += _settled(settled, redact)
    lines += [f"note      {redact(note)}" for note in found.notes]
    lines += _misses(found, redact, every_miss)
    if found.undecided:
        lines += ["", f"Nothing can be said of {_listed(found.undecided)}: a variable is not set."]
    return "\n".join(lines).rstrip() + "\n"


def _rules(rules: Sequence[Rule], redact: Redact) -> Iterator[str]:
    if not rules:
        yield "matched   nothing"
    for rule in rules:
        about = f"{rule.subject}: " if rule.subject else ""
        yield f"matched   {about}trigger {rule.trigger} ({rule.type}), {_place(rule.trigger_place)}"
        if rule.route:
            yield f"          route {redact(rule.route)}, {_place(rule.place)}"


def _call(call: Called, redact: Redact) -> Iterator[str]:
    yield f"function  {redact(target_text(call))}"
    waits = "the caller waits" if call.invocation == "sync" else "nobody waits"
    yield f"          {call.invocation}: {waits}; {call.type} on the wire"
    yield f"event     {len(call.payload)} bytes"
    yield from _indented(_pretty(call.payload, redact))


def target_text(call: Called) -> str:
    """A function with its qualifier or weights, and where it runs."""
    split = ", ".join(f"{qualifier} {weight}%" for qualifier, weight in call.weights)
    where = f", {call.arn}" if call.arn else ", runs here"
    qualifier = f":{call.qualifier}" if call.qualifier else ""
    return f"{call.function}{qualifier}{f' split between {split}' if split else ''}{where}"


def _delivery(delivery: Delivered, redact: Redact) -> Iterator[str]:
    who = ", ".join(filter(None, (delivery.trigger, delivery.route, delivery.function)))
    if delivery.mode == "delegated":
        yield redact(f"delivery  {who}: delegated, the router hands over to Lambda")
        yield f"          {_LAMBDAS_OWN}"
    else:
        age = duration_text(delivery.max_event_age)
        yield redact(f"delivery  {who}: managed, {retries_text(delivery.max_retries)} of function errors, at most {age} old")
    attempt = "try" if delivery.mode == "delegated" else "attempt"
    yield f"          the last {attempt} begins at {_time(delivery.last)} at the latest"
    for course in delivery.courses:
        case, end = course.case, course.condition or "it goes on"
        if delivery.mode == "delegated" and course.condition == "Success":
            case, end = "Lambda takes it", "it is Lambda's"
        yield f"          if {case}: {redact(course_text(course, end))}"


def retries_text(number: int) -> str:
    """`1 retry`, `2 retries`."""
    return f"{number} {'retry' if number == 1 else 'retries'}"


def course_text(course: Course, end: str | None = None) -> str:
    """When attempts are made, how it ends (`end`: in other words than its condition), and who gets a record."""
    end = end or course.condition or "it goes on"
    detail = f" ({course.detail})" if course.detail else ""
    end = f"then {end}{detail}"
    letters = "; ".join(f"{name} gets a record: {address}" for name, address, _ in course.letters)
    return "; ".join(filter(None, (f"{_attempts(course)}, {end}", letters)))


def _attempts(course: Course) -> str:
    times = [_time(at) for at in course.attempts]
    if len(times) == 1:
        return f"one attempt at {times[0]}"
    if len(times) > _ATTEMPTS:
        return f"{len(times)} attempts from {times[0]} to {times[-1]}"
    return f"{len(times)} attempts at {', '.join(times)}" if times else "no attempt"


def _time(seconds: float) -> str:
    """`1h 2m 3s`, from whole seconds on."""
    whole, parts = round(seconds), []
    for unit, length in (("h", 3600), ("m", 60), ("s", 1)):
        number, whole = divmod(whole, length)
        if number:
            parts.append(f"{number}{unit}")
    return " ".join(parts) or "0s"


def _answer(answer: Answer, redact: Redact) -> Iterator[str]:
    case = f"if {redact(answer.case)}: " if answer.case else ""
    error = f" ({answer.error})" if answer.error else ""
    yield f"answer    {case}{answer.status}{error}"
    for name, value in answer.headers:
        yield f"          {name}: {redact(value)}"
    yield from _indented(redacted_json(answer.body, redact).decode("utf-8", "replace")[:_LONGEST_BODY])


def _settled(settled: Settled, redact: Redact) -> Iterator[str]:
    case = f"if {redact(settled.case)}: " if settled.case else ""
    for id, outcome in settled.outcomes:
        yield redact(f"settled   {case}{id} is {outcome}")


def _misses(found: Explanation, redact: Redact, every_miss: bool) -> Iterator[str]:
    shown = found.misses if every_miss else found.misses[:MISSES]
    if shown:
        yield ""
        yield f"Not matched{', nearest first' if len(found.misses) > 1 else ''}:"
    for miss in shown:
        yield f"  {redact(_miss(miss))}"
    if len(shown) < len(found.misses):
        yield f"  {len(found.misses) - len(shown)} more: --all"


def _miss(miss: NearMiss) -> str:
    about = f"{miss.subject}, " if miss.subject else ""
    route = f", route {miss.route}" if miss.route else ""
    what = f"{miss.predicate}: wanted {miss.wanted or 'nothing'}, got {miss.got or 'nothing'}"
    return f"{about}trigger {miss.trigger}{route}, {_place(miss.place)}: {what}"


def _place(place: Place) -> str:
    return f"{place.file}:{place.line}"


def _pretty(payload: bytes, redact: Redact) -> str:
    try:
        value = redacted_value(jsontext.loads(payload), redact)
    except ValueError:
        return redact(payload.decode("utf-8", "replace"))
    return json.dumps(value, indent=2, ensure_ascii=False)


def _indented(text: str) -> Iterator[str]:
    return (f"          {line}" for line in text.splitlines())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# --- for programs ----------------------------------------------------------------------------------------------------


def to_json(found: Explanation, redact: Redact) -> dict[str, Any]:
    """`{version, asked, matched, listener, rules, calls, deliveries, answers, settled, misses, notes, undecided}`.

    Places are `{file, line, column}`; events are JSON values; times are seconds after acceptance.
    """
    document = {
        "asked": found.asked,
        "matched": found.matched,
        "listener": found.listener or None,
        "rules": [_rule_json(rule) for rule in found.rules],
        "calls": [_call_json(call) for call in found.calls],
        "deliveries": [_delivery_json(delivery) for delivery in found.deliveries],
        "answers": [_answer_json(answer) for answer in found.answers],
        "settled": [{"case": each.case or None, "outcomes": dict(each.outcomes)} for each in found.settled],
        "misses": [_miss_json(miss) for miss in found.misses],
        "notes": found.notes,
        "undecided": list(found.undecided),
    }
    return {"version": 1, **_cleaned(document, redact)}


def _cleaned(document: dict[str, Any], redact: Redact) -> dict[str, Any]:
    """Values alone: the keys are ours, and so are the numbers outside of events."""
    return {key: _without_secrets(value, redact) for key, value in document.items()}


def _without_secrets(value: Any, redact: Redact) -> Any:
    if isinstance(value, dict):
        return {
            key: redacted_value(each, redact) if key == "event" else _without_secrets(each, redact)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(each, redact) for each in value]
    return redact(value) if isinstance(value, str) else value


def _rule_json(rule: Rule) -> dict[str, Any]:
    return {
        "trigger": rule.trigger,
        "type": rule.type,
        "route": rule.route,
        "subject": rule.subject or None,
        "trigger_place": _place_json(rule.trigger_place),
        "place": _place_json(rule.place),
    }


def _call_json(call: Called) -> dict[str, Any]:
    return {
        "trigger": call.trigger,
        "route": call.route,
        "function": call.function,
        "arn": call.arn or None,
        "qualifier": call.qualifier,
        "weights": dict(call.weights) or None,
        "invocation": call.invocation,
        "type": call.type,
        "event": _value(call.payload),
    }


def _delivery_json(delivery: Delivered) -> dict[str, Any]:
    managed = delivery.mode == "managed"
    return {
        "trigger": delivery.trigger,
        "route": delivery.route,
        "function": delivery.function,
        "mode": delivery.mode,
        "max_retries": delivery.max_retries if managed else None,
        "max_event_age": delivery.max_event_age if managed else None,
        "last": delivery.last,
        "courses": [
            {
                "case": course.case,
                "attempts": list(course.attempts),
                "last": course.last,
                "condition": course.condition,
                "detail": course.detail,
                "letters": [{"destination": name, "address": address, "at": at} for name, address, at in course.letters],
            }
            for course in delivery.courses
        ],
    }


def _answer_json(answer: Answer) -> dict[str, Any]:
    return {
        "case": answer.case or None,
        "status": answer.status,
        "error": answer.error or None,
        "headers": [[name, value] for name, value in answer.headers],
        "body": answer.body.decode("utf-8", "replace"),
    }


def _miss_json(miss: NearMiss) -> dict[str, Any]:
    return {
        "trigger": miss.trigger,
        "route": miss.route,
        "subject": miss.subject or None,
        "predicate": miss.predicate,
        "wanted": miss.wanted,
        "got": miss.got,
        "fitted": miss.fitted,
        "place": _place_json(miss.place),
    }


def _place_json(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "column": place.column}


def _value(payload: bytes) -> Any:
    try:
        return jsontext.loads(payload)
    except ValueError:
        return payload.decode("utf-8", "replace")
