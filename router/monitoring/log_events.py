"""What goes to CloudWatch Logs: one JSON object for each invocation that is meant, and the daemon's own warnings of a trigger.

`failures`: every invocation that failed; `sampled`: those and a share of the others; `all`: every one. Events and answers of
functions are left out unless `payloads` asks for them.
"""

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime

from router import jsontext
from router.model import Invocation
from router.monitoring.log_batches import shortened
from router.monitoring.logs import json_formatter
from router.outcome import Outcome, OutcomeKind
from router.ports import Clock
from router.settings import CloudWatchLogs

MOST_PAYLOAD = 100_000
"""Bytes that are shown of an event or an answer."""
_NOT_IN_GROUP_NAMES = re.compile(r"[^.\-_/#A-Za-z0-9]")

Add = Callable[[str, str], None]
"""Takes a log group and a message."""


def group_of(settings: CloudWatchLogs, trigger: str) -> str:
    """The log group of a trigger, in the letters that group names may have."""
    return _NOT_IN_GROUP_NAMES.sub("_", settings.group.replace("{trigger}", trigger))[:512]


class InvocationLog:
    """An `Observer` that writes invocations down. `draw()`: uniform floats in [0, 1)."""

    def __init__(self, settings: CloudWatchLogs, add: Add, clock: Clock, draw: Callable[[], float]) -> None:
        self._settings = settings
        self._add = add
        self._clock = clock
        self._draw = draw

    def invocation_started(self, invocation: Invocation) -> None:
        """Only its end is written down."""

    def invocation_ended(self, invocation: Invocation, outcome: Outcome | None, seconds: float) -> None:
        """One line where the settings want it."""
        if outcome is None or not self._wanted(outcome):
            return
        failed = outcome.kind is not OutcomeKind.OK
        facts = {
            "time": datetime.fromtimestamp(self._clock.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": "warning" if failed else "info",
            "message": "An invocation failed." if failed else "An invocation succeeded.",
            "trigger": invocation.trigger,
            "function": invocation.function.name,
            "qualifier": invocation.qualifier,
            "invocation_type": invocation.type,
            "outcome": outcome.kind.value,
            "request_id": invocation.id,
            "lambda_request_id": outcome.request_id or None,
            "trace_id": invocation.trace_id,
            "status": outcome.status or None,
            "code": outcome.code,
            "detail": outcome.message,
            "seconds": round(seconds, 6),
        }
        if self._settings.payloads:
            facts["payload"] = _text(invocation.payload)
            facts["response"] = _text(outcome.payload)
        message = jsontext.dumps({name: value for name, value in facts.items() if value is not None}).decode()
        self._add(group_of(self._settings, invocation.trigger), shortened(message))

    def _wanted(self, outcome: Outcome) -> bool:
        if outcome.kind is not OutcomeKind.OK or self._settings.what == "all":
            return True
        return self._settings.what == "sampled" and self._draw() < self._settings.sample


class WarningsHandler(logging.Handler):
    """Sends on what the daemon warns of and names a trigger; failed invocations come from `InvocationLog`."""

    def __init__(self, settings: CloudWatchLogs, add: Add) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(json_formatter())
        self._settings = settings
        self._add = add

    def emit(self, record: logging.LogRecord) -> None:
        """A record's `outcome` says that it is about an invocation."""
        trigger = getattr(record, "trigger", None)
        if isinstance(trigger, str) and not hasattr(record, "outcome"):
            self._add(group_of(self._settings, trigger), shortened(self.format(record)))


def _text(payload: bytes) -> str:
    return shortened(payload.decode(errors="replace"), MOST_PAYLOAD)
