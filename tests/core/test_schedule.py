"""Cron expressions in their zones: what they mean, and what is refused."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core.schedule import fires_between, load_zone, next_fire, parse_cron, parse_schedule, previous_fire
from onbeat.errors import UserError

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


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
