"""Which instants are due, and which were missed."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onbeat.core import schedule
from onbeat.core.schedule import COUNTED, Due, due, parse_cron

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
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
