"""Timetables: which instants they have, which are due, and which were missed."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core import timetable
from onbeat.core.durations import parse_duration
from onbeat.core.schedule import parse_schedule
from onbeat.core.timetable import COUNTED, CronTable, DateTable, Due, IntervalTable, between, dates_of, due, interval_of
from onbeat.errors import UserError

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTELY = CronTable(parse_schedule("* * * * *"))
BERLIN = "Europe/Berlin"


def minutes_ago(*numbers: float) -> tuple[datetime, ...]:
    """Instants before NOW."""
    return tuple(NOW - number * MINUTE for number in numbers)


@pytest.mark.parametrize("policy", ["ALL", "LAST", "NONE"])
def test_an_instant_that_has_just_come_is_due_under_each_policy(policy: Any) -> None:
    """Policies are about what was missed, not about the tick that a loop under load sees some seconds late."""
    for late in (timedelta(), timedelta(milliseconds=3), timetable.ON_TIME):
        assert due(MINUTELY, NOW - MINUTE, NOW + late, policy, None) == Due((NOW,), 0)
    assert due(MINUTELY, NOW, NOW + timedelta(seconds=59), policy, None) == Due((), 0)


@pytest.mark.parametrize(
    ("policy", "instants", "missed"),
    [("ALL", minutes_ago(4, 3, 2, 1), 0), ("LAST", minutes_ago(1), 3), ("NONE", (), 4)],
)
def test_what_was_missed_is_due_by_policy(policy: Any, instants: tuple[datetime, ...], missed: int) -> None:
    """After a pause: every instant, the newest, or none; what is skipped is counted."""
    last, now = NOW - 5 * MINUTE, NOW - timedelta(seconds=20)
    assert due(MINUTELY, last, now, policy, None) == Due(instants, missed)


def test_the_newest_is_on_time_and_the_older_ones_are_missed() -> None:
    """LAST and NONE run what is on time and nothing older."""
    for policy in ("LAST", "NONE"):
        assert due(MINUTELY, NOW - 5 * MINUTE, NOW, policy, None) == Due((NOW,), 4)  # type: ignore[arg-type]


def test_nothing_is_due_twice_when_the_clock_steps_back() -> None:
    """What is evaluated stays evaluated until time has caught up; nothing is due before a first evaluation."""
    for last in (NOW, NOW + MINUTE, NOW + timedelta(days=400)):
        assert due(MINUTELY, last, NOW, "ALL", None) == Due((), 0)
    assert due(MINUTELY, None, NOW, "ALL", None) == Due((), 0)


def test_what_is_later_than_the_maximum_is_missed() -> None:
    """lateMaximumDelay holds under each policy, and for what would be on time too."""
    last = NOW - 10 * MINUTE
    assert due(MINUTELY, last, NOW, "ALL", 2 * MINUTE) == Due(minutes_ago(2, 1, 0), 7)
    assert due(MINUTELY, last, NOW - timedelta(seconds=20), "LAST", timedelta(seconds=30)) == Due((), 9)
    assert due(MINUTELY, last, NOW + timedelta(seconds=5), "ALL", timedelta(seconds=1)) == Due((), 10)


def test_the_oldest_beyond_the_cap_are_missed() -> None:
    """A long outage does not flood the engine, and its count is bounded so that it costs no time either."""
    assert due(MINUTELY, NOW - 5 * MINUTE, NOW, "ALL", None, cap=2) == Due(minutes_ago(1, 0), 3)
    long = due(CronTable(parse_schedule("* * * * *", BERLIN)), NOW - timedelta(days=3650), NOW, "ALL", None)
    assert (len(long.instants), long.instants[-1], long.missed) == (1_000, NOW, COUNTED)


def test_a_daily_run_missed_over_the_change_of_clocks_keeps_its_instant() -> None:
    """Its identity is the instant at which it should have run."""
    last, now = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 30, 12, tzinfo=UTC)
    assert due(CronTable(parse_schedule("30 2 * * *", BERLIN)), last, now, "ALL", None).instants == (
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 30, 0, 30, tzinfo=UTC),
    )


@settings(deadline=None)
@given(st.lists(st.integers(0, 3000), min_size=1, max_size=20), st.sampled_from(["*/7 * * * *", "30 2 * * *", "0 */3 * * *"]))
def test_however_often_it_is_evaluated_each_instant_is_due_once(steps: list[int], expression: str) -> None:
    """Evaluating in many steps, forward and back, gives the same as evaluating once."""
    table, start = CronTable(parse_schedule(expression, BERLIN)), datetime(2026, 10, 24, tzinfo=UTC)
    last, found = start, []
    for step in steps:
        now = start + step * MINUTE
        found += due(table, last, now, "ALL", None).instants
        last = max(last, now)
    assert tuple(found) == due(table, start, last, "ALL", None).instants


# ---- intervals and dates ---------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.sampled_from(["PT1S", "PT7M", "PT5M", "PT1H", "P1D", "P1W"]),
    st.integers(-10 * 365 * 86_400, 70 * 365 * 86_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
def test_an_intervals_instants_are_its_multiples_since_1970(text: str, instant: datetime) -> None:
    """Wherever one asks from, each step is the interval, nothing is left out on either side, and none is the instant itself."""
    table, step = interval_of(parse_duration(text)), parse_duration(text)
    following, previous = table.after(instant), table.before(instant)
    first, second, last, other = next(following), next(following), next(previous), next(previous)
    assert last < instant < first
    assert second - first == last - other == step
    assert first - last in (step, 2 * step)
    assert first - last == step or (instant - last) == step
    assert (first - datetime(1970, 1, 1, tzinfo=UTC)) % step == timedelta()


@pytest.mark.parametrize("text", ["PT0S", "PT0.5S", "PT1.5S"])
def test_an_interval_has_whole_seconds(text: str) -> None:
    """Instants are whole seconds; an interval without length would never end."""
    with pytest.raises(UserError, match="whole seconds"):
        interval_of(parse_duration(text))


def test_dates_are_sorted_and_each_is_once() -> None:
    """Offsets are heeded, seconds are whole, and what has no offset is on the wall of the zone."""
    table = dates_of(
        ["2026-11-21T13:00:00+01:00", "2026-11-20T12:00:00.7Z", "2026-11-21T12:00:00Z", "2026-12-24"], timezone(timedelta(hours=1))
    )
    assert table.dates == (
        datetime(2026, 11, 20, 12, tzinfo=UTC),
        datetime(2026, 11, 21, 12, tzinfo=UTC),
        datetime(2026, 12, 23, 23, tzinfo=UTC),
    )
    assert list(table.after(NOW)) == [datetime(2026, 12, 23, 23, tzinfo=UTC)]
    assert list(table.before(NOW)) == [datetime(2026, 11, 20, 12, tzinfo=UTC)]
    assert due(table, NOW - timedelta(days=2), NOW, "ALL", None) == Due(table.dates[:2], 0)
    assert due(DateTable(()), NOW - MINUTE, NOW, "ALL", None) == Due((), 0)


def test_a_text_that_is_no_date_is_refused() -> None:
    """With the way to write one."""
    with pytest.raises(UserError, match=r"`soon` is not a date; write it as 2026-"):
        dates_of(["soon"], UTC)


def test_between_includes_its_end_and_stops_at_the_limit() -> None:
    """Computed as it is taken."""
    table = IntervalTable(MINUTE)
    assert list(between(table, NOW, NOW + 3 * MINUTE, 10)) == [NOW + n * MINUTE for n in (1, 2, 3)]
    assert list(between(table, NOW, NOW + timedelta(days=10_000), 2)) == [NOW + n * MINUTE for n in (1, 2)]
