"""Filters and functions on dates: format, add, seconds since 1970, and the calendar's questions."""

import importlib
import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from typing import Any

from onbeat.core.expressions import dates, guard
from onbeat.core.expressions.context import Context
from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.texts import to_text

NOW = "__now__"

_EXACT = {
    "MICROS": timedelta(microseconds=1),
    "MILLIS": timedelta(milliseconds=1),
    "SECONDS": timedelta(seconds=1),
    "MINUTES": timedelta(minutes=1),
    "HOURS": timedelta(hours=1),
    "HALF_DAYS": timedelta(hours=12),
}
_DAYS = {"DAYS": 1, "WEEKS": 7}
_MONTHS = {"MONTHS": 1, "YEARS": 12, "DECADES": 120, "CENTURIES": 1_200}
_POSITIONS = {"FIRST": 0, "SECOND": 1, "THIRD": 2, "FOURTH": 3}
_CALENDARS = "onbeat.core.conditions.calendars"
"""A large library: loaded with the first question."""
_CALENDAR = 500
"""Steps for working out a year of one."""
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_WORKING_DAYS = "MONDAY,TUESDAY,WEDNESDAY,THURSDAY,FRIDAY"


def formatted(
    context: Context,
    value: Any,
    format: str = "iso",
    time_zone: str | None = None,
    existing_format: str | None = None,
    locale: str | None = None,
) -> str:
    """The date as text, by a Java pattern or the name of one."""
    _check_locale(locale, format, existing_format)
    return dates.write(dates.read(value, time_zone, existing_format), format, time_zone)


def added(
    context: Context,
    value: Any,
    amount: int | str,
    unit: str,
    format: str = "iso",
    time_zone: str | None = None,
    existing_format: str | None = None,
    locale: str | None = None,
) -> str:
    """The date that many `DAYS`, `HOURS`, `MONTHS` … later, or earlier when the amount is negative."""
    if isinstance(amount, str):
        amount = int(amount) if _WHOLE.fullmatch(amount) else amount
    if type(amount) is not int:
        raise ExpressionError("the filter `dateAdd` takes a whole number as its amount")
    _check_locale(locale, format, existing_format)
    moved = _move(dates.read(value, time_zone, existing_format).astimezone(dates.zone(time_zone)), amount, unit.upper())
    return dates.write(moved, format, time_zone)


def seconds(context: Context, value: Any, time_zone: str | None = None, existing_format: str | None = None) -> int:
    """Seconds since 1970."""
    return microseconds(context, value, time_zone, existing_format) // 1_000_000


def milliseconds(context: Context, value: Any, time_zone: str | None = None, existing_format: str | None = None) -> int:
    """Milliseconds since 1970."""
    return microseconds(context, value, time_zone, existing_format) // 1_000


def microseconds(context: Context, value: Any, time_zone: str | None = None, existing_format: str | None = None) -> int:
    """Microseconds since 1970."""
    instant = dates.read(value, time_zone, existing_format)
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def nanoseconds(context: Context, value: Any, time_zone: str | None = None, existing_format: str | None = None) -> int:
    """Nanoseconds since 1970; the last three digits are 0."""
    return microseconds(context, value, time_zone, existing_format) * 1_000


def now(
    context: Context,
    format: str = "iso",
    time_zone: str | None = None,
    existing_format: str | None = None,
    locale: str | None = None,
) -> str:
    """The time at which the expression is evaluated."""
    _check_locale(locale, format, existing_format)
    instant: datetime = context.private(NOW, "needs the time, which is not known here")
    return dates.write(instant, format, time_zone)


def day_of_week(context: Context, date: Any) -> str:
    """MONDAY to SUNDAY, of the date as it is written."""
    return dates.DAYS[_day(date).weekday()].upper()


def day_of_month(context: Context, date: Any) -> int:
    return _day(date).day


def month_of_year(context: Context, date: Any) -> int:
    return _day(date).month


def hour_of_day(context: Context, date: Any) -> int:
    return dates.read(date).hour


def is_weekend(context: Context, date: Any) -> bool:
    """Whether it is a Saturday or Sunday."""
    return _day(date).weekday() >= 5


def is_day_week_in_month(context: Context, date: Any, day_of_week: str, position: str) -> bool:
    """Whether it is the FIRST, SECOND, THIRD, FOURTH or LAST such day of its month."""
    day = _day(date)
    if day.weekday() != _weekday(day_of_week):
        return False
    if position.upper() == "LAST":
        return day.day + 7 > monthrange(day.year, day.month)[1]
    if position.upper() not in _POSITIONS:
        raise ExpressionError("the function `isDayWeekInMonth` takes FIRST, SECOND, THIRD, FOURTH or LAST")
    return (day.day - 1) // 7 == _POSITIONS[position.upper()]


def is_last_working_day(context: Context, date: Any, working_days: str | None = None) -> bool:
    """Whether it is the last working day of its month; those are Monday to Friday unless named."""
    day = _day(date)
    working = {_weekday(name) for name in (working_days or _WORKING_DAYS).replace(",", " ").split()}
    last = monthrange(day.year, day.month)[1]
    while day.replace(day=last).weekday() not in working:
        last -= 1
    return day.day == last


def is_public_holiday(context: Context, date: Any, country_code: str, sub_division: str | None = None) -> bool:
    """Whether it is a public holiday of the country, or of that part of it."""
    context.budget.spend(_CALENDAR)
    found: bool = importlib.import_module(_CALENDARS).is_holiday(_day(date), country_code, sub_division or None)
    return found


def is_before(context: Context, date: Any, before: Any) -> bool:
    return dates.read(date) < dates.read(before)


def is_after(context: Context, date: Any, after: Any) -> bool:
    return dates.read(date) > dates.read(after)


def is_between(context: Context, date: Any, after: Any, before: Any) -> bool:
    return dates.read(after) < dates.read(date) < dates.read(before)


def _check_locale(locale: str | None, *formats: str | None) -> None:
    """Refuse a language whose names are not known, where the date has names in it."""
    if locale is None or to_text(locale).lower().startswith("en"):
        return
    if any(format is not None and format != "rfc_1123_date_time" and dates.spells(format) for format in formats):
        raise ExpressionError(f"names of months and days are not available in `{to_text(locale)[:20]}`, only in English")


def _move(instant: datetime, amount: int, unit: str) -> datetime:
    try:
        if unit in _EXACT:
            return (instant.astimezone(UTC) + amount * _EXACT[unit]).astimezone(instant.tzinfo)
        if unit == "NANOS":
            return instant + timedelta(microseconds=amount // 1_000)
        if unit in _DAYS:
            return instant + timedelta(days=amount * _DAYS[unit])
        if unit in _MONTHS:
            months = instant.year * 12 + instant.month - 1 + amount * _MONTHS[unit]
            year, month = divmod(months, 12)
            return instant.replace(year=year, month=month + 1, day=min(instant.day, monthrange(year, month + 1)[1]))
    except (OverflowError, ValueError):
        raise ExpressionError("the date is outside of the years 1 to 9999") from None
    raise ExpressionError(f"the filter `dateAdd` takes one of {', '.join(('NANOS', *_EXACT, *_DAYS, *_MONTHS))}")


def _day(value: Any) -> date:
    """The day as it is written, whatever its offset."""
    return dates.read(value).date()


def _weekday(name: Any) -> int:
    wanted = to_text(name).strip().capitalize()
    if wanted not in dates.DAYS:
        raise ExpressionError("a day of the week is MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY or SUNDAY")
    return dates.DAYS.index(wanted)


FILTERS = guard.filters(
    {
        "date": formatted,
        "dateAdd": added,
        "timestamp": seconds,
        "timestampMicro": microseconds,
        "timestampMilli": milliseconds,
        "timestampNano": nanoseconds,
    }
)
FUNCTIONS = guard.functions(
    {
        "dayOfMonth": day_of_month,
        "dayOfWeek": day_of_week,
        "hourOfDay": hour_of_day,
        "isDateAfter": is_after,
        "isDateBefore": is_before,
        "isDateBetween": is_between,
        "isDayWeekInMonth": is_day_week_in_month,
        "isLastWorkingDay": is_last_working_day,
        "isPublicHoliday": is_public_holiday,
        "isWeekend": is_weekend,
        "monthOfYear": month_of_year,
        "now": now,
    }
)
