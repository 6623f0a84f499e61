"""The steps: what a conversation asks of the world, one at a time.

Part of `router.model`, which everything imports them from. Slotted, and immutable by convention, as everything there; some
constructors are written out, as in `router.messages`.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from router.batches import Settlement
from router.deliveries import Acceptance
from router.functions import Target
from router.messages import Reply
from router.origins import Headers, Origin


@dataclass(slots=True, init=False)
class ReadBody:
    """Read the request's body. Result: bytes. Throws `BodyTooLarge` beyond `limit` bytes, `BodyIncomplete`."""

    limit: int

    def __init__(
        self,
        limit: int,
    ) -> None:
        self.limit = limit


@dataclass(slots=True, init=False)
class Invoke:
    """Invoke a function and wait. Result: an `Outcome`; nothing is thrown for what Lambda or the function reports.

    The driver picks a qualifier where the target has weights, and adds the request's trace id.
    `stream`: the outcome is wanted as soon as the answer begins; it may still come whole. `timeout` then is that of the whole
    stream, `idle` how many seconds it may pause. `http`: status and headers in front of an `HTTP_RESPONSE` become the
    outcome's payload, JSON as it came; throws `BadStream` where they are promised and do not come.
    `is_json`: the payload is known to be JSON: the router made it, or has looked at it.
    """

    target: Target
    payload: bytes
    timeout: float | None
    type: str
    client_context: str | None
    log_tail: bool
    tenant_id: str | None
    id: str | None
    """UUID text of the invocation; default: the request's id."""
    stream: bool
    idle: float | None
    http: bool
    is_json: bool

    def __init__(
        self,
        target: Target,
        payload: bytes,
        timeout: float | None = None,
        type: str = "RequestResponse",
        client_context: str | None = None,
        log_tail: bool = False,
        tenant_id: str | None = None,
        id: str | None = None,
        stream: bool = False,
        idle: float | None = None,
        http: bool = False,
        is_json: bool = False,
    ) -> None:
        self.target = target
        self.payload = payload
        self.timeout = timeout
        self.type = type
        self.client_context = client_context
        self.log_tail = log_tail
        self.tenant_id = tenant_id
        self.id = id
        self.stream = stream
        self.idle = idle
        self.http = http
        self.is_json = is_json


@dataclass(slots=True)
class PeekBody:
    """Read the beginning of the request's body; `Forward` still sends all of it. Result: a `Glimpse`. Throws as `ReadBody`."""

    limit: int


@dataclass(slots=True)
class Resolve:
    """Make sure that an origin's name leads somewhere. Result: None. Throws `OriginUnreachable`."""

    origin: Origin


@dataclass(slots=True)
class Forward:
    """Pass the request on to an origin, and wait for the head of its answer. Result: `OriginResponse`. Throws `OriginError`s.

    `target`: path and query as they go out. `headers`: without Content-Length and hop-by-hop ones; Host first.
    `body`: replaces the caller's; None: the caller's is sent as it comes.
    """

    origin: Origin
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
