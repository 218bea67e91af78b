"""A backfill's instants: all of the range, each once, and where it goes on."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onbeat.core.backfill import Backfill, Progress, following, instants, progress_of
from onbeat.core.times import from_datetime
from onbeat.core.timetable import IntervalTable
from onbeat.errors import UserError

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY = IntervalTable(HOUR)


def backfill(hours: int) -> Backfill:
    """One of so many hours."""
    return Backfill(id="b", start=from_datetime(START), end=from_datetime(START + hours * HOUR))


def test_both_ends_are_in_the_range() -> None:
    """From the first to the last instant."""
    one = backfill(2)
    assert instants(HOURLY, one.start, one.end) == [START, START + HOUR, START + 2 * HOUR]
    assert instants(HOURLY, one.start, one.start) == [START]


def test_a_range_that_is_wrong_or_too_long_is_refused() -> None:
    """With what to do."""
    one = backfill(2)
    with pytest.raises(UserError, match="exchange"):
        instants(HOURLY, one.end, one.start)
    with pytest.raises(UserError, match="more than 2 runs"):
        instants(HOURLY, one.start, one.end, 2)


@given(st.integers(0, 30), st.lists(st.integers(1, 7), min_size=1, max_size=40))
def test_however_it_is_cut_each_instant_comes_once(hours: int, limits: list[int]) -> None:
    """Going on from the progress gives what is left, and says when that is all."""
    one, progress, found, last = backfill(hours), Progress(id="b"), list[datetime](), False
    for limit in [*limits, 100]:
        if last:
            break
        more, last = following(one, progress, HOURLY, limit)
        assert len(more) <= limit
        found += more
        progress = Progress(id="b", current=from_datetime(found[-1]), runs=len(found))
    assert found == instants(HOURLY, one.start, one.end)
    assert last


def test_the_progress_of_an_earlier_backfill_is_not_this_ones() -> None:
    """A new backfill of the same trigger begins at its beginning."""
    old = Progress(id="a", current=5, runs=3, done=True)
    rows = {"t.f.s": msgspec.json.encode(old).decode()}
    assert progress_of(rows, "t.f.s", backfill(1)) == Progress(id="b")
    assert progress_of(rows, "t.f.s", Backfill(id="a", start=0, end=9)) == old
    assert progress_of({}, "t.f.s", backfill(1)) == Progress(id="b")


def test_its_runs_are_its_own() -> None:
    """The same instant in another backfill, or of the schedule itself, is another run."""
    assert backfill(1).key(START) == "b/2026-01-01T00:00:00.000000Z"
