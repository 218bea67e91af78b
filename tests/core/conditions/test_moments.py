"""Moments: between two instants, between two times of the day; bounds are not part of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.core.conditions.facts import condition, facts


@pytest.mark.parametrize(("bounds", "now", "holds"), [
    ({"after": "2026-11-21T11:00:00Z"}, "2026-11-21T12:00:00Z", True),
    ({"after": "2026-11-21T12:00:00Z"}, "2026-11-21T12:00:00Z", False),
    ({"after": "2026-11-21T14:00:00+02:00"}, "2026-11-21T12:00:00.000001Z", True),
    ({"before": "2026-11-21T12:00:00Z"}, "2026-11-21T12:00:00Z", False),
    ({"before": "2026-11-21T12:00:01Z"}, "2026-11-21T12:00:00Z", True),
    ({"after": "2026-11-20T00:00:00Z", "before": "2026-11-22T00:00:00Z"}, "2026-11-21T12:00:00Z", True),
    ({"after": "2026-11-20T00:00:00Z", "before": "2026-11-21T00:00:00Z"}, "2026-11-21T12:00:00Z", False),
    ({"after": "{{ trigger.from }}"}, "2026-11-21T12:00:00Z", True),
])  # fmt: skip
def test_between_two_instants(bounds: dict[str, Any], now: str, holds: bool):
    """Compared as instants, whatever their offsets; one bound is enough; a bound may be an expression."""
    assert condition("DateTimeBetween", **bounds).holds(facts(now, trigger={"from": "2026-01-01T00:00:00Z"})) is holds


@pytest.mark.parametrize(("bounds", "now", "holds"), [
    ({"after": "16:00:00+02:00", "before": "20:00:00+02:00"}, "2026-11-21T15:00:00Z", True),
    ({"after": "16:00:00+02:00", "before": "20:00:00+02:00"}, "2026-11-21T18:00:00Z", False),
    ({"after": "16:00:00+02:00", "before": "20:00:00+02:00"}, "2026-11-21T14:00:00Z", False),
    ({"after": "16:00:00+02:00", "before": "20:00:00+02:00"}, "2026-11-21T17:00:00+02:00", True),
    ({"after": "22:00:00Z", "before": "06:00:00Z"}, "2026-11-21T23:30:00Z", True),
    ({"after": "22:00:00Z", "before": "06:00:00Z"}, "2026-11-21T05:59:59Z", True),
    ({"after": "22:00:00Z", "before": "06:00:00Z"}, "2026-11-21T12:00:00Z", False),
    ({"after": "08:00"}, "2026-11-21T09:00:00+05:00", True),
    ({"after": "08:00"}, "2026-11-21T07:00:00+05:00", False),
    ({"after": "08:00Z"}, "2026-11-21T09:00:00+05:00", False),
    ({"before": "08:00Z"}, "2026-11-21T09:00:00+05:00", True),
    ({"before": "08:00"}, "2026-11-21T09:00:00+05:00", False),
])  # fmt: skip
def test_between_two_times_of_the_day(bounds: dict[str, Any], now: str, holds: bool):
    """At the bounds' offsets; without one at the moment's own; the night is between a later and an earlier time."""
    assert condition("TimeBetween", **bounds).holds(facts(trigger={"date": now})) is holds


@given(after=st.times(), before=st.times(), at=st.times())
def test_a_time_is_between_the_one_way_or_the_other(after: Any, before: Any, at: Any):
    """Every time but the bounds is in exactly one of `after..before` and `before..after`."""
    date = {"date": f"2026-11-21T{at.isoformat()}+00:00"}
    one, other = ({"after": first.isoformat(), "before": last.isoformat()} for first, last in ((after, before), (before, after)))
    found = [condition("TimeBetween", **bounds).holds(facts(trigger=date)) for bounds in (one, other)]
    assert sum(found) == (0 if at in (after, before) or after == before else 1)


@pytest.mark.parametrize(("type_", "bounds", "said"), [
    ("DateTimeBetween", {}, "say `after`, `before` or both"),
    ("TimeBetween", {}, "say `after`, `before` or both"),
    ("DateTimeBetween", {"after": "soon"}, "`soon` is not a date"),
    ("TimeBetween", {"before": "25:00"}, "`25:00` is not a time of day"),
])  # fmt: skip
def test_what_cannot_be_read_is_found_when_the_file_is_loaded(type_: str, bounds: dict[str, Any], said: str):
    """Unless it is an expression."""
    with pytest.raises(ValidationError, match=said):
        condition(type_, **bounds)


def test_it_says_what_it_compared():
    """The moment and the bounds."""
    said = condition("TimeBetween", after="16:00:00Z", before="20:00:00Z").saw(facts())
    assert said == "2026-11-21T12:00:00+00:00 is not after 16:00:00Z and before 20:00:00Z"
