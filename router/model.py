"""The words: requests and replies, functions and invocations, and the steps that a conversation asks for.

Everything imports this; it imports other words alone. Slotted, and immutable by convention: frozen dataclasses cost four times
as much to build, and these are built for every request.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from router.batches import ActivitySource, Batch, Planned, QueueSource, Settlement
from router.deliveries import Acceptance, Durability
from router.errors import Invoked, RequestError
from router.functions import AsyncPolicy, Function, Invocation, LocalFunction, Target
from router.origins import FunctionStream, Glimpse, Headers, Origin, OriginRequest, OriginResponse, Stream
from router.outcome import Outcome
from router.verdicts import DeclaredRoute, Predicate, RouteVerdict

# --- requests and replies --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Request:
    """One HTTP request as it stands at the door.

    `path`, `query`: of the request target, undecoded; `query` without `?`. `headers`: wire order and case, hop-by-hop ones
    included. `host`: the Host header's name in lower case, without port. `body`: None until a `ReadBody` step has read it.
    `peer`: IP text of the TCP peer. `client_ip`, `scheme`, `port`: as trusted proxies report them, else the connection's.
    `received_at`: epoch seconds. `id`: UUID text. `trace_id`: value of X-Amzn-Trace-Id, made where none came.
    """

    method: str
    path: str
    query: str
    headers: Headers
    host: str
    body: bytes | None
    peer: str
    client_ip: str
    scheme: str
    port: int
    received_at: float
    id: str
    trace_id: str
    listener: str = "main"
    protocol: str = "HTTP/1.1"
    client_certificate: Mapping[str, Any] | None = None
    """Under mutual TLS: `{clientCertPem, subjectDN, issuerDN, serialNumber, validity}`."""

    def header(self, name: str) -> str | None:
        """The first value of a header, by lower-case name; None where there is none."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None


def unsent_request(received_at: float = 0.0, id: str = "", trace_id: str = "", listener: str = "main") -> Request:
    """Stands where a request is wanted and nobody sent one: at a health check."""
    return Request("GET", "/", "", [], "", b"", "", "", "http", 80, received_at, id, trace_id, listener)


@dataclass(slots=True)
class ErrorNote:
    """Says of a reply that the router made it: sent as `x-router-error`, `x-router-invoked`, `Retry-After`.

    `name`: an outcome's kind or a request error's name. `detail` goes to the log, never to the caller.
    """

    name: str
    invoked: Invoked = Invoked.NO
    retry_after: int | None = None
    detail: str = ""


@dataclass(slots=True)
class Reply:
    """What goes back. `headers` has no Content-Length, Date or Connection: the door sets those.

    `body` is bytes, or a stream where the front door passes one on. `error` is set where the router, not the function,
    made the answer.
    """

    status: int
    headers: Headers
    body: "bytes | Stream" = b""
    error: ErrorNote | None = None
    reason: str | None = None
    """The reason phrase; None: the usual one of the status."""
    source: Stream | None = None
    """The stream that `body` is made of, where it is not that stream itself: `body` closes it."""


# --- conversations ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class ReadBody:
    """Read the request's body. Result: bytes. Throws `BodyTooLarge` beyond `limit` bytes, `BodyIncomplete`."""

    limit: int


@dataclass(slots=True)
class Invoke:
    """Invoke a function and wait. Result: an `Outcome`; nothing is thrown for what Lambda or the function reports.

    The driver picks a qualifier where the target has weights, and adds the request's trace id.
    `stream`: the outcome is wanted as soon as the answer begins; it may still come whole. `timeout` then is that of the whole
    stream, `idle` how many seconds it may pause. `http`: status and headers in front of an `HTTP_RESPONSE` become the
    outcome's payload, JSON as it came; throws `BadStream` where they are promised and do not come.
    """

    target: Target
    payload: bytes
    timeout: float | None = None
    type: str = "RequestResponse"
    client_context: str | None = None
    log_tail: bool = False
    tenant_id: str | None = None
    id: str | None = None
    """UUID text of the invocation; default: the request's id."""
    stream: bool = False
    idle: float | None = None
    http: bool = False


@dataclass(slots=True)
class PeekBody:
    """Read the beginning of the request's body; `Forward` still sends all of it. Result: a `Glimpse`. Throws as `ReadBody`."""

    limit: int


@dataclass(slots=True)
class Resolve:
    """Make sure that an origin's name leads somewhere. Result: None. Throws `OriginUnreachable`."""

    origin: "Origin"


@dataclass(slots=True)
class Forward:
    """Pass the request on to an origin, and wait for the head of its answer. Result: `OriginResponse`. Throws `OriginError`s.

    `target`: path and query as they go out. `headers`: without Content-Length and hop-by-hop ones; Host first.
    `body`: replaces the caller's; None: the caller's is sent as it comes.
    """

    origin: "Origin"
    method: str
    target: str
    headers: Headers
    body: bytes | None = None


@dataclass(slots=True)
class Accept:
    """Make events durable, all in one commit. Result: a list of `Receipt`s in the same order.

    It comes after the commit; what is answered to the caller before would be a promise that nobody keeps. Throws `Unavailable`
    where the journal is full or cannot commit: nothing was accepted then, and the caller may repeat.
    """

    acceptances: tuple[Acceptance, ...]


@dataclass(slots=True, frozen=True)
class Fetch:
    """GET a URL that the sender of a request names. Result: the body's bytes of a 200. Throws `FetchFailed`.

    What performs it pins hosts: those of AWS's SNS over https, and `hosts` (`router.policies.sns_urls.UrlRule`), nothing else;
    it follows no redirects, and bounds size and time. `keep`: the answer never changes, and may be remembered.
    """

    url: str
    hosts: tuple[str, ...] = ()
    keep: bool = False


@dataclass(slots=True)
class Remark:
    """Say something of this request that is no error: counted by `name`, logged as `message` with `fields`. Result: None."""

    name: str
    message: str
    fields: Mapping[str, str] = field(default_factory=dict)


Step = ReadBody | Invoke | PeekBody | Resolve | Forward | Accept | Fetch | Remark
Conversation = Generator[Step, Any, Reply]
"""A trigger's handling of one request, without I/O: yields steps, gets their results, returns the reply."""


BatchConversation = Generator[Step, Any, Settlement]
"""A trigger's handling of one batch, without I/O. Its steps are `Invoke`, `Accept`, `Fetch` and `Remark`."""


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
]
