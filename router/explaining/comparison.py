"""Samples of every declared route, and recorded documents, under two configurations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from router import jsontext
from router.envelopes import Addressed, HttpEnvelope
from router.explaining.document import explain_document
from router.explaining.one import Prepared, Question, explain
from router.model import DeclaredRoute, Trigger
from router.review.behaviour import Behaviour, facts
from router.review.explanation import Explanation
from router.review.graph import policy_of
from router.review.redaction import Redact
from router.samples import Context, SampleError, for_trigger
from router.samples.documents import from_json, is_envelope, to_json
from router.samples.fitting import SELECTORS
from router.simulation import SimulationError

Told = Explanation | str
"""What becomes of it, or why nothing can."""


@dataclass(slots=True)
class Compared:
    """`number`: of requests and events that were asked about. `unsampled`: routes for which no sample could be made."""

    behaviours: list[Behaviour]
    number: int
    unsampled: list[str]


@dataclass(slots=True, frozen=True)
class Recorded:
    """A document that somebody kept: an envelope, or a service's own. `label`: the file's name."""

    label: str
    document: Any


async def compare(before: Prepared, after: Prepared, recorded: Sequence[Recorded], now: float, redact: Redact) -> Compared:
    """What both make of samples for every route of either, and of what was recorded. Raises SampleError."""
    unsampled: list[str] = []
    samples = _distinct([*_samples(before, now, unsampled), *_samples(after, now, unsampled)])
    found: list[Behaviour] = []
    for label, addressed in samples:
        told = facts(*await _both(before, after, addressed, now), redact)
        found += [Behaviour(label, told)] if told else []
    for each in recorded:
        told = facts(await _of_document(before, each, now), await _of_document(after, each, now), redact)
        found += [Behaviour(each.label, told)] if told else []
    return Compared(found, len(samples) + len(recorded), list(dict.fromkeys(unsampled)))


async def _both(before: Prepared, after: Prepared, addressed: Addressed, now: float) -> tuple[Told, Told]:
    """How long deliveries are tried that nobody can reach is played only where both sides take them and may differ in it."""
    one = await _explained(before, addressed, now, unreachable=False)
    other = await _explained(after, addressed, now, unreachable=False)
    if _plans(before, one) == _plans(after, other):
        return one, other
    return await _explained(before, addressed, now), await _explained(after, addressed, now)


def _plans(prepared: Prepared, found: Told) -> list[object]:
    """All that the course of deliveries depends on that are throttled."""
    if isinstance(found, str) or not found.deliveries:
        return []
    config, triggers, plans = prepared.config, prepared.matching.triggers, list[object]()
    for each in found.deliveries:
        function = config.functions[each.function]
        plans.append((each.mode, policy_of(triggers[each.trigger], function), function.max_concurrency))
    return [config.journal, *plans]


async def _explained(prepared: Prepared, addressed: Addressed, now: float, *, unreachable: bool = True) -> Told:
    """A request goes to where routing sends it, everything else to the trigger of that name."""
    envelope = addressed.envelope
    if isinstance(envelope, HttpEnvelope):
        known = envelope.listener in prepared.config.listeners
        addressed = Addressed(envelope if known else replace(envelope, listener=None))
    try:
        return await explain(prepared, Question(addressed, now, why_not=False, unreachable=unreachable))
    except SimulationError as error:
        return str(error)


async def _of_document(prepared: Prepared, recorded: Recorded, now: float) -> Told:
    if is_envelope(recorded.document):
        return await _explained(prepared, from_json(recorded.document), now)
    nobody = Addressed(HttpEnvelope("GET", "/"))
    try:
        return await explain_document(prepared, recorded.document, Question(nobody, now), _context(prepared, now))
    except SampleError as error:
        return str(error)


# --- samples ---------------------------------------------------------------------------------------------------------


def _samples(prepared: Prepared, now: float, unsampled: list[str]) -> Iterator[tuple[str, Addressed]]:
    for trigger in prepared.config.triggers:
        settings = prepared.config.raw["triggers"][trigger.name]
        for route in trigger.type.routes(settings) if trigger.type.routes is not None else ():
            label = f"sample for {trigger.name}" + (f", {route.name}" if route.name else "")
            options = _selected(trigger, route)
            try:
                if options is None:
                    raise SampleError("nothing selects it")
                yield label, for_trigger(trigger, settings, options, _context(prepared, now))
            except SampleError:
                unsampled.append(f"{trigger.name}, {route.name}")


def _selected(trigger: Trigger, route: DeclaredRoute) -> dict[str, str] | None:
    """The options that pick a route; None where there are none that do."""
    if trigger.type.name == "lambda_api":
        return {"function": route.name} if route.name else {}
    selector = SELECTORS.get(trigger.type.name)
    if selector is None:
        return {}
    return {selector: str(route.path[1])} if len(route.path) > 1 else None


def _context(prepared: Prepared, now: float) -> Context:
    """The same ids every time, so that both sides make the same samples."""
    aws = prepared.config.aws
    return Context(now, aws.account_id, aws.region, lambda: "5c3cc75a-5a5b-4d4b-8f0e-7c1b6f2f3a10")


def _distinct(samples: list[tuple[str, Addressed]]) -> list[tuple[str, Addressed]]:
    found: dict[bytes, tuple[str, Addressed]] = {}
    for label, addressed in samples:
        found.setdefault(jsontext.dumps(to_json(replace(addressed, note=""))), (label, addressed))
    return [*found.values()]
