"""Time is divided as a chart wants it."""

import pytest

from onbeat.api.buckets import DAY, buckets, fitting
from onbeat.core.event import Micros
from onbeat.core.times import from_iso, iso
from onbeat.errors import UserError
from onbeat.ports.search import Bucket
from onbeat.stores.memory_search import start_of

START = from_iso("2026-01-15T10:30:00Z")
HOUR = DAY // 24


@pytest.mark.parametrize(
    ("length", "by"),
    [(HOUR, "minute"), (6 * HOUR, "minute"), (7 * HOUR, "hour"), (2 * DAY, "day"), (200 * DAY, "week"), (400 * DAY, "month")],
)
def test_a_bucket_fits_the_length(length: Micros, by: Bucket) -> None:
    """As Kestra's charts."""
    assert fitting(START, START + length) == by


@pytest.mark.parametrize("by", ["minute", "hour", "day", "week", "month"])
@pytest.mark.parametrize("offset", [0, HOUR, -5 * HOUR])
def test_they_begin_where_the_store_begins_them(by: Bucket, offset: Micros) -> None:
    """Each instant of the stretch is in one of them, whatever the time zone."""
    end = START + 70 * (HOUR if by in ("minute", "hour") else DAY) // (60 if by == "minute" else 1)
    found = buckets(START, end, by, offset)
    assert found == sorted(set(found))
    for at in range(START, end, (end - START) // 97):
        assert start_of(at, by, offset) in found
    assert found[0] <= START < found[1]


def test_months_have_their_own_lengths() -> None:
    """They begin on the first."""
    assert [iso(at)[:10] for at in buckets(START, START + 60 * DAY, "month")] == ["2026-01-01", "2026-02-01", "2026-03-01"]


def test_there_are_not_too_many() -> None:
    """Who asks for a year of minutes is told."""
    with pytest.raises(UserError, match="more than 2000 minutes"):
        buckets(START, START + 365 * DAY, "minute")
