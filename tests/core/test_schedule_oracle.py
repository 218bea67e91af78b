"""Fires of cron expressions against a look at every minute."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core.schedule import Cron, fires_between, load_zone, next_fire, parse_cron, previous_fire
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
