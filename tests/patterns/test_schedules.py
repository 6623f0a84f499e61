"""Schedule expressions: what is one, and when it is due. A naive reference walks minute by minute (async.md §D.9)."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from router.patterns.schedules import INVALID, ScheduleError, find_zone, never_fires, parse_schedule

BERLIN, NEW_YORK, KATHMANDU, LORD_HOWE = map(
    ZoneInfo, ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
)


def instant(text: str, zone: ZoneInfo | None = None) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone or UTC).timestamp()


def plan(expression: str, after: str, count: int, zone: ZoneInfo | None = None) -> list[str]:
    """The next planned times, as UTC."""
    schedule, moment, found = parse_schedule(expression), instant(after, zone), []
    for _ in range(count):
        planned = schedule.next_after(moment, zone or UTC)
        if planned is None:
            break
        found.append(datetime.fromtimestamp(planned, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
        moment = planned
    return found


def minutes(*texts: str) -> list[str]:
    return [f"{text}:00" for text in texts]


# --- what is an expression -------------------------------------------------------------------------------------------

REFUSED_BY_AWS = [
    *("rate(10 seconds)", "rate(1 minutes)", "rate(10 minute)", "rate(0 minutes)", "rate(-10 minutes)", "rate(10 MINUTES)"),
    *("rate( 10 minutes )", " rate(10 minutes)", "rate()", "rate(10)", "cron(0 1 * * * *)", "cron(7 20 * * NOT *)"),
    *("cron(INVALID)", "cron(0 dummy ? * MON-FRI *)", "cron(71 8 1 * ? *)"),
]


@pytest.mark.parametrize("text", REFUSED_BY_AWS)
def test_what_aws_refuses_is_refused_in_its_words(text: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(text)
    assert str(caught.value) == INVALID == "Parameter ScheduleExpression is not valid."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "an expression is `rate(5 minutes)`, `cron(0 2 ? * MON-FRI *)` or `at(2030-01-31T08:00:00)`"),
        ("Cron(0 2 ? * * *)", "an expression is `rate(5 minutes)`, `cron(0 2 ? * MON-FRI *)` or `at(2030-01-31T08:00:00)`"),
        ("rate(1 hours)", "it is `1 hour`, and `hours` for more"),
        ("rate(2 day)", "it is `1 day`, and `days` for more"),
        ("cron( 0 2 ? * * *)", "a cron expression is `cron(minutes hours day-of-month month day-of-week year)`"),
        ("cron(0 2 ? * *)", "cron() has six fields (minutes hours day-of-month month day-of-week year), not 5"),
        ("cron(0 2 ? * ? *)", "exactly one of day of month and day of week is `?`"),
        ("cron(60 2 ? * * *)", "`60`: minutes is from 0 to 59"),
        ("cron(0 24 ? * * *)", "`24`: hours is from 0 to 23"),
        ("cron(0 2 0 * ? *)", "`0`: day of month is from 1 to 31"),
        ("cron(0 2 ? 13 * *)", "`13`: month is from 1 to 12 or JAN to DEC"),
        ("cron(0 2 ? * JUL *)", "`JUL`: day of week is from 1 to 7 or SUN to SAT"),
        ("cron(0 2 ? * 0 *)", "`0`: day of week is from 1 to 7 or SUN to SAT"),
        ("cron(0 2 ? * * 1969)", "`1969`: year is from 1970 to 2199"),
        ("cron(0 2 ? * * 2030-2029)", "`2030-2029`: the range of year ends before it begins"),
        ("cron(0/0 2 ? * * *)", "`0/0`: a step of minutes is from 1 to 59"),
        ("cron(0/60 2 ? * * *)", "`0/60`: a step of minutes is from 1 to 59"),
        ("cron(0 2 ? * 1/2 *)", "`1/2`: day of week has no steps"),
        ("cron(0 2 ? * 3#2,5 *)", "`3#2,5`: `3#2` stands alone in the field day of week, or not at all"),
        ("cron(0 2 ? * FRIL,MON *)", "`FRIL,MON`: `FRIL` stands alone in the field day of week, or not at all"),
        ("cron(0 2 1,L * ? *)", "`1,L`: `L` stands alone in the field day of month, or not at all"),
        ("cron(0 2 15W,3 * ? *)", "`15W,3`: `15W` stands alone in the field day of month, or not at all"),
        ("cron(0 2 0W * ? *)", "`0W`: the day of month before W is from 1 to 31"),
        ("cron(0 2 L-31 * ? *)", "`L-31`: days before the last is from 1 to 30"),
        ("cron(0 2 ? * MON#6 *)", "`MON#6`: the number behind # is from 1 to 5"),
        ("cron(? 2 ? * MON *)", "`?` cannot stand for minutes"),
        ("at(2030-02-30T08:00:00)", "there is no moment 2030-02-30T08:00:00"),
        ("at(2030-01-31)", "one moment is `at(2030-01-31T08:00:00)`"),
        ("at(2200-01-31T00:00:00)", "a moment is from 1970 to 2199"),
        ("rate(" + "1" * 250 + " days)", "an expression has at most 256 characters"),
    ],
)
def test_the_reason_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse_schedule(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        *("cron(15 10 ? * 6L 2002-2005)", "cron(* * ? * SAT#3 *)", "cron(0/5 5 ? JAN 1-5 2022)"),
        *("cron(0/30 20-23 ? * MON-FRI *)", "cron(0 12 * * ? *)", "rate(1 minute)", "rate(7 days)"),
    ],
)
def test_what_aws_takes_is_taken(text: str) -> None:
    assert parse_schedule(text).text == text


PIECES = st.sampled_from(["*", "?", "/", "-", ",", "L", "W", "#", "0", "5", "31", "MON", "JAN", "2026", " ", "²", "٣"])
FIELD = st.lists(PIECES, min_size=1, max_size=4).map("".join)


@settings(deadline=None)
@given(
    st.text(max_size=40)
    | st.lists(FIELD, min_size=6, max_size=6).map(lambda fields: f"cron({' '.join(fields)})")
    | st.text("0123456789 minuteshorday()", max_size=12).map(lambda text: f"rate({text})")
    | st.text("0123456789-T:", max_size=20).map(lambda text: f"at({text})")
)
@example("cron(٣ 2 ? * * *)")
@example("rate(² minutes)")
@example("at(٢٠٣٠-01-31T08:00:00)")
def test_any_text_is_an_expression_or_is_refused(text: str) -> None:
    try:
        schedule = parse_schedule(text)
    except ScheduleError as error:
        told = (str(error), bool(error.reason))
    else:
        planned = schedule.next_after(1_700_000_000.0)
        told = (INVALID, text.isascii() and (planned is None or planned > 1_700_000_000.0))
    assert told == (INVALID, True)


# --- when it is due --------------------------------------------------------------------------------------------------


def test_rates_are_aligned_to_the_epoch() -> None:
    assert plan("rate(5 minutes)", "2026-03-01T12:01:07", 2) == minutes("2026-03-01T12:05", "2026-03-01T12:10")
    assert plan("rate(5 minutes)", "2026-03-01T12:05:00", 1) == minutes("2026-03-01T12:10")
    assert plan("rate(7 days)", "2026-03-01T12:01:07", 2) == minutes("2026-03-05T00:00", "2026-03-12T00:00")
    assert plan("rate(12 hours)", "2026-03-28T20:00:00", 2, BERLIN) == minutes("2026-03-29T00:00", "2026-03-29T12:00")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("cron(0 2 ? * MON-FRI *)", ["2026-03-02T02:00", "2026-03-03T02:00", "2026-03-04T02:00"]),
        ("cron(0/20 9 * * ? *)", ["2026-03-02T09:00", "2026-03-02T09:20", "2026-03-02T09:40"]),
        ("cron(10/25 9 * * ? *)", ["2026-03-02T09:10", "2026-03-02T09:35", "2026-03-03T09:10"]),
        ("cron(5-20/5 9 2 * ? *)", ["2026-03-02T09:05", "2026-03-02T09:10", "2026-03-02T09:15"]),
        ("cron(0 23-1 ? * * *)", ["2026-03-01T23:00", "2026-03-02T00:00", "2026-03-02T01:00"]),
        ("cron(0 22-4/3 ? * * *)", ["2026-03-01T22:00", "2026-03-02T01:00", "2026-03-02T04:00"]),
        ("cron(0 12 ? * FRI-MON *)", ["2026-03-02T12:00", "2026-03-06T12:00", "2026-03-07T12:00"]),
        ("cron(0 12 30-2 * ? *)", ["2026-03-02T12:00", "2026-03-30T12:00", "2026-03-31T12:00"]),
        ("cron(0 0 1 nov-feb ? *)", ["2026-11-01T00:00", "2026-12-01T00:00", "2027-01-01T00:00"]),
        ("cron(0 0 L * ? *)", ["2026-03-31T00:00", "2026-04-30T00:00", "2026-05-31T00:00"]),
        ("cron(0 0 L-3 * ? *)", ["2026-03-28T00:00", "2026-04-27T00:00", "2026-05-28T00:00"]),
        ("cron(0 0 LW * ? *)", ["2026-03-31T00:00", "2026-04-30T00:00", "2026-05-29T00:00"]),
        ("cron(0 0 1W * ? *)", ["2026-03-02T00:00", "2026-04-01T00:00", "2026-05-01T00:00"]),
        ("cron(0 0 1W 8 ? *)", ["2026-08-03T00:00", "2027-08-02T00:00", "2028-08-01T00:00"]),
        ("cron(0 0 31W * ? *)", ["2026-03-31T00:00", "2026-05-29T00:00", "2026-07-31T00:00"]),
        ("cron(0 0 15W * ? *)", ["2026-03-16T00:00", "2026-04-15T00:00", "2026-05-15T00:00"]),
        ("cron(0 0 ? * 6L *)", ["2026-03-27T00:00", "2026-04-24T00:00", "2026-05-29T00:00"]),
        ("cron(0 0 ? * FRIL *)", ["2026-03-27T00:00", "2026-04-24T00:00", "2026-05-29T00:00"]),
        ("cron(0 0 ? * L *)", ["2026-03-07T00:00", "2026-03-14T00:00", "2026-03-21T00:00"]),
        ("cron(0 0 ? * 3#2 *)", ["2026-03-10T00:00", "2026-04-14T00:00", "2026-05-12T00:00"]),
        ("cron(0 0 ? * SAT#5 *)", ["2026-05-30T00:00", "2026-08-29T00:00", "2026-10-31T00:00"]),
        ("cron(0 0 29 2 ? *)", ["2028-02-29T00:00", "2032-02-29T00:00", "2036-02-29T00:00"]),
        ("cron(0 0 1 1 ? 2030/50)", ["2030-01-01T00:00", "2080-01-01T00:00", "2130-01-01T00:00"]),
        ("cron(15 10 ? * 6L 2002-2005)", []),
        ("cron(59 23 31 12 ? 2199)", ["2199-12-31T23:59"]),
        ("at(2026-03-01T12:00:30)", []),
    ],
)
def test_the_next_planned_times(expression: str, expected: list[str]) -> None:
    assert plan(expression, "2026-03-01T12:00:30", 3) == minutes(*expected)


@pytest.mark.parametrize("expression", ["rate(1 minute)", "cron(* * * * ? *)", "at(2199-12-31T23:59:59)"])
def test_nothing_is_planned_after_2199(expression: str) -> None:
    schedule = parse_schedule(expression)
    assert schedule.next_after(instant("2199-12-31T23:59:59")) is None
    assert schedule.next_after(1e18) is None


def test_one_moment_is_due_once() -> None:
    assert plan("at(2026-07-01T08:00:05)", "2026-03-01T12:00:30", 2, BERLIN) == ["2026-07-01T06:00:05"]


@pytest.mark.parametrize(
    ("zone", "expression", "after", "expected"),
    [
        pytest.param(
            *(BERLIN, "cron(30 2 * * ? *)", "2026-03-28T00:00"),
            ["2026-03-28T01:30", "2026-03-30T00:30"],
            id="spring: half past two does not exist on the 29th",
        ),
        pytest.param(
            *(BERLIN, "cron(30 2 * * ? *)", "2026-10-24T12:00"),
            ["2026-10-25T00:30", "2026-10-26T01:30"],
            id="autumn: half past two comes twice, the first counts",
        ),
        pytest.param(
            *(BERLIN, "cron(0/30 1-3 * * ? *)", "2026-10-25T00:00"),
            ["2026-10-24T23:00", "2026-10-24T23:30", "2026-10-25T00:00", "2026-10-25T00:30", "2026-10-25T02:00"],
            id="autumn: the second pass is left out",
        ),
        pytest.param(
            *(BERLIN, "cron(0/30 1-3 * * ? *)", "2026-03-29T00:00"),
            ["2026-03-29T00:00", "2026-03-29T00:30", "2026-03-29T01:00", "2026-03-29T01:30"],
            id="spring: from half past one to three",
        ),
        pytest.param(*(BERLIN, "at(2026-03-29T02:30:00)", "2026-03-01T00:00"), [], id="spring: no such moment"),
        pytest.param(*(BERLIN, "at(2026-10-25T02:30:00)", "2026-03-01T00:00"), ["2026-10-25T00:30"], id="autumn: the first"),
        pytest.param(
            *(NEW_YORK, "cron(0 12 * * ? *)", "2026-03-07T00:00"),
            ["2026-03-07T17:00", "2026-03-08T16:00"],
            id="noon stays noon",
        ),
        pytest.param(*(KATHMANDU, "cron(0 0 1 1 ? *)", "2026-03-07T00:00"), ["2026-12-31T18:15"], id="an odd offset"),
        pytest.param(
            *(LORD_HOWE, "cron(15 2 * * ? *)", "2026-10-03T00:00"),
            ["2026-10-02T15:45", "2026-10-04T15:15"],
            id="half an hour that is left out",
        ),
    ],
)
def test_daylight_saving(zone: ZoneInfo, expression: str, after: str, expected: list[str]) -> None:
    assert plan(expression, after, len(expected) or 1, zone) == minutes(*expected)


def test_what_never_fires_is_known() -> None:
    never = ["cron(0 0 30 2 ? *)", "cron(0 0 31 4,6,9,11 ? *)", "cron(0 0 29 2 ? 2026)", "cron(0 0 L-30 2 ? *)"]
    assert [never_fires(parse_schedule(text)) for text in never] == [True] * 4
    assert never_fires(parse_schedule("at(2026-03-29T02:30:00)"), BERLIN)
    assert never_fires(parse_schedule(f"rate({10**15} days)"))
    sometimes = ["cron(0 0 29 2 ? *)", "cron(15 10 ? * 6L 2002-2005)", "rate(1 minute)", "at(1970-01-01T00:00:00)"]
    assert [never_fires(parse_schedule(text)) for text in sometimes] == [False] * 4
    assert not never_fires(parse_schedule("at(2026-03-29T02:30:00)"))


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"])
def test_zones_are_found_by_name(name: str) -> None:
    assert find_zone(name) == ZoneInfo(name)


@pytest.mark.parametrize("name", ["", "Europe", "Europe/Bielefeld", "../etc/passwd", "/etc/localtime", "A" * 300, "a\0b"])
def test_what_is_no_zone_is_none(name: str) -> None:
    assert find_zone(name) is None


# --- against a reference ---------------------------------------------------------------------------------------------

NAMES = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}


def field_holds(text: str, value: int, lowest: int, highest: int) -> bool:
    return any(item_holds(item, value, lowest, highest) for item in text.split(","))


def item_holds(item: str, value: int, lowest: int, highest: int) -> bool:
    span, _, step = item.partition("/")
    first, _, last = span.partition("-")
    begin = lowest if first == "*" else number(first)
    end = highest if first == "*" or (step and not last) else number(last or first)
    walked = begin
    for offset in range(highest - lowest + 1):
        if offset % int(step or 1) == 0 and walked == value:
            return True
        if walked == end:
            return False
        walked = walked + 1 if walked < highest else lowest
    return False


def number(text: str) -> int:
    return NAMES.get(text) or int(text)


def day_holds(dom: str, dow: str, local: datetime) -> bool:
    last = monthrange(local.year, local.month)[1]
    weekday = local.isoweekday() % 7 + 1
    if dom == "L":
        return local.day == last
    if dow.endswith("L"):
        return weekday == number(dow[:-1]) and local.day + 7 > last
    if "#" in dow:
        day, _, nth = dow.partition("#")
        return weekday == number(day) and (local.day - 1) // 7 + 1 == int(nth)
    if dom.endswith("W"):
        wanted = int(dom[:-1])
        days = [day for day in range(1, last + 1) if datetime(local.year, local.month, day).weekday() < 5]
        return wanted <= last and local.day == min(days, key=lambda day: (abs(day - wanted), wanted - day))
    return field_holds(dow, weekday, 1, 7) if dom == "?" else field_holds(dom, local.day, 1, 31)


def reference(expression: str, after: float, until: float, zone: ZoneInfo) -> list[float]:
    """Every whole minute of UTC in `(after, until]` whose wall-clock time, on its first pass, fits."""
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    found, moment = [], (after // 60 + 1) * 60
    while moment <= until:
        local = datetime.fromtimestamp(moment, zone)
        if (
            not local.fold
            and field_holds(fields[0], local.minute, 0, 59)
            and field_holds(fields[1], local.hour, 0, 23)
            and day_holds(fields[2], fields[4], local)
            and field_holds(fields[3], local.month, 1, 12)
            and field_holds(fields[5], local.year, 1970, 2199)
        ):
            found.append(moment)
        moment += 60
    return found


def values(lowest: int, highest: int, steps: bool = True) -> st.SearchStrategy[str]:
    one = st.integers(lowest, highest)
    pair = st.tuples(one, one).map(lambda ends: f"{ends[0]}-{ends[1]}")
    step = st.integers(1, highest - lowest)
    stepped = st.tuples(one.map(str) | st.just("*") | pair, step).map(lambda parts: f"{parts[0]}/{parts[1]}")
    item = one.map(str) | pair | (stepped if steps else one.map(str))
    return st.just("*") | st.lists(item, min_size=1, max_size=3).map(",".join)


DOM = st.just("L") | st.integers(1, 31).map(lambda day: f"{day}W") | values(1, 31)
WEEKDAY = st.sampled_from([*NAMES, *"1234567"])
DOW = WEEKDAY.map(lambda day: f"{day}L") | st.tuples(WEEKDAY, st.integers(1, 5)).map(lambda two: f"{two[0]}#{two[1]}")
DAYS = DOM.map(lambda dom: (dom, "?")) | (DOW | values(1, 7, steps=False)).map(lambda dow: ("?", dow))
CRONS = st.builds(
    lambda minute, hour, days, month: f"cron({minute} {hour} {days[0]} {month} {days[1]} *)",
    *(values(0, 59), values(0, 23), DAYS, values(1, 12)),
)
ZONES = st.sampled_from([BERLIN, NEW_YORK, KATHMANDU, LORD_HOWE, ZoneInfo("UTC")])
CHANGES = (
    "2026-03-28T23:00",
    "2026-10-24T22:00",
    "2026-03-08T06:00",
    "2026-11-01T05:00",
    "2026-10-03T14:00",
    "2026-04-04T14:00",
)
MOMENTS = st.sampled_from([*map(instant, CHANGES)]) | st.floats(0, 7_000_000_000, allow_nan=False)


@settings(max_examples=150, deadline=None)
@given(CRONS, MOMENTS, ZONES)
def test_cron_finds_what_walking_minute_by_minute_finds(expression: str, after: float, zone: ZoneInfo) -> None:
    until = after + timedelta(days=2).total_seconds()
    assert [*parse_schedule(expression).due_between(after, until, zone)] == reference(expression, after, until, zone)


@pytest.mark.parametrize(
    "expression",
    ["cron(30 2 ? * MON-FRI *)", "cron(15 2 L * ? *)", "cron(0 1-3/2 15W */2 ? *)", "cron(45 23-2 ? * 6#4 *)"],
)
def test_cron_finds_the_same_over_two_years(expression: str) -> None:
    """The reference is asked on the quarters only: nothing can fit between them."""
    after, until = instant("2026-01-01T00:00"), instant("2028-01-01T00:00")
    quarters = range(int(after) + 900, int(until) + 1, 900)
    walked = [moment for moment in quarters if reference(expression, moment - 60, moment, BERLIN)]
    assert [*parse_schedule(expression).due_between(after, until, BERLIN)] == walked


EXPRESSIONS = CRONS | st.integers(2, 10**6).map(lambda many: f"rate({many} minutes)") | st.just("at(2026-10-25T02:30:00)")


@settings(deadline=None)
@given(EXPRESSIONS, MOMENTS, st.floats(0, 10**8), ZONES)
def test_the_next_planned_time_never_falls(expression: str, moment: float, later: float, zone: ZoneInfo) -> None:
    schedule = parse_schedule(expression)
    first, second = schedule.next_after(moment, zone), schedule.next_after(moment + later, zone)
    if first is None:
        assert second is None
    else:
        assert first > moment
        assert first == int(first)
        assert second is None or second >= first


@settings(deadline=None, max_examples=60)
@given(EXPRESSIONS, MOMENTS, st.floats(0, 3 * 86_400), ZONES)
def test_the_last_planned_time_is_the_last_of_all(expression: str, after: float, seconds: float, zone: ZoneInfo) -> None:
    schedule = parse_schedule(expression)
    everything = [*schedule.due_between(after, after + seconds, zone)]
    assume(len(everything) < 5000)
    assert schedule.last_until(after, after + seconds, zone) == (everything[-1] if everything else None)
    assert all(one < other for one, other in pairwise(everything))
