"""Read and write dates by Java's patterns (`yyyy-MM-dd HH:mm:ss.SSSXXX`), as Kestra's flows have them.

Python's own formats (`%Y-%m-%d`) are another language, and its parser of ISO 8601 is more lenient than people think; here the letters
mean what Java's manual of DateTimeFormatter says, and what cannot be read fails with the pattern in the message.

Rules
1. A date without an offset is in the time zone that the call names, else in UTC; a date alone is its midnight; a number is seconds.
2. What is written is in the time zone that the call names, else in UTC.
3. Names of months and days are English. Finer than a microsecond is cut off.

Called by: date_filters and the calendar functions.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from onbeat.core.expressions.errors import ExpressionError
from onbeat.core.expressions.texts import is_number, kind_of
from onbeat.core.times import named_zone

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

_NAMED = {
    "iso": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "iso_sec": "yyyy-MM-dd'T'HH:mm:ssXXX",
    "iso_milli": "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "sql": "yyyy-MM-dd HH:mm:ss.SSSSSS",
    "sql_seq": "yyyy-MM-dd HH:mm:ss",
    "sql_milli": "yyyy-MM-dd HH:mm:ss.SSS",
    "iso_date_time": "yyyy-MM-dd'T'HH:mm:ss#XXX^",
    "iso_zoned_date_time": "yyyy-MM-dd'T'HH:mm:ss#XXX^",
    "iso_offset_date_time": "yyyy-MM-dd'T'HH:mm:ss#XXX",
    "iso_date": "yyyy-MM-ddXXX",
    "iso_time": "HH:mm:ss#XXX",
    "iso_offset_time": "HH:mm:ss#XXX",
    "iso_local_date": "yyyy-MM-dd",
    "iso_local_time": "HH:mm:ss#",
    "iso_local_date_time": "yyyy-MM-dd'T'HH:mm:ss#",
    "iso_ordinal_date": "yyyy-DDDXXX",
    "iso_week_date": "YYYY-'W'ww-eXXX",
    "rfc_1123_date_time": "EEE, d MMM yyyy HH:mm:ss ~",
    "full": "EEEE, MMMM d, yyyy 'at' h:mm:ss a zzzz",
    "long": "MMMM d, yyyy 'at' h:mm:ss a z",
    "medium": "MMM d, yyyy, h:mm:ss a",
    "short": "M/d/yy, h:mm a",
}
"""`#` is a fraction as long as it needs to be, `^` the zone's id in brackets, `~` GMT or an offset: signs that Java's patterns reserve."""

_PATTERN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[#^~]|[^A-Za-z'#^~]+")
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?")
_BRACKETS = re.compile(r"\[[^\]]*\]$")
_NAMING = frozenset("MLecQq")
_LONGEST = 200
_PARTS = 16


def zone(name: str | None) -> tzinfo:
    """The time zone of that name, like `Europe/Paris`, `UTC` or `+02:00`; UTC when there is none."""
    if name is None or name in ("UTC", "Z", "GMT"):
        return UTC
    found = _OFFSET.fullmatch(name)
    if found is not None:
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        if offset <= timedelta(hours=18):
            return timezone(-offset if found[1] == "-" else offset)
    try:
        return named_zone(name)
    except (KeyError, ValueError, OSError):
        raise ExpressionError(f"there is no time zone `{name[:60]}`; write it like `Europe/Paris`") from None


def read(value: Any, time_zone: str | None = None, existing_format: str | None = None) -> datetime:
    """The instant that a value stands for, with its offset."""
    if isinstance(value, datetime):
        return value if value.utcoffset() is not None else value.replace(tzinfo=zone(time_zone))
    if isinstance(value, date):
        return datetime.combine(value, time(12), zone(time_zone))
    if is_number(value):
        try:
            return datetime.fromtimestamp(float(value), zone(time_zone))
        except (ValueError, OverflowError, OSError):
            raise ExpressionError("the number is no time: it should be seconds since 1970") from None
    if not isinstance(value, str):
        raise ExpressionError(f"{kind_of(value)} is not a date")
    found = _parse(value, existing_format) if existing_format is not None else _parse_iso(value)
    return found if found.utcoffset() is not None else found.replace(tzinfo=zone(time_zone))


def write(instant: datetime, format: str = "iso", time_zone: str | None = None) -> str:
    """The instant as text by a pattern or the name of one."""
    try:
        local = instant.astimezone(zone(time_zone))
    except (OverflowError, ValueError):
        raise ExpressionError("the date is outside of the years 1 to 9999") from None
    if format == "iso_instant":
        return _written("yyyy-MM-dd'T'HH:mm:ss", instant.astimezone(UTC)) + _groups_of_three(instant.microsecond) + "Z"
    return _written(_NAMED.get(format, format), local)


def spells(format: str) -> bool:
    """Whether a format writes names of months or days, which are English here."""
    return any(letter in ("E", "a", "G") or (letter in _NAMING and len(part) > 2) for letter, part in _cut(_NAMED.get(format, format)))


def _written(pattern: str, instant: datetime) -> str:
    return "".join(part if letter is None else _letter(letter, len(part), instant) for letter, part in _cut(pattern))


@lru_cache(maxsize=256)
def _cut(pattern: str) -> tuple[tuple[str | None, str], ...]:
    """The pattern's parts: a letter and its run, or None and a literal text."""
    if len(pattern) > _LONGEST:
        raise ExpressionError(f"the date format has more than {_LONGEST} characters")
    parts: list[tuple[str | None, str]] = []
    position = 0
    while position < len(pattern):
        found = _PATTERN.match(pattern, position)
        if found is None:
            raise ExpressionError("the date format has a quote that does not end")
        position = found.end()
        if found[1] is not None:
            parts.append((None, found[1].replace("''", "'") or "'"))
        elif found[2] is not None or found[0] in "#^~":
            parts.append((found[0][0], found[0]))
        else:
            parts.append((None, found[0].translate(_OPTIONAL)))
    return tuple(parts)


_OPTIONAL = str.maketrans("", "", "[]")


def _letter(letter: str, count: int, instant: datetime) -> str:
    writer = _WRITERS.get(letter)
    if writer is None:
        raise ExpressionError(f"the date format has the letter `{letter}`, which means nothing; put text between quotes")
    return writer(instant, count)


def _padded(get: Callable[[datetime], int]) -> Callable[[datetime, int], str]:
    return lambda instant, count: str(get(instant)).zfill(count)


def _year(instant: datetime, count: int) -> str:
    return f"{instant.year % 100:02}" if count == 2 else str(instant.year).zfill(count)


def _week_year(instant: datetime, count: int) -> str:
    year = instant.isocalendar().year
    return f"{year % 100:02}" if count == 2 else str(year).zfill(count)


def _month(instant: datetime, count: int) -> str:
    name = MONTHS[instant.month - 1]
    return str(instant.month).zfill(count) if count < 3 else (name[:3], name, name[:1])[min(count, 5) - 3]


def _day_name(instant: datetime, count: int) -> str:
    name = DAYS[instant.weekday()]
    return name[:3] if count < 4 else (name, name[:1])[min(count, 5) - 4]


def _day_number(instant: datetime, count: int) -> str:
    return str(instant.isoweekday()).zfill(count) if count < 3 else _day_name(instant, count)


def _quarter(instant: datetime, count: int) -> str:
    quarter = (instant.month + 2) // 3
    return str(quarter).zfill(count) if count < 3 else f"Q{quarter}"


def _fraction(instant: datetime, count: int) -> str:
    return f"{instant.microsecond:06}000"[:count].ljust(count, "0")


def _least_fraction(instant: datetime, count: int) -> str:
    return f".{instant.microsecond:06}".rstrip("0") if instant.microsecond else ""


def _groups_of_three(microsecond: int) -> str:
    return "" if not microsecond else f".{microsecond:06}".removesuffix("000")


def _offset(instant: datetime, style: str) -> str:
    seconds = int((instant.utcoffset() or timedelta()).total_seconds())
    hours, minutes = divmod(abs(seconds) // 60, 60)
    sign = "-" if seconds < 0 else "+"
    if style == "hours":
        return f"{sign}{hours:02}" + (f"{minutes:02}" if minutes else "")
    return f"{sign}{hours:02}{':' if style == 'colon' else ''}{minutes:02}"


def _offset_x(instant: datetime, count: int) -> str:
    return _offset(instant, ("hours", "plain", "colon", "plain", "colon")[min(count, 5) - 1])


def _offset_z(instant: datetime, count: int) -> str:
    """`X`: as `x`, but nothing to add is `Z`."""
    return _offset_x(instant, count) if instant.utcoffset() else "Z"


def _offset_rfc(instant: datetime, count: int) -> str:
    if count == 4:
        return "GMT" + (_offset(instant, "colon") if instant.utcoffset() else "")
    return _offset(instant, "plain") if count < 4 else _offset_z(instant, 3)


def _zone_name(instant: datetime, count: int) -> str:
    return instant.tzname() or ""


def _zone_id(instant: datetime, count: int) -> str:
    return instant.tzinfo.key if isinstance(instant.tzinfo, ZoneInfo) else instant.tzname() or ""


def _zone_brackets(instant: datetime, count: int) -> str:
    return f"[{instant.tzinfo.key}]" if isinstance(instant.tzinfo, ZoneInfo) else ""


def _gmt(instant: datetime, count: int) -> str:
    return _offset(instant, "plain") if instant.utcoffset() else "GMT"


_WRITERS: dict[str, Callable[[datetime, int], str]] = {
    "y": _year,
    "u": _year,
    "Y": _week_year,
    "M": _month,
    "L": _month,
    "d": _padded(lambda instant: instant.day),
    "D": _padded(lambda instant: instant.timetuple().tm_yday),
    "Q": _quarter,
    "q": _quarter,
    "w": _padded(lambda instant: instant.isocalendar().week),
    "E": _day_name,
    "e": _day_number,
    "c": _day_number,
    "a": lambda instant, count: "AM" if instant.hour < 12 else "PM",
    "H": _padded(lambda instant: instant.hour),
    "k": _padded(lambda instant: instant.hour or 24),
    "K": _padded(lambda instant: instant.hour % 12),
    "h": _padded(lambda instant: instant.hour % 12 or 12),
    "m": _padded(lambda instant: instant.minute),
    "s": _padded(lambda instant: instant.second),
    "S": _fraction,
    "n": _padded(lambda instant: instant.microsecond * 1000),
    "G": lambda instant, count: "AD" if count < 4 else "Anno Domini",
    "X": _offset_z,
    "x": _offset_x,
    "Z": _offset_rfc,
    "z": _zone_name,
    "V": _zone_id,
    "#": _least_fraction,
    "^": _zone_brackets,
    "~": _gmt,
}


def _parse_iso(text: str) -> datetime:
    plain = _BRACKETS.sub("", text.strip())
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        raise ExpressionError("the text is not a date in ISO 8601; name its format with `existingFormat`") from None


def _parse(text: str, format: str) -> datetime:
    if format == "iso_instant":
        return _parse_iso(text)
    pattern, letters = _reader(_NAMED.get(format, format))
    found = pattern.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        raise ExpressionError(f"the text is not a date of the format `{format[:60]}`")
    try:
        return _assemble({letter: found[f"part{index}"] or "" for index, letter in enumerate(letters)})
    except (ValueError, OverflowError):
        raise ExpressionError(f"the text is not a date of the format `{format[:60]}`") from None


@lru_cache(maxsize=256)
def _reader(pattern: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """A pattern that reads what the format writes, and the letter of each of its groups."""
    expression = ""
    letters: list[str] = []
    written: set[str] = set()
    for letter, part in _cut(pattern):
        if letter is None:
            expression += re.escape(part)
            continue
        expression += f"(?P<part{len(letters)}>{_reads(letter, len(part))})"
        if letter in written or len(written) > _PARTS:
            raise ExpressionError(f"the date format has the letter `{letter}` in two places")
        written.add(letter)
        letters.append("MMM" if letter in "ML" and len(part) > 2 else "yy" if letter in "yu" and len(part) == 2 else letter)
    return re.compile(expression, re.IGNORECASE), tuple(letters)


def _reads(letter: str, count: int) -> str:
    if letter in "ML" and count > 2:
        return "|".join(name[:3] if count == 3 else name for name in MONTHS)
    if letter in "Ee" and (letter == "E" or count > 2):
        return "|".join(name[:3] if count < 4 else name for name in DAYS)
    if letter in "yuY":
        return r"\d{2}" if count == 2 else r"\d{4}"
    if letter in "XxZO~z":
        return r"Z|(?:UTC|GMT|UT)?(?:[+-]\d{1,2}(?::?\d{2})?)?"
    if letter in "V":
        return r"[A-Za-z_/+\-0-9:]{1,60}"
    if letter == "^":
        return r"(?:\[[^\]]{1,60}\])?"
    if letter == "#":
        return r"(?:\.\d{1,9})?"
    if letter == "a":
        return "AM|PM"
    if letter == "S":
        return rf"\d{{{count}}}"
    if letter in "MLdHhkKms":
        return r"\d{1,2}" if count == 1 else rf"\d{{{count}}}"
    if letter == "D":
        return r"\d{1,3}"
    raise ExpressionError(f"the date format has the letter `{letter}`, which cannot be read")


def _assemble(parts: dict[str, str]) -> datetime:
    year = int(parts["y"] if "y" in parts else parts.get("u", 0)) or (2000 + int(parts["yy"]) if "yy" in parts else 1970)
    month = int(parts.get("M") or parts.get("L") or 1)
    if "MMM" in parts:
        month = next(index for index, name in enumerate(MONTHS, 1) if name[:3].lower() == parts["MMM"][:3].lower())
    day = date(year, month, int(parts.get("d") or 1))
    if "D" in parts:
        day = date(year, 1, 1) + timedelta(days=int(parts["D"]) - 1)
    hour = int(parts.get("H") or parts.get("K") or 0) or int(parts.get("k") or 0) % 24 or int(parts.get("h") or 0) % 12
    if parts.get("a", "").upper() == "PM" and hour < 12:
        hour += 12
    fraction = (parts.get("S") or parts.get("#", "").removeprefix(".")).ljust(6, "0")[:6]
    where = next((parts[letter] for letter in "XxZO~zV" if parts.get(letter)), None)
    moment = time(hour, int(parts.get("m") or 0), int(parts.get("s") or 0), int(fraction))
    return datetime.combine(day, moment, zone(where) if where else None)
