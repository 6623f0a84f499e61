"""The words for what a simulation saw. Times are seconds after the envelope came in, of a delivery after its own acceptance."""

from dataclasses import dataclass, field

from router.batches import Settlement
from router.model import Headers, Remark, Reply, Request, RouteVerdict, Trigger
from router.routing import Miss


@dataclass(slots=True)
class Call:
    """One call of a function. `invocation`: `sync` where somebody waits, else `async`. `route`: in the trigger, where known.

    `type`: on the wire, `RequestResponse` or `Event`. `outcome`: the outcome's kind, `result` its payload. `delivery`: the id
    of the delivery that it is an attempt of, else empty.
    """

    function: str
    qualifier: str | None
    invocation: str
    route: str
    payload: bytes
    at: float
    outcome: str
    trigger: str = ""
    type: str = "RequestResponse"
    delivery: str = ""
    result: bytes = b""


@dataclass(slots=True)
class LetterTrace:
    """What a destination was sent. `destination`: `on_success`, `on_failure` or `dead_letter`; `address`: an ARN."""

    destination: str
    address: str
    body: bytes
    at: float = 0.0


@dataclass(slots=True)
class DeliveryTrace:
    """One accepted event for one function. `condition`: None where it had not ended within the horizon.

    `attempts`: when each began; `outcomes`: their kinds. `delegated`: Lambda owns retries and destinations. `parent`: the id of
    the delivery whose record this one brings. `at`: of its acceptance.
    """

    function: str
    route: str
    payload: bytes
    attempts: list[float] = field(default_factory=list)
    condition: str | None = None
    detail: str = ""
    letters: list[LetterTrace] = field(default_factory=list)
    trigger: str = ""
    qualifier: str | None = None
    outcomes: list[str] = field(default_factory=list)
    delegated: bool = False
    id: str = ""
    parent: str = ""
    at: float = 0.0
    group: str | None = None


@dataclass(slots=True)
class Forwarded:
    """A request that was passed on to an origin. `origin`: its URL without path."""

    origin: str
    method: str
    target: str
    headers: Headers
    body: bytes


@dataclass(slots=True)
class Trace:
    """Everything that was seen. `trigger`: None where none claims the request; `misses`: what kept the others from it.

    `request`: as it came in, with its body. `reply`: of a request, with its body as bytes. `settlement`: of messages (by their
    ids), tasks and planned times. `verdicts`: of the trigger's routes; triggers that share its claim show in `deliveries`
    alone. `calls`: in the order in which they were made.
    """

    trigger: Trigger | None
    misses: list[Miss] = field(default_factory=list)
    reply: Reply | None = None
    settlement: Settlement | None = None
    messages: tuple[str, ...] = ()
    """Ids of the messages that came, in their order."""
    verdicts: list[RouteVerdict] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    deliveries: list[DeliveryTrace] = field(default_factory=list)
    forwards: list[Forwarded] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    request: Request | None = None
    ended: float = 0.0
    """When the last thing happened."""
