from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core.expressions import ExpressionError, dates

MOMENT = datetime(2013, 9, 8, 16, 19, 12, 123456, tzinfo=dates.zone("+01:00"))
PARIS = "Europe/Paris"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("2013-09-08T17:19:12+02:00", "2013-09-08T17:19:12.000000+02:00"),
        ("2013-09-08T17:19:12", "2013-09-08T17:19:12.000000+02:00"),
        ("2013-09-08", "2013-09-08T00:00:00.000000+02:00"),
        ("2013-09-08T15:19:12.123456789Z", "2013-09-08T17:19:12.123456+02:00"),
        ("2013-09-08T17:19:12+02:00[Europe/Paris]", "2013-09-08T17:19:12.000000+02:00"),
        ("2013-09-08T17:19+02:00", "2013-09-08T17:19:00.000000+02:00"),
        (MOMENT, "2013-09-08T17:19:12.123456+02:00"),
        (datetime(2013, 9, 8, 17, 19), "2013-09-08T17:19:00.000000+02:00"),  # noqa: DTZ001  a local time is given its zone
        (date(2013, 9, 8), "2013-09-08T12:00:00.000000+02:00"),
        (1378653552, "2013-09-08T17:19:12.000000+02:00"),
        (1378653552.5, "2013-09-08T17:19:12.500000+02:00"),
    ],
)
def test_what_is_read(value: Any, written: str) -> None:
    """Rule 1: what has no offset is in the zone that is named; a number is seconds since 1970."""
    assert dates.write(dates.read(value, PARIS), "iso", PARIS) == written


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("yyyy-MM-dd", "2013-09-08"),
        ("yy/M/d", "13/9/8"),
        ("uuuu", "2013"),
        ("MMM MMMM MMMMM LL", "Sep September S 09"),
        ("E EEE EEEE EEEEE e ee", "Sun Sun Sunday S 7 07"),
        ("D DDD", "251 251"),
        ("w ww YYYY", "36 36 2013"),
        ("Q QQ QQQ", "3 03 Q3"),
        ("H HH h hh K k a", "17 17 5 05 5 17 PM"),
        ("m mm s ss", "19 19 12 12"),
        ("S SSS SSSSSS SSSSSSSSS", "1 123 123456 123456000"),
        ("n", "123456000"),
        ("X XX XXX x xx xxx", "+02 +0200 +02:00 +02 +0200 +02:00"),
        ("Z ZZZZ ZZZZZ", "+0200 GMT+02:00 +02:00"),
        ("z VV", "CEST Europe/Paris"),
        ("G", "AD"),
        ("yyyy-MM-dd'T'HH:mm", "2013-09-08T17:19"),
        ("h 'o''clock'", "5 o'clock"),
        ("yyyy''MM", "2013'09"),
        ("[yyyy]", "2013"),
        ("iso", "2013-09-08T17:19:12.123456+02:00"),
        ("iso_sec", "2013-09-08T17:19:12+02:00"),
        ("sql", "2013-09-08 17:19:12.123456"),
        ("sql_seq", "2013-09-08 17:19:12"),
        ("iso_date_time", "2013-09-08T17:19:12.123456+02:00[Europe/Paris]"),
        ("iso_zoned_date_time", "2013-09-08T17:19:12.123456+02:00[Europe/Paris]"),
        ("iso_offset_date_time", "2013-09-08T17:19:12.123456+02:00"),
        ("iso_date", "2013-09-08+02:00"),
        ("iso_time", "17:19:12.123456+02:00"),
        ("iso_offset_time", "17:19:12.123456+02:00"),
        ("iso_local_date", "2013-09-08"),
        ("iso_local_time", "17:19:12.123456"),
        ("iso_local_date_time", "2013-09-08T17:19:12.123456"),
        ("iso_instant", "2013-09-08T15:19:12.123456Z"),
        ("iso_ordinal_date", "2013-251+02:00"),
        ("iso_week_date", "2013-W36-7+02:00"),
        ("rfc_1123_date_time", "Sun, 8 Sep 2013 17:19:12 +0200"),
        ("full", "Sunday, September 8, 2013 at 5:19:12 PM CEST"),
        ("long", "September 8, 2013 at 5:19:12 PM CEST"),
        ("medium", "Sep 8, 2013, 5:19:12 PM"),
        ("short", "9/8/13, 5:19 PM"),
    ],
)
def test_what_is_written(pattern: str, written: str) -> None:
    """Every letter and every name of a format, in the zone that is named."""
    assert dates.write(MOMENT, pattern, PARIS) == written


def test_what_is_written_in_utc() -> None:
    """Rule 2: without a zone it is UTC, and the letters that say `Z` do."""
    moment = datetime(2022, 2, 8, 0, 5, 26, tzinfo=UTC)
    assert dates.write(moment) == "2022-02-08T00:05:26.000000Z"
    assert dates.write(moment, "X XXX xxx Z ZZZZ ZZZZZ z VV k h a") == "Z Z +00:00 +0000 GMT Z UTC UTC 24 12 AM"
    assert dates.write(moment, "iso_date_time") == "2022-02-08T00:05:26Z"
    assert dates.write(moment, "iso_instant") == "2022-02-08T00:05:26Z"
    assert dates.write(moment, "rfc_1123_date_time") == "Tue, 8 Feb 2022 00:05:26 GMT"


@pytest.mark.parametrize(
    ("text", "pattern", "written"),
    [
        ("July 24, 2001", "MMMM dd, yyyy", "2001-07-24T00:00:00.000000Z"),
        ("24 jul 01", "d MMM yy", "2001-07-24T00:00:00.000000Z"),
        ("Tue, 08 Feb 2022 19:38:26 GMT", "rfc_1123_date_time", "2022-02-08T19:38:26.000000Z"),
        ("2013-09-08 17:19:12.123456", "sql", "2013-09-08T17:19:12.123456Z"),
        ("2013-09-08 17:19:12", "sql_seq", "2013-09-08T17:19:12.000000Z"),
        ("8/9/2013 5:19 PM", "d/M/yyyy h:mm a", "2013-09-08T17:19:00.000000Z"),
        ("8/9/2013 12:19 AM", "d/M/yyyy h:mm a", "2013-09-08T00:19:00.000000Z"),
        ("20130908T171912+0200", "yyyyMMdd'T'HHmmssZ", "2013-09-08T15:19:12.000000Z"),
        ("2013-251", "yyyy-DDD", "2013-09-08T00:00:00.000000Z"),
        ("2013-09-08T17:19:12.5+02:00", "iso_offset_date_time", "2013-09-08T15:19:12.500000Z"),
        ("2013-09-08T17:19:12Z", "iso_instant", "2013-09-08T17:19:12.000000Z"),
        ("2013-09-08 17:19 Europe/Paris", "yyyy-MM-dd HH:mm VV", "2013-09-08T15:19:00.000000Z"),
    ],
)
def test_what_is_read_by_a_format(text: str, pattern: str, written: str) -> None:
    """The letters mean the same when reading."""
    assert dates.write(dates.read(text, None, pattern)) == written


@pytest.mark.parametrize(
    ("value", "pattern", "reason"),
    [
        ("yesterday", None, "not a date in ISO 8601"),
        (True, None, "a boolean is not a date"),
        ([1], None, "a list is not a date"),
        (1e18, None, "seconds since 1970"),
        ("2001-02-30", "yyyy-MM-dd", "not a date of the format"),
        ("2001-02", "yyyy-MM-dd", "not a date of the format"),
        ("1 1", "d d", "in two places"),
        ("1", "W", "cannot be read"),
        ("1", "'x", "a quote that does not end"),
    ],
)
def test_what_cannot_be_read_is_refused(value: Any, pattern: str | None, reason: str) -> None:
    """With the format, never the value."""
    with pytest.raises(ExpressionError, match=reason):
        dates.read(value, None, pattern)


@pytest.mark.parametrize("pattern", ["yyyy-ww-bb", "J", "P"])
def test_letters_that_mean_nothing_are_refused(pattern: str) -> None:
    """Text goes between quotes."""
    with pytest.raises(ExpressionError, match="which means nothing"):
        dates.write(MOMENT, pattern)


def test_instants_outside_of_the_calendar_are_refused() -> None:
    """A zone can move the last day of 9999 out of it."""
    with pytest.raises(ExpressionError, match="years 1 to 9999"):
        dates.write(datetime(9999, 12, 31, 23, tzinfo=UTC), "iso", "+10:00")
    with pytest.raises(ExpressionError, match="more than 200 characters"):
        dates.write(MOMENT, "y" * 201)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../../etc/passwd", "", "+99:00", "/etc/localtime", "a" * 1000, "\0"])
def test_unknown_zones_are_refused(name: str) -> None:
    """Nothing is read that is not a time zone."""
    with pytest.raises(ExpressionError, match="there is no time zone"):
        dates.zone(name)


@pytest.mark.parametrize(("name", "hours"), [("+02:00", 2), ("-0330", -3.5), ("+5", 5), ("UTC+1", 1), ("GMT-2", -2), ("Z", 0), (None, 0)])
def test_offsets_are_zones(name: str | None, hours: float) -> None:
    """As Java's ZoneId takes them."""
    assert dates.zone(name).utcoffset(None) == timedelta(hours=hours)


MOMENTS = st.datetimes(datetime(1000, 1, 2), datetime(9998, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001  bounds of a strategy


@settings(deadline=None)
@given(
    MOMENTS,
    st.sampled_from(
        ["iso", "iso_offset_date_time", "iso_date_time", "yyyy-MM-dd HH:mm:ss.SSSSSS Z", "EEEE d MMMM uuuu hh:mm:ss.SSSSSS a X"]
    ),
)
def test_what_is_written_reads_back(moment: datetime, pattern: str) -> None:
    """Writing and reading by the same format is the same instant, in any zone."""
    for name in ("UTC", "America/New_York"):
        assert dates.read(dates.write(moment, pattern, name), name, pattern) == moment or moment.year < 1970
    assert dates.read(dates.write(moment, pattern), None, pattern) == moment


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_format_is_taken_or_refused(value: str, pattern: str) -> None:
    """No text raises anything but an error of ours."""
    for work in (
        lambda: dates.read(value),
        lambda: dates.read(value, None, pattern),
        lambda: dates.write(MOMENT, pattern),
        lambda: dates.zone(value),
    ):
        try:
            work()
        except ExpressionError as error:
            assert str(error)  # noqa: PT017  both outcomes are right
