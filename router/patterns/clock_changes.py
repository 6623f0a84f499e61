"""Days on which a schedule is left out: months that are too short for it, and the hour that daylight saving takes away.

Source: https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html (daylight savings time).
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from router.patterns.cron import Cron
from router.patterns.schedules import Schedule

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
"""In English, whatever the locale is."""
_COMMON_YEAR = 2027
"""29 February is in none like it."""
_DAY = timedelta(days=1)


def short_months(schedule: Schedule) -> list[int]:
    """The months (from 1) that a cron expression names and that lack its days, of those that count days of the month.

    Empty where it is due in none of its months: that is another finding.
    """
    if not isinstance(schedule.rule, Cron) or schedule.text.removesuffix(")").split()[4] != "?":
        return []
    missing = [month for month in schedule.rule.months if not schedule.rule.days_of(_COMMON_YEAR, month)]
    return missing if len(missing) < len(schedule.rule.months) else []


def skipped_day(schedule: Schedule, zone: ZoneInfo, after: float, until: float) -> datetime | None:
    """The first wall-clock time of a day, between two moments, whose times are all left out when clocks are put forward."""
    if not isinstance(schedule.rule, Cron):
        return None
    for begin, end in _gaps(zone, datetime.fromtimestamp(after, UTC).date().toordinal(), round((until - after) / 86_400)):
        times = [*_times_of(schedule.rule, begin)]
        if times and all(begin <= time < end for time in times):
            return times[0]
    return None


def _times_of(rule: Cron, moment: datetime) -> Iterator[datetime]:
    start = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    for time in rule.minutes_from(start):
        if time >= start + _DAY:
            return
        yield time


@lru_cache(maxsize=256)
def _gaps(zone: ZoneInfo, first_day: int, days: int) -> tuple[tuple[datetime, datetime], ...]:
    """The stretches of wall-clock time that are left out, each with its begin and end, among so many days."""
    found: list[tuple[datetime, datetime]] = []
    before = datetime.fromordinal(first_day).replace(tzinfo=UTC)
    for _ in range(days):
        after = before + _DAY
        if _offset(after, zone) > _offset(before, zone):
            change = _change(before, after, zone)
            begin = (change + _offset(before, zone)).replace(tzinfo=None)
            found.append((begin, (change + _offset(after, zone)).replace(tzinfo=None)))
        before = after
    return tuple(found)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second with the later offset, found by halving."""
    later = _offset(after, zone)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        before, after = (before, middle) if _offset(middle, zone) == later else (middle, after)
    return after.replace(microsecond=0)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
