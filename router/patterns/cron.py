"""AWS's `cron()` in six fields: minutes, hours, day of month, month, day of week, year. Parsed, and laid over a calendar.

Exactly one of the two day fields is `?`. Ranges may wrap around (`20-2`, `FRI-MON`); `L`, `W` and `#` stand alone in their
field. Names are known in any case. Source: semantics/async.md §D.9 and, for what AWS leaves open (`LW`, `L-3`, `a-b/c`, the
largest steps), Quartz, whose language this is.
"""

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

FIRST_YEAR, LAST_YEAR = 1970, 2199
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
SATURDAY = 7
"""AWS counts from 1, which is Sunday."""
_SATURDAY, _SUNDAY = 5, 6
"""As `date.weekday` counts them."""

_VALUE = r"(?:[0-9]{1,4}|[A-Za-z]{3})"
_ITEM = re.compile(rf"(?:(?P<any>\*)|(?P<first>{_VALUE})(?:-(?P<last>{_VALUE}))?)(?:/(?P<step>[0-9]{{1,4}}))?")
_FROM_LAST = re.compile(r"L-([0-9]{1,2})")
_NEAREST = re.compile(r"([0-9]{1,2})W")
_LAST = re.compile(r"([0-9]|[A-Za-z]{3})L")
_SIGN = re.compile(r"(?:^|[0-9])[LW]|^[A-Za-z]{3}L$")
_NTH = re.compile(r"([0-9]|[A-Za-z]{3})#([0-9])")


class FieldError(ValueError):
    """A field that cannot be read; the message says which and why, for a person."""


@dataclass(slots=True, frozen=True)
class _Field:
    """What one field may hold. `largest_step`: what may stand behind `/`; 0: steps are not known here."""

    name: str
    lowest: int
    highest: int
    largest_step: int
    names: Mapping[str, int] = field(default_factory=dict)
    wraps: bool = True


_MINUTES = _Field("minutes", 0, 59, 59)
_HOURS = _Field("hours", 0, 23, 23)
_DAYS_OF_MONTH = _Field("day of month", 1, 31, 31)
_MONTH = _Field("month", 1, 12, 12, {name: number for number, name in enumerate(_MONTHS, 1)})
_DAYS_OF_WEEK = _Field("day of week", 1, 7, 0, {name: number for number, name in enumerate(_DAYS, 1)})
_YEAR = _Field("year", FIRST_YEAR, LAST_YEAR, LAST_YEAR - FIRST_YEAR, wraps=False)

DaysOf = Callable[[int, int], list[int]]
"""The days of a month (year, month) that a day field picks, ascending."""


@dataclass(slots=True, frozen=True)
class Cron:
    """A parsed expression. Values ascend; `days_of` picks the days of one month."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    years: tuple[int, ...]
    days_of: DaysOf

    def minutes_from(self, start: datetime) -> Iterator[datetime]:
        """Every wall-clock minute that fits, ascending, from `start` on (a whole minute, without a zone)."""
        for day in self._days_from(start.date()):
            begins_here = day == start.date()
            for hour in self.hours:
                if begins_here and hour < start.hour:
                    continue
                for minute in self.minutes:
                    if not begins_here or (hour, minute) >= (start.hour, start.minute):
                        yield datetime(day.year, day.month, day.day, hour, minute)

    def _days_from(self, start: date) -> Iterator[date]:
        for year in self.years[bisect_left(self.years, start.year) :]:
            for month in self.months:
                if (year, month) >= (start.year, start.month):
                    for day in self.days_of(year, month):
                        if (year, month, day) >= (start.year, start.month, start.day):
                            yield date(year, month, day)


def parse_cron(text: str) -> Cron:
    """Six fields with spaces between them. Raises FieldError."""
    fields = text.split()
    if len(fields) != 6:
        raise FieldError(f"cron() has six fields (minutes hours day-of-month month day-of-week year), not {len(fields)}")
    minutes, hours, day_of_month, month, day_of_week, year = fields
    if (day_of_month == "?") is (day_of_week == "?"):
        raise FieldError("exactly one of day of month and day of week is `?`")
    return Cron(
        _values(minutes, _MINUTES),
        _values(hours, _HOURS),
        _values(month, _MONTH),
        _values(year, _YEAR),
        _days_of_month(day_of_month) if day_of_week == "?" else _days_of_week(day_of_week),
    )


# --- fields of values ------------------------------------------------------------------------------------------------


def _values(text: str, known: _Field) -> tuple[int, ...]:
    return tuple(sorted({value for item in text.split(",") for value in _item(item, text, known)}))


def _item(item: str, text: str, known: _Field) -> list[int]:
    match = _ITEM.fullmatch(item)
    if match is None:
        raise FieldError(f"`{text}` cannot stand for {known.name}")
    step = _step(match["step"], text, known)
    if match["any"]:
        return [*range(known.lowest, known.highest + 1, step or 1)]
    first = _value(match["first"], text, known)
    if match["last"] is None:
        return [first] if step is None else [*range(first, known.highest + 1, step)]
    last = _value(match["last"], text, known)
    if first <= last:
        return [*range(first, last + 1, step or 1)]
    if not known.wraps:
        raise FieldError(f"`{text}`: the range of {known.name} ends before it begins")
    size = known.highest - known.lowest + 1
    return [(value - known.lowest) % size + known.lowest for value in range(first, last + size + 1, step or 1)]


def _step(text: str | None, whole: str, known: _Field) -> int | None:
    if text is None:
        return None
    step = int(text)
    if known.largest_step == 0:
        raise FieldError(f"`{whole}`: {known.name} has no steps")
    if not 1 <= step <= known.largest_step:
        raise FieldError(f"`{whole}`: a step of {known.name} is from 1 to {known.largest_step}")
    return step


def _value(text: str, whole: str, known: _Field) -> int:
    value = known.names.get(text.upper())
    if value is not None:
        return value
    if text.isdigit() and known.lowest <= int(text) <= known.highest:
        return int(text)
    named = f" or {next(iter(known.names))} to {[*known.names][-1]}" if known.names else ""
    raise FieldError(f"`{whole}`: {known.name} is from {known.lowest} to {known.highest}{named}")


# --- fields of days --------------------------------------------------------------------------------------------------


def _days_of_month(text: str) -> DaysOf:
    if text == "L":
        return lambda year, month: [_length(year, month)]
    if text == "LW":
        return lambda year, month: [_nearest_weekday(year, month, _length(year, month))]
    if (match := _FROM_LAST.fullmatch(text)) is not None:
        return _days_from_last(_bounded(int(match[1]), 1, 30, text, "days before the last"))
    if (match := _NEAREST.fullmatch(text)) is not None:
        wanted = _bounded(int(match[1]), 1, 31, text, "the day of month before W")
        return lambda year, month: [_nearest_weekday(year, month, wanted)] if wanted <= _length(year, month) else []
    _no_signs(text, "day of month")
    days = _values(text, _DAYS_OF_MONTH)
    return lambda year, month: [day for day in days if day <= _length(year, month)]


def _days_from_last(back: int) -> DaysOf:
    return lambda year, month: [_length(year, month) - back] if back < _length(year, month) else []


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The day from Monday to Friday that is nearest, inside the same month."""
    weekday = date(year, month, day).weekday()
    if weekday == _SATURDAY:
        return day - 1 if day > 1 else day + 2
    if weekday == _SUNDAY:
        return day + 1 if day < _length(year, month) else day - 2
    return day


def _days_of_week(text: str) -> DaysOf:
    if text == "L":
        return _weekdays((SATURDAY,))
    if (match := _LAST.fullmatch(text)) is not None:
        last = _weekdays((_value(match[1], text, _DAYS_OF_WEEK),))
        return lambda year, month: last(year, month)[-1:]
    if (match := _NTH.fullmatch(text)) is not None:
        number = _bounded(int(match[2]), 1, 5, text, "the number behind #")
        all_of = _weekdays((_value(match[1], text, _DAYS_OF_WEEK),))
        return lambda year, month: all_of(year, month)[number - 1 : number]
    _no_signs(text, "day of week")
    return _weekdays(_values(text, _DAYS_OF_WEEK))


def _weekdays(wanted: tuple[int, ...]) -> DaysOf:
    """Every day of a month that is one of these days of the week (1 is Sunday)."""

    def days(year: int, month: int) -> list[int]:
        before_first = date(year, month, 1).isoweekday() % 7
        return [day for day in range(1, _length(year, month) + 1) if (before_first + day - 1) % 7 + 1 in wanted]

    return days


def _length(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _bounded(value: int, lowest: int, highest: int, text: str, what: str) -> int:
    if not lowest <= value <= highest:
        raise FieldError(f"`{text}`: {what} is from {lowest} to {highest}")
    return value


def _no_signs(text: str, name: str) -> None:
    for part in text.split(","):
        if "#" in part or _SIGN.search(part) is not None:
            raise FieldError(f"`{text}`: `{part}` stands alone in the field {name}, or not at all")
