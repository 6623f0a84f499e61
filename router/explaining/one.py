"""One request or event, explained: simulated with functions that answer, that fail, and that nobody can reach."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from router.batches import Batch, Completed, Rejected
from router.config.load import Loaded
from router.config.nodes import ScalarNode, locate
from router.envelopes import Addressed, HttpEnvelope
from router.explaining.envelopes import described
from router.explaining.usual import UsualAnswers
from router.functions import Function
from router.generation import LocalSelection
from router.model import DeclaredRoute, Place, Predicate, Request, RouteVerdict, Trigger, TriggerType
from router.outcome import OutcomeKind
from router.patterns.events import compile_pattern
from router.patterns.numbers import read_json
from router.patterns.wording import predicates_of, shown
from router.review.explanation import (
    Answer,
    Called,
    Course,
    Delivered,
    Explanation,
    NearMiss,
    Rule,
    Settled,
    nearest_first,
)
from router.review.graph import policy_of, targets_of
from router.routing import Miss, Table, compile_tables
from router.settings import Config
from router.simulation import Call, DeliveryTrace, MockAnswer, Trace, simulate

Judge = Callable[[Any, Request | Batch], Sequence[RouteVerdict]]

_CLAIMED = {"base path": 1, "precedence": 2, "routes": 2}
"""How much of a trigger's claim fits, by the predicate that failed; nothing of it otherwise."""
_KEYS = {"host": (("hosts",),), "base path": (("base_path",),), "path": (("path",), ("source", "http"))}
"""Where in a trigger stands what such a predicate wants: the first of these that is written."""


@dataclass(slots=True, frozen=True, eq=False)
class Case:
    """How functions behave. `words`: a clause. `answer`: None: as their callers hope. Each is equal to itself alone."""

    words: str
    answer: MockAnswer | None = None


WELL = Case("it returns what is expected")
FAILS = Case("it fails", MockAnswer(outcome=OutcomeKind.FUNCTION_ERROR))
UNREACHABLE = Case("Lambda throttles every call", MockAnswer(outcome=OutcomeKind.THROTTLED))


@dataclass(slots=True, frozen=True)
class Question:
    """`now`: epoch seconds. `well`, `badly`: the cases that are shown. `judges_callers`: whether `auth` was compiled in.

    `why_not`: whether the misses are wanted, too. `unreachable`: whether it is played, too, that nobody can reach the
    functions, which takes as many attempts as there is time.
    """

    addressed: Addressed
    now: float
    well: Case = WELL
    badly: Case = FAILS
    judges_callers: bool = False
    why_not: bool = True
    unreachable: bool = True


@dataclass(slots=True, frozen=True)
class _Variant:
    """A configuration without the triggers' `filter`, which is judged afterwards. `triggers`: by name."""

    config: Config
    tables: Mapping[str, Table]
    triggers: Mapping[str, Trigger]


@dataclass(slots=True, frozen=True)
class Prepared:
    """A configuration that is asked many questions. `routes`: by trigger.

    `judging`: with verdicts on every route; `matching`: on those alone that match, which costs the same however many there are;
    `unjudged`: on none, as they are the same however functions behave.
    """

    loaded: Loaded
    config: Config
    judging: _Variant
    matching: _Variant
    unjudged: _Variant
    routes: Mapping[str, Mapping[str, DeclaredRoute]]


def prepare(loaded: Loaded) -> Prepared:
    """`loaded`: with a configuration."""
    config = loaded.config
    assert config is not None
    return Prepared(
        loaded,
        config,
        _variant(config, lambda type: type.judge),
        _variant(config, lambda type: type.matches or type.judge),
        _variant(config, lambda type: None),
        {trigger.name: _routes(trigger, config.raw["triggers"][trigger.name]) for trigger in config.triggers},
    )


def _variant(config: Config, judge: Callable[[TriggerType], Judge | None]) -> _Variant:
    triggers = tuple(replace(each, type=replace(each.type, judge=judge(each.type)), wants=None) for each in config.triggers)
    return _Variant(replace(config, triggers=triggers), compile_tables(triggers), {each.name: each for each in triggers})


def _routes(trigger: Trigger, settings: Mapping[str, Any]) -> dict[str, DeclaredRoute]:
    return {route.name: route for route in (trigger.type.routes(settings) if trigger.type.routes is not None else ())}


async def explain(prepared: Prepared, question: Question) -> Explanation:
    """Raises SimulationError where the envelope cannot come in."""
    return await _Explainer(prepared, question).explain()


class _Explainer:
    def __init__(self, prepared: Prepared, question: Question) -> None:
        self._prepared = prepared
        self._written = prepared.loaded.written
        self._config = prepared.config
        self._question = question
        self._judging = prepared.judging if question.why_not else prepared.matching
        self._triggers = {trigger.name: trigger for trigger in self._config.triggers}
        self._runs_here: Callable[[Function], bool] = LocalSelection().runs_here
        self.found = Explanation(described(question.addressed.envelope), undecided=prepared.loaded.undecided)

    async def explain(self) -> Explanation:
        traces = {case: await self._traced(case) for case in (self._question.well, self._question.badly)}
        well = traces[self._question.well]
        if well.deliveries and self._question.unreachable:
            traces[UNREACHABLE] = await self._traced(UNREACHABLE)
        self._tell_rules(well)
        self._tell_calls(well)
        for case, trace in traces.items():
            self._tell_answer(case, trace)
        self._tell_deliveries(traces)
        self._tell_notes(well)
        self.found.misses = nearest_first(self.found.misses) if self._question.why_not else []
        return self.found

    async def _traced(self, case: Case) -> Trace:
        variant = self._judging if case is self._question.well else self._prepared.unjudged
        return await simulate(
            variant.config,
            self._question.addressed,
            mocks={} if case.answer is None else dict.fromkeys(self._config.functions, (case.answer,)),
            now=self._question.now,
            invoker=UsualAnswers(self._config),
            tables=variant.tables,
            why_not=self._question.why_not,
        )

    # --- rules -------------------------------------------------------------------------------------------------------

    def _tell_rules(self, trace: Trace) -> None:
        trigger = trace.trigger
        if isinstance(self._question.addressed.envelope, HttpEnvelope) and trigger is not None:
            self.found.listener = trigger.listener
        if trigger is not None:
            self._tell_verdicts(trigger, trace.verdicts, trace)
        for name, misses in _by_trigger(trace.misses).items():
            sharing = any(miss.predicate == "routes" for miss in misses)
            if sharing and trace.request is not None and self._triggers[name].type.judge is not None:
                self._tell_sharing(self._judging.triggers[name], trace)
            elif self._question.why_not:
                self.found.misses.append(self._claim_missed(name, misses))

    def _tell_sharing(self, trigger: Trigger, trace: Trace) -> None:
        """A trigger with the same claim: one that speaks for all with the others, or one whose routes fit less well."""
        assert trigger.type.judge is not None
        assert trace.request is not None
        verdicts = list(trigger.type.judge(trigger.built, trace.request))
        if trigger.type.introduce is None and trace.trigger is not None:
            got = f"trigger {trace.trigger.name}"
            verdicts = [_lost(verdict, got) if verdict.matched else verdict for verdict in verdicts]
        self._tell_verdicts(trigger, verdicts, trace)

    def _tell_verdicts(self, trigger: Trigger, verdicts: Sequence[RouteVerdict], trace: Trace) -> None:
        routes = self._prepared.routes[trigger.name]
        for verdict in verdicts:
            route = routes[verdict.route]
            if not verdict.matched:
                self.found.misses.append(self._missed(trigger, route, verdict))
            elif (unwanted := self._unwanted(trigger, verdict, trace)) is not None:
                self.found.misses.append(unwanted)
            else:
                own = self._place(trigger.name)
                place = self._place(trigger.name, *route.path)
                self.found.rules.append(Rule(trigger.name, trigger.type.name, route.name, own, place, verdict.subject))

    def _unwanted(self, trigger: Trigger, verdict: RouteVerdict, trace: Trace) -> NearMiss | None:
        """What a trigger's `filter` has against every event of a route; None where it wants one."""
        payloads = [each.payload for each in trace.deliveries if (each.trigger, each.route) == (trigger.name, verdict.route)]
        wants = self._triggers[trigger.name].wants
        if wants is None or not payloads or any(map(wants, payloads)):
            return None
        failed = _filter_failed(self._settings(trigger)["filter"], payloads[0])
        place = self._place(trigger.name, "filter")
        said = (f"filter {failed.name}", failed.wanted, failed.got)
        return NearMiss(trigger.name, verdict.route, *said, place, 2, verdict.fitted + 1, verdict.subject)

    def _missed(self, trigger: Trigger, route: DeclaredRoute, verdict: RouteVerdict) -> NearMiss:
        place = self._place(trigger.name, *route.path)
        said = (verdict.predicate, verdict.wanted, verdict.got)
        return NearMiss(trigger.name, route.name, *said, place, 2, verdict.fitted, verdict.subject)

    def _claim_missed(self, name: str, misses: Sequence[Miss]) -> NearMiss:
        """Of several claims the one that came nearest."""
        found = [
            NearMiss(name, "", miss.predicate, miss.wanted, miss.got, self._claim_place(name, miss.predicate), claimed)
            for miss in misses
            for claimed in (_CLAIMED.get(miss.predicate, 0),)
        ]
        return nearest_first(found)[0]

    # --- calls -------------------------------------------------------------------------------------------------------

    def _tell_calls(self, trace: Trace) -> None:
        for call in trace.calls:
            if not call.delivery:
                self._tell_call(call, call.qualifier, call.invocation, call.type)
        for delivery in self._accepted(trace):
            self._tell_call(delivery, delivery.qualifier, "async", "Event" if delivery.delegated else "RequestResponse")

    def _tell_call(self, seen: Call | DeliveryTrace, qualifier: str | None, invocation: str, type: str) -> None:
        function = self._config.functions[seen.function]
        weights = self._weights(seen.trigger, seen.route, seen.function)
        shown = None if weights else qualifier or function.qualifier
        arn = "" if self._runs_here(function) else str(function.arn.qualified(shown))
        self.found.calls.append(
            Called(seen.trigger, seen.route, seen.function, arn, shown, weights, invocation, type, seen.payload)
        )

    def _weights(self, trigger: str, route: str, function: str) -> tuple[tuple[str, int], ...]:
        declared = self._prepared.routes[trigger].get(route)
        targets = targets_of(self._config, self._settings(self._triggers[trigger]), declared) if declared is not None else []
        return next((target.weights for target in targets if target.function.name == function), ())

    def _accepted(self, trace: Trace) -> Iterator[DeliveryTrace]:
        """What was accepted of the event itself, as far as filters want it."""
        for delivery in trace.deliveries:
            wants = self._triggers[delivery.trigger].wants
            if not delivery.parent and (wants is None or wants(delivery.payload)):
                yield delivery

    # --- what becomes of it ------------------------------------------------------------------------------------------

    def _tell_answer(self, case: Case, trace: Trace) -> None:
        """Where nobody waits the answer is the same in every case."""
        known = case is self._question.well or bool(self.found.calls and any(not each.delivery for each in trace.calls))
        if not known or case is UNREACHABLE:
            return
        words = case.words if any(not call.delivery for call in trace.calls) else ""
        if trace.reply is not None:
            body = trace.reply.body if isinstance(trace.reply.body, bytes) else b""
            error = trace.reply.error.name if trace.reply.error is not None else ""
            self.found.answers.append(Answer(words, trace.reply.status, trace.reply.headers, body, error))
        if trace.settlement is not None:
            told = tuple((result.handle, _fate(result)) for result in trace.settlement.results)
            self.found.settled.append(Settled(words, told))

    def _tell_deliveries(self, traces: Mapping[Case, Trace]) -> None:
        accepted = {case: [*self._accepted(trace)] for case, trace in traces.items()}
        for position, delivery in enumerate(accepted[self._question.well]):
            cases = [case for case in accepted if case is not self._question.badly or not delivery.delegated]
            courses = tuple(_course(case, accepted[case][position]) for case in cases)
            trigger = self._triggers[delivery.trigger]
            policy = policy_of(trigger, self._config.functions[delivery.function])
            mode = "delegated" if delivery.delegated else "managed"
            self.found.deliveries.append(
                Delivered(
                    delivery.trigger,
                    delivery.route,
                    delivery.function,
                    mode,
                    policy.max_retries,
                    policy.max_event_age,
                    courses,
                )
            )

    def _tell_notes(self, trace: Trace) -> None:
        for remark in trace.remarks:
            fields = ", ".join(f"{name} {value}" for name, value in remark.fields.items())
            self.found.notes.append(f"{remark.message}{f' ({fields})' if fields else ''}")
        for trigger in {rule.trigger: None for rule in self.found.rules}:
            if not self._question.judges_callers and self._has_auth(trigger):
                self.found.notes.append(f"Who may call `{trigger}` is not judged here; --auth does.")

    def _has_auth(self, trigger: str) -> bool:
        assert self._written is not None
        place = locate(self._written.root, ("triggers", trigger, "auth"))
        return place.exact and not (isinstance(place.value, ScalarNode) and place.value.text in ("", "none"))

    # --- look-ups ----------------------------------------------------------------------------------------------------

    def _settings(self, trigger: Trigger) -> Mapping[str, Any]:
        settings: Mapping[str, Any] = self._config.raw["triggers"][trigger.name]
        return settings

    def _place(self, trigger: str, *path: str | int) -> Place:
        assert self._written is not None
        return self._written.place(("triggers", trigger, *path))

    def _claim_place(self, trigger: str, predicate: str) -> Place:
        assert self._written is not None
        written = (path for path in _KEYS.get(predicate, ()) if locate(self._written.root, ("triggers", trigger, *path)).exact)
        return self._place(trigger, *next(written, ()))


def _by_trigger(misses: Sequence[Miss]) -> dict[str, list[Miss]]:
    found: dict[str, list[Miss]] = {}
    for miss in misses:
        found.setdefault(miss.trigger, []).append(miss)
    return found


def _fate(result: Completed | Rejected) -> str:
    if isinstance(result, Completed):
        return "completed"
    return f"left: {result.error}" + (f", {result.cause}" if result.cause != result.error else "")


def _filter_failed(pattern: Mapping[str, Any], payload: bytes) -> Predicate:
    """What a `filter` has against an event that it does not want."""
    event = read_json(payload.decode())
    if not isinstance(event, dict):
        return Predicate("event", "a JSON object", shown(payload.decode()), False)
    return next(each for each in predicates_of(compile_pattern(pattern).explain(event)) if not each.fits)


def _lost(verdict: RouteVerdict, winner: str) -> RouteVerdict:
    return RouteVerdict(
        verdict.route, False, "precedence", "the more specific route of triggers that share a site", winner, verdict.fitted
    )


def _course(case: Case, delivery: DeliveryTrace) -> Course:
    letters = tuple((letter.destination, letter.address, letter.at) for letter in delivery.letters)
    return Course(case.words, tuple(delivery.attempts), delivery.condition, delivery.detail, letters)
