"""The words: requests and replies, functions and invocations, and the steps that a conversation asks for.

Everything imports this; it imports other words alone. Slotted, and immutable by convention: frozen dataclasses cost four times
as much to build, and some of these are built for every request.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.batches import ActivitySource, Batch, Planned, QueueSource, Settlement
from router.deliveries import Acceptance, Durability
from router.errors import RequestError
from router.functions import AsyncPolicy, Function, Invocation, LocalFunction, Target
from router.messages import ErrorNote, Reply, Request, unsent_request
from router.origins import FunctionStream, Glimpse, Headers, Origin, OriginRequest, OriginResponse, Stream
from router.outcome import Outcome
from router.steps import (
    Accept,
    BatchConversation,
    Conversation,
    Fetch,
    Forward,
    Invoke,
    PeekBody,
    ReadBody,
    Remark,
    Resolve,
    Step,
)
from router.verdicts import DeclaredRoute, Predicate, RouteVerdict

# --- claims and trigger types ----------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class PathClaim:
    """An exact webhook path, on every host of the listener."""

    path: str


@dataclass(slots=True, frozen=True)
class ApiClaim:
    """An AWS API: the requests whose path starts with `path_prefix`, or whose X-Amz-Target starts with `target_prefix`."""

    service: str
    path_prefixes: tuple[str, ...] = ()
    target_prefix: str | None = None


@dataclass(slots=True, frozen=True)
class SiteClaim:
    """A host (`None`: any; `*.example.com`: its sub-domains) and a base path (`/`, or `/v1` without trailing slash)."""

    host: str | None
    base_path: str = "/"


Claim = PathClaim | ApiClaim | SiteClaim


@dataclass(slots=True)
class Scope:
    """What a trigger type's `build` may look up: the trigger's own name, the account, and function references.

    `target(value)` takes `orders`, `orders:live`, a full ARN, or a map with `function` and `weights`.
    """

    name: str
    account_id: str
    region: str
    target: Callable[[Any], Target]
    functions: Mapping[str, Function]


Report = Callable[..., None]
"""`report(path, code, message, *, help=None, on="value", severity="error", related=())`: a finding of a trigger's own rules.

`path`: tuple of keys and indexes below the trigger's settings; `on`: "key" or "value", what the caret points at; `severity`:
`error`, `warning` or `info`; `related`: other such paths, each with what stands there."""


@dataclass(slots=True, frozen=True)
class Probe:
    """A question that the router itself asks a target from time to time, in a front door's own terms: a health check.

    `name`: the target, for people. `interval`, `timeout`: seconds. `judge(outcome)`: None where the target is healthy, else why
    not. So many answers in a row of the other kind change its state: `healthy_threshold`, `unhealthy_threshold`.
    """

    name: str
    target: Target
    payload: bytes
    interval: float
    timeout: float
    judge: Callable[[Outcome], str | None]
    healthy_threshold: int
    unhealthy_threshold: int


def is_asynchronous(settings: Mapping[str, Any]) -> bool:
    """Whether a trigger's `invocation` has `async`."""
    return "async" in settings["invocation"]


@dataclass(slots=True, frozen=True)
class TriggerType:
    """One module of `router.triggers`: the contract between a wire format and the rest.

    `build(settings, scope)`: the compiled form; `settings` has passed schema and rules, has every default filled in, durations
    in seconds (float) and sizes in bytes (int). `claims(settings)`: what the trigger owns on its listener. `handle(request,
    built)`: the conversation. `check(settings, report)`: rules beyond the schema. `rank(built, request)`: where several
    triggers share a claim, how well this one fits; higher wins, 0 = not at all; None: the type cannot share.
    `route_keys(settings)`: what must be unique among triggers that share a claim. `introduce(triggers)`: tells triggers that
    share a claim of each other, before any request comes; whichever of them then gets a request speaks for all.
    `check_functions(settings, functions, report)`: rules about functions that it names; `functions`: every one's settings.
    `routes(settings)`: its rules. `judge(built, given)`: a verdict on each of them for a request (its body has been read), or
    for every message of a batch; of this trigger alone, also where it shares a claim. Authorization is not judged.
    `matches(built, given)`: of those verdicts the ones that match, found as requests find them; None: by looking at each.
    `probes(built)`: the health checks that run while the trigger is served. `source(built)`: what is polled for this trigger,
    None: nothing; `handle_batch(batch, built)`: the conversation about what came from there. A trigger that is polled claims no
    requests. `timetable(built)`: the schedules that hand `handle_batch` what is due. `check_at(settings, now, report)`: rules
    that depend on the time, in epoch seconds; warnings only. `accepts(settings)`: whether it asks for `Accept`s, which need the
    journal. `is_later(settings, path)`: whether the function that is named at `path` below the settings gets accepted events;
    None: all of the trigger's functions do, where it accepts any.
    """

    name: str
    invocations: frozenset[str]
    build: Callable[[Mapping[str, Any], Scope], Any]
    claims: Callable[[Mapping[str, Any]], tuple[Claim, ...]]
    handle: Callable[[Request, Any], Conversation]
    check: Callable[[Mapping[str, Any], Report], None] | None = None
    rank: Callable[[Any, Request], int] | None = None
    route_keys: Callable[[Mapping[str, Any]], list[tuple[tuple[Any, ...], str]]] | None = None
    source: Callable[[Any], ActivitySource | QueueSource | None] | None = None
    handle_batch: Callable[[Batch, Any], BatchConversation] | None = None
    probes: Callable[[Any], Sequence[Probe]] | None = None
    introduce: "Callable[[Sequence[Trigger]], None] | None" = None
    timetable: Callable[[Any], Sequence[Planned]] | None = None
    check_at: Callable[[Mapping[str, Any], float, Report], None] | None = None
    accepts: Callable[[Mapping[str, Any]], bool] = is_asynchronous
    check_functions: Callable[[Mapping[str, Any], Mapping[str, Any], Report], None] | None = None
    routes: Callable[[Mapping[str, Any]], Sequence[DeclaredRoute]] | None = None
    judge: Callable[[Any, Request | Batch], Sequence[RouteVerdict]] | None = None
    matches: Callable[[Any, Request | Batch], Sequence[RouteVerdict]] | None = None
    is_later: Callable[[Mapping[str, Any], tuple[str | int, ...]], bool] | None = None


@dataclass(slots=True, frozen=True)
class Place:
    """Where something stands in the configuration: `file:line:column`, counted from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(slots=True)
class Trigger:
    """One declared trigger, compiled. `built` is what its type's `build` returned."""

    name: str
    type: TriggerType
    invocation: frozenset[str]
    listener: str
    claims: tuple[Claim, ...]
    built: Any
    labels: Mapping[str, str]
    place: Place
    durability: Durability = Durability.DISK
    policies: Mapping[str, AsyncPolicy] = field(default_factory=dict)
    """How functions are invoked asynchronously for this trigger, by name, where that is not the function's own policy."""
    accepts: bool = False
    """Whether it asks for `Accept` steps."""
    wants: Callable[[bytes], bool] | None = None
    """Its `filter`: whether an event is accepted; None: every one is."""
    functions: tuple[str, ...] = ()
    """The names of the functions that it may call, each once, in the order of the file."""
    targets: tuple[Target, ...] = ()
    """What it refers to: functions with their qualifiers. Callers of the Invoke API choose those themselves."""


__all__ = [
    "Accept",
    "Acceptance",
    "ActivitySource",
    "ApiClaim",
    "Batch",
    "BatchConversation",
    "Claim",
    "Conversation",
    "DeclaredRoute",
    "ErrorNote",
    "Fetch",
    "Forward",
    "Function",
    "FunctionStream",
    "Glimpse",
    "Headers",
    "Invocation",
    "Invoke",
    "LocalFunction",
    "Origin",
    "OriginRequest",
    "OriginResponse",
    "Outcome",
    "PathClaim",
    "PeekBody",
    "Place",
    "Predicate",
    "Probe",
    "QueueSource",
    "ReadBody",
    "Remark",
    "Reply",
    "Report",
    "Request",
    "RequestError",
    "Resolve",
    "RouteVerdict",
    "Scope",
    "Settlement",
    "SiteClaim",
    "Step",
    "Stream",
    "Target",
    "Trigger",
    "TriggerType",
    "unsent_request",
]
