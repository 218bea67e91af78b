"""Calendars: holidays by country, part and day."""

from datetime import date

import pytest

from onbeat.core.conditions import calendars
from onbeat.core.expressions import ExpressionError


def test_a_holiday_is_one_of_the_country_and_of_its_part():
    """A part has its country's holidays and its own."""
    assert calendars.is_holiday(date(2026, 12, 25), "DE", "BY")
    assert calendars.is_holiday(date(2026, 8, 15), "DE", "SL")
    assert not calendars.is_holiday(date(2026, 8, 15), "DE")


def test_an_unknown_place_names_the_near_ones():
    """Whether it is the country or the part."""
    with pytest.raises(ExpressionError, match="write its two letters"):
        calendars.check("Deutschland")
    with pytest.raises(ExpressionError, match=r"it has .*BY"):
        calendars.check("DE", "bavaria")
