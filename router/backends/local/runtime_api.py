"""The Lambda Runtime API of one environment: its state machine, without sockets. Source: semantics/sync.md §12.1 - §12.5.

    STARTING --next--> READY --deliver--> RUNNING --response|error--> ANSWERED --next--> READY
                                          RUNNING --response begins, streamed--> STREAMING --its end--> ANSWERED
    STARTING --init/error--> FAILED           RUNNING --too large--> OVERSIZED --next--> READY

What a state does not allow is answered 403 `InvalidStateTransition`; an id that is not the running invocation's, 400
`InvalidRequestID`. An attached process (a debugger) may be restarted at any time, so its `next` is always allowed.
"""

import base64
import binascii
from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol

from router.backends.local.failures import MAX_RESPONSE
from router.backends.local.repeats import BASE, INVOCATION, MODE, NEXT, result_line
from router.backends.local.runtime_http import MAX_CONNECTIONS, BodySink, RuntimeConnection, RuntimeMessage, render
from router.jsontext import dumps

_OK = render(202, b'{"status":"OK"}')


def _error(status: int, error_type: str, message: str) -> bytes:
    return render(status, dumps({"errorMessage": message, "errorType": error_type}))


_TRANSITION = _error(403, "InvalidStateTransition", "Transition from current state is not allowed")
_UNKNOWN_ID = _error(400, "InvalidRequestID", "Invalid request ID")
_BAD_MODE = _error(400, "InvalidFunctionResponseMode", "Invalid function response mode")
_TOO_LARGE = _error(413, "RequestEntityTooLarge", f"Exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).")
_NO_PATH = _error(404, "NotFound", "No such Runtime API endpoint")
_NO_METHOD = _error(405, "MethodNotAllowed", "This Runtime API endpoint does not take this method")


class State(Enum):
    """Where the runtime stands."""

    STARTING = auto()
    READY = auto()
    RUNNING = auto()
    STREAMING = auto()
    ANSWERED = auto()
    OVERSIZED = auto()
    FAILED = auto()


class RuntimeEvents(Protocol):
    """What the environment is told."""

    def runtime_ready(self) -> None:
        """`next` is waiting."""
        ...

    def runtime_lost(self) -> None:
        """The connection with the waiting `next` broke."""
        ...

    def runtime_answered(self, request_id: str, body: bytes, is_error: bool) -> None:
        """The function's result, or its error object."""
        ...

    def runtime_begins(self, content_type: str, connection: RuntimeConnection) -> BodySink | None:
        """The function streams its result. Who takes it; None: the caller wants it whole. `runtime_answered` is its end."""
        ...

    def runtime_truncated(self) -> None:
        """The connection broke before a streamed result was whole."""
        ...

    def runtime_oversized(self, request_id: str) -> None:
        """The result was longer than Lambda takes."""
        ...

    def runtime_failed(self, body: bytes) -> None:
        """`init/error`: the function could not be loaded."""
        ...

    def runtime_restarted(self, request_id: str) -> None:
        """An attached process asked for work while an invocation was open: it was started anew."""
        ...


class RuntimeApi:
    """Answers the requests of one environment's runtime process."""

    def __init__(self, events: RuntimeEvents, *, attached: bool = False) -> None:
        self.state = State.STARTING
        self._events = events
        self._attached = attached
        self._connections: set[RuntimeConnection] = set()
        self._waiting: RuntimeConnection | None = None
        self._streaming: RuntimeConnection | None = None
        self._running = ""
        self.result_line = result_line("")
        self._fixed: dict[bytes, tuple[bytes, Callable[[RuntimeConnection, RuntimeMessage], None]]] = {
            NEXT: (b"GET", self._next),
            BASE + b"/init/error": (b"POST", self._init_error),
            b"/ping": (b"GET", self._ping),
        }

    def deliver(self, request_id: str, headers: bytes, payload: bytes) -> None:
        """Answer the waiting `next` with an invocation; only in READY."""
        connection = self._waiting
        assert connection is not None
        self._waiting = None
        self._running = request_id
        self.result_line = result_line(request_id)
        self.state = State.RUNNING
        connection.waiting = False
        connection.write(render(200, payload, headers))

    def close(self) -> None:
        """Drop every connection."""
        for connection in tuple(self._connections):
            connection.drop()

    # --- RuntimeRequests ---------------------------------------------------------------------------------------------

    def opened(self, connection: RuntimeConnection) -> bool:
        self._connections.add(connection)
        return len(self._connections) <= MAX_CONNECTIONS

    def begins(self, connection: RuntimeConnection, message: RuntimeMessage) -> BodySink | None:
        path = message.path.partition(b"?")[0]
        if self.state is not State.RUNNING or b"POST %s HTTP/1.1" % path != self.result_line:
            return None
        if message.method != b"POST" or message.headers.get(MODE, b"").lower() != b"streaming":
            return None
        content_type = message.headers.get(b"content-type", b"application/octet-stream").decode("latin-1")
        sink = self._events.runtime_begins(content_type, connection)
        if sink is not None:
            self.state = State.STREAMING
            self._streaming = connection
        return sink

    def asked(self, connection: RuntimeConnection) -> None:
        if self.state in (State.RUNNING, State.STREAMING) and self._attached:
            self._streaming = None
            self._events.runtime_restarted(self._running)
        elif self.state in (State.RUNNING, State.STREAMING, State.FAILED):
            connection.write(_TRANSITION)
            return
        if self._waiting is not None:
            self._waiting.waiting = False
            self._waiting.drop()
        connection.waiting = True
        self._waiting = connection
        self.state = State.READY
        self._events.runtime_ready()

    def reported(self, connection: RuntimeConnection, body: bytes) -> None:
        message = RuntimeMessage()
        message.body = body
        connection.write(self._answer(self._running, message, False))

    def closed(self, connection: RuntimeConnection) -> None:
        self._connections.discard(connection)
        if connection is self._streaming:
            self._streaming = None
            self.state = State.ANSWERED
            self._events.runtime_truncated()
        if connection is self._waiting:
            self._waiting = None
            self.state = State.ANSWERED
            self._events.runtime_lost()

    def request(self, connection: RuntimeConnection, message: RuntimeMessage) -> None:
        if connection is self._streaming:
            connection.write(self._streamed(message))
            return
        path = message.path.partition(b"?")[0]
        fixed = self._fixed.get(path)
        if fixed is not None:
            method, handler = fixed
            if message.method == method:
                handler(connection, message)
            else:
                connection.write(_NO_METHOD)
            return
        request_id, _, action = path.removeprefix(INVOCATION).partition(b"/")
        if not path.startswith(INVOCATION) or action not in (b"response", b"error"):
            connection.write(_NO_PATH)
        elif message.method != b"POST":
            connection.write(_NO_METHOD)
        else:
            connection.write(self._answer(request_id.decode("latin-1"), message, action == b"error"))

    # --- endpoints ---------------------------------------------------------------------------------------------------

    def _next(self, connection: RuntimeConnection, message: RuntimeMessage) -> None:
        self.asked(connection)

    def _init_error(self, connection: RuntimeConnection, message: RuntimeMessage) -> None:
        if self.state is not State.STARTING:
            connection.write(_TRANSITION)
            return
        connection.write(_OK)
        if not self._attached:
            self.state = State.FAILED
        self._events.runtime_failed(message.body)

    def _ping(self, connection: RuntimeConnection, message: RuntimeMessage) -> None:
        connection.write(render(200, b"pong", b"Content-Type: text/plain\r\n"))

    def _answer(self, request_id: str, message: RuntimeMessage, is_error: bool) -> bytes:
        if request_id != self._running or self.state in (State.STARTING, State.READY, State.ANSWERED, State.FAILED):
            return _UNKNOWN_ID
        if self.state in (State.OVERSIZED, State.STREAMING):
            return _TRANSITION
        if message.headers.get(MODE, b"streaming").lower() != b"streaming":
            return _BAD_MODE
        if message.oversized:
            self.state = State.OVERSIZED
            self._events.runtime_oversized(request_id)
            return _TOO_LARGE
        self.state = State.ANSWERED
        failure = _trailing_error(message)
        self._events.runtime_answered(request_id, message.body if failure is None else failure, is_error or failure is not None)
        return _OK

    def _streamed(self, message: RuntimeMessage) -> bytes:
        """A streamed result is whole, or its trailers say why it is not."""
        self._streaming = None
        self.state = State.ANSWERED
        failure = _trailing_error(message)
        self._events.runtime_answered(self._running, failure or b"", failure is not None)
        return _OK


def _trailing_error(message: RuntimeMessage) -> bytes | None:
    """The error object of a response that failed in mid-stream (§12.5): base64 JSON in a trailer."""
    if b"lambda-runtime-function-error-type" not in message.trailers:
        return None
    try:
        return base64.b64decode(message.trailers.get(b"lambda-runtime-function-error-body", b""), validate=True)
    except binascii.Error:
        return dumps({"errorType": message.trailers[b"lambda-runtime-function-error-type"].decode("latin-1")})
