"""Rules for schedules that are left out at times: short months, and the hour that daylight saving takes away.

What never fires at all, and what lies in the past, the type itself finds.
"""

from router.config.nodes import Opaque
from router.config.problem import Path
from router.config.rules.context import Context
from router.patterns.clock_changes import short_months, skipped_day
from router.patterns.schedules import Schedule, ScheduleError, find_zone, parse_schedule

_YEAR = 366 * 86_400.0
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def calendar(context: Context) -> None:
    """A schedule is due whenever it seems to be."""
    for name, settings, kind in context.decided_triggers():
        if kind.name != "schedule":
            continue
        for schedule, each in settings["schedules"].items():
            path: Path = ("triggers", name, "schedules", schedule, "expression")
            if isinstance(each["expression"], Opaque):
                continue
            try:
                parsed = parse_schedule(each["expression"])
            except ScheduleError:
                continue
            _check_months(context, path, parsed)
            if context.now is not None and not isinstance(settings["timezone"], Opaque):
                _check_hours(context, path, parsed, settings["timezone"])


def _check_months(context: Context, path: Path, schedule: Schedule) -> None:
    missing = [_MONTHS[month - 1] for month in short_months(schedule)]
    if missing:
        listed = " and ".join((", ".join(missing[:-1]), missing[-1])) if len(missing) > 1 else missing[0]
        message = f"`{schedule.text}` is left out in {listed}: there is no such day"
        help_text = "write `L` for the last day of every month"
        context.reporter.report(path, "short-months", message, help=help_text, severity="info")


def _check_hours(context: Context, path: Path, schedule: Schedule, name: str) -> None:
    zone = find_zone(name)
    assert context.now is not None
    skipped = skipped_day(schedule, zone, context.now, context.now + _YEAR) if zone is not None else None
    if skipped is not None:
        message = f"`{schedule.text}` is left out on {skipped:%Y-%m-%d}: there is no {skipped:%H:%M} in {name} on that day"
        help_text = "choose an hour that every day has, or `timezone: UTC`"
        context.reporter.report(path, "skipped-hour", message, help=help_text, severity="info")
