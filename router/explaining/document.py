"""A service's own document, explained without knowing its trigger: asked of every trigger that takes such a thing."""

from dataclasses import replace
from typing import Any

from router.config.load import Loaded
from router.envelopes import Addressed
from router.explaining.envelopes import candidates
from router.explaining.one import Prepared, Question, explain
from router.review.explanation import Explanation, NearMiss, nearest_first
from router.samples import Context, SampleError
from router.simulation import SimulationError

_NO_SUCH_THING = "an event that this trigger takes"


async def explain_document(prepared: Prepared, document: Any, question: Question, context: Context) -> Explanation:
    """The explanation of the first trigger whose routes take it, else of the one that comes nearest; the others are misses.

    `question.addressed` is replaced. Raises SampleError where no trigger takes such a document.
    """
    found: list[Explanation] = []
    misses: list[NearMiss] = []
    refusals: dict[str, SampleError | SimulationError] = {}
    for name, addressed in candidates(prepared.config, document, context):
        try:
            found.append(await _of(prepared, addressed, question))
        except (SampleError, SimulationError) as error:
            refusals[name] = error
            misses.append(_refused(prepared.loaded, name, error))
    if not found:
        told = "; ".join(f"{name}: {error}" for name, error in refusals.items())
        raise SampleError(f"no trigger takes such a document ({told or 'there is no trigger'})")
    best = max(found, key=_nearness)
    others = [other for other in found if other is not best]
    best.misses = nearest_first(_distinct([*best.misses, *(miss for other in others for miss in other.misses), *misses]))
    for other in others:
        for trigger in {rule.trigger: None for rule in other.rules}:
            best.notes.append(f"The trigger `{trigger}` takes such a document, too: --trigger {trigger} explains it.")
    return best


async def _of(prepared: Prepared, addressed: Addressed | SampleError, question: Question) -> Explanation:
    if isinstance(addressed, SampleError):
        raise addressed
    return await explain(prepared, replace(question, addressed=addressed))


def _nearness(found: Explanation) -> tuple[bool, int]:
    return found.matched, max((miss.fitted for miss in found.misses), default=0)


def _refused(loaded: Loaded, name: str, error: Exception) -> NearMiss:
    assert loaded.written is not None
    return NearMiss(name, "", "document", _NO_SUCH_THING, str(error), loaded.written.place(("triggers", name)), 0)


def _distinct(misses: list[NearMiss]) -> list[NearMiss]:
    """The first of each trigger and route: one listener's triggers are missed again with each candidate."""
    found: dict[tuple[str, str, str], NearMiss] = {}
    for miss in sorted(misses, key=lambda each: -each.claimed):
        found.setdefault((miss.trigger, miss.route, miss.subject), miss)
    routed = {trigger for trigger, route, _ in found if route}
    return [miss for miss in found.values() if miss.route or miss.claimed or miss.trigger not in routed]
