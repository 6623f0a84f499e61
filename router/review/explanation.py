"""The words for what becomes of one request or event, and why other triggers and routes do not take it.

Times are seconds after the event was accepted. Places are those of the configuration.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from router.model import Headers, Place


@dataclass(slots=True, frozen=True)
class Rule:
    """A route of a trigger that takes it. `route`: empty where the trigger is its only rule. `subject`: see `RouteVerdict`."""

    trigger: str
    type: str
    route: str
    trigger_place: Place
    place: Place
    subject: str = ""


@dataclass(slots=True, frozen=True)
class Called:
    """A function that gets it. `arn`: qualified, where it is called in AWS; empty: it runs on this machine.

    `weights`: the qualifiers that calls are split between. `invocation`: `sync` or `async`; `type`: InvocationType on the wire.
    """

    trigger: str
    route: str
    function: str
    arn: str
    qualifier: str | None
    weights: tuple[tuple[str, int], ...]
    invocation: str
    type: str
    payload: bytes


@dataclass(slots=True, frozen=True)
class Answer:
    """What a caller gets. `case`: of the function, as a clause (`it returns null`)."""

    case: str
    status: int
    headers: Headers
    body: bytes
    error: str = ""


@dataclass(slots=True, frozen=True)
class Settled:
    """What a queue, activity or schedule is told. `outcomes`: id of each message and what becomes of it."""

    case: str
    outcomes: tuple[tuple[str, str], ...]


@dataclass(slots=True, frozen=True)
class Course:
    """How a delivery goes. `condition`: how it ends; None: it does not. `letters`: destination, address and time."""

    case: str
    attempts: tuple[float, ...]
    condition: str | None
    detail: str
    letters: tuple[tuple[str, str, float], ...]

    @property
    def last(self) -> float:
        """When the last attempt begins."""
        return self.attempts[-1] if self.attempts else 0.0


@dataclass(slots=True, frozen=True)
class Delivered:
    """The retry plan of an accepted event. `mode`: `managed` or `delegated`; the other settings are those of `managed`."""

    trigger: str
    route: str
    function: str
    mode: str
    max_retries: int
    max_event_age: float
    courses: tuple[Course, ...]

    @property
    def last(self) -> float:
        """When the last attempt, or the last try to hand over, begins at the latest."""
        return max((course.last for course in self.courses), default=0.0)


@dataclass(slots=True, frozen=True)
class NearMiss:
    """A trigger or route that does not take it, and the first predicate that failed.

    `claimed`: how much of the trigger's claim fits: 2 all, 1 the host, 0 nothing. `fitted`: predicates of the route that fit.
    """

    trigger: str
    route: str
    predicate: str
    wanted: str
    got: str
    place: Place
    claimed: int
    fitted: int = 0
    subject: str = ""


@dataclass(slots=True)
class Explanation:
    """`asked`: what it is about, in words. `listener`: empty where nothing listens. `misses`: the nearest first.

    `notes`: sentences. `undecided`: triggers about which nothing can be said, because a variable is not set.
    """

    asked: str
    listener: str = ""
    rules: list[Rule] = field(default_factory=list)
    calls: list[Called] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    deliveries: list[Delivered] = field(default_factory=list)
    misses: list[NearMiss] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    undecided: tuple[str, ...] = ()

    @property
    def matched(self) -> bool:
        """Whether a route takes it."""
        return bool(self.rules)


def nearest_first(misses: Sequence[NearMiss]) -> list[NearMiss]:
    """By how much of the claim fits, how many predicates fit, and how much the text that failed resembles what was wanted."""
    return sorted(misses, key=lambda miss: (-miss.claimed, -miss.fitted, -_resemblance(miss.wanted, miss.got)))


def _resemblance(wanted: str, got: str) -> float:
    """Also of a beginning or an end, which is all that some predicates look at."""
    length = len(wanted)
    parts = {got, got[:length], got[-length:]} if length else {got}
    return max(SequenceMatcher(None, wanted, part, autojunk=False).ratio() for part in parts)
