from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate, islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core import schedule
from onbeat.core.schedule import COUNTED, Cron, Due, due, fires_between, load_zone, next_fire, parse_cron, parse_schedule, previous_fire
from onbeat.errors import UserError

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

CHANGES = [
    ("Europe/Berlin", "2026-03-29"),  # 02:00 -> 03:00
    ("Europe/Berlin", "2026-10-25"),  # 03:00 -> 02:00
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("Australia/Lord_Howe", "2026-10-04"),  # half an hour: 02:00 -> 02:30
    ("Australia/Lord_Howe", "2026-04-05"),  # and back: 02:00 -> 01:30
    ("Africa/Cairo", "2026-04-24"),  # midnight does not exist
    ("Africa/Cairo", "2026-10-30"),  # the hour before midnight exists twice
    ("America/St_Johns", "2011-03-13"),  # 00:01 -> 01:01
    ("America/St_Johns", "2010-11-07"),  # 00:01 -> 23:01 the day before
    ("Pacific/Apia", "2011-12-30"),  # a day that does not exist
    ("UTC", "2026-03-29"),
]

EXPRESSIONS = [
    "* * * * *",
    "*/7 * * * *",
    "*/10 5 * * *",
    "* 2 * * *",
    "*/30 0-3 * * *",
    "30 * * * *",
    "0 */2 * * *",
    "15 */3 * * 0,6",
    "30 2 * * *",
    "0,30 2 * * *",
    "0 0 * * *",
    "59 23 * * *",
    "0-59/10 1-3 * * *",
    "0/20 2 * * *",
    "45 1,2,3 * * *",
    "0 9 * * 1-5",
    "5 0 29,30,31 * *",
    "30 2 29 3,10 0",
    "0 2 */2 * 7",
    "1 1 1 1 1",
]


def parsed(field: str, low: int, high: int) -> set[int]:
    """The numbers that a field of the oracle's small grammar means."""
    numbers: set[int] = set()
    for term in field.split(","):
        span, _, step = term.partition("/")
        first, dash, last = ("*", "", "") if span == "*" else span.partition("-")
        start = low if first == "*" else int(first)
        end = high if first == "*" or (step and not dash) else int(last or first)
        numbers |= set(range(start, end + 1, int(step or 1)))
    return numbers


@cache
def window(zone: str, day: str) -> tuple[list[datetime], list[datetime]]:
    """Each minute of the three days around, in UTC and as the wall shows it."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=1, hours=12)
    instants = [start + number * MINUTE for number in range(3 * 1440)]
    return instants, [instant.astimezone(load_zone(zone)).replace(tzinfo=None) for instant in instants]


def expected(expression: str, zone: str, day: str) -> list[datetime]:
    """What fires in the window, by looking at every minute of it."""
    minute, hour, day_of_month, month, day_of_week = expression.split()
    minutes, hours, months = parsed(minute, 0, 59), parsed(hour, 0, 23), parsed(month, 1, 12)
    days, weekdays = parsed(day_of_month, 1, 31), {number % 7 for number in parsed(day_of_week, 0, 7)}
    both = day_of_month.startswith("*") or day_of_week.startswith("*")

    def matches(wall: datetime) -> bool:
        in_days, in_weekdays = wall.day in days, wall.isoweekday() % 7 in weekdays
        on_day = in_days and in_weekdays if both else in_days or in_weekdays
        return wall.minute in minutes and wall.hour in hours and wall.month in months and on_day

    instants, walls = window(zone, day)
    if minute.startswith("*") or hour.startswith("*"):
        return [instant for instant, wall in zip(instants, walls, strict=True) if matches(wall)]
    latest = list(accumulate(walls, max))  # a wall time fires at the first instant that shows it or a later one
    naive = [walls[0] + number * MINUTE for number in range(int((latest[-1] - walls[0]) / MINUTE) + 1)]
    return sorted({instants[bisect_left(latest, wall)] for wall in naive if matches(wall)})


def actual(cron: Cron, zone: str, day: str) -> list[datetime]:
    """What fires in the window, as the module says."""
    instants, _ = window(zone, day)
    return list(fires_between(cron, zone, instants[0] - timedelta(seconds=1), instants[-1], 10_000))


@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_table_of_expressions_fires_as_a_look_at_every_minute_says(expression: str, zone: str, day: str) -> None:
    """Around each change of clocks nothing is lost, nothing runs twice that is meant once."""
    assert actual(parse_cron(expression), zone, day) == expected(expression, zone, day)


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    """A cron field of the oracle's grammar."""
    numbers = st.integers(low, high)
    spans = st.tuples(numbers, numbers).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.integers(1, max(2, high // 2))
    terms = numbers.map(str) | spans | st.tuples(spans | st.just("*"), steps).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.just("*") | st.lists(terms, min_size=1, max_size=3).map(",".join)


@settings(deadline=None)
@given(st.tuples(fields(0, 59), fields(0, 23), fields(1, 31), fields(1, 12), fields(0, 7)).map(" ".join), st.sampled_from(CHANGES))
def test_random_expressions_fire_as_a_look_at_every_minute_says(expression: str, change: tuple[str, str]) -> None:
    """So does any expression; walking backward and counting with seconds give the same."""
    zone, day = change
    try:
        cron = parse_cron(expression)
    except UserError as error:
        assert "never fires" in str(error)  # noqa: PT017 some days are in none of their months
        return
    found = actual(cron, zone, day)
    assert found == expected(expression, zone, day)
    assert actual(parse_cron(f"0 {expression}", with_seconds=True), zone, day) == found
    instants, _ = window(zone, day)
    backward, at = [], instants[-1] + MINUTE
    while len(backward) < min(len(found), 50):
        at = previous_fire(cron, zone, at)
        backward.append(at)
    assert backward == found[::-1][: len(backward)]


@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize("expression", ["*/30 0-3 * * *", "30 2 * * *", "0,30 0-3 * * *", "0-59/20 23 * * *", "*/5 * * * *"])
def test_walking_from_any_instant_gives_the_same_fires(expression: str, zone: str, day: str) -> None:
    """Where the walk begins, inside a repeated hour or in the middle of a second, changes nothing."""
    cron = parse_cron(expression)
    found = actual(cron, zone, day)
    instants, _ = window(zone, day)
    for start in instants[600:-600:11]:
        for at in (start, start + timedelta(microseconds=1), start - timedelta(microseconds=1)):
            following = [instant for instant in found if instant > at]
            before = [instant for instant in found if instant < at]
            assert not following or next_fire(cron, zone, at) == following[0]
            assert not before or previous_fire(cron, zone, at) == before[-1]


def local(expression: str, zone: str, after: str, count: int, with_seconds: bool = False) -> list[str]:
    """The next fires as the wall shows them."""
    cron = parse_cron(expression, with_seconds)
    start = datetime.fromisoformat(after).replace(tzinfo=load_zone(zone))
    found = fires_between(cron, zone, start, start + timedelta(days=20_000), count)
    return [f"{instant.astimezone(load_zone(zone)):%Y-%m-%dT%H:%M:%S%z}" for instant in found]


def test_a_wall_time_that_does_not_exist_fires_once_at_the_first_that_does() -> None:
    """The nightly job of 02:30 runs at 03:00 on the short night, and one of 02:00 and 02:30 runs there once."""
    gap = ["2026-03-29T03:00:00+0200", "2026-03-30T02:30:00+0200"]
    assert local("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 2) == gap
    assert local("0 30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 2, with_seconds=True) == gap
    assert local("0,30 2 * * *", "Europe/Berlin", "2026-03-28T12:00", 2) == [gap[0], "2026-03-30T02:00:00+0200"]
    assert local("0 9 30 12 *", "Pacific/Apia", "2011-12-29T12:00", 1) == ["2011-12-31T00:00:00+1400"]


def test_a_wall_time_that_exists_twice_fires_once_at_the_first() -> None:
    """The nightly job of 02:30 runs once on the long night."""
    once = ["2026-10-25T02:30:00+0200", "2026-10-26T02:30:00+0100"]
    assert local("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", 2) == once
    assert local("*/30 30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", 3, with_seconds=True) == [
        once[0],
        "2026-10-25T02:30:30+0200",
        once[1],
    ]


def test_where_the_minute_or_hour_begins_with_a_star_time_elapses() -> None:
    """Every half hour is every half hour, also in the night that has an hour more or less."""
    assert local("*/30 * * * *", "Europe/Berlin", "2026-03-29T01:00", 3) == [
        "2026-03-29T01:30:00+0100",
        "2026-03-29T03:00:00+0200",
        "2026-03-29T03:30:00+0200",
    ]
    assert local("*/30 * * * *", "Europe/Berlin", "2026-10-25T02:00", 4) == [
        "2026-10-25T02:30:00+0200",
        "2026-10-25T02:00:00+0100",
        "2026-10-25T02:30:00+0100",
        "2026-10-25T03:00:00+0100",
    ]


def test_seconds_come_first() -> None:
    """Six fields, as in Spring and Quartz."""
    assert local("*/20 0 12 * * *", "UTC", "2026-01-01T00:00", 4, with_seconds=True) == [
        "2026-01-01T12:00:00+0000",
        "2026-01-01T12:00:20+0000",
        "2026-01-01T12:00:40+0000",
        "2026-01-02T12:00:00+0000",
    ]


@pytest.mark.parametrize(
    ("alias", "fires"),
    [
        ("@hourly", ["2026-01-01T01:00:00+0000", "2026-01-01T02:00:00+0000"]),
        ("@daily", ["2026-01-02T00:00:00+0000", "2026-01-03T00:00:00+0000"]),
        ("@midnight", ["2026-01-02T00:00:00+0000", "2026-01-03T00:00:00+0000"]),
        ("@weekly", ["2026-01-04T00:00:00+0000", "2026-01-11T00:00:00+0000"]),
        ("@monthly", ["2026-02-01T00:00:00+0000", "2026-03-01T00:00:00+0000"]),
        ("@yearly", ["2027-01-01T00:00:00+0000", "2028-01-01T00:00:00+0000"]),
        ("@ANNUALLY", ["2027-01-01T00:00:00+0000", "2028-01-01T00:00:00+0000"]),
        ("0 12 ? * MON-FRI", ["2026-01-01T12:00:00+0000", "2026-01-02T12:00:00+0000"]),
        ("0 0 L * ?", ["2026-01-31T00:00:00+0000", "2026-02-28T00:00:00+0000"]),
        ("0 0 LW * *", ["2026-01-30T00:00:00+0000", "2026-02-27T00:00:00+0000"]),
        ("0 0 * * 5#2", ["2026-01-09T00:00:00+0000", "2026-02-13T00:00:00+0000"]),
        ("0 0 * * fri", ["2026-01-02T00:00:00+0000", "2026-01-09T00:00:00+0000"]),
        ("0 0 * * 5L", ["2026-01-30T00:00:00+0000", "2026-02-27T00:00:00+0000"]),
        ("0 0 29 feb *", ["2028-02-29T00:00:00+0000", "2032-02-29T00:00:00+0000"]),
        ("0 0 13 * 5", ["2026-01-02T00:00:00+0000", "2026-01-09T00:00:00+0000"]),
        ("5-5/10 0-0/1 1 1 *", ["2026-01-01T00:05:00+0000", "2027-01-01T00:05:00+0000"]),
        ("0 0 */13 * 3", ["2026-01-14T00:00:00+0000", "2026-04-01T00:00:00+0000"]),
    ],
)
def test_aliases_and_the_days_of_quartz_and_debian(alias: str, fires: list[str]) -> None:
    """Aliases, `?`, `L`, `LW`, `#`, names in any case; day-of-month and day-of-week are either, or both when one begins with `*`."""
    assert local(alias, "UTC", "2026-01-01T00:00", 2) == fires


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("60 * * * *", "`60` does not fit the minute field; use 0-59"),
        ("* 24 * * *", "`24` does not fit the hour field; use 0-23"),
        ("* * 0 * *", "`0` does not fit the day-of-month field; use 1-31"),
        ("* * 15W * *", "`15W` does not fit the day-of-month field; use 1-31, `L`"),
        ("* * L-3 * *", "`L-3` does not fit the day-of-month field"),
        ("* * * 13 *", "`13` does not fit the month field; use 1-12 or JAN-DEC"),
        ("* * * * 8", "`8` does not fit the day-of-week field; use 0-7"),
        ("* * * * L", "`L` does not fit the day-of-week field"),
        ("? * * * *", "`?` does not fit the minute field"),
        ("1,, * * * *", "`1,,` does not fit the minute field"),
        ("-1 * * * *", "`-1` does not fit the minute field"),
        ("٣ * * * *", "`٣` does not fit the minute field"),
        ("*/0 * * * *", "`*/0` does not fit the minute field"),
        ("*/90 * * * *", "`*/90` steps over the whole minute field; use a step of at most 59"),
        ("0 1,*/24 * * *", "`1,*/24` steps over the whole hour field; use a step of at most 23"),
        ("0 22-2 * * *", "a range goes up; write `22-23,0-2`"),
        ("0 0 20-10 * *", "a range goes up; write `20-31,1-10`"),
        ("0 0 * * 5-1", "a range goes up; write `5-6,0-1`"),
        ("0 0 31 2,4 *", "never fires: no such day in its months"),
        ("0 0 */30 2 1L", "never fires; check its day and month"),
        ("", "has 0 fields, not 5; write `minute hour day-of-month month day-of-week`"),
        ("* * *", "has 3 fields, not 5"),
        ("0 * * * * *", "has 6 fields, not 5; set `withSeconds: true`"),
        ("0 0 0 1 1 ? 2027", "years are not taken"),
        ("@every 5m", "is not a cron alias; use one of @hourly"),
        ("@dayly", "is not a cron alias; did you mean `@daily`?"),
        ("* " * 5000, "more than 256 characters"),
    ],
)
def test_a_wrong_expression_is_refused_with_field_value_and_cure(text: str, message: str) -> None:
    """The author sees which part is wrong and what to write."""
    with pytest.raises(UserError) as error:
        parse_cron(text)
    assert message in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("*/5 * * * *", "has 5 fields, not 6; put the seconds first, like `0 */5 * * * *`"),
        ("60 * * * * *", "`60` does not fit the second field; use 0-59"),
        ("0 0 0 1 1 ? 2027", "has 7 fields, not 6; years are not taken; leave the last field out"),
        ("* *", "has 2 fields, not 6; write `second minute hour"),
    ],
)
def test_a_wrong_expression_with_seconds_is_refused(text: str, message: str) -> None:
    """With seconds there are six fields, no fewer."""
    with pytest.raises(UserError) as error:
        parse_cron(text, with_seconds=True)
    assert message in str(error.value)


@settings(deadline=None)
@given(st.text("0123456789*/-,?LW#@ MONFRIADEC\t", max_size=30))
def test_any_text_is_an_expression_that_fires_or_is_refused(text: str) -> None:
    """Nothing but a UserError comes out for what is not cron."""
    for with_seconds in (False, True):
        try:
            cron = parse_cron(text, with_seconds)
        except UserError:
            continue
        assert next_fire(cron, "Europe/Berlin", NOW) > NOW > previous_fire(cron, "Europe/Berlin", NOW)


@pytest.mark.parametrize(
    ("zone", "message"),
    [
        ("Berlin", "`Berlin` is not a time zone; did you mean `Europe/Berlin`?"),
        ("Europe/Berlni", "did you mean `Europe/Berlin`?"),
        ("../etc/passwd", "write it like `Europe/Berlin`"),
        ("", "write it like `Europe/Berlin`"),
        ("a\0b", "write it like `Europe/Berlin`"),
        ("+25:00", "is not a time zone"),
        ("x" * 10_000, "is not a time zone"),
    ],
)
def test_a_wrong_zone_is_refused_with_the_nearest(zone: str, message: str) -> None:
    """A zone is a name of the IANA list, or an offset."""
    with pytest.raises(UserError) as error:
        parse_schedule("* * * * *", zone)
    assert message in str(error.value)
    assert len(str(error.value)) < 200


def test_a_schedule_is_an_expression_in_a_zone() -> None:
    """UTC when none is named; offsets and `Z` are zones."""
    assert parse_schedule("@daily").zone == "UTC"
    offset = parse_schedule("0 9 * * *", "-03:30")
    assert next_fire(offset.cron, offset.zone, NOW) == datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
    assert load_zone("Z").utcoffset(NOW) == timedelta()


def test_instants_come_strictly_after_and_until_is_included() -> None:
    """Walking on from a fire never gives it again."""
    cron = parse_cron("0 * * * *")
    assert next_fire(cron, "UTC", NOW) == NOW + timedelta(hours=1)
    assert next_fire(cron, "UTC", NOW - timedelta(microseconds=1)) == NOW
    assert previous_fire(cron, "UTC", NOW) == NOW - timedelta(hours=1)
    assert previous_fire(cron, "UTC", NOW + timedelta(microseconds=1)) == NOW
    assert list(fires_between(cron, "UTC", NOW, NOW + timedelta(hours=2), 10)) == [NOW + timedelta(hours=1), NOW + timedelta(hours=2)]
    assert len(list(fires_between(cron, "UTC", NOW, NOW + timedelta(days=1), 3))) == 3
    assert next_fire(cron, "UTC", NOW.astimezone(load_zone("Asia/Kolkata"))) == NOW + timedelta(hours=1)


def test_fires_are_computed_as_they_are_taken() -> None:
    """A backfill of ten years of seconds costs what is taken of it."""
    years = fires_between(parse_cron("* * * * * *", with_seconds=True), "Europe/Berlin", NOW, NOW + timedelta(days=3650), 10**9)
    assert len(list(islice(years, 5))) == 5


MINUTELY = parse_cron("* * * * *")


def minutes_ago(*numbers: float) -> tuple[datetime, ...]:
    """Instants before NOW."""
    return tuple(NOW - number * MINUTE for number in numbers)


@pytest.mark.parametrize("policy", ["ALL", "LAST", "NONE"])
def test_an_instant_that_has_just_come_is_due_under_each_policy(policy: Any) -> None:
    """Policies are about what was missed, not about the tick that a loop under load sees some seconds late."""
    for late in (timedelta(), timedelta(milliseconds=3), schedule.ON_TIME):
        assert due(MINUTELY, "UTC", NOW - MINUTE, NOW + late, policy, None) == Due((NOW,), 0)
    assert due(MINUTELY, "UTC", NOW, NOW + timedelta(seconds=59), policy, None) == Due((), 0)


@pytest.mark.parametrize(
    ("policy", "instants", "missed"),
    [("ALL", minutes_ago(4, 3, 2, 1), 0), ("LAST", minutes_ago(1), 3), ("NONE", (), 4)],
)
def test_what_was_missed_is_due_by_policy(policy: Any, instants: tuple[datetime, ...], missed: int) -> None:
    """After a pause: every instant, the newest, or none; what is skipped is counted."""
    last, now = NOW - 5 * MINUTE, NOW - timedelta(seconds=20)
    assert due(MINUTELY, "UTC", last, now, policy, None) == Due(instants, missed)


def test_the_newest_is_on_time_and_the_older_ones_are_missed() -> None:
    """LAST and NONE run what is on time and nothing older."""
    for policy in ("LAST", "NONE"):
        assert due(MINUTELY, "UTC", NOW - 5 * MINUTE, NOW, policy, None) == Due((NOW,), 4)  # type: ignore[arg-type]


def test_nothing_is_due_twice_when_the_clock_steps_back() -> None:
    """What is evaluated stays evaluated until time has caught up; nothing is due before a first evaluation."""
    for last in (NOW, NOW + MINUTE, NOW + timedelta(days=400)):
        assert due(MINUTELY, "UTC", last, NOW, "ALL", None) == Due((), 0)
    assert due(MINUTELY, "UTC", None, NOW, "ALL", None) == Due((), 0)


def test_what_is_later_than_the_maximum_is_missed() -> None:
    """lateMaximumDelay holds under each policy, and for what would be on time too."""
    last = NOW - 10 * MINUTE
    assert due(MINUTELY, "UTC", last, NOW, "ALL", 2 * MINUTE) == Due(minutes_ago(2, 1, 0), 7)
    assert due(MINUTELY, "UTC", last, NOW - timedelta(seconds=20), "LAST", timedelta(seconds=30)) == Due((), 9)
    assert due(MINUTELY, "UTC", last, NOW + timedelta(seconds=5), "ALL", timedelta(seconds=1)) == Due((), 10)


def test_the_oldest_beyond_the_cap_are_missed() -> None:
    """A long outage does not flood the engine, and its count is bounded so that it costs no time either."""
    assert due(MINUTELY, "UTC", NOW - 5 * MINUTE, NOW, "ALL", None, cap=2) == Due(minutes_ago(1, 0), 3)
    long = due(MINUTELY, "Europe/Berlin", NOW - timedelta(days=3650), NOW, "ALL", None)
    assert (len(long.instants), long.instants[-1], long.missed) == (1_000, NOW, COUNTED)


def test_a_daily_run_missed_over_the_change_of_clocks_keeps_its_instant() -> None:
    """Its identity is the instant at which it should have run."""
    last, now = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 30, 12, tzinfo=UTC)
    assert due(parse_cron("30 2 * * *"), "Europe/Berlin", last, now, "ALL", None).instants == (
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 30, 0, 30, tzinfo=UTC),
    )


@settings(deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=20), st.sampled_from(["*/7 * * * *", "30 2 * * *", "0 */3 * * *"]))
def test_however_often_it_is_evaluated_each_instant_is_due_once(steps: list[int], expression: str) -> None:
    """Evaluating in many steps, forward and back, gives the same as evaluating once."""
    cron, start = parse_cron(expression), datetime(2026, 10, 24, tzinfo=UTC)
    last, found = start, []
    for step in steps:
        now = start + step * MINUTE
        found += due(cron, "Europe/Berlin", last, now, "ALL", None).instants
        last = max(last, now)
    assert tuple(found) == due(cron, "Europe/Berlin", start, last, "ALL", None).instants
