"""One invocation on its way through an environment: its log, its figures, and the future that the caller waits for.

The future may be gone (the caller's deadline passed, or it was cancelled); the execution then ends all the same, unheard.
"""

import asyncio
import base64
import binascii
import json
import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime

from router.backends.local.failures import Failure
from router.backends.local.streaming import LocalStream, Valve
from router.errors import Invoked, StreamFailed
from router.jsontext import loads
from router.model import Invocation
from router.outcome import Outcome, OutcomeKind, function_error
from router.ports import Clock

EXECUTED_VERSION = "$LATEST"
LOG_TAIL = 4096
_MEGABYTE = 1024 * 1024

logger = logging.getLogger("router.function")


class Execution:
    """`delivered_at` is monotonic; `init_seconds` is set where this invocation waited for a cold start of its own."""

    __slots__ = ("_clock", "_log", "_on_end", "_stream", "delivered_at", "future", "headers", "init_seconds", "invocation")

    def __init__(self, invocation: Invocation, headers: bytes, clock: Clock, on_end: Callable[[], None]) -> None:
        self.invocation = invocation
        self.headers = headers
        self.future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.delivered_at: float | None = None
        self.init_seconds: float | None = None
        self._clock = clock
        self._on_end = on_end
        self._stream: LocalStream | None = None
        self._log: bytearray | None = bytearray() if invocation.log_tail else None

    @property
    def id(self) -> str:
        """The request id."""
        return self.invocation.id

    def started(self) -> None:
        """The function gets the event now."""
        self.delivered_at = self._clock.monotonic()
        self._platform(f"START RequestId: {self.id} Version: {EXECUTED_VERSION}\n")

    def begin(self, content_type: str, valve: Valve) -> LocalStream:
        """The function streams its answer; the caller hears of it with the first piece."""

        def announce() -> None:
            outcome = Outcome(OutcomeKind.OK, b"", 200, self.id, EXECUTED_VERSION, invoked=Invoked.YES)
            outcome.trace_id = self.invocation.trace_id or None
            outcome.content_type, outcome.stream = content_type, stream
            if self.future.done():
                stream.abandon()
            else:
                self.future.set_result(outcome)

        self._stream = stream = LocalStream(valve, announce)
        return stream

    def abandon(self) -> None:
        """The caller is gone."""
        if self._stream is not None:
            self._stream.abandon()

    def printed(self, data: bytes) -> None:
        """Output of the function while this invocation runs."""
        log = self._log
        if log is not None:
            log += data
            if len(log) > LOG_TAIL:
                del log[:-LOG_TAIL]

    def answered(self, payload: bytes, is_error: bool, memory_used: int) -> None:
        """The function reported its result, or its error object."""
        tail = self._report(memory_used)
        if is_error:
            self._end(function_error(payload, self.id, executed_version=EXECUTED_VERSION, log_tail=tail))
        else:
            self._end(
                Outcome(
                    OutcomeKind.OK,
                    payload,
                    200,
                    self.id,
                    EXECUTED_VERSION,
                    log_tail=tail,
                    invoked=Invoked.YES,
                )
            )

    def init_failed(self, failure: Failure, output: bytes, memory_used: int) -> None:
        """The environment that was started for this invocation could not load the function."""
        self.started()
        self.printed(output)
        self.failed(failure, memory_used)

    def failed(self, failure: Failure, memory_used: int) -> None:
        """Lambda itself gives the error object in the function's place."""
        if self.delivered_at is None:
            self.started()
        if failure.status == "timeout":
            iso = datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self._platform(f"{iso} {self.id} {failure.reason}\n")
        tail = self._report(memory_used, failure)
        self._end(function_error(failure.payload(self.id), self.id, executed_version=EXECUTED_VERSION, log_tail=tail))

    def _end(self, outcome: Outcome) -> None:
        stream, is_good = self._stream, outcome.kind is OutcomeKind.OK
        if stream is not None and (is_good or stream.has_begun):
            message = "the function failed while it streamed its answer"
            failure = None if is_good else StreamFailed(outcome.kind.value, message, outcome.payload, outcome.log_tail)
            stream.end(failure, outcome.log_tail)
        outcome.trace_id = self.invocation.trace_id or None
        if self.delivered_at is not None:
            outcome.function_seconds = self._clock.monotonic() - self.delivered_at
        if not self.future.done():
            self.future.set_result(outcome)
        self._on_end()

    def _report(self, memory_used: int, failure: Failure | None = None) -> str | None:
        if self._log is None and not logger.isEnabledFor(logging.DEBUG):
            return None
        local = self.invocation.function.local
        assert local is not None
        assert self.delivered_at is not None
        milliseconds = (self._clock.monotonic() - self.delivered_at) * 1000
        fields = [
            f"REPORT RequestId: {self.id}",
            f"Duration: {milliseconds:.2f} ms",
            f"Billed Duration: {math.ceil(milliseconds)} ms",
            f"Memory Size: {local.memory // _MEGABYTE} MB",
            f"Max Memory Used: {math.ceil(memory_used / _MEGABYTE)} MB",
        ]
        if self.init_seconds is not None:
            fields.append(f"Init Duration: {self.init_seconds * 1000:.2f} ms")
        if failure is not None:
            fields.append(f"Status: {failure.status}")
            if failure.status == "error":
                fields.append(f"Error Type: {failure.error_type}")
        self._platform(f"END RequestId: {self.id}\n")
        self._platform("\t".join(fields) + "\t\n")
        return base64.b64encode(bytes(self._log)).decode() if self._log is not None else None

    def _platform(self, line: str) -> None:
        if self._log is not None:
            if self._log and not self._log.endswith(b"\n"):
                self._log += b"\n"
            self.printed(line.encode())
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug(line.rstrip("\n"), extra={"function": self.invocation.function.name, "request_id": self.id})


def runtime_headers(invocation: Invocation, arn: str, client_context: str | None) -> bytes:
    """The headers of `next`, without the deadline, which is known on delivery only (semantics/sync.md §12.2)."""
    pairs = [
        ("Content-Type", "application/json"),
        ("Lambda-Runtime-Aws-Request-Id", invocation.id),
        ("Lambda-Runtime-Invoked-Function-Arn", arn),
        ("Lambda-Runtime-Trace-Id", invocation.trace_id),
        ("Lambda-Runtime-Client-Context", client_context),
        ("Lambda-Runtime-Aws-Tenant-Id", invocation.tenant_id),
    ]
    lines = [f"{name}: {_one_line(value)}\r\n" for name, value in pairs if value]
    return "".join(lines).encode("utf-8", "replace")


def _one_line(value: str) -> str:
    return value if value.isprintable() else value.translate(_ONE_LINE)


_ONE_LINE = dict.fromkeys((*range(32), 127), " ")


def decode_client_context(text: str) -> str:
    """The JSON text for the runtime out of the base64 of the caller. Raises ValueError where it is not a JSON object."""
    try:
        value = loads(base64.b64decode(text, validate=True))
    except (binascii.Error, UnicodeError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return json.dumps(value, separators=(",", ":"))  # ASCII: it travels in a header
