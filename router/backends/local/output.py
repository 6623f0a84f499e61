"""What a function prints, as log records of `router.function`: one line, one record, with function and request id.

Bounded in every direction: a line without end is cut, bytes that are not text are replaced, and a flood is counted instead of
logged, so that printing megabytes costs the daemon neither memory nor its event loop.
"""

import logging

from router.ports import Clock

MAX_LINE = 64 * 1024
MAX_LINES_PER_SECOND = 1000

logger = logging.getLogger("router.function")


class OutputLog:
    """The output of one environment, cut into lines."""

    def __init__(self, function: str, clock: Clock) -> None:
        self._function = function
        self._clock = clock
        self._partial = bytearray()
        self._second = 0
        self._lines = 0
        self._dropped = 0

    def write(self, data: bytes, request_id: str) -> None:
        """Take printed bytes; whole lines go out, the rest waits for its end."""
        if not logger.isEnabledFor(logging.INFO):
            return
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = bytes(self._partial) + lines[0]
            self._partial.clear()
            for line in lines:
                self._emit(line, request_id)
        self._partial += rest
        while len(self._partial) >= MAX_LINE:
            self._emit(bytes(self._partial[:MAX_LINE]), request_id)
            del self._partial[:MAX_LINE]

    def flush(self, request_id: str) -> None:
        """An invocation or the process ended: what is still unended is a line of its own."""
        if self._partial:
            self._emit(bytes(self._partial), request_id)
            self._partial.clear()
        self._report_dropped(request_id)

    def _emit(self, line: bytes, request_id: str) -> None:
        second = int(self._clock.monotonic())
        if second != self._second:
            self._report_dropped(request_id)
            self._second, self._lines = second, 0
        self._lines += 1
        if self._lines > MAX_LINES_PER_SECOND:
            self._dropped += 1
            return
        # awslambdaric joins the lines of one record with a carriage return.
        text = line.decode("utf-8", "replace").rstrip("\r").replace("\r", "\n")
        if text:
            logger.info(text, extra={"function": self._function, "request_id": request_id})

    def _report_dropped(self, request_id: str) -> None:
        if self._dropped:
            logger.warning(
                "The function prints more than is logged: some lines were left out.",
                extra={"function": self._function, "request_id": request_id, "lines": self._dropped},
            )
            self._dropped = 0
