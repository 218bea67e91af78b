"""Condition: what all of them share: dates, properties that are expressions, and words for people."""

import pytest
from pydantic import ValidationError

from onbeat.core.conditions.condition import read_moment
from onbeat.core.expressions import ExpressionError
from tests.core.conditions.facts import condition, facts


@pytest.mark.parametrize(("text", "iso"), [
    ("2026-11-21T12:00:00Z", "2026-11-21T12:00:00+00:00"),
    ("2026-11-21T12:00:00+05:30", "2026-11-21T12:00:00+05:30"),
    ("2026-11-21T12:00:00", "2026-11-21T12:00:00+00:00"),
    ("2026-11-21", "2026-11-21T00:00:00+00:00"),
])  # fmt: skip
def test_a_moment_keeps_its_offset_and_is_utc_without_one(text: str, iso: str):
    """A day of the week is that of the place the date was written for."""
    assert read_moment(text).isoformat() == iso


@pytest.mark.parametrize("text", ["tomorrow", "", 5, None, {"a": 1}])
def test_what_is_no_date_says_how_to_write_one(text: object):
    """Whatever it is."""
    with pytest.raises(ExpressionError, match="write it as 2026-11-21T12:00:00Z"):
        read_moment(text)


def test_the_date_is_the_triggers_else_now():
    """A schedule's date is when it was due, not when it ran; an event without one is of now; `date` goes before both."""
    saturday = condition("DayWeek", dayOfWeek="SATURDAY")
    friday = condition("DayWeek", dayOfWeek="FRIDAY", date="{{ trigger.other }}")

    assert saturday.holds(facts())
    assert not saturday.holds(facts(trigger={"date": "2026-11-20T12:00:00Z"}))
    assert friday.holds(facts(trigger={"date": "2026-11-21T12:00:00Z", "other": "2026-11-20T12:00:00Z"}))


def test_a_condition_on_executions_needs_one():
    """An event that is about none is a dead event with the reason, not a silent no."""
    with pytest.raises(ExpressionError, match=r"core\.trigger\.Flow"):
        condition("ExecutionStatus", **{"in": ["SUCCESS"]}).holds(facts())


def test_unknown_keys_are_errors():
    """A misspelt key is found when the file is read."""
    with pytest.raises(ValidationError, match="dayofWeek"):
        condition("DayWeek", dayOfWeek="FRIDAY", dayofWeek="FRIDAY")
