"""Read one value of each input type from text or JSON, and write it as plain JSON.

The same value arrives as `"42"` from a form and as `42` from JSON; both must become the same, and nothing else may pass for it.

Rules
1. Text and JSON forms of a value are equal: `"42"` and 42 for INT, `"true"` and true for BOOLEAN, JSON text and lists for ARRAY.
2. Nothing is guessed: `"yes"` is no boolean, `1.5` no integer, a time without a zone no DATETIME.
3. What is written is plain JSON in one spelling: instants in UTC with `Z`, durations in ISO 8601.
4. A reader raises ValueError; its text, if any, is the cure.

Called by: kinds.
"""

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, NoReturn

from onbeat.core import yaml12
from onbeat.core.durations import format_duration, parse_duration
from onbeat.core.event import Json
from onbeat.errors import UserError

_INTEGER = re.compile(r"[-+]?[0-9]{1,19}", re.ASCII)
_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?(?P<zone>[Zz]|[-+][0-9]{2}:[0-9]{2})?", re.ASCII
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?", re.ASCII)
_URI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,40}:/\S*", re.ASCII)
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]{1,63}(?:\.[^@\s.]{1,63})+")
_STORED = re.compile(r"(?:kestra|nsfile|file):///\S+")
_INT_LIMIT = 2**63


def read_string(value: Json) -> str:
    """Text; numbers and booleans as JSON writes them, lists and maps as JSON text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def read_integer(value: Json) -> int:
    """An integer of 64 bits."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError
    if not -_INT_LIMIT <= value < _INT_LIMIT:
        raise ValueError("an INT has 64 bits; use STRING for longer numbers")
    return value


def read_number(value: Json) -> float:
    """A finite number."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("it is too large for a number")
    return number


def read_boolean(value: Json) -> bool:
    """True or false, in any case."""
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if not isinstance(value, bool):
        raise ValueError("write `true` or `false`")
    return value


def read_datetime(value: Json) -> datetime:
    """An instant."""
    found = _DATETIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("write it like `2026-01-31T12:00:00Z`")
    if found["zone"] is None:
        raise ValueError("it has no zone; end it with `Z`, or an offset like `+01:00`")
    try:
        return datetime.fromisoformat(found[0].upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("there is no such day or time") from None


def read_date(value: Json) -> date:
    """A day."""
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("write it like `2026-01-31`")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("there is no such day") from None


def read_time(value: Json) -> time:
    """A time of day."""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("write it like `12:30:00`")
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise ValueError("there is no such time") from None


def read_duration(value: Json) -> timedelta:
    """A length of time."""
    try:
        return parse_duration(value if isinstance(value, str) else read_string(value))
    except UserError as error:
        raise ValueError(str(error)) from None


def read_json(value: Json) -> Json:
    """JSON text, parsed; what is not text is taken as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value, parse_constant=_no_constant, parse_float=read_number, parse_int=_json_integer)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}, column {error.colno}: {error.msg}") from None


def read_map(value: Json) -> Json:
    """A map, or JSON text of one."""
    value = read_json(value)
    if not isinstance(value, dict):
        raise ValueError('give a map, or JSON text of one like `{"a": 1}`')
    return value


def read_yaml(value: Json) -> Json:
    """YAML text, parsed; what is not text is taken as it is."""
    if not isinstance(value, str):
        return value
    try:
        return yaml12.parse(value, "value").data
    except UserError as error:
        raise ValueError(str(error)) from None


def read_uri(value: Json) -> str:
    """A URI with a scheme and a path."""
    return _matching(value, _URI, "write it with its scheme, like `https://example.org/path`")


def read_email(value: Json) -> str:
    """An address."""
    return _matching(value, _EMAIL, "write it like `name@example.org`")


def read_file(value: Json) -> str:
    """The URI of a stored file."""
    uri = _matching(value, _STORED, "upload a file, or give the `kestra:///…` URI of a stored one")
    if ".." in uri.split("/"):
        raise ValueError("a file's URI has no `..`")
    return uri


def read_list(value: Json) -> list[Json]:
    """A list, or JSON text of one."""
    value = read_json(value)
    if not isinstance(value, list):
        raise ValueError('give a list, or JSON text of one like `["a", "b"]`')
    return value


def write_datetime(instant: datetime) -> str:
    """In UTC with `Z`; milliseconds or microseconds where there are any."""
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=_precision(instant)) + "Z"


def write_time(time_of_day: time) -> str:
    """With seconds; milliseconds or microseconds where there are any."""
    return time_of_day.isoformat(timespec=_precision(time_of_day))


class Form(NamedTuple):
    """How values of a type are read from what is given, and written as plain JSON."""

    read: Callable[[Json], Any]
    write: Callable[[Any], Json]


def _same(value: Any) -> Json:
    return value


FORMS = {
    "STRING": Form(read_string, _same),
    "INT": Form(read_integer, _same),
    "FLOAT": Form(read_number, _same),
    "BOOLEAN": Form(read_boolean, _same),
    "BOOL": Form(read_boolean, _same),
    "DATETIME": Form(read_datetime, write_datetime),
    "DATE": Form(read_date, date.isoformat),
    "TIME": Form(read_time, write_time),
    "DURATION": Form(read_duration, format_duration),
    "JSON": Form(read_json, _same),
    "OBJECT": Form(read_map, _same),
    "YAML": Form(read_yaml, _same),
    "URI": Form(read_uri, _same),
    "EMAIL": Form(read_email, _same),
    "FILE": Form(read_file, _same),
    "SECRET": Form(read_string, _same),
    "SELECT": Form(read_string, _same),
    "ENUM": Form(read_string, _same),
    "ARRAY": Form(read_list, _same),
    "MULTISELECT": Form(read_list, _same),
}


def _precision(value: datetime | time) -> str:
    return "seconds" if not value.microsecond else "microseconds" if value.microsecond % 1000 else "milliseconds"


def _matching(value: Json, pattern: re.Pattern[str], cure: str) -> str:
    if not isinstance(value, str) or len(value) > 8_192 or not pattern.fullmatch(value):
        raise ValueError(cure)
    return value


def _json_integer(digits: str) -> int:
    if len(digits) > yaml12.MAX_DIGITS:
        raise ValueError(f"an integer has at most {yaml12.MAX_DIGITS} digits; quote it to keep it as text")
    return int(digits)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"`{name}` is not JSON; quote it, or write null")
