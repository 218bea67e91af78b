"""Read and write lengths of time in ISO 8601: `PT1H30M`, `P1DT2H`, `P1W`, `PT0.25S`.

A timeout that is understood differently from how it was meant is found out by an outage. So there is one spelling, and every other
one is refused with the spelling to use: a bare `30` could be seconds or milliseconds, and a month has no length.

Rules
1. A duration is exact: weeks, days, hours, minutes, seconds down to a microsecond; upper or lower case, as Kestra reads it.
2. Years and months are refused, for they have no fixed length: the message names days.
3. A bare number is refused; the message says the duration it would be in seconds.
4. A negative duration, and one of more than 100 years, is refused: it could not be added to an instant.
5. What is written reads back as the same duration.

Called by: flow, trigger and plugin options as the type `Duration`; inputs of type DURATION; decide to write waits.
"""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from onbeat.errors import UserError

LONGEST = timedelta(days=36_525)

_ISO = re.compile(
    r"P(?=[0-9T])(?:(?P<weeks>[0-9]+)W)?(?:(?P<days>[0-9]+)D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]+)H)?(?:(?P<minutes>[0-9]+)M)?(?:(?P<seconds>[0-9]+)(?:[.,](?P<fraction>[0-9]{1,9}))?S)?)?",
    re.IGNORECASE | re.ASCII,
)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
_CALENDAR = re.compile(r"P[0-9]+(?:Y|M)", re.IGNORECASE | re.ASCII)
_EXAMPLE = "write it like `PT30S`, `PT1H30M` or `P1D`"
_LONGEST_TEXT = 60


def parse_duration(text: str) -> timedelta:
    """The length of time that the text names. Raises UserError with the spelling to use."""
    found = _ISO.fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if found is None:
        raise UserError(_why(text[:_LONGEST_TEXT]))
    fraction = (found["fraction"] or "").ljust(9, "0")
    if fraction[6:] != "000":
        raise UserError(f"`{text}` is finer than a microsecond; use at most 6 decimals")
    parts = {unit: int(found[unit] or 0) for unit in ("weeks", "days", "hours", "minutes", "seconds")}
    try:
        duration = timedelta(**parts, microseconds=int(fraction[:6]))
    except OverflowError:
        duration = timedelta.max
    if duration > LONGEST:
        raise UserError(f"`{text}` is longer than 100 years; use at most `P{LONGEST.days}D`")
    return duration


def format_duration(duration: timedelta) -> str:
    """The duration in ISO 8601, in its shortest usual form; zero is `PT0S`."""
    if duration < timedelta():
        return "-" + format_duration(-duration)
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{duration.microseconds:06}".rstrip("0") if duration.microseconds else ""
    date = f"{duration.days}D" if duration.days else ""
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + (f"{seconds}{fraction}S" if seconds or fraction else "")
    return f"P{date}T{time}" if time else f"P{date}" if date else "PT0S"


def _why(text: str) -> str:
    if _NUMBER.fullmatch(text):
        return f"`{text}` has no unit; for seconds write `PT{text}S`"
    if text.startswith(("-", "+")) or "-" in text:
        return f"`{text}` has a sign, and a duration has none; {_EXAMPLE}"
    if _CALENDAR.match(text):
        return f"`{text}` counts years or months, which have no fixed length; write days, like `P30D`"
    return f"`{text}` is not a duration; {_EXAMPLE}"


def _validate(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError(f"a duration is text; {_EXAMPLE}")
    try:
        return parse_duration(value if isinstance(value, str) else str(value))
    except UserError as error:
        raise ValueError(str(error)) from None


Duration = Annotated[timedelta, BeforeValidator(_validate), PlainSerializer(format_duration, return_type=str)]
"""A model's field that is written as ISO 8601 text in YAML and JSON, and is a timedelta in Python."""
