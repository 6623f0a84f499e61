"""The words for what front doors receive and send: requests and replies.

Part of `router.model`, which everything imports them from. Slotted, and immutable by convention, as everything there. What is
built for every request has its constructor written out: so the compiler makes it a native one (docs/performance.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from router.errors import Invoked
from router.origins import Headers, Stream


@dataclass(slots=True, init=False)
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
    listener: str
    protocol: str
    client_certificate: Mapping[str, Any] | None
    """Under mutual TLS: `{clientCertPem, subjectDN, issuerDN, serialNumber, validity}`."""

    def __init__(
        self,
        method: str,
        path: str,
        query: str,
        headers: Headers,
        host: str,
        body: bytes | None,
        peer: str,
        client_ip: str,
        scheme: str,
        port: int,
        received_at: float,
        id: str,
        trace_id: str,
        listener: str = "main",
        protocol: str = "HTTP/1.1",
        client_certificate: Mapping[str, Any] | None = None,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.host = host
        self.body = body
        self.peer = peer
        self.client_ip = client_ip
        self.scheme = scheme
        self.port = port
        self.received_at = received_at
        self.id = id
        self.trace_id = trace_id
        self.listener = listener
        self.protocol = protocol
        self.client_certificate = client_certificate

    def header(self, name: str) -> str | None:
        """The first value of a header, by lower-case name; None where there is none."""
        for key, value in self.headers:
            if key.lower() == name:
                return value
        return None


def unsent_request(received_at: float = 0.0, id: str = "", trace_id: str = "", listener: str = "main") -> Request:
    """Stands where a request is wanted and nobody sent one: at a health check."""
    return Request("GET", "/", "", [], "", b"", "", "", "http", 80, received_at, id, trace_id, listener)


@dataclass(slots=True, init=False)
class ErrorNote:
    """Says of a reply that the router made it: sent as `x-router-error`, `x-router-invoked`, `Retry-After`.

    `name`: an outcome's kind or a request error's name. `detail` goes to the log, never to the caller.
    """

    name: str
    invoked: Invoked
    retry_after: int | None
    detail: str

    def __init__(
        self,
        name: str,
        invoked: Invoked = Invoked.NO,
        retry_after: int | None = None,
        detail: str = "",
    ) -> None:
        self.name = name
        self.invoked = invoked
        self.retry_after = retry_after
        self.detail = detail


@dataclass(slots=True, init=False)
class Reply:
    """What goes back. `headers` has no Content-Length, Date or Connection: the door sets those.

    `body` is bytes, or a stream where the front door passes one on. `error` is set where the router, not the function,
    made the answer.
    """

    status: int
    headers: Headers
    body: "bytes | Stream"
    error: ErrorNote | None
    reason: str | None
    """The reason phrase; None: the usual one of the status."""
    source: Stream | None
    """The stream that `body` is made of, where it is not that stream itself: `body` closes it."""

    def __init__(
        self,
        status: int,
        headers: Headers,
        body: "bytes | Stream" = b"",
        error: ErrorNote | None = None,
        reason: str | None = None,
        source: Stream | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.error = error
        self.reason = reason
        self.source = source
