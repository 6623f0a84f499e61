"""The words for what is invoked: functions, how they run here, and one invocation of one of them.

Part of `router.model`, which everything imports them from. Slotted, and immutable by convention, as everything there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from router.arn import FunctionArn


@dataclass(slots=True)
class LocalFunction:
    """How a function runs on this machine (`functions.<name>.local`). Paths are absolute; sizes are bytes."""

    runtime: str | None
    handler: str | None
    code: str
    command: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    memory: int = 128 * 1024 * 1024
    environment: Mapping[str, str] = field(default_factory=dict)
    credentials: str = "none"
    min_warm: int = 0
    attach: bool = False
    runtime_client: str = "auto"
    """`auto`: awslambdaric where the interpreter can import it, else ours; `awslambdaric`; `builtin`."""
    init_timeout: float = 10.0
    """Seconds that the init phase may take (semantics/sync.md §12.4)."""


@dataclass(slots=True, frozen=True)
class DestinationAddress:
    """Where letters about ended deliveries go. `service`: `sqs`, `sns`, `lambda`, `events`, `s3`. `target`: of `lambda`."""

    service: str
    arn: str
    target: "Target | None" = None

    @property
    def region(self) -> str:
        """Empty for a bucket, whose ARN has none."""
        return self.arn.split(":")[3]

    @property
    def name(self) -> str:
        """Of the queue, topic, bus, bucket or function."""
        return self.arn.split(":", 5)[5].removeprefix("event-bus/").removeprefix("function:")


@dataclass(slots=True, frozen=True)
class AsyncPolicy:
    """How a function is invoked asynchronously (semantics/async.md §A.2, §A.3). Times in seconds.

    `delivery`: `managed`, `delegated`, or None: managed for what runs on this machine, delegated for an ARN. Everything else
    holds for `managed` alone. `retry_delays` are waited after function errors; the last one doubles, up to an hour, where there
    are more retries.
    """

    delivery: str | None = None
    max_retries: int = 2
    retry_delays: tuple[float, ...] = (60.0, 120.0)
    max_event_age: float = 21_600.0
    on_success: DestinationAddress | None = None
    on_failure: DestinationAddress | None = None
    dead_letter: DestinationAddress | None = None


@dataclass(slots=True)
class Function:
    """An invocation target. `arn` is unqualified; of a local function without an ARN it is synthetic.

    `timeout`: seconds; for a local function the limit, for an ARN what is configured in AWS.
    `max_concurrency`: None = not limited here; 0 = reserved concurrency zero, everything is throttled.
    `qualifier`: of a function that is declared by a qualified ARN; a target's own qualifier replaces it.
    """

    name: str
    arn: FunctionArn
    timeout: float
    max_concurrency: int | None = None
    invoke_role_arn: str | None = None
    local: LocalFunction | None = None
    declared_arn: bool = True
    qualifier: str | None = None
    policy: AsyncPolicy = AsyncPolicy()


@dataclass(slots=True)
class Target:
    """A function with the qualifier to call, or weights between qualifiers (`((qualifier, weight), …)`)."""

    function: Function
    qualifier: str | None = None
    weights: tuple[tuple[str, int], ...] = ()

    def drawn(self, draw: Callable[[], float]) -> str | None:
        """The qualifier of one call. `draw()` gives a uniform float in [0, 1); it is asked only where there are weights."""
        if not self.weights:
            return self.qualifier or self.function.qualifier
        point = draw() * sum(weight for _, weight in self.weights)
        for qualifier, weight in self.weights:
            point -= weight
            if point < 0:
                return qualifier
        return self.weights[-1][0]


@dataclass(slots=True, init=False)
class Invocation:
    """One event for one function: what a backend carries out.

    `type`: `RequestResponse`, `Event` or `DryRun`. `id`: UUID text, the request id of a local function.
    `timeout`: seconds that the caller waits at most; None = as long as the function may run.
    `client_context`: base64 text as in `X-Amz-Client-Context`.
    """

    function: Function
    qualifier: str | None
    payload: bytes
    id: str
    trace_id: str
    type: str
    timeout: float | None
    client_context: str | None
    log_tail: bool
    tenant_id: str | None
    asynchronous: bool
    """Nobody waits: `max_concurrency` counts these apart, so that a backlog cannot starve callers."""
    trigger: str
    """On whose behalf, for figures and logs."""
    stream: bool
    """The caller takes the answer in pieces, if it comes so: the outcome is then wanted when the answer begins."""
    is_json: bool
    """The payload is known to be JSON: it need not be looked at again."""

    def __init__(
        self,
        function: Function,
        qualifier: str | None,
        payload: bytes,
        id: str,
        trace_id: str,
        type: str = "RequestResponse",
        timeout: float | None = None,
        client_context: str | None = None,
        log_tail: bool = False,
        tenant_id: str | None = None,
        asynchronous: bool = False,
        trigger: str = "",
        stream: bool = False,
        is_json: bool = False,
    ) -> None:
        self.function = function
        self.qualifier = qualifier
        self.payload = payload
        self.id = id
        self.trace_id = trace_id
        self.type = type
        self.timeout = timeout
        self.client_context = client_context
        self.log_tail = log_tail
        self.tenant_id = tenant_id
        self.asynchronous = asynchronous
        self.trigger = trigger
        self.stream = stream
        self.is_json = is_json
