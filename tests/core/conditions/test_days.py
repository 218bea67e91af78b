"""Days: of the week, of the month's weeks, weekends, public holidays."""

import subprocess
import sys
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from onbeat.core.conditions.days import WEEK
from onbeat.core.expressions import ExpressionError
from tests.core.conditions.facts import condition, facts


def on(day: date) -> Any:
    """Facts of that day."""
    return facts(trigger={"date": day.isoformat()})


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 12, 31)))
def test_a_day_is_one_day_of_the_week_and_one_of_its_month(day: date):
    """Exactly one name, one place or two (the fourth may be the last), and the weekend is two of seven."""
    names = [name for name in WEEK if condition("DayWeek", dayOfWeek=name).holds(on(day))]
    assert names == [day.strftime("%A").upper()]
    same = [day.replace(day=number) for number in range(1, 29)]
    month = [other for other in [*same, *(day.replace(day=28) + timedelta(days=n) for n in range(1, 4))] if other.month == day.month]
    of_name = [other for other in month if other.weekday() == day.weekday()]
    for place, expected in zip(("FIRST", "SECOND", "THIRD", "FOURTH", "LAST"), [*of_name[:4], of_name[-1]], strict=True):
        assert condition("DayWeekInMonth", dayOfWeek=names[0], dayInMonth=place).holds(on(day)) is (day == expected)
    assert condition("Weekend").holds(on(day)) is (names[0] in ("SATURDAY", "SUNDAY"))


def test_a_day_is_that_of_the_dates_own_offset():
    """Saturday in Tokyo is still Friday in UTC."""
    saturday = condition("DayWeek", dayOfWeek="saturday")
    assert saturday.holds(facts(trigger={"date": "2026-11-21T05:00:00+09:00"}))
    assert not saturday.holds(facts(trigger={"date": "2026-11-20T20:00:00Z"}))


@pytest.mark.parametrize(("country", "part", "day", "holds"), [
    ("FR", None, "2026-07-14", True),
    ("fr", None, "2026-07-13", False),
    ("DE", None, "2026-01-06", False),
    ("DE", "BY", "2026-01-06", True),
    ("DE", "DE-BY", "2026-01-06", True),
    ("{{ 'FR' }}", None, "2026-07-14", True),
])  # fmt: skip
def test_public_holidays_of_countries_and_their_parts(country: str, part: str | None, day: str, holds: bool):
    """Of any year, in upper or lower case."""
    found = condition("PublicHoliday", country=country, **({"subDivision": part} if part else {}))
    assert found.holds(on(date.fromisoformat(day))) is holds


@pytest.mark.parametrize(("type_", "properties", "said"), [
    ("DayWeek", {"dayOfWeek": "MONTAG"}, "`MONTAG` is not a day of the week"),
    ("DayWeekInMonth", {"dayOfWeek": "MONDAY", "dayInMonth": "FIFTH"}, "LAST"),
    ("PublicHoliday", {"country": "XX"}, "no calendar of the country `XX`"),
    ("PublicHoliday", {"country": "DE", "subDivision": "ZZ"}, "DE has no part `ZZ`"),
    ("PublicHoliday", {}, "country"),
])  # fmt: skip
def test_what_is_wrong_is_found_when_the_file_is_loaded(type_: str, properties: dict[str, Any], said: str):
    """With the right words."""
    with pytest.raises(ValidationError, match=said):
        condition(type_, **properties)


def test_what_an_expression_gives_is_checked_too():
    """The event becomes a dead event that says so."""
    with pytest.raises(ExpressionError, match="not a day of the week"):
        condition("DayWeek", dayOfWeek="{{ 'x' }}").holds(facts())


@pytest.mark.parametrize(("type_", "properties", "said"), [
    ("DayWeek", {"dayOfWeek": "MONDAY"}, "is a SATURDAY, not a MONDAY"),
    ("DayWeekInMonth", {"dayOfWeek": "SATURDAY", "dayInMonth": "FIRST"}, "is a SATURDAY, and not the FIRST SATURDAY of its month"),
    ("Weekend", {}, "is a SATURDAY"),
    ("PublicHoliday", {"country": "FR"}, "2026-11-21 is no public holiday in FR"),
])  # fmt: skip
def test_it_says_what_it_saw(type_: str, properties: dict[str, Any], said: str):
    """The day, and what was wanted."""
    assert condition(type_, **properties).saw(facts()).endswith(said)


def test_calendars_are_loaded_with_the_first_that_asks():
    """Who has no PublicHoliday does not pay for them."""
    program = "import sys, onbeat.core.trigger; assert 'holidays' not in sys.modules, 'loaded'"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
