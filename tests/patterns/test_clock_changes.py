"""Days on which a schedule is left out: what is said agrees with the moments at which it is due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.patterns.clock_changes import short_months, skipped_day
from router.patterns.schedules import never_fires, parse_schedule

BERLIN, NEW_YORK, LORD_HOWE, APIA = map(ZoneInfo, ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"))
NOW = datetime(2026, 7, 1, tzinfo=UTC).timestamp()
YEAR = 366 * 86_400.0


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 0 31 * ? *)", [2, 4, 6, 9, 11]),
        ("cron(0 0 29,30 * ? *)", [2]),
        ("cron(0 0 1,31 * ? *)", []),
        ("cron(0 0 31 1,4 ? *)", [4]),
        ("cron(0 0 31 4,6 ? *)", []),
        ("cron(0 0 L * ? *)", []),
        ("cron(0 0 31W * ? *)", [2, 4, 6, 9, 11]),
        ("cron(0 0 ? * 2#5 *)", []),
        ("rate(1 day)", []),
        ("at(2027-01-31T00:00:00)", []),
    ],
)
def test_short_months(expression: str, expected: list[int]) -> None:
    assert short_months(parse_schedule(expression)) == expected


@given(st.sampled_from(["28", "29", "30", "31", "29-31", "L-29", "30W", "1,30"]), st.sets(st.integers(1, 12), min_size=1))
def test_it_is_due_in_all_other_months_of_a_common_year(day: str, months: set[int]) -> None:
    schedule = parse_schedule(f"cron(0 12 {day} {','.join(map(str, sorted(months)))} ? 2027)")
    begin, end = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (2027, 2028))
    due = {datetime.fromtimestamp(moment, UTC).month for moment in schedule.due_between(begin, end)}
    missing = short_months(schedule)
    assert due == (months - set(missing) if due else set())
    assert bool(due) != never_fires(schedule)


@pytest.mark.parametrize(
    ("expression", "zone", "expected"),
    [
        ("cron(30 2 * * ? *)", BERLIN, datetime(2027, 3, 28, 2, 30)),
        ("cron(0,30 2 ? * SUN *)", BERLIN, datetime(2027, 3, 28, 2, 0)),
        ("cron(0 2 ? * MON-FRI *)", BERLIN, None),
        ("cron(0/5 * * * ? *)", BERLIN, None),
        ("cron(0 1,2 * * ? *)", BERLIN, None),
        ("cron(0 3 * * ? *)", BERLIN, None),
        ("cron(30 2 * * ? *)", ZoneInfo("UTC"), None),
        ("cron(30 2 * * ? *)", NEW_YORK, datetime(2027, 3, 14, 2, 30)),
        ("cron(15 2 * * ? *)", LORD_HOWE, datetime(2026, 10, 4, 2, 15)),
        ("cron(45 2 * * ? *)", LORD_HOWE, None),
        ("rate(1 day)", BERLIN, None),
        ("at(2027-03-28T02:30:00)", BERLIN, None),
    ],
)
def test_the_hour_that_is_taken_away(expression: str, zone: ZoneInfo, expected: datetime | None) -> None:
    assert skipped_day(parse_schedule(expression), zone, NOW, NOW + YEAR) == expected


def test_a_whole_day_that_is_taken_away() -> None:
    """Samoa had no 30 December 2011."""
    before = datetime(2011, 12, 1, tzinfo=UTC).timestamp()
    schedule = parse_schedule("cron(0 12 30 * ? *)")
    assert skipped_day(schedule, APIA, before, before + YEAR) == datetime(2011, 12, 30, 12, 0)


@given(st.integers(0, 23), st.integers(0, 59), st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE]))
def test_nothing_is_due_on_a_skipped_day_and_something_on_every_other(hour: int, minute: int, zone: ZoneInfo) -> None:
    schedule = parse_schedule(f"cron({minute} {hour} * * ? *)")
    skipped = skipped_day(schedule, zone, NOW, NOW + YEAR)
    local = [datetime.fromtimestamp(moment, zone).date() for moment in schedule.due_between(NOW, NOW + YEAR, zone)]
    days = {local[0] + timedelta(days=number) for number in range((local[-1] - local[0]).days + 1)}
    assert days - set(local) == ({skipped.date()} if skipped else set())
