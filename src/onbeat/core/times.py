"""Turn instants into ISO 8601 text with an offset and back: what people and other systems read."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, WithJsonSchema

from onbeat.core.event import Micros

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,40}(?:/[A-Za-z0-9_+-]{1,40}){0,3}")


def iso(at: Micros) -> str:
    """`2026-11-21T12:00:00.123456Z`: always UTC, always six digits, so that texts sort as instants do."""
    seconds, micros = divmod(at, 1_000_000)
    return f"{_second(seconds)}.{micros:06d}Z"


@lru_cache(4_096)
def _second(seconds: int) -> str:
    """Kept, for those of an execution come in thousands for the same second."""
    return to_datetime(seconds * 1_000_000).isoformat()[:19]


def iso_millis(at: Micros) -> str:
    """`2026-11-21T12:00:00.123Z`: as Kestra's expressions show an instant."""
    return to_datetime(at).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def from_iso(text: str) -> Micros:
    """The instant of an ISO 8601 text with an offset. Raises ValueError without one."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"`{text}` has no offset; write it as 2026-11-21T12:00:00Z")
    return (moment - _EPOCH) // _MICRO


def to_datetime(at: Micros) -> datetime:
    """The instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=at)


def from_datetime(moment: datetime) -> Micros:
    """Microseconds of an aware datetime."""
    return (moment - _EPOCH) // _MICRO


def named_zone(name: str) -> ZoneInfo:
    """The time zone of a name like `Europe/Paris`. Raises KeyError, ValueError, OSError.

    Each `/` in a name costs the library a package to look for: a text of a thousand of them would exhaust the stack.
    """
    if _ZONE.fullmatch(name) is None:
        raise KeyError("no name of a time zone")
    return ZoneInfo(name)


def _validate(value: object) -> Micros:
    if isinstance(value, str):
        try:
            return from_iso(value)
        except ValueError:
            pass
    raise ValueError("must be an instant with its offset, such as `2026-11-21T12:00:00Z`")


Instant = Annotated[Micros, BeforeValidator(_validate), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant in the options of a task: ISO 8601 text with an offset."""
