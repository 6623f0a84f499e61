"""Schedule expressions: `rate()`, `cron()` and `at()`, and when each is due next, in a time zone.

`rate()` counts from the epoch, in every zone, so that every replica and every restart finds the same moments (a deviation
from AWS, which counts from the rule's creation). `cron()` and `at()` are wall-clock time. Daylight saving is EventBridge
Scheduler's: what falls into the hour that is left out does not happen, what falls into the hour that comes twice happens the
first time only.

Source: semantics/async.md §D.9, and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html (time zones, daylight savings time).
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from router.patterns.cron import LAST_YEAR, Cron, FieldError, parse_cron

MAX_EXPRESSION = 256
"""Characters (semantics/async.md §D.2)."""
INVALID = "Parameter ScheduleExpression is not valid."
"""AWS's whole answer to every wrong expression (semantics/async.md §D.9)."""

_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_RATE = re.compile(r"rate\(([1-9][0-9]*) (minute|hour|day)(s?)\)")
_CRON = re.compile(r"cron\(([!-~]+(?: +[!-~]+)*)\)")
_AT = re.compile(r"at\(([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\)")

_END = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()
"""Beyond the years that expressions know nothing is planned."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE_ALL = -86_400.0
"""1970 began in no zone earlier than this."""


class ScheduleError(ValueError):
    """An expression that AWS refuses, too. The message is AWS's; `reason` says what is wrong, for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(INVALID)
        self.reason = reason


@dataclass(slots=True, frozen=True)
class Schedule:
    """A parsed expression. `text`: as it was written."""

    text: str
    rule: "int | Cron | datetime"
    """Seconds between two moments; wall-clock minutes; one wall-clock second, without a zone."""

    @property
    def has_zone(self) -> bool:
        """Whether a time zone makes a difference."""
        return not isinstance(self.rule, int)

    def next_after(self, moment: float, zone: tzinfo = UTC) -> float | None:
        """The first planned time after a moment, both in epoch seconds; None: it is never due again.

        It does not fall while the moment rises. Planned times are whole seconds.
        """
        if isinstance(self.rule, int):
            return _next_of_rate(self.rule, moment)
        instants = (_instant(local, zone) for local in _candidates(self.rule, moment, zone))
        return next((instant for instant in instants if instant is not None and instant > moment), None)

    def due_between(self, after: float, until: float, zone: tzinfo = UTC) -> Iterator[float]:
        """The planned times in `(after, until]`, ascending."""
        planned = self.next_after(after, zone)
        while planned is not None and planned <= until:
            yield planned
            planned = self.next_after(planned, zone)

    def last_until(self, after: float, until: float, zone: tzinfo = UTC) -> float | None:
        """The latest planned time in `(after, until]`, found by halving, however many there are."""

        def one_follows(moment: float) -> bool:
            planned = self.next_after(moment, zone)
            return planned is not None and planned <= until

        if not one_follows(after):
            return None
        low, high = after, until
        while high - low > 1.0:
            middle = (low + high) / 2
            low, high = (middle, high) if one_follows(middle) else (low, middle)
        return self.next_after(low, zone)


def parse_schedule(text: str) -> Schedule:
    """A parsed expression. Raises ScheduleError."""
    if len(text) > MAX_EXPRESSION:
        raise ScheduleError(f"an expression has at most {MAX_EXPRESSION} characters")
    kind = text.partition("(")[0]
    if kind == "rate":
        return Schedule(text, _rate(text))
    if kind == "cron":
        return Schedule(text, _cron(text))
    if kind == "at":
        return Schedule(text, _at(text))
    raise ScheduleError("an expression is `rate(5 minutes)`, `cron(0 2 ? * MON-FRI *)` or `at(2030-01-31T08:00:00)`")


def never_fires(schedule: Schedule, zone: tzinfo = UTC) -> bool:
    """Whether no calendar has a moment for it: 31 February, or an `at()` in an hour that daylight saving leaves out."""
    before_all = _BEFORE_ALL if schedule.has_zone else 0.0
    return schedule.next_after(before_all, zone) is None


@lru_cache(maxsize=256)
def find_zone(name: str) -> ZoneInfo | None:
    """The time zone of an IANA name (`Europe/Berlin`); None where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _rate(text: str) -> int:
    match = _RATE.fullmatch(text)
    if match is None:
        raise ScheduleError("a rate is `rate(1 minute)`, `rate(5 minutes)`, `rate(2 hours)` or `rate(7 days)`, with one space")
    if (match[1] == "1") is (match[3] == "s"):
        raise ScheduleError(f"it is `1 {match[2]}`, and `{match[2]}s` for more")
    return int(match[1]) * _UNITS[match[2]]


def _cron(text: str) -> Cron:
    match = _CRON.fullmatch(text)
    if match is None:
        raise ScheduleError("a cron expression is `cron(minutes hours day-of-month month day-of-week year)`")
    try:
        return parse_cron(match[1])
    except FieldError as error:
        raise ScheduleError(str(error)) from None


def _at(text: str) -> datetime:
    match = _AT.fullmatch(text)
    if match is None:
        raise ScheduleError("one moment is `at(2030-01-31T08:00:00)`")
    try:
        moment = datetime.fromisoformat(match[1])
    except ValueError:
        raise ScheduleError(f"there is no moment {match[1]}") from None
    if not _EPOCH.year <= moment.year <= LAST_YEAR:
        raise ScheduleError(f"a moment is from {_EPOCH.year} to {LAST_YEAR}")
    return moment


def _next_of_rate(interval: int, moment: float) -> float | None:
    planned = (math.floor(moment) // interval + 1) * interval
    return float(planned) if planned < _END else None


def _candidates(rule: Cron | datetime, moment: float, zone: tzinfo) -> Iterator[datetime]:
    """Wall-clock times, ascending, from a little before the moment on."""
    if isinstance(rule, datetime):
        return iter((rule,))
    if moment >= _END:
        return iter(())
    begin = max(moment, _BEFORE_ALL)
    local = (_EPOCH + timedelta(seconds=math.floor(begin))).astimezone(zone)
    return rule.minutes_from(local.replace(tzinfo=None, fold=0, second=0, microsecond=0))


def _instant(local: datetime, zone: tzinfo) -> float | None:
    """Epoch seconds of a wall-clock time, of its first pass where it comes twice; None where it is left out."""
    instant = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != local:
        return None
    return (instant - _EPOCH).total_seconds()
