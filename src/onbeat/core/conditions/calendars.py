"""Know the public holidays of countries and their parts, for any year: pure arithmetic of the library `holidays`.

Loading it costs a fifth of a second and ten megabytes, so nobody imports this module by name: days.py loads it with the first
condition that asks.

Called by: days.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

import holidays

from onbeat.core.expressions import ExpressionError
from onbeat.core.names import did_you_mean


def check(country: object, part: object = None) -> None:
    """Raises ExpressionError when there is no calendar of the country, or of that part of it."""
    _calendar(*_place(country, part), 2026)


def is_holiday(day: date, country: object, part: object = None) -> bool:
    """Whether it is a public holiday there. Raises ExpressionError."""
    return day in _calendar(*_place(country, part), day.year)


def _place(country: object, part: object) -> tuple[str, str | None]:
    code = str(country).upper()
    known = holidays.list_supported_countries()
    if code not in known:
        raise ExpressionError(
            f"there is no calendar of the country `{str(country)[:80]}`{did_you_mean(code, known)}; write its two letters"
        )
    if part is None:
        return code, None
    found = str(part).upper().removeprefix(f"{code}-")
    if found not in known[code]:
        near = did_you_mean(found, known[code])
        raise ExpressionError(
            f"{code} has no part `{str(part)[:80]}` with holidays of its own{near}; it has {', '.join(known[code]) or 'none'}"
        )
    return code, found


@lru_cache(maxsize=64)
def _calendar(country: str, part: str | None, year: int) -> Mapping[date, str]:
    return holidays.country_holidays(country, subdiv=part, years=year)
