from datetime import UTC, datetime
from typing import Any

import pytest

from onbeat.core.expressions import ExpressionError, evaluate
from onbeat.core.expressions.date_filters import FILTERS, FUNCTIONS

SCOPE: dict[str, Any] = {"at": "2013-09-08T16:19:12.123456+01:00", "__now__": datetime(2024, 2, 29, 13, 5, 6, 789, tzinfo=UTC)}
CASES = [
    ("date", "at | date", "2013-09-08T15:19:12.123456Z"),
    ("date", "at | date('yyyy-MM-dd')", "2013-09-08"),
    ("date", "at | date(format='HH:mm', timeZone='Europe/Paris')", "17:19"),
    ("date", "at | date('HH:mm', 'Europe/Paris')", "17:19"),
    ("date", "'July 24, 2001' | date('yyyy-MM-dd', existingFormat='MMMM dd, yyyy')", "2001-07-24"),
    ("date", "at | date('dd MMM', locale='en_GB')", "08 Sep"),
    ("date", "at | date('dd.MM.yyyy', locale='de')", "08.09.2013"),
    ("date", "now() | date('yyyy')", "2024"),
    ("dateAdd", "at | dateAdd(-1, 'DAYS')", "2013-09-07T15:19:12.123456Z"),
    ("dateAdd", "at | dateAdd(amount=90, unit='MINUTES', format='HH:mm')", "16:49"),
    ("dateAdd", "at | dateAdd('-1', 'WEEKS', 'yyyy-MM-dd')", "2013-09-01"),
    ("dateAdd", "at | dateAdd(1, 'WEEKS', 'yyyy-MM-dd')", "2013-09-15"),
    ("dateAdd", "'2024-01-31' | dateAdd(1, 'MONTHS', 'yyyy-MM-dd')", "2024-02-29"),
    ("dateAdd", "'2024-02-29' | dateAdd(-1, 'YEARS', 'yyyy-MM-dd')", "2023-02-28"),
    ("dateAdd", "at | dateAdd(5, 'NANOS', 'SSSSSS')", "123456"),
    ("dateAdd", "at | dateAdd(1, 'MILLIS', 'SSSSSS')", "124456"),
    ("dateAdd", "'2024-03-30T12:00:00' | dateAdd(1, 'DAYS', timeZone='Europe/Paris')", "2024-03-31T12:00:00.000000+02:00"),
    ("dateAdd", "'2024-03-30T12:00:00' | dateAdd(24, 'HOURS', timeZone='Europe/Paris')", "2024-03-31T13:00:00.000000+02:00"),
    ("timestamp", "at | timestamp", 1378653552),
    ("timestamp", "(at | timestamp) > (at | dateAdd(-1, 'DAYS') | timestamp)", True),
    ("timestampMilli", "at | timestampMilli", 1378653552123),
    ("timestampMicro", "at | timestampMicro", 1378653552123456),
    ("timestampNano", "at | timestampNano", 1378653552123456000),
    ("now", "now()", "2024-02-29T13:05:06.000789Z"),
    ("now", "now(timeZone='Europe/Lisbon', format='iso_sec')", "2024-02-29T13:05:06Z"),
    ("now", "now('yyyy-MM-dd')", "2024-02-29"),
    ("dayOfWeek", "dayOfWeek('2025-01-06T00:30:00+02:00')", "MONDAY"),
    ("dayOfMonth", "dayOfMonth(now())", 29),
    ("monthOfYear", "monthOfYear(now())", 2),
    ("hourOfDay", "hourOfDay('2025-01-06T23:30:00+02:00')", 23),
    ("isWeekend", "isWeekend('2024-06-01')", True),
    ("isWeekend", "isWeekend('2024-06-03')", False),
    ("isDayWeekInMonth", "isDayWeekInMonth('2024-06-03', 'MONDAY', 'FIRST')", True),
    ("isDayWeekInMonth", "isDayWeekInMonth('2024-06-10', 'monday', 'first')", False),
    ("isDayWeekInMonth", "isDayWeekInMonth('2024-06-24', 'MONDAY', 'LAST')", True),
    ("isDayWeekInMonth", "isDayWeekInMonth('2024-06-24', 'MONDAY', 'FOURTH')", True),
    ("isDayWeekInMonth", "isDayWeekInMonth('2024-06-24', 'TUESDAY', 'LAST')", False),
    ("isLastWorkingDay", "isLastWorkingDay('2024-06-28')", True),
    ("isLastWorkingDay", "isLastWorkingDay('2024-06-30')", False),
    ("isLastWorkingDay", "isLastWorkingDay('2024-06-30', 'SATURDAY, SUNDAY')", True),
    ("isPublicHoliday", "isPublicHoliday('2024-07-14T10:00:00+02:00', 'FR')", True),
    ("isPublicHoliday", "isPublicHoliday('2024-07-15', 'fr')", False),
    ("isPublicHoliday", "isPublicHoliday(date='2024-01-06', countryCode='DE', subDivision='DE-BY')", True),
    ("isPublicHoliday", "isPublicHoliday('2024-01-06', 'DE', 'BE')", False),
    ("isDateBefore", "isDateBefore('2024-01-01', '2024-01-02')", True),
    ("isDateAfter", "isDateAfter('2024-01-01T00:00:00Z', '2024-01-01T00:00:00+01:00')", True),
    ("isDateBetween", "isDateBetween('2024-01-02', '2024-01-01', '2024-01-03')", True),
]


@pytest.mark.parametrize(("name", "text", "value"), CASES)
def test_filters_and_functions_on_dates(name: str, text: str, value: object) -> None:
    """Each does what its manual says; a day added is a day on the clock, an hour added is an hour that passes."""
    assert name in text
    assert evaluate("{{ " + text + " }}", SCOPE) == value


def test_every_one_is_tested_above() -> None:
    """A function without an example is one that nobody knows."""
    assert {*FILTERS, *FUNCTIONS} == {case[0] for case in CASES}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("at | dateAdd(1.5, 'DAYS')", "a whole number"),
        ("at | dateAdd(1, 'FORTNIGHTS')", "takes one of NANOS, MICROS"),
        ("at | dateAdd(1)", r"takes \(amount, unit, format\?"),
        ("at | dateAdd(999999, 'YEARS')", "years 1 to 9999"),
        ("isDayWeekInMonth(at, 'NODAY', 'FIRST')", "a day of the week is"),
        ("isDayWeekInMonth('2024-06-03', 'MONDAY', 'FIFTH')", "takes FIRST"),
        ("isPublicHoliday(at)", r"takes \(date, countryCode, subDivision\?\)"),
        ("isPublicHoliday(at, 'XX')", "there is no calendar of the country `XX`"),
        ("isPublicHoliday('x', 'FR')", "not a date in ISO 8601"),
        ("at | date('EEEE', locale='fr')", "not available in `fr`, only in English"),
        ("at | date('full', locale='de_DE')", "not available in `de_DE`"),
        ("at | dateAdd(1, 'DAYS', 'MMM', locale='es')", "not available in `es`"),
        ("'1 mars 2020' | date('yyyy', existingFormat='d MMMM yyyy', locale='fr')", "not available in `fr`"),
        ("now('a', locale='ja')", "not available in `ja`"),
        ("at | date(zone='UTC')", r"the filter `date` takes \(format\?, timeZone\?, existingFormat\?, locale\?\)"),
    ],
)
def test_wrong_use_is_told(text: str, reason: str) -> None:
    """The filter is named, and what it takes."""
    with pytest.raises(ExpressionError, match=reason):
        evaluate("{{ " + text + " }}", SCOPE)


def test_the_time_comes_from_the_scope() -> None:
    """The core reads no clock: without a time, `now` says so."""
    with pytest.raises(ExpressionError, match="needs the time"):
        evaluate("{{ now() }}", {})
