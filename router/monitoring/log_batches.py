"""Log events as requests of PutLogEvents, within its limits: semantics/async.md §F.4. No I/O."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

OVERHEAD = 26
MOST_BYTES = 1_048_576
MOST_EVENTS = 10_000
LONGEST_SPAN = 24 * 3600 * 1000
MOST_MESSAGE_BYTES = 256_000
"""A quarter of what an event may have today: older endpoints take no more."""
_CUT = "… (cut)"


@dataclass(slots=True, frozen=True, order=True)
class LogEvent:
    """`timestamp`: epoch milliseconds."""

    timestamp: int
    message: str

    @property
    def size(self) -> int:
        """What it counts for in a batch."""
        return len(self.message.encode()) + OVERHEAD


def shortened(text: str, most: int = MOST_MESSAGE_BYTES) -> str:
    """The text in at most so many bytes of UTF-8, with a mark where something is missing."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= most:
        return raw.decode()
    return raw[: most - len(_CUT.encode())].decode(errors="ignore") + _CUT


def batches(events: Sequence[LogEvent]) -> Iterator[list[LogEvent]]:
    """Batches in chronological order, each within every limit."""
    batch: list[LogEvent] = []
    size = 0
    for event in sorted(events, key=lambda event: event.timestamp):
        full = len(batch) == MOST_EVENTS or size + event.size > MOST_BYTES
        if batch and (full or event.timestamp - batch[0].timestamp >= LONGEST_SPAN):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += event.size
    if batch:
        yield batch
