"""Conditions about a day: of the week, of the month's weeks, weekends, public holidays. A day is that of the moment's own offset.

The calendars of public holidays are a large library: it is loaded with the first PublicHoliday that is read.

Called by: logic, which reads conditions.
"""

import importlib
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from onbeat.core.conditions.condition import Dated, Facts, checked, has_expression, rendered
from onbeat.core.event import Json
from onbeat.core.expressions import ExpressionError

WEEK = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_PLACES = ("FIRST", "SECOND", "THIRD", "FOURTH")


def read_day(value: Json) -> str:
    """The name of a day of the week. Raises ExpressionError."""
    name = str(value).upper()
    if name not in WEEK:
        raise ExpressionError(f"`{str(value)[:80]}` is not a day of the week; write one of {', '.join(WEEK)}")
    return name


def _name(moment: datetime) -> str:
    return WEEK[moment.weekday()]


class DayWeek(Dated):
    """The moment is on that day of the week.

    ```yaml
    - type: core.condition.DayWeek
      dayOfWeek: MONDAY
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("DayWeek",)

    day: str = Field(alias="dayOfWeek")
    """`MONDAY` to `SUNDAY`."""

    @field_validator("day")
    @classmethod
    def _known(cls, value: str) -> str | None:
        return checked(value, read_day)

    def holds(self, facts: Facts) -> bool:
        return _name(self.moment(facts)) == read_day(rendered(self.day, facts))

    def saw(self, facts: Facts) -> str:
        moment = self.moment(facts)
        return f"{moment.isoformat()} is a {_name(moment)}, not a {rendered(self.day, facts)}"


class DayWeekInMonth(DayWeek):
    """The moment is on the first, second, third, fourth or last such day of its month.

    ```yaml
    - type: core.condition.DayWeekInMonth
      dayOfWeek: MONDAY
      dayInMonth: FIRST
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("DayWeekInMonth",)

    place: Literal["FIRST", "SECOND", "THIRD", "FOURTH", "LAST"] = Field(alias="dayInMonth")
    """Which of the month's."""

    def holds(self, facts: Facts) -> bool:
        moment = self.moment(facts)
        if _name(moment) != read_day(rendered(self.day, facts)):
            return False
        if self.place == "LAST":
            return (moment + timedelta(days=7)).month != moment.month
        return (moment.day - 1) // 7 == _PLACES.index(self.place)

    def saw(self, facts: Facts) -> str:
        moment = self.moment(facts)
        return f"{moment.isoformat()} is a {_name(moment)}, and not the {self.place} {rendered(self.day, facts)} of its month"


class Weekend(Dated):
    """The moment is on a Saturday or a Sunday.

    ```yaml
    - type: core.condition.Weekend
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("Weekend",)

    def holds(self, facts: Facts) -> bool:
        return self.moment(facts).weekday() >= WEEK.index("SATURDAY")

    def saw(self, facts: Facts) -> str:
        moment = self.moment(facts)
        return f"{moment.isoformat()} is a {_name(moment)}"


class PublicHoliday(Dated):
    """The moment is on a public holiday of the country (its two letters), and of its part if one is named.

    ```yaml
    - type: core.condition.PublicHoliday
      country: DE
      subDivision: BY
    ```
    """

    names: ClassVar[tuple[str, ...]] = ("PublicHoliday",)

    country: str
    """The country's two letters."""
    part: str | None = Field(None, alias="subDivision")
    """A part of the country with holidays of its own, such as `BY` of `DE`."""

    @model_validator(mode="after")
    def _known(self) -> "PublicHoliday":
        if not has_expression(self.country) and not has_expression(self.part):
            try:
                _calendars().check(self.country, self.part)
            except ExpressionError as wrong:
                raise ValueError(str(wrong)) from None
        return self

    def holds(self, facts: Facts) -> bool:
        country, part = (rendered(value, facts) for value in (self.country, self.part))
        found: bool = _calendars().is_holiday(self.moment(facts).date(), country, part)
        return found

    def saw(self, facts: Facts) -> str:
        place = "-".join(str(rendered(value, facts)) for value in (self.country, self.part) if value is not None)
        return f"{self.moment(facts).date().isoformat()} is no public holiday in {place}"


def _calendars() -> Any:
    """The module with the calendars, loaded on first use."""
    return importlib.import_module("onbeat.core.conditions.calendars")
